"""The floor: a bare read of smaps to end of file, which no recorder can go below."""

from __future__ import annotations

import contextlib
import os
import time


def read_smaps(pid: int) -> None:
    """Read to end of file and throw it away."""
    descriptor = os.open(f"/proc/{pid}/smaps", os.O_RDONLY)
    try:
        while os.read(descriptor, 32768):
            pass
    finally:
        os.close(descriptor)


def cpu_of_reading(pids: list[int]) -> int:
    """CPU time of one bare read of each process, nanoseconds."""
    start = time.process_time_ns()
    for pid in pids:
        with contextlib.suppress(OSError):
            read_smaps(pid)
    return time.process_time_ns() - start
