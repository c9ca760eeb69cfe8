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
        self._waiting: dict[int, int] = {}  # TID -> tries left
        self._known: set[int] = set()
        self._threads: int | None = None

    def collect(self, threads: int | None) -> dict[int, int]:
        """Stack pointers that were found now, by TID; `threads` is the count that status tells."""
        try:
            if threads != self._threads:
                self._threads = threads
                self._notice(self._files.threads())
            return self._ask()
        except SourceError:
            self._waiting.clear()  # refused (it needs PTRACE_MODE_ATTACH), or gone
            return {}

    def _notice(self, tids: Iterable[int]) -> None:
        alive = set(tids)
        self._known &= alive
        self._waiting = {
            tid: self._waiting.get(tid, _TRIES) for tid in alive if tid not in self._known
        }

    def _ask(self) -> dict[int, int]:
        found = {}
        for tid in list(self._waiting)[:_THREADS_PER_TICK]:
            pointer = parse_stack_pointer(self._files.thread_file(tid, "syscall"))
            tries = self._waiting.pop(tid) - 1
            if pointer is not None:
                found[tid] = pointer
                self._known.add(tid)
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
