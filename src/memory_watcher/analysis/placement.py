"""Where a group grew: in one mapping, in ever more of one size, in arenas (how full they are)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from ..model import MappingUsage, Usage
from .arenas import HEAP_SIZE

#: One mapping is where a group grew if it has this share of it.
_MOST = 0.8
#: Mappings are of one size if this share of the new ones is.
_ALIKE = 0.6
#: Fewer new mappings are told one by one.
_SEVERAL = 4


class Main(NamedTuple):
    """The mapping that has most of a rise: its key, its header, its bytes then and now."""

    key: str
    name: str
    before: int
    after: int


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
    """A mapping of the group: what stays of its header while it grows, and what a person reads."""

    key: str
    name: str
    entry: MappingUsage


def place(
    before: Sequence[Part],
    after: Sequence[Part],
    size_of: Callable[[Usage], int | None],
    *,
    is_arena: bool,
) -> Placement:
    """Compare the mappings of one group in two layouts; `size_of` gives the figure's bytes."""
    known = {part.key: size_of(part.entry.usage) or 0 for part in before}
    changes = {
        part.key: (size_of(part.entry.usage) or 0) - known.get(part.key, 0) for part in after
    }
    rise = sum(changes.values()) - sum(size for key, size in known.items() if key not in changes)
    new = [part for part in after if part.key not in known]
    return Placement(
        _main(after, known, changes, rise),
        len(new),
        _common_size(new),
        _sum(part.entry.usage.anon_huge_pages for part in after),
        _sum(part.entry.usage.rss for part in after) or 0,
        _arenas(after) if is_arena else None,
    )


def _main(
    after: Sequence[Part], known: Mapping[str, int], changes: Mapping[str, int], rise: int
) -> Main | None:
    if not after or rise <= 0:
        return None
    part = max(after, key=lambda each: changes[each.key])
    if changes[part.key] < _MOST * rise:
        return None
    old = known.get(part.key, 0)
    return Main(part.key, part.name, old, old + changes[part.key])


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
