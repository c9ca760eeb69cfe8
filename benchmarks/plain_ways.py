"""What one would run without this project: python -m benchmarks.plain_ways WAY PID SECONDS TICKS.

`bare` reads smaps at fixed deadlines and throws it away: no recorder can cost less. `psutil` reads
it into objects, with memory_maps.
"""

from __future__ import annotations

import importlib
import sys
import time
from collections.abc import Callable

from .floor import read_smaps


def main() -> None:
    """Read so many times, so many seconds apart."""
    way, pid, seconds, ticks = sys.argv[1:]
    read = _psutil(int(pid)) if way == "psutil" else lambda: read_smaps(int(pid))
    due = time.monotonic()
    for _ in range(int(ticks)):
        read()
        due += float(seconds)
        time.sleep(max(0.0, due - time.monotonic()))


def _psutil(pid: int) -> Callable[[], object]:
    psutil = importlib.import_module("psutil")  # which is not there everywhere
    process = psutil.Process(pid)
    return lambda: process.memory_maps(grouped=False)


if __name__ == "__main__":
    main()
