"""What this very process knows of its own memory: the cheap figures, and the kernel's mark.

It is asked while tests run, which may put something else in the place of the file system.
"""

from __future__ import annotations

import os

from ..errors import SourceError
from ..unfaked import Real
from .cheap import parse_high_water_mark, parse_resident, size_of

_PAGE_SIZE = os.sysconf("SC_PAGE_SIZE")
_TO_WRITE, _TO_READ = os.O_WRONLY | os.O_CLOEXEC, os.O_RDONLY | os.O_CLOEXEC


def reset_high_water_mark() -> bool:
    """Set the kernel's high-water mark to the RSS of now; False if the kernel refuses."""
    try:
        descriptor = Real.open("/proc/self/clear_refs", _TO_WRITE)
        try:
            Real.write(descriptor, b"5")
        finally:
            Real.close(descriptor)
    except OSError:
        return False
    return True


def high_water_mark() -> int | None:
    """The highest RSS since the last reset (VmHWM), bytes; None if it is not reported."""
    try:
        return parse_high_water_mark(_read("status"))
    except (OSError, SourceError):
        return None


def resident() -> int | None:
    """RSS of now (statm), bytes; None if it is not reported."""
    try:
        return parse_resident(_read("statm"), _PAGE_SIZE)[0]
    except (OSError, SourceError):
        return None


def counted_resident() -> int | None:
    """RSS as the kernel counts it page by page (smaps_rollup), bytes; else as statm has it.

    Kernels before 6.16 add statm's figure up roughly, which is no good for small differences.
    """
    try:
        return size_of(_read("smaps_rollup"), b"Rss")
    except (OSError, SourceError):
        return resident()


def _read(name: str) -> bytes:
    """The beginning of a file of ours, which holds all that is asked for."""
    descriptor = Real.open(f"/proc/self/{name}", _TO_READ)
    try:
        return Real.read(descriptor, 4096)
    finally:
        Real.close(descriptor)
