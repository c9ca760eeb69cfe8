"""Collects what tells mappings apart besides themselves: stack pointers and ELF headers."""

from __future__ import annotations

from collections.abc import Iterable

from ..errors import SourceError
from ..model import ElfSegment, Mapping, MappingUsage
from ..procfs import elf
from ..procfs.source import ProcessFiles
from ..procfs.threads import parse_stack_pointer

#: How often a thread is asked that runs each time; and how many threads are asked in one tick.
_TRIES = 50
_THREADS_PER_TICK = 64


class StackPointers:
    """The stack pointers of one process's threads. A stack does not move: each is asked once."""

    def __init__(self, files: ProcessFiles) -> None:
        self._files = files
        self._alive: set[int] = set()
        self._waiting: dict[int, int] = {}  # TID -> tries left
        self._pointers: dict[int, int] = {}
        self._threads: int | None = None
        self._refused = False

    def collect(self, threads: int | None) -> dict[int, int]:
        """All threads that live and their stack pointers, 0 if not known; {} if nothing changed.

        `threads` is the count that status tells. One thread may replace another, so that the count
        stays: of several, all are listed each time (0.5 us for each).
        """
        changed = False
        if threads != 1 or threads != self._threads:
            try:
                changed = self._notice(self._files.threads())
            except SourceError:
                return {}
            self._threads = threads
        changed |= self._ask()
        if not changed or (self._refused and not self._pointers):
            return {}
        return {tid: self._pointers.get(tid, 0) for tid in self._alive}

    def _notice(self, tids: Iterable[int]) -> bool:
        """Whether threads began or ended."""
        alive = set(tids)
        if alive == self._alive:
            return False
        for tid in self._alive - alive:
            self._pointers.pop(tid, None)
            self._waiting.pop(tid, None)
        self._waiting |= dict.fromkeys(sorted(alive - self._alive), _TRIES)
        self._alive = alive
        return True

    def _ask(self) -> bool:
        """Whether a pointer was found."""
        found = False
        for tid in list(self._waiting)[:_THREADS_PER_TICK]:
            tries = self._waiting.pop(tid) - 1
            try:
                pointer = parse_stack_pointer(self._files.thread_file(tid, "syscall"))
            except SourceError:
                # Refused (it needs PTRACE_MODE_ATTACH): all threads are, unless one was not.
                if not self._pointers:
                    self._refused = True
                    self._waiting.clear()
                    break
                continue
            if pointer is not None:
                self._pointers[tid] = pointer
                found = True
            elif tries:
                self._waiting[tid] = tries  # at the end: those not asked yet come first
        return found


class ElfHeaders:
    """The PT_LOAD segments of files that processes execute: read once per file of the machine."""

    def __init__(self) -> None:
        self._seen: set[tuple[int, int]] = set()

    def collect(
        self, files: ProcessFiles, entries: Iterable[MappingUsage]
    ) -> dict[tuple[int, int], tuple[ElfSegment, ...]]:
        """Segments of files among `entries` that were not seen before, by (dev, inode)."""
        found = {}
        for entry in entries:
            mapping = entry.mapping
            if not mapping.inode or mapping.perms[2:] != "xp":
                continue
            key = mapping.dev, mapping.inode
            if key not in self._seen:
                self._seen.add(key)
                segments = _segments(files, mapping)
                if segments:
                    found[key] = segments
        return found


def _segments(files: ProcessFiles, mapping: Mapping) -> tuple[ElfSegment, ...] | None:
    head = files.mapped_file(mapping, 0, elf.HEAD_SIZE)
    table = elf.find_table(head) if head else None
    if table is None:
        return None
    data = files.mapped_file(mapping, table.offset, table.size)
    return elf.parse_table(table, data) if data else None
