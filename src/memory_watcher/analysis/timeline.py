"""What each group of mappings took over time: series that add up to the total at every instant.

    usages = load(recording, [process], figures=("pss", "rss"))     # answers.usages
    timeline = usages.timeline("pss", by="name", top=20)
    columns = reduce(timeline, 1200)

What was not recorded is told, never filled in: see `Timeline`.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from ..model import LayoutState
from .identity import OTHER, By, Identity, is_rest, rest_of
from .kinds import Kind
from .reduce import cut, edges, highest, shown

#: "mappings" counts them, all others are bytes.
Figure = Literal[
    "pss", "pss_dirty", "rss", "uss", "swap", "swap_pss", "hugetlb", "held", "held_pss", "mappings"
]


@dataclass(frozen=True, slots=True)
class Series:
    """One group over time, a value for each instant of its timeline.

    `values` are bytes; None where no layout is known. `peak` is the highest of them and `integral`
    the sum of bytes times nanoseconds. `key` tells groups apart and is the same in every timeline
    of a recording that is grouped in the same way; `kind` is None if members are of several kinds;
    `name` is what a person reads, to be escaped for the medium. `stands_for` is how many groups it
    is: more than one where those without a place of their own are added up.
    """

    key: str
    kind: Kind | None
    name: str
    values: Sequence[int | None]
    peak: int
    integral: int
    stands_for: int = 1


@dataclass(frozen=True, slots=True)
class Timeline:
    """Groups of mappings over time. All sequences are parallel: one item for each instant.

    `ticks` and `times_ns` (places on the recording's axis: UTC, but for a wall clock that jumped)
    say when: for one process when it was read (an instant at which it had not changed is left out),
    for several those of passes over all of them, for nothing else gives a sum (analysis.passes). A
    layout stands for the time up
    to `until_ns`. That is the next layout, or earlier: where there was none to read, where nobody
    looked any more (between two runs of the recorder, in a pause of several periods), or where the
    layouts were left out for long. There the picture has to be empty. An instant at which only the
    cheap figures were read has None, but the layout before it may stand on. `read_until_ns` is the
    same for `resident` and `high_water_mark`.

    `groups` are stacked in this order, the rest last if there is any (`other_groups` of them): by
    mapping a series for each kind, else one under the key "other" (identity.rest_of). At each
    instant their values add up to `total`: bytes, None where no layout is known. `states` says how
    good the layout is or why there is none; of several processes the worst that has a layout.
    `lacking` counts what the sum misses: mappings whose figure the kernel did not tell, and living
    processes that cannot be read.

    `sums` are what several processes come to at each pass, None for one process. By process the
    groups add up to them. By kind, name or mapping the groups are known at passes of which every
    layout is, and stand until the next such; `total` then differs by what PSS loses as it is cut
    to KiB for each mapping. Not `is_stacked`: there is no sum at all. The instants are ticks, and
    the groups are processes, each with its own figure; they must not be added up.

    `resident` (statm) and `high_water_mark` (VmHWM) are the kernel's figures of the process, None
    where not read, and for several processes, over which RSS is not summed. They are also known
    where there is no layout.

    `resident_highest` is the highest that was read between an instant and the next, for RSS may be
    read more often than layouts; so is `high_water_mark`.

    After `reduce` an instant stands for a whole column: `torn` and `gaps` count the instants in it
    with a torn layout, or with memory but no layout (before, they are 0 or 1),
    `resident_highest` and `high_water_mark` are the highest of the column.
    """

    figure: Figure
    by: By
    ticks: Sequence[int]
    times_ns: Sequence[int]
    until_ns: Sequence[int]
    read_until_ns: Sequence[int]
    groups: tuple[Series, ...]
    other_groups: int
    total: Sequence[int | None]
    states: Sequence[LayoutState]
    lacking: Sequence[int]
    sums: Sequence[int | None]
    resident: Sequence[int | None]
    resident_highest: Sequence[int | None]
    high_water_mark: Sequence[int | None]
    torn: Sequence[int]
    gaps: Sequence[int]
    is_stacked: bool = True

    def __len__(self) -> int:
        return len(self.ticks)

    @property
    def peak(self) -> int | None:
        """Position of the highest sum or total, the first of equals; None if there is none."""
        return highest(self.heights, range(len(self)))

    @property
    def heights(self) -> Sequence[int | None]:
        """What is told of each instant as a whole: the sums, or of one process the totals."""
        return self.sums if any(each is not None for each in self.sums) else self.total

    def standing(self, position: int) -> int | None:
        """Position of the groups that stand at an instant; if none does yet, of the first known."""
        before = range(position, -1, -1)
        every = (*before, *range(position + 1, len(self)))
        return next((each for each in every if self.total[each] is not None), None)


def merge_smallest(timeline: Timeline, most: int) -> Timeline:
    """Leave at most so many groups: those with the highest peaks, and all others added up, last.

    By mapping the others are added up by kind, for which up to half of the places are given up;
    the kinds that still find none are one. Where there are no sums, nothing tells what the others
    come to.
    """
    groups, by = timeline.groups, timeline.by
    if len(groups) <= most:
        return timeline
    named = sorted((each for each in groups if not is_rest(each.key)), key=lambda each: -each.peak)
    added = [each for each in groups if is_rest(each.key)]
    count = min(most - 1, len(named))
    while count > most // 2 and count + len(_by_kind([*named[count:], *added], by)) > most:
        count -= 1
    kept = {each.key for each in named[:count]}
    kinds = _by_kind([each for each in groups if each.key not in kept], by)
    bands = [_added_up(timeline, *each) for each in kinds.items()]
    bands.sort(key=lambda each: (each.key == OTHER, -each.peak))
    if len(bands) > most - count:
        first = max(most - count - 1, 0)
        last = _added_up(timeline, rest_of(None, by), bands[first:])
        bands = [*bands[:first], last]
    return replace(
        timeline,
        groups=(*(series for series in groups if series.key in kept), *bands),
        other_groups=sum(each.stands_for for each in bands),
    )


def _by_kind(rest: Collection[Series], by: By) -> dict[Identity, list[Series]]:
    """Put together what is added up."""
    found: dict[Identity, list[Series]] = defaultdict(list)
    for series in rest:
        found[rest_of(series.kind, by)].append(series)
    return found


def _added_up(timeline: Timeline, identity: Identity, rest: Sequence[Series]) -> Series:
    """Add groups of a timeline up."""
    values = [
        sum(value or 0 for value in row)
        if timeline.is_stacked and any(value is not None for value in row)
        else None
        for row in zip(*(series.values for series in rest), strict=True)
    ]
    peak = max((value for value in values if value is not None), default=0)
    integral = sum(series.integral for series in rest)
    return Series(*identity, values, peak, integral, sum(each.stands_for for each in rest))


def reduce(
    timeline: Timeline, columns: int, first_ns: int | None = None, last_ns: int | None = None
) -> Timeline:
    """Reduce a timeline to at most so many columns of equal time, such as pixels; peaks survive.

    Of each column one instant is kept, the same for all groups, so that they still add up: that
    with the highest total (of a column without layouts, the first). Of several processes it is that
    with the highest sum, and a second one with the highest total if there the groups are not known.
    What is lower within a column is not seen; that it had torn layouts or gaps is counted. `peak`
    and `integral` of the series stay those of the whole.

    The columns divide the time from `first_ns` to `last_ns`, by default that of the timeline, and
    only instants in it are kept: the column of an instant is
    (time - first_ns) * columns // (last_ns - first_ns).
    """
    low, high = _span(timeline, first_ns, last_ns)
    if low >= high:
        return _pick(timeline, [])
    begin = timeline.times_ns[low] if first_ns is None else first_ns
    end = timeline.read_until_ns[high - 1] if last_ns is None else last_ns
    bounds = edges(begin, end, columns)
    *parts, last = cut(timeline.times_ns, bounds, low, high)
    # An instant at the very end belongs to the last column.
    return _pick(timeline, [part for part in (*parts, range(last.start, high)) if part])


def _span(timeline: Timeline, first_ns: int | None, last_ns: int | None) -> tuple[int, int]:
    low = 0 if first_ns is None else bisect_left(timeline.times_ns, first_ns)
    high = len(timeline) if last_ns is None else bisect_right(timeline.times_ns, last_ns)
    return low, high


def _pick(timeline: Timeline, columns: Sequence[range]) -> Timeline:
    """Keep one instant of each of these columns, which follow each other."""
    heights = timeline.heights
    parts = [part for column in columns for part in _parts(timeline.total, heights, column)]
    chosen = [position for _, position in parts]
    columns = [column for column, _ in parts]

    def at(values: Sequence[Any]) -> list[Any]:
        return [values[position] for position in chosen]

    def over(values: Sequence[int | None]) -> list[int | None]:
        best = [highest(values, column) for column in columns]
        return [None if position is None else values[position] for position in best]

    known = [value is not None for value in timeline.total]
    return replace(
        timeline,
        ticks=at(timeline.ticks),
        times_ns=at(timeline.times_ns),
        until_ns=_until(timeline.times_ns, timeline.until_ns, known, chosen),
        read_until_ns=_until(
            timeline.times_ns, timeline.read_until_ns, [True] * len(known), chosen
        ),
        groups=tuple(replace(series, values=at(series.values)) for series in timeline.groups),
        total=at(timeline.total),
        states=at(timeline.states),
        lacking=at(timeline.lacking),
        sums=at(timeline.sums),
        resident=at(timeline.resident),
        resident_highest=over(timeline.resident_highest),
        high_water_mark=over(timeline.high_water_mark),
        torn=[sum(timeline.torn[column.start : column.stop]) for column in columns],
        gaps=[sum(timeline.gaps[column.start : column.stop]) for column in columns],
    )


def _parts(
    total: Sequence[int | None], heights: Sequence[int | None], column: range
) -> list[tuple[range, int]]:
    """Tell which instant stands for a column; two share it if the highest has no groups."""
    best = highest(heights, column)
    known = highest(total, column)
    if best is None:
        return [(column, shown(total, column))]
    if known is None or total[best] is not None:
        return [(column, best)]
    first, second = sorted((best, known))
    return [(range(column[0], second), first), (range(second, column[-1] + 1), second)]


def _until(
    times: Sequence[int], until: Sequence[int], known: Sequence[bool], chosen: Sequence[int]
) -> list[int]:
    """Until when the chosen instants stand: up to the next chosen one if all in between do."""
    result = [until[position] for position in chosen]
    after: int | None = None  # the next that is known and chosen
    for index in reversed(range(len(chosen))):
        position = chosen[index]
        if not known[position]:
            continue
        last = len(times) if after is None else after
        end = until[position]
        for each in range(position + 1, last):
            if known[each]:
                if times[each] > end:
                    break
                end = until[each]
        result[index] = end
        after = position
    return result
