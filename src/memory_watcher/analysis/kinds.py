"""What each mapping is for: its kind, and the name under which it is summed up."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from ..model import MappingUsage


class Kind(enum.Enum):
    """What a mapping is for. The value is the word that outputs show."""

    THREAD_STACK = "thread stack"
    HEAP = "heap"
    ARENA = "malloc arena"
    ANONYMOUS = "anonymous"
    NAMED_ANONYMOUS = "named anonymous"
    LIBRARY = "library"
    FILE = "file"
    DELETED_FILE = "deleted file"
    SHARED_MEMORY = "shared memory"
    DEVICE = "device"
    SOCKET = "socket"
    HUGE_PAGES = "huge pages"
    GUARD = "guard"
    KERNEL = "kernel"


class Bss(NamedTuple):
    """Where the .bss of a mapped file lies, in one process: whole pages, end exclusive."""

    start: int
    end: int
    pathname: str


@dataclass(frozen=True, slots=True)
class KindFacts:
    """What was recorded besides the mappings themselves: empty where it was not.

    `stack_pointers` of all threads, by TID; `bss` computed from ELF program headers.
    """

    stack_pointers: Mapping[int, int] = field(default_factory=dict)
    bss: tuple[Bss, ...] = ()


class Attribution(NamedTuple):
    """What a mapping is for: `kind`, and `name`, the group it is summed up under."""

    kind: Kind
    name: str


def attribute(
    entries: Iterable[MappingUsage], facts: KindFacts = KindFacts()
) -> list[tuple[MappingUsage, Attribution]]:
    """Tell for each mapping of one layout, in its order, what it is for."""
    raise NotImplementedError
