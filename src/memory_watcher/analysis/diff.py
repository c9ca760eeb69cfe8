"""What differs between two runs, or two moments of one, group by group. Pure.

The groups of both sides add up to their totals, and the changes to the difference of the totals:
every mapping is in exactly one group (see matching for which belong together).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

from ..model import MappingUsage
from .attribution import BY_PATH, PROGRAM_AS_LIBRARY
from .breakdown import OWN_LINES, Sum, add_up
from .file_parts import data_starts, part_of
from .identity import By, identify
from .kinds import Attribution, Kind
from .matching import Item, Match, Pair, pair_by, pair_identical, pair_items, title

#: Two launches of one program differ by less than this in a group, of which one run tells nothing:
#: 15 launches of 120 MiB differed by up to 164 KiB in libraries.
USUAL_SPREAD = 256 * 1024


class Owner(NamedTuple):
    """The process that mappings belong to; `label` is its name with its role, `group` its like."""

    id: int = 0
    name: str = ""
    label: str = ""
    group: str = ""


class Part(NamedTuple):
    """One process of a run: all its mappings with what they are for.

    `builds` are build ids (hexadecimal) by (dev, inode), as far as they were recorded.
    """

    owner: Owner
    entries: Iterable[tuple[MappingUsage, Attribution]]
    builds: Mapping[tuple[int, int], str] = {}


#: One run at a moment: its processes.
Run = Sequence[Part]
#: The size of a mapping, bytes; None if it was not reported.
SizeOf = Callable[[MappingUsage], "int | None"]


class Side(NamedTuple):
    """A group in one run: how many mappings, and their sum."""

    mappings: int
    sum: Sum


def change_of(before: int | None, after: int | None) -> int | None:
    """Bytes after less bytes before; None if one of them was not reported."""
    return None if before is None or after is None else after - before


@dataclass(frozen=True, slots=True)
class Group:
    """What belongs together on both sides; of several runs the medians.

    `noise` tells whether the change is no more than runs of the same program differ by; None where
    nothing tells that: of two moments of one process.
    """

    kind: Kind | None
    name: str
    before: Side
    after: Side
    match: Match
    noise: bool | None = None

    @property
    def change(self) -> int | None:
        """Bytes after less bytes before; None if one of them was not reported."""
        return change_of(self.before.sum.size, self.after.sum.size)


def compare(
    before: Sequence[Run],
    after: Sequence[Run],
    size_of: SizeOf,
    by: By = "name",
    *,
    same_run: bool = False,
) -> list[Group]:
    """Compare the runs of two sides, what is no noise first, then by the size of the change.

    With `same_run` both sides are moments of one recording: what has the same header in the same
    process is the same mapping. All groups are given, also those without a change. By kind a
    process that is known to run a file, and one of which that is not known, as of a capture, are
    compared by what both tell: parts of the program count as those of libraries.
    """
    if by == "kind" and not same_run:
        before, after = _comparable_kinds(before, after)
    pair = partial(pair_identical, by) if same_run else _pairing(by)
    sides = [
        _fold([_sides_of(run, size_of, by, same_run) for run in runs], pair)
        for runs in (before, after)
    ]
    counts = (len(before), len(after))
    groups = [_group(each, sides, counts, knows_noise=not same_run) for each in pair(*sides)]
    groups.sort(key=_biggest_first)
    return groups


def _comparable_kinds(*sides: Sequence[Run]) -> list[list[list[Part]]]:
    """The same runs; without kinds that tell the program, if that is not known of all processes."""
    found = [
        [[part._replace(entries=list(part.entries)) for part in run] for run in runs]
        for runs in sides
    ]
    if all(_tells_program(part) for runs in found for run in runs for part in run):
        return found
    return [[[_without_program(part) for part in run] for run in runs] for runs in found]


def _tells_program(part: Part) -> bool:
    """Whether what a process runs is among its mappings, or nothing of it is of such a file."""
    kinds = {kind for _, (kind, _) in part.entries}
    return bool(kinds & PROGRAM_AS_LIBRARY.keys()) or not any(
        kind.family is Kind.LIBRARY for kind in kinds
    )


def _without_program(part: Part) -> Part:
    return part._replace(
        entries=[
            (entry, told._replace(kind=PROGRAM_AS_LIBRARY.get(told.kind, told.kind)))
            for entry, told in part.entries
        ]
    )


_Pairing = Callable[[Iterable[Item], Iterable[Item]], "list[Pair]"]
#: What each run of a side has of an item.
_Sides = dict[Item, list[Side]]
_NOTHING = Side(0, Sum(0, 0))


def _biggest_first(group: Group) -> tuple[int, int, str, str]:
    """Changes, what is not known, noise, what did not change; by size."""
    change = group.change
    rank = 1 if change is None else 3 if change == 0 else 2 if group.noise else 0
    return rank, -abs(change or 0), group.name, group.kind.value if group.kind else ""


def _pairing(by: By) -> _Pairing:
    """How two runs are paired."""
    return _processes if by == "process" else pair_items


def _processes(before: Iterable[Item], after: Iterable[Item]) -> list[Pair]:
    """Pair processes by label, then by what all are called that do the same.

    Where each side has only one process of a name, other arguments make it no other process.
    """
    sides = [list(before), list(after)]
    often = {
        name
        for side in sides
        for name, count in Counter(item.key for item in side).items()
        if count > 1
    }
    rules = (
        (Match.ROLE, lambda item: item.name),
        (Match.ROLE, lambda item: item.part),
        (Match.PATH, lambda item: None if item.key in often else item.key),
    )
    return pair_by(rules, *sides)


# -- one side ---------------------------------------------------------------------------------


def _fold(runs: Sequence[Mapping[Item, Side]], pair: _Pairing) -> _Sides:
    """Put the runs of one side together: what each has of the items of all."""
    found: _Sides = {item: [side] for item, side in runs[0].items()} if runs else {}
    for count, run in enumerate(runs[1:], 1):
        folded: _Sides = {}
        for each in pair(found, run):
            item = (each.before or each.after)[0]
            earlier = [total(found[one][n] for one in each.before) for n in range(count)]
            folded[item] = [*earlier, total(run[one] for one in each.after)]
        found = folded
    return found


def total(sides: Iterable[Side]) -> Side:
    """Add sides up."""
    sides = list(sides)
    size = add_up(side.sum.size for side in sides).size
    lacking = sum(side.sum.lacking for side in sides)
    return Side(sum(side.mappings for side in sides), Sum(size, lacking))


def _sides_of(run: Run, size_of: SizeOf, by: By, same_run: bool) -> dict[Item, Side]:
    """What one run has of each item."""
    sizes: dict[Item, list[int | None]] = {}
    for part in run:
        for item, entry in _items_of(part, by, same_run):
            sizes.setdefault(item, []).append(size_of(entry))
    return {item: Side(len(each), add_up(each)) for item, each in sizes.items()}


def _items_of(part: Part, by: By, same_run: bool) -> Iterable[tuple[Item, MappingUsage]]:
    owner = part.owner
    if by == "process":
        item = Item(None, owner.label, owner.group, str(owner.id) if same_run else owner.name)
        for entry, _ in part.entries:
            yield item, entry
        return
    if same_run:
        for entry, attribution in part.entries:
            found = identify(entry.mapping, attribution, by, (owner.id, owner.name))
            yield Item(found.kind, found.name, "", found.key), entry
        return
    entries = list(part.entries)
    places = file_parts(entries) if by == "mapping" else [""] * len(entries)
    build_of = {
        attribution.name: build
        for entry, attribution in entries
        if (build := part.builds.get((entry.mapping.dev, entry.mapping.inode)))
    }
    for (entry, (kind, name)), place in zip(entries, places, strict=True):
        if by == "kind":
            yield Item(kind, kind.value), entry
        else:
            shown = OWN_LINES.get(kind, name)
            if by == "mapping" and kind in BY_PATH:
                shown = entry.mapping.pathname or name
            yield Item(kind.family, shown, place, "", build_of.get(name)), entry


def file_parts(entries: Sequence[tuple[MappingUsage, Attribution]]) -> list[str]:
    """Tell for each mapping which part of its file it is; empty for what is of no file.

    Of programs and libraries as analysis.file_parts says; of other files the permissions.
    """
    starts = data_starts(entry.mapping for entry, _ in entries)
    return [
        part_of(entry.mapping, starts)
        if attribution.kind.family is Kind.LIBRARY
        else entry.mapping.perms
        if entry.mapping.inode
        else ""
        for entry, attribution in entries
    ]


# -- both sides -------------------------------------------------------------------------------


def _spread(before: Sequence[int | None], after: Sequence[int | None]) -> int:
    """By how much runs of one side differ, the more of both; with one run on each, as usual."""
    if len(before) < 2 and len(after) < 2:
        return USUAL_SPREAD
    told = [[size for size in side if size is not None] for side in (before, after)]
    return max(max(sizes) - min(sizes) if sizes else 0 for sizes in told)


def _group(
    pair: Pair, sides: Sequence[_Sides], counts: tuple[int, int], *, knows_noise: bool
) -> Group:
    before, after = (
        [total(side[item][run] for item in items) for run in range(count)]
        for side, items, count in zip(sides, (pair.before, pair.after), counts, strict=True)
    )
    group = Group(pair.kind, title(pair), _median(before), _median(after), pair.match)
    if not knows_noise or group.change is None:
        return group
    most = _spread(*([side.sum.size for side in each] for each in (before, after)))
    return replace(group, noise=0 < abs(group.change) <= most)


def _median(runs: Sequence[Side]) -> Side:
    """Median of mappings and of sizes, each for itself; of an even number the mean, rounded."""
    if len(runs) == 1:
        return runs[0]
    told = [side.sum.size for side in runs if side.sum.size is not None]
    size = middle(told) if told else (0 if not runs else None)
    return Side(
        middle([side.mappings for side in runs]),
        Sum(size, max((side.sum.lacking for side in runs), default=0)),
    )


def middle(sizes: Sequence[int]) -> int:
    """The median; of an even number the mean of the middle two, rounded down."""
    ordered = sorted(sizes)
    place = len(ordered) // 2
    return ordered[place] if len(ordered) % 2 else (ordered[place - 1] + ordered[place]) // 2
