"""Run `python -m memory_watcher COMMAND …`."""

import sys

from .cli import main

sys.exit(main())
