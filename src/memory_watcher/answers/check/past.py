"""What a run had before the moment of a budget: since when a group was so big, and if it stayed."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, cast

from ...analysis.identity import identify
from ...analysis.kinds import Kind
from ...analysis.placement import Part, Placement, place
from ...analysis.timeline import Figure, Timeline
from ...errors import MemoryWatcherError
from ...model import Usage
from ...recorded import RecordedProcess
from ...store.recording import Recording
from ...units import format_size, plural
from ..growth import NAMELESS
from ..layouts import attributed
from ..usages import Usages, load

#: The part of a run that is warm-up: as answers.growth leaves it out.
_WARM_UP = 10
#: A rise begins where less than this part of it was there, and is held if half of it is left.
_BEGUN, _HELD = 0.1, 0.5

Group = tuple[Kind, str]


class Story(NamedTuple):
    """When a rise began, nanoseconds after the start; whether it was there at the end; and where.

    `since_ns` is None if most of it was there when the warm-up was over, `is_held` if nothing tells
    what there was at the end. `where` names the mapping
    or mappings, empty if the group's name does, or nothing tells.
    """

    since_ns: int | None
    is_held: bool | None
    where: str


@dataclass(frozen=True)
class Past:
    """A timeline by name, and the position of the budget's moment in it."""

    recording: Recording
    members: tuple[RecordedProcess, ...]
    usages: Usages
    timeline: Timeline
    position: int
    start_ns: int

    @property
    def _warm_ns(self) -> int:
        """When the warm-up was over."""
        return self.start_ns + (self.timeline.times_ns[-1] - self.start_ns) // _WARM_UP

    @property
    def warm(self) -> int:
        """The first position after the warm-up, or the moment, if that was before."""
        return min(bisect_left(self.timeline.times_ns, self._warm_ns), self.position)

    def lowest(self) -> dict[Group, int]:
        """The least that each group had after the warm-up and until the moment, bytes.

        Where nothing tells, it is what the group had last before that.
        """
        found = {}
        for series in self.timeline.groups:
            known = _known(series.values[self.warm : self.position + 1])
            known = known or _known(series.values[: self.warm])[-1:]
            if series.kind is not None and known:
                found[series.kind, series.name] = min(known)
        return found

    def counts(self) -> tuple[dict[Group, int], dict[Group, int]]:
        """How many mappings each group had after the warm-up, and at the moment."""
        kinds = {kind.value: kind for kind in Kind}
        before: dict[Group, int] = {}
        after: dict[Group, int] = {}
        for key, numbers in self.usages.counts("name", (self.warm, self.position)).items():
            kind, _, name = key.partition(": ")
            before[kinds[kind], name], after[kinds[kind], name] = numbers
        return before, after

    def story(self, group: Group, before: int, change: int) -> Story | None:
        """Of a group that rose by `change` bytes above `before`; None if nothing tells."""
        fitting = (each for each in self.timeline.groups if (each.kind, each.name) == group)
        series = next(fitting, None)
        if series is None or change <= 0:
            return None
        values, most = series.values, before + _BEGUN * change
        low = [
            at for at in range(self.position) if (size := values[at]) is not None and size <= most
        ]
        since = min(low[-1] + 1, self.position) if low else 0
        early = values[max(bisect_right(self.timeline.times_ns, self._warm_ns) - 1, 0)]
        was_there = early is not None and early >= before + _HELD * change
        since_ns = self.timeline.times_ns[since]
        return Story(
            None if was_there and since_ns <= self._warm_ns else max(since_ns - self.start_ns, 0),
            self._is_held(values, before + _HELD * change),
            self._where(group, low[-1]) if low else "",
        )

    def _is_held(self, values: Sequence[int | None], least: float) -> bool | None:
        """Whether a group still has so much at the end; None if nothing tells what it has then.

        Of several processes only passes of which every layout is tell what a group has.
        """
        if self.position == len(values) - 1:
            return True
        known = _known(values[self.position :])
        return known[-1] >= least if known else None

    def _where(self, group: Group, position: int) -> str:
        """In which mappings it grew from one position to that of the moment."""
        if len(self.members) > 1 or group[0] not in NAMELESS or group[0] is Kind.HEAP:
            return ""
        try:
            before, after = (self._parts(group, at) for at in (position, self.position))
        except MemoryWatcherError:
            return ""
        is_arena = group[0] is Kind.ARENA
        return _words(place(before, after, _size_of(self.timeline.figure), is_arena=is_arena))

    def _parts(self, group: Group, position: int) -> list[Part]:
        (process,) = self.members
        layout = self.recording.layout_until(process.id, self.timeline.ticks[position])
        return [
            Part(identify(entry.mapping, what, "mapping").name, entry)
            for entry, what in attributed(self.recording, layout)
            if identify(entry.mapping, what, "name")[1:] == group
        ]


def past_of(
    recording: Recording, members: tuple[RecordedProcess, ...], figure: str, tick: int
) -> Past | None:
    """What processes had until a tick and after it; None if that cannot be told."""
    try:
        usages = load(recording, members, figures=(cast("Figure", figure),))
        timeline = usages.timeline(cast("Figure", figure), "name", None)
    except MemoryWatcherError:
        return None
    if not len(timeline):
        return None
    position = max(bisect_right(timeline.ticks, tick) - 1, 0)
    first = min(each.first_tick or 0 for each in members)
    times = (row.time for row in recording.tick_rows() if row.tick >= first)
    start = min(next(times, timeline.times_ns[0]), timeline.times_ns[0])
    return Past(recording, members, usages, timeline, position, start)


def _words(placed: Placement) -> str:
    """`7f12-7f34 rw-p`, `12 new mappings of 1 MiB`."""
    if placed.main is not None:
        mapping = placed.main.mapping
        return f"{mapping.start:08x}-{mapping.end:08x} {mapping.perms}"
    if not placed.new:
        return ""
    of = "" if placed.new_size is None else f" of {format_size(placed.new_size)}"
    return f"{plural(placed.new, 'new mapping', 'new mappings')}{of}"


def _size_of(figure: str) -> Callable[[Usage], int | None]:
    def size_of(usage: Usage) -> int | None:
        size: int | None = getattr(usage, figure)
        return size

    return size_of


def _known(values: Sequence[int | None]) -> list[int]:
    return [value for value in values if value is not None]
