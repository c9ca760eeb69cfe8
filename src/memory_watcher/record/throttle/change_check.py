"""Tells without reading smaps whether a process's memory can have changed.

statm and the fault counts of stat show every change that the process makes to its own memory (and
nothing else does for so little: two reads of 1.3 and 3.4 us). A process of one thread that did not
run had no faults, which schedstat tells for a third of what stat costs (of one that is on a CPU
right now, up to a scheduler's tick later: 4 ms where measured). What others do to its PSS,
by forking from it or by exiting, shows in smaps_rollup: a walk over the page tables, but a tenth of
what it costs to print and read every mapping. What none of them shows is a change within the
process that moves no page in or out and faults none, as mremap or mprotect of memory nobody then
touches.
"""

from __future__ import annotations

from ...errors import NoSense, NoSuchProcess, SourceError
from ...procfs.process import parse_stat
from ...procfs.process_files import ProcessFiles


class ChangeCheck:
    """Remembers what the cheap files said when the process was last read in full."""

    def __init__(self, files: ProcessFiles) -> None:
        self._files = files
        self._statm = b""
        self._faults: tuple[int | None, int | None] = (-1, -1)
        self._rollup = 0  # a hash: the texts of many processes would be most of what is kept

    def unchanged(self) -> bool:
        """Whether nothing shows that the process changed its memory since this was last asked.

        Raises NoSuchProcess.
        """
        if self._files.is_still():
            return True
        # Before the others: if it runs now, that will show.
        schedstat = self._files.when_ran()
        try:
            statm, stat = self._files.small("statm"), self._files.small("stat")
            parsed = parse_stat(stat)
        except NoSense:
            return False  # nothing shows anything
        except NoSuchProcess:
            if self._files.lacks("statm") or self._files.lacks("stat"):
                return False  # a copy of /proc: nothing shows anything
            raise
        faults = parsed.minor_faults, parsed.major_faults
        same = statm == self._statm and faults == self._faults and not parsed.has_ended
        self._statm, self._faults = statm, faults
        self._files.has_one_thread = parsed.threads == 1
        # The only thread had no faults if it did not run.
        if schedstat and self._files.has_one_thread:
            self._files.watch(statm, "schedstat", schedstat)
        else:
            self._files.watch(statm, "stat", stat)
        return same

    def others_unchanged(self) -> bool:
        """Whether nothing shows that others changed its PSS since this was last asked."""
        try:
            return self.remember(hash_of_sums(self._files.rollup()))
        except SourceError:
            return False  # before 4.14 there is none: read smaps

    def remember(self, mark: int) -> bool:
        """Take note of a smaps_rollup that was read, by hash_of_sums; whether the last said so."""
        same = mark == self._rollup
        self._rollup = mark
        return same


def hash_of_sums(rollup: bytes) -> int:
    """The same for two texts of smaps_rollup that say the same, but for Referenced."""
    return hash(_sums(rollup))


def _sums(rollup: bytes) -> bytes:
    """The text without Referenced: kernel daemons clear accessed bits, which moves no memory."""
    start = rollup.find(b"\nReferenced:")
    return rollup if start < 0 else rollup[:start] + rollup[rollup.find(b"\n", start + 1) :]
