"""Where a group grew: in one mapping, in ever more of one size, in arenas (how full they are)."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from ..model import Mapping, MappingUsage, Usage
from .arenas import HEAP_SIZE

#: One mapping is where a group grew if it has this share of it.
_MOST = 0.8
#: Mappings are of one size if this share of the new ones is.
_ALIKE = 0.6
#: Fewer new mappings are told one by one.
_SEVERAL = 4


class Main(NamedTuple):
    """The mapping that has most of a rise: its header, what people read, its bytes then and now.

    `since_ns` is the wall time of the layout since which it was always there; None if nobody asked.
    """

    mapping: Mapping
    name: str
    before: int
    after: int
    since_ns: int | None = None


class Arenas(NamedTuple):
    """How many arenas of malloc there are, and of what they made writable how much is resident."""

    heaps: int
    writable: int
    resident: int


class Placement(NamedTuple):
    """Where a group grew between two layouts; bytes.

    `main` is the one mapping that has most of it, if one has. `new` is how many mappings there are
    that were not there before; most of them are of `new_size`, None if they differ. `huge` is how
    much of `resident` is in transparent huge pages, None if the kernel does not tell. `arenas` if
    the group is made of them.
    """

    main: Main | None
    new: int
    new_size: int | None
    huge: int | None
    resident: int
    arenas: Arenas | None


class Part(NamedTuple):
    """A mapping of the group, and what a person reads of its header."""

    name: str
    entry: MappingUsage


def place(
    before: Sequence[Part],
    after: Sequence[Part],
    size_of: Callable[[Usage], int | None],
    *,
    is_arena: bool,
) -> Placement:
    """Compare the mappings of one group in two layouts; `size_of` gives the figure's bytes.

    A mapping is the one that had its addresses before: memory is mapped next to what is there, on
    either side, and the kernel makes one mapping of both.
    """

    def total(parts: Iterable[Part]) -> int:
        return sum(size_of(part.entry.usage) or 0 for part in parts)

    after = sorted(after, key=lambda part: part.entry.mapping.start)
    former = _former(before, after)
    rises = [
        Main(part.entry.mapping, part.name, total(old), total([part]))
        for part, old in zip(after, former, strict=True)
    ]
    new = [part for part, old in zip(after, former, strict=True) if not old]
    return Placement(
        _main(rises, total(after) - total(before)),
        len(new),
        _common_size(new),
        _sum(part.entry.usage.anon_huge_pages for part in after),
        _sum(part.entry.usage.rss for part in after) or 0,
        _arenas(after) if is_arena else None,
    )


def _main(rises: Sequence[Main], rise: int) -> Main | None:
    """The one that has most of a rise, if one has."""
    most = max(rises, key=lambda each: each.after - each.before, default=None)
    if most is None or rise <= 0 or most.after - most.before < _MOST * rise:
        return None
    return most


def _former(before: Sequence[Part], after: Sequence[Part]) -> list[list[Part]]:
    """Of each mapping (in the order of addresses) those before in whose addresses it is now."""
    former: list[list[Part]] = [[] for _ in after]
    ends = [part.entry.mapping.end for part in after]
    for part in before:
        at = bisect_right(ends, part.entry.mapping.start)
        if at < len(after) and after[at].entry.mapping.start < part.entry.mapping.end:
            former[at].append(part)
    return former


def _common_size(new: Sequence[Part]) -> int | None:
    if len(new) < _SEVERAL:
        return None
    ((size, count),) = Counter(part.entry.mapping.size for part in new).most_common(1)
    return size if count >= _ALIKE * len(new) else None


def _arenas(parts: Sequence[Part]) -> Arenas:
    writable = [part.entry for part in parts if part.entry.mapping.perms[:2] == "rw"]
    heaps = {
        heap
        for entry in writable
        for heap in range(entry.mapping.start // HEAP_SIZE, -(-entry.mapping.end // HEAP_SIZE))
    }
    return Arenas(
        len(heaps),
        sum(entry.mapping.size for entry in writable),
        _sum(entry.usage.rss for entry in writable) or 0,
    )


def _sum(sizes: Iterable[int | None]) -> int | None:
    """None if the kernel tells none of them."""
    told = [size for size in sizes if size is not None]
    return sum(told) if told else None
