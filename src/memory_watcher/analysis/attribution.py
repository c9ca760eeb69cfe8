"""The words for what a mapping is for: its kind, and the name that it is summed up under."""

from __future__ import annotations

import enum
from types import MappingProxyType
from typing import NamedTuple

from ..model import Mapping


class Kind(enum.Enum):
    """What a mapping is for. The value is the word that outputs show.

    No mapping is of kind `LIBRARY`: it is the family of all parts of programs and libraries.
    """

    THREAD_STACK = "thread stack"
    HEAP = "heap"
    ARENA = "malloc arena"
    RUNTIME = "runtime"
    ALLOCATOR = "allocator"
    JIT_CODE = "JIT code"
    ANONYMOUS = "anonymous"
    NAMED_ANONYMOUS = "named anonymous"
    LIBRARY = "library"
    PROGRAM_CODE = "program code"
    PROGRAM_DATA = "program data"
    PROGRAM_BSS = "program .bss"
    LIBRARY_CODE = "library code"
    LIBRARY_DATA = "library data"
    LIBRARY_BSS = "library .bss"
    FILE = "file"
    DELETED_FILE = "deleted file"
    SHARED_MEMORY = "shared memory"
    DEVICE = "device"
    SOCKET = "socket"
    HUGE_PAGES = "huge pages"
    GUARD = "guard"
    KERNEL = "kernel"
    TOTALS = "totals"

    @property
    def meaning(self) -> str:
        """One sentence for documentation and help."""
        return _MEANINGS[self]

    @property
    def family(self) -> Kind:
        """What it is summed up under by name: a library's parts are one; most are their own."""
        return Kind.LIBRARY if self in _OF_PROGRAMS else self


#: What the parts of a program are where nothing tells which file the process runs.
PROGRAM_AS_LIBRARY = MappingProxyType(
    {
        Kind.PROGRAM_CODE: Kind.LIBRARY_CODE,
        Kind.PROGRAM_DATA: Kind.LIBRARY_DATA,
        Kind.PROGRAM_BSS: Kind.LIBRARY_BSS,
    }
)
_OF_PROGRAMS = frozenset((*PROGRAM_AS_LIBRARY, *PROGRAM_AS_LIBRARY.values()))

_MEANINGS = {
    Kind.THREAD_STACK: "Stacks of threads, and those that glibc keeps for the next thread.",
    Kind.HEAP: "What brk gives: malloc's main arena ([heap]).",
    Kind.ARENA: "malloc's further arenas, glibc's 64 MiB heaps for threads, with their reserve.",
    Kind.RUNTIME: "Heaps of language runtimes that were recognised, and what these keep beside.",
    Kind.ALLOCATOR: "What allocators other than glibc's took, where they were recognised.",
    Kind.JIT_CODE: "Code that was made while the program runs: executable memory of no file.",
    Kind.ANONYMOUS: "Memory without a name, of which no more is proven: large malloc blocks, mmap.",
    Kind.NAMED_ANONYMOUS: "Memory that the program or its runtime named ([anon:…]), or /dev/zero.",
    Kind.LIBRARY: "Programs and libraries, all parts of a file together: by name, and in budgets.",
    Kind.PROGRAM_CODE: "Text and constants of the file that the process runs (/proc/PID/exe).",
    Kind.PROGRAM_DATA: "Its variables that begin with a value, and what the loader wrote (relro).",
    Kind.PROGRAM_BSS: "Its variables that begin as zero (.bss).",
    Kind.LIBRARY_CODE: "Text and constants of libraries, and of files that are run otherwise.",
    Kind.LIBRARY_DATA: "Their variables that begin with a value, and what the loader wrote.",
    Kind.LIBRARY_BSS: "Their variables that begin as zero (.bss).",
    Kind.FILE: "Files that are mapped but not executed.",
    Kind.DELETED_FILE: "Mapped files that no longer have a name in their folder.",
    Kind.SHARED_MEMORY: "Memory shared by design: SysV, POSIX, memfd, shared anonymous.",
    Kind.DEVICE: "Device and GPU memory.",
    Kind.SOCKET: "Rings of packet sockets and the like.",
    Kind.HUGE_PAGES: "Pages of hugetlbfs; they count in neither RSS nor PSS.",
    Kind.GUARD: "Address space without access: guards of stacks, reserves of allocators.",
    Kind.KERNEL: "What the kernel itself puts there: vdso, vvar, vsyscall, rings, uprobes.",
    Kind.TOTALS: "The whole process, of a capture of smaps_rollup: it has no mappings.",
}


#: What is called by its path: under the name of its group many may be put together.
BY_PATH = frozenset((Kind.FILE, Kind.DELETED_FILE))


class Attribution(NamedTuple):
    """What a mapping is for: `kind`, and `name`, the group it is summed up under.

    `name` is the kind's own word where the mapping has no name to be summed up under.
    """

    kind: Kind
    name: str


def name_of_one(mapping: Mapping, attribution: Attribution) -> str:
    """What one mapping is called where each has a line: a file by its path, not by its group."""
    return (attribution.kind in BY_PATH and mapping.pathname) or attribution.name


def plain(kind: Kind) -> Attribution:
    """Of a kind that needs no other name than its own."""
    return Attribution(kind, kind.value)
