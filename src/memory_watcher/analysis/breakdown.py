"""What a layout consists of, in lines that add up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

from ..metrics import DERIVED, OVER_MAPPINGS
from ..model import MappingUsage, Usage
from .attribution import name_of_one
from .hugetlb import unreported
from .kinds import Attribution, Kind

By = Literal["name", "kind", "mapping"]
Attributed = Iterable[tuple[MappingUsage, Attribution]]

#: Kinds that stand on lines of their own above the names, in this order, if there are any of them.
OWN_LINES = {
    Kind.THREAD_STACK: "thread stacks",
    Kind.HEAP: "heap",
    Kind.ARENA: "malloc arenas",
    Kind.ANONYMOUS: "anonymous",
}
#: So do memory's recognised owners, under their own names: what is anonymous is what they leave.
RECOGNISED = (Kind.RUNTIME, Kind.ALLOCATOR, Kind.JIT_CODE)


class Sum(NamedTuple):
    """A sum in bytes: None if nothing told its part; `lacking` is how many parts did not."""

    size: int | None
    lacking: int


def add_up(sizes: Iterable[int | None]) -> Sum:
    """Add what is told; the sum of nothing at all is 0, of nothing told None."""
    sizes = list(sizes)
    told = [size for size in sizes if size is not None]
    return Sum(sum(told) if told or not sizes else None, len(sizes) - len(told))


class Group(NamedTuple):
    """Mappings that are shown as one line; `kind` is None if they are of several kinds."""

    kind: Kind | None
    name: str
    entries: tuple[MappingUsage, ...]
    sum: Sum

    @property
    def address_space(self) -> int:
        """Bytes of address space taken."""
        return sum(entry.mapping.size for entry in self.entries)

    def sums(self) -> dict[str, Sum]:
        """Add up each figure of metrics.OVER_MAPPINGS."""
        usages = [entry.usage for entry in self.entries]
        columns = dict(zip(Usage._fields, zip(*usages, strict=True), strict=False))
        for derived in DERIVED:
            columns[derived.name] = tuple(getattr(usage, derived.name) for usage in usages)
        return {figure: add_up(columns.get(figure, ())) for figure in OVER_MAPPINGS}


class Breakdown(NamedTuple):
    """A layout in lines: `own` + `top` + `other` add up to `total`, each in `figure` (bytes).

    `top` is sorted by size, the biggest first; `other` stands for `other_groups` more lines. What
    is in swap or in huge pages counts when it is chosen which lines those are.
    """

    figure: str
    own: tuple[Group, ...]
    top: tuple[Group, ...]
    other: Group
    other_groups: int
    total: Group


def break_down(
    attributed: Attributed, figure: str = "pss", by: By = "name", top: int | None = None
) -> Breakdown:
    """Sum up a layout by group name, by kind or by mapping; the `top` biggest lines (None: all).

    By name, the kinds of OWN_LINES and RECOGNISED have their own lines and are not among the names,
    and the parts of a library are one.
    """
    members: dict[tuple[Kind, str], list[MappingUsage]] = {}
    every: list[MappingUsage] = []
    for entry, attribution in attributed:
        every.append(entry)
        members.setdefault(_key(entry, attribution, by), []).append(entry)
    own: list[Group] = []
    if by == "name":
        for kind, title in OWN_LINES.items():
            entries = members.pop((kind, title), [])
            if kind is Kind.ANONYMOUS:
                own += _recognised(members, figure)
            if entries:
                own.append(_group(kind, title, entries, figure))
    # The figures come first: of many names only the few that are shown become groups.
    sums = [(key, _sum_of(entries, figure)) for key, entries in members.items()]
    sums.sort(key=_biggest_first)
    shown = sums if top is None else _most(sums, members, top)
    kept = {key for key, _ in shown}
    rest = [entry for key, _ in sums if key not in kept for entry in members[key]]
    return Breakdown(
        figure=figure,
        own=tuple(own),
        top=tuple(Group(*key, tuple(members[key]), total) for key, total in shown),
        other=_group(None, "other mappings", rest, figure),
        other_groups=len(sums) - len(shown),
        total=_group(None, "sum", every, figure),
    )


def _recognised(members: dict[tuple[Kind, str], list[MappingUsage]], figure: str) -> list[Group]:
    """Take the recognised heaps and code away from `members`, the biggest first."""
    keys = [key for key in members if key[0] in RECOGNISED]
    sums = [(key, _sum_of(members[key], figure)) for key in keys]
    sums.sort(key=_biggest_first)
    return [Group(*key, tuple(members.pop(key)), size) for key, size in sums]


_Line = tuple[tuple[Kind, str], Sum]


def _most(
    sums: Sequence[_Line], members: Mapping[tuple[Kind, str], Sequence[MappingUsage]], top: int
) -> list[_Line]:
    """The `top` lines that have most, in the figure or outside of RSS; in the order of `sums`."""
    having = [
        (line, outside)
        for line in sums
        if (outside := _outside_rss(members[line[0]])) or line[1].size != 0
    ]
    if len(having) > top:
        order = sorted(
            range(len(having)), key=lambda at: -((having[at][0][1].size or 0) + having[at][1])
        )
        kept = set(order[:top])
        having = [each for at, each in enumerate(having) if at in kept]
    return [line for line, _ in having]


def _outside_rss(entries: Iterable[MappingUsage]) -> int:
    """Bytes in swap and in huge pages: neither RSS nor PSS shows them."""
    return sum(
        (usage.swap or 0) + (usage.private_hugetlb or 0) + (usage.shared_hugetlb or 0)
        for usage in (entry.usage for entry in entries)
    ) or unreported(entries)


def _key(entry: MappingUsage, attribution: Attribution, by: By) -> tuple[Kind, str]:
    kind = attribution.kind
    if by == "kind":
        return kind, kind.value
    if by == "mapping":
        mapping = entry.mapping
        header = f"{mapping.start:08x}-{mapping.end:08x} {mapping.perms}"
        return kind, f"{header} {name_of_one(mapping, attribution)}".rstrip()
    return kind.family, OWN_LINES.get(kind, attribution.name)


def _group(kind: Kind | None, name: str, entries: Iterable[MappingUsage], figure: str) -> Group:
    fixed = tuple(entries)
    return Group(kind, name, fixed, _sum_of(fixed, figure))


def _sum_of(entries: Iterable[MappingUsage], figure: str) -> Sum:
    return add_up([getattr(entry.usage, figure) for entry in entries])


def _biggest_first(line: _Line) -> tuple[bool, int, str, str]:
    (kind, name), (size, _) = line
    return (size is None, -(size or 0), name, kind.value)
