"""What a layout consists of, in lines that add up; and how far it is from the kernel's own mark."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, Literal, NamedTuple, TypeVar

from ..metrics import USAGE
from ..model import MappingUsage
from .kinds import Attribution, Kind

By = Literal["name", "kind", "mapping"]
Attributed = Iterable[tuple[MappingUsage, Attribution]]
_T = TypeVar("_T")

#: Kinds that stand on lines of their own above the names, in this order; the arenas only if any.
OWN_LINES = {
    Kind.THREAD_STACK: "thread stacks",
    Kind.HEAP: "heap",
    Kind.ARENA: "malloc arenas",
    Kind.ANONYMOUS: "anonymous",
}

#: The figures of a usage that may be added up over mappings, all in bytes.
ADDITIVE = (
    *(
        metric.name
        for metric in USAGE
        if metric.unit == "bytes" and not metric.name.endswith("page_size")
    ),
    "uss",
)


class Sum(NamedTuple):
    """A sum in bytes: None if nothing told its part; `lacking` is how many parts did not."""

    size: int | None
    lacking: int


def add_up(sizes: Iterable[int | None]) -> Sum:
    """Add what is told; the sum of nothing at all is 0, of nothing told None."""
    total, told, lacking = 0, 0, 0
    for size in sizes:
        if size is None:
            lacking += 1
        else:
            told += 1
            total += size
    return Sum(None if lacking and not told else total, lacking)


@dataclass(frozen=True, slots=True)
class Group:
    """Mappings that are shown as one line; `kind` is None if they are of several kinds."""

    kind: Kind | None
    name: str
    entries: tuple[MappingUsage, ...]
    sum: Sum

    @property
    def address_space(self) -> int:
        """Bytes of address space taken."""
        return sum(entry.mapping.size for entry in self.entries)

    def sum_of(self, figure: str) -> Sum:
        """Add up another of the ADDITIVE figures over the same mappings."""
        return _sum_of(self.entries, figure)


@dataclass(frozen=True, slots=True)
class Breakdown:
    """A layout in lines: `own` + `top` + `other` add up to `total`, each in `figure` (bytes).

    `top` is sorted by size, the biggest first; `other` stands for `other_groups` more lines.
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

    By name, the kinds of OWN_LINES have their own lines and are not among the names.
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
            if entries or kind is not Kind.ARENA:
                own.append(_group(kind, title, entries, figure))
    groups = [_group(kind, name, entries, figure) for (kind, name), entries in members.items()]
    groups.sort(key=_biggest_first)
    shown = groups if top is None else groups[:top]
    rest = groups[len(shown) :]
    rest_entries = [entry for group in rest for entry in group.entries]
    return Breakdown(
        figure=figure,
        own=tuple(own),
        top=tuple(shown),
        other=_group(None, "other mappings", rest_entries, figure),
        other_groups=len(rest),
        total=_group(None, "sum", every, figure),
    )


def _key(entry: MappingUsage, attribution: Attribution, by: By) -> tuple[Kind, str]:
    kind = attribution.kind
    if by == "kind":
        return kind, kind.value
    if by == "mapping":
        mapping = entry.mapping
        header = f"{mapping.start:08x}-{mapping.end:08x} {mapping.perms}"
        return kind, f"{header} {attribution.name}".rstrip()
    return kind, OWN_LINES.get(kind, attribution.name)


def _group(kind: Kind | None, name: str, entries: Iterable[MappingUsage], figure: str) -> Group:
    fixed = tuple(entries)
    return Group(kind, name, fixed, _sum_of(fixed, figure))


def _sum_of(entries: Iterable[MappingUsage], figure: str) -> Sum:
    return add_up(getattr(entry.usage, figure) for entry in entries)


def _biggest_first(group: Group) -> tuple[bool, int, str, str]:
    size = group.sum.size
    kind = group.kind.value if group.kind else ""
    return (size is None, -(size or 0), group.name, kind)


class Verdict(enum.Enum):
    """What the kernel's high-water mark says about a layout."""

    UNKNOWN = "unknown"
    NOTHING_HIGHER = "nothing higher"
    WITHIN_TOLERANCE = "within tolerance"
    HIGHER = "higher"


class Gap(NamedTuple):
    """The high-water mark (bytes) against the RSS of one layout.

    `size` is how far the mark lies above it, below 0 if under it; None if either is not known.
    """

    size: int | None
    verdict: Verdict


def compare_mark(mark: int | None, rss: int | None, tolerance: int = 0) -> Gap:
    """Tell how far the kernel's high-water mark lies above a layout's RSS, all in bytes.

    `tolerance` is by how much the kernel's counters may be off.
    """
    if mark is None or rss is None:
        return Gap(None, Verdict.UNKNOWN)
    gap = mark - rss
    if gap <= 0:
        return Gap(gap, Verdict.NOTHING_HIGHER)
    return Gap(gap, Verdict.WITHIN_TOLERANCE if gap <= tolerance else Verdict.HIGHER)


@dataclass(frozen=True, slots=True)
class Ranking(Generic[_T]):
    """Things by size: `top` + `other` add up to `total`, all in bytes; `other_count` more things.

    A sum says in `lacking` how many of its things have no size.
    """

    top: tuple[tuple[_T, int | None], ...]
    other: Sum
    other_count: int
    total: Sum


def rank(
    things: Iterable[_T], size_of: Callable[[_T], int | None], top: int | None = None
) -> Ranking[_T]:
    """Sort things by size, the biggest first and those without one last; keep the `top` ones."""
    sized = [(thing, size_of(thing)) for thing in things]
    sized.sort(key=lambda pair: (pair[1] is None, -(pair[1] or 0)))
    shown = sized if top is None else sized[:top]
    rest = sized[len(shown) :]
    return Ranking(
        top=tuple(shown),
        other=add_up(size for _, size in rest),
        other_count=len(rest),
        total=add_up(size for _, size in sized),
    )
