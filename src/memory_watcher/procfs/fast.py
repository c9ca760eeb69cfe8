"""RSS and the high-water mark of a process, as cheaply as can be: fifty times a second."""

from __future__ import annotations

import os
from collections.abc import Callable

from ..errors import SourceError
from ..model import FastReading
from .cheap import parse_high_water_mark, parse_resident
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

    __slots__ = ("_has_schedstat", "_kept", "_last", "_page_size", "_small", "has_one_thread")

    def __init__(
        self, kept: dict[str, int], small: ReadSmall, page_size: Callable[[], int]
    ) -> None:
        """`kept` are the process's descriptors that are open, by name; `small` opens others."""
        self._kept = kept
        self._small = small
        self._page_size = page_size
        self._has_schedstat = True
        #: Whether it has one thread, as far as is known: then schedstat tells whether it ran.
        self.has_one_thread = True
        # statm, schedstat, and what of it
        self._last: tuple[bytes, bytes, FastReading] | None = None

    def forget(self) -> None:
        """The mark has been set to another value."""
        self._last = None

    def read(self) -> FastReading | None:
        """RSS and high-water mark; None for a process that has no memory any more.

        It is the same object as the last one while nothing has changed. All stands in one function
        for what is nearly always so: files that are open, text that kernels print. What Python does
        for that costs more than what the kernel does.

        Raises NoSuchProcess.
        """
        kept, read = self._kept, os.pread
        try:
            is_counted = self.has_one_thread and self._has_schedstat
            # First: if it runs now, that will show.
            ran = read(kept["schedstat"], TINY_SIZE, 0) if is_counted else b""
            statm = read(kept["statm"], TINY_SIZE, 0)
            before = self._last
            if before is not None and ran == before[1] and statm == before[0]:
                return before[2]
            if not (is_counted and ran in _NOT_COUNTED):
                reading = self._parsed(statm, ran, read(kept["status"], SMALL_SIZE, 0))
                if reading is not None:
                    return reading
        except (OSError, KeyError, ValueError):
            pass
        return self.by_name()

    def _parsed(self, statm: bytes, ran: bytes, status: bytes) -> FastReading | None:
        """What kernels print; None if it is anything else. Raises ValueError."""
        start = status.index(b"\nVmHWM:") + 7
        mark = status[start : status.index(b" kB\n", start)].strip()
        _, resident, shared, _ = statm.split(None, 3)
        if not (resident + shared + mark).isdigit() or len(status) == SMALL_SIZE:
            return None
        if len(max(resident, shared, mark, key=len)) > _PLAIN_DIGITS or resident == b"0":
            return None
        size = self._page_size()
        reading = FastReading(int(resident) * size, int(mark) * 1024, int(shared) * size)
        self._remember(statm, ran, status, reading)
        return reading

    def _remember(self, statm: bytes, ran: bytes, status: bytes, reading: FastReading) -> None:
        self.has_one_thread = b"\nThreads:\t1\n" in status
        self._last = (statm, ran, reading) if ran and self.has_one_thread else None

    def by_name(self) -> FastReading | None:
        """The same whatever there is. Raises NoSuchProcess."""
        # First: if it runs now, that will show.
        ran = self.when_ran()
        statm = self._small("statm")
        if self._last is not None and self._last[:2] == (statm, ran):
            return self._last[2]
        status = self._small("status")
        self.has_one_thread = b"\nThreads:\t1\n" in status
        resident, shared = parse_resident(statm, self._page_size())
        mark = parse_high_water_mark(status)
        if not resident:
            return None
        reading = FastReading(resident, mark, shared)
        self._remember(statm, ran, status, reading)
        return reading

    def when_ran(self) -> bytes:
        """schedstat, if that says whether the process ran: empty if it has several threads."""
        return self.schedstat() if self.has_one_thread else b""

    def schedstat(self) -> bytes:
        """Times and turns on a CPU of the first thread; empty where the kernel does not count."""
        if not self._has_schedstat:
            return b""
        try:
            text = self._small("schedstat")
        except SourceError:
            text = b""
        self._has_schedstat = text not in _NOT_COUNTED
        return text if self._has_schedstat else b""
