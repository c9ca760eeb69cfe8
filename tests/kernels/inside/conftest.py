"""Only in a guest: these tests add swap, limit cgroups, hide processes and use up memory."""

import os

if not os.environ.get("MEMORY_WATCHER_GUEST"):
    collect_ignore_glob = ["test_*.py"]
