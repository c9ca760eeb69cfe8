"""Collects what tells mappings apart besides themselves: stack pointers and ELF headers."""

from __future__ import annotations

import time
from collections.abc import Iterable

from ..errors import SourceError
from ..model import ElfFile, Mapping, MappingUsage
from ..procfs import elf
from ..procfs.elf_symbols import find_symbols
from ..procfs.mapped import NotReady
from ..procfs.process_files import ProcessFiles
from ..procfs.threads import parse_stack_pointer
from ..units import SECOND

#: How often a thread is asked that runs each time; and how many threads are asked in one tick.
_TRIES = 50
_THREADS_PER_TICK = 64

#: Files whose headers are read: of one process at a time, of all in a second, and of all at first,
#: when everything is new; how many of one process wait, and how many are remembered as read.
_FILES_AT_ONCE = 64
_FILES_PER_SECOND = 32
_FILES_AT_START = 1024
_FILES_WAITING = 1024
_FILES_REMEMBERED = 1 << 16

#: Functions that programs offer which have a runtime or an allocator linked in, and its mark.
#: Libraries that are those themselves are known by their names.
_SYMBOLS = {
    "_ZN2v87Isolate10InitializeEPS0_RKNS0_12CreateParamsE": "v8",
    "mallctl": "jemalloc",
    "je_mallctl": "jemalloc",
}


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
    """Segments and build IDs of files that processes execute: read once per file of the machine.

    A process may map as many files as it likes, each with headers of its own making. So no more are
    read of a process at a time, and of all within a second, than any needs; others wait.
    """

    def __init__(self) -> None:
        self._seen: dict[tuple[int, int], None] = {}
        self._waiting: dict[int, dict[tuple[int, int], Mapping]] = {}  # by PID
        self._left = float(_FILES_AT_START)
        self._filled_ns = time.monotonic_ns()

    def collect(
        self, files: ProcessFiles, entries: Iterable[MappingUsage]
    ) -> dict[tuple[int, int], ElfFile]:
        """What is told of files among `entries` that were not seen before, by (dev, inode).

        Raises SourceError for a file that does not answer: those behind it wait.
        """
        waiting = self._waiting.setdefault(files.pid, {})
        for entry in entries:
            mapping = entry.mapping
            if not mapping.inode or mapping.perms[2:] != "xp":
                continue
            key = mapping.dev, mapping.inode
            if key not in self._seen and len(waiting) < _FILES_WAITING:
                waiting[key] = mapping
        found: dict[tuple[int, int], ElfFile] = {}
        try:
            for key in list(waiting)[: self._allowed()]:
                if (file := self._read(files, waiting, key)) is not None:
                    found[key] = file
        except NotReady:
            pass  # nothing is lost: all that wait are asked again
        except SourceError:
            if not found:
                raise  # else what was found is kept; the next one that does not answer is told of
        if not waiting:
            del self._waiting[files.pid]
        return found

    def _read(
        self,
        files: ProcessFiles,
        waiting: dict[tuple[int, int], Mapping],
        key: tuple[int, int],
    ) -> ElfFile | None:
        """Read one of those that wait, unless that was done for another process."""
        if key in self._seen:
            del waiting[key]
            return None
        try:
            file = _elf_file(files, waiting[key])
        except NotReady:
            raise
        except SourceError:
            self._done(waiting, key)  # it is not asked a second time
            raise
        self._done(waiting, key)
        return file

    def _done(self, waiting: dict[tuple[int, int], Mapping], key: tuple[int, int]) -> None:
        del waiting[key]
        self._left -= 1
        self._seen[key] = None
        if len(self._seen) > _FILES_REMEMBERED:
            del self._seen[next(iter(self._seen))]

    def awaits(self, pid: int) -> bool:
        """Whether files that this process maps are still to be read."""
        return pid in self._waiting

    def forget(self, pid: int) -> None:
        """A process has ended: what it maps can be read no more."""
        self._waiting.pop(pid, None)

    def _allowed(self) -> int:
        now = time.monotonic_ns()
        filled = self._left + (now - self._filled_ns) / SECOND * _FILES_PER_SECOND
        self._left, self._filled_ns = min(filled, _FILES_AT_START), now
        return min(int(self._left), _FILES_AT_ONCE)


def _elf_file(files: ProcessFiles, mapping: Mapping) -> ElfFile | None:
    """What the headers of a file tell; None if it is no program or library.

    Raises SourceError.
    """
    head = files.mapped_file(mapping, 0, elf.HEAD_SIZE)
    table = elf.find_table(head) if head else None
    if table is None or head is None:
        return None
    data = _part(files, mapping, head, table.offset, table.size)
    segments = elf.parse_table(table, data)
    if not segments:
        return None
    build_id: str | None = None
    marks: dict[str, None] = {}
    for notes in elf.find_notes(table, data):
        content = _part(files, mapping, head, notes.offset, notes.size)
        build_id = build_id or elf.find_build_id(table, notes, content)
        marks |= dict.fromkeys(elf.find_marks(table, notes, content))
    if ".so" not in mapping.pathname.rpartition("/")[2]:
        found = find_symbols(
            table, data, segments, lambda *part: _part(files, mapping, head, *part), _SYMBOLS
        )
        marks |= {_SYMBOLS[name]: None for name in found}
    return ElfFile(segments, build_id, tuple(marks))


def _part(files: ProcessFiles, mapping: Mapping, head: bytes, offset: int, size: int) -> bytes:
    """Bytes of a file whose beginning is read already: most of them are in it."""
    if offset + size > elf.LARGEST_OFFSET:
        return b""
    if offset + size <= len(head):
        return head[offset : offset + size]
    return files.mapped_file(mapping, offset, size) or b""
