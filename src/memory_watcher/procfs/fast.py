"""RSS and the high-water mark of a process, as cheaply as can be: fifty times a second."""

from __future__ import annotations

import os
from collections.abc import Callable

from ..errors import SourceError
from ..model import FastReading
from . import process
from .files import SMALL_SIZE
from .resting import TINY_SIZE

#: A figure of so many digits is below 2**63 in whatever unit.
_PLAIN_DIGITS = 13
#: What schedstat says where the kernel does not count.
_NOT_COUNTED = (b"", b"0 0 0\n")

#: Reads a small file by its name. Raises SourceError.
ReadSmall = Callable[[str], bytes]


class FastReader:
    """Reads one process, and remembers what it read last.

    With the caches as cold as 20 ms leave them status takes a third of a pass. A process of one
    thread that did not run has the mark that it had: then schedstat is read in its place.
    """

    __slots__ = ("_has_schedstat", "_kept", "_last", "has_one_thread")

    def __init__(self, kept: dict[str, int]) -> None:
        """`kept` are the process's descriptors that are open, by name."""
        self._kept = kept
        self._has_schedstat = True
        #: Whether it has one thread, as far as is known: then schedstat tells whether it ran.
        self.has_one_thread = True
        # statm, schedstat, and what of it
        self._last: tuple[bytes, bytes, FastReading] | None = None

    def forget(self) -> None:
        """The mark has been set to another value."""
        self._last = None

    def from_kept(self, page_size: int) -> FastReading | None:
        """A fast reading if all is as nearly always: files that are open, text that kernels print.

        None if anything is not, and then all is read again. It stands in one function because what
        Python does for it costs more than what the kernel does.

        Raises OSError, KeyError, ValueError.
        """
        kept, read = self._kept, os.pread
        is_counted = self.has_one_thread and self._has_schedstat
        # First: if it runs now, that will show.
        ran = read(kept["schedstat"], TINY_SIZE, 0) if is_counted else b""
        statm = read(kept["statm"], TINY_SIZE, 0)
        before = self._last
        if before is not None and ran == before[1] and statm == before[0]:
            return before[2]
        status = read(kept["status"], SMALL_SIZE, 0)
        start = status.index(b"\nVmHWM:") + 7
        mark = status[start : status.index(b" kB\n", start)].strip()
        _, resident, shared, _ = statm.split(None, 3)
        if not (resident + shared + mark).isdigit() or len(status) == SMALL_SIZE:
            return None
        if len(max(resident, shared, mark, key=len)) > _PLAIN_DIGITS or resident == b"0":
            return None
        if is_counted and ran in _NOT_COUNTED:
            return None
        self.has_one_thread = b"\nThreads:\t1\n" in status
        reading = FastReading(int(resident) * page_size, int(mark) * 1024, int(shared) * page_size)
        self._last = (statm, ran, reading) if ran and self.has_one_thread else None
        return reading

    def by_name(self, small: ReadSmall, page_size: int) -> FastReading | None:
        """A fast reading whatever there is. Raises NoSuchProcess."""
        # First: if it runs now, that will show.
        ran = self.when_ran(small)
        statm = small("statm")
        if self._last is not None and self._last[:2] == (statm, ran):
            return self._last[2]
        status = small("status")
        self.has_one_thread = b"\nThreads:\t1\n" in status
        resident, shared = process.parse_resident(statm, page_size)
        mark = process.parse_high_water_mark(status)
        if not resident:
            return None
        reading = FastReading(resident, mark, shared)
        self._last = (statm, ran, reading) if ran and self.has_one_thread else None
        return reading

    def when_ran(self, small: ReadSmall) -> bytes:
        """schedstat, if that says whether the process ran: empty if it has several threads."""
        return self.schedstat(small) if self.has_one_thread else b""

    def schedstat(self, small: ReadSmall) -> bytes:
        """Times and turns on a CPU of the first thread; empty where the kernel does not count."""
        if not self._has_schedstat:
            return b""
        try:
            text = small("schedstat")
        except SourceError:
            text = b""
        self._has_schedstat = text not in _NOT_COUNTED
        return text if self._has_schedstat else b""
