"""Only in a guest: these tests start services and containers as root."""

import os

if not os.environ.get("MEMORY_WATCHER_GUEST"):
    collect_ignore_glob = ["test_*.py"]
