"""On what grounds a mapping has its kind: what `memory-watcher kinds` says."""

from __future__ import annotations

import enum


class Basis(enum.Enum):
    """The evidence that decided. The value is a word for scripts."""

    ARENA = "arena"
    BSS = "bss"
    RUNTIME = "runtime"
    STACK = "stack"
    NAME = "name"
    PROGRAM = "program"
    HUGE_PAGES = "huge pages"
    NO_ACCESS = "no access"
    DEVICE = "device"
    NOTHING = "nothing"

    @property
    def meaning(self) -> str:
        """One sentence."""
        return _MEANINGS[self]


_MEANINGS = {
    Basis.ARENA: "A heap of malloc's for threads: 64 MiB at a multiple of 64 MiB, written from its"
    " beginning on, the rest kept as a reserve.",
    Basis.BSS: "It lies wholly where the ELF headers of that file say that its .bss is, or bears"
    " the loader's name for that.",
    Basis.RUNTIME: "The shape that this runtime gives its memory.",
    Basis.STACK: "A thread's stack pointer and a second witness, or the marks of a stack on it and"
    " on its guard.",
    Basis.NAME: "The name that the kernel shows for it.",
    Basis.PROGRAM: "The process executes this file.",
    Basis.HUGE_PAGES: "Its pages are huge ones (hugetlb), by the flag `ht` or the size of a page.",
    Basis.NO_ACCESS: "Private memory without a name and without access.",
    Basis.DEVICE: "Memory of a device (`io`).",
    Basis.NOTHING: "Private memory without a name, of which nothing more is proven.",
}
