"""What a run had before the moment of a budget: since when a group was so big, and if it stayed."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, cast

from ...analysis.kinds import Kind
from ...analysis.timeline import Figure, Series, Timeline
from ...errors import MemoryWatcherError
from ...store.recording import Recording
from ..usages import load
from .measure import Measured

#: The part of a run that is warm-up: as answers.growth leaves it out.
_WARM_UP = 10
#: A rise begins where less than this part of it was there, and is held if half of it is left.
_BEGUN, _HELD = 0.1, 0.5


class Story(NamedTuple):
    """When a rise began, nanoseconds after the start, and whether it was there at the end."""

    since_ns: int
    is_held: bool


@dataclass(frozen=True)
class Past:
    """A timeline by name, and the position of the budget's moment in it."""

    timeline: Timeline
    position: int
    start_ns: int

    def lowest(self) -> dict[tuple[Kind, str], int]:
        """The least that each group had after the warm-up and until the moment, bytes."""
        times = self.timeline.times_ns
        warm = self.start_ns + (times[-1] - self.start_ns) // _WARM_UP
        begin = min(bisect_left(times, warm), self.position)
        found: dict[tuple[Kind, str], int] = {}
        for series in self.timeline.groups:
            known = _known(series.values[begin : self.position + 1])
            if series.kind is not None and known:
                found[series.kind, series.name] = min(known)
        return found

    def story(self, kind: Kind, name: str, before: int, change: int) -> Story | None:
        """Of a group that rose by `change` above `before`; None if nothing tells."""
        series = self._series(kind, name)
        if series is None:
            return None
        values = series.values
        level = before + _BEGUN * change
        low = [
            at
            for at in range(self.position)
            if (value := values[at]) is not None and value <= level
        ]
        since = min(low[-1] + 1, self.position) if low else 0
        known = _known(values)
        is_held = bool(known) and known[-1] >= before + _HELD * change
        return Story(max(self.timeline.times_ns[since] - self.start_ns, 0), is_held)

    def _series(self, kind: Kind, name: str) -> Series | None:
        fitting = (each for each in self.timeline.groups if (each.kind, each.name) == (kind, name))
        return next(fitting, None)


def past_of(recording: Recording, run: Measured) -> Past | None:
    """The past of one run; None if it cannot be told."""
    if run.tick is None or not run.members:
        return None
    figure = cast("Figure", run.figure)
    try:
        timeline = load(recording, run.members, figures=(figure,)).timeline(figure, "name", None)
    except MemoryWatcherError:
        return None
    if not len(timeline):
        return None
    position = max(bisect_right(timeline.ticks, run.tick) - 1, 0)
    rows = recording.tick_rows()
    first = min(run.members[0].first_tick or 0, timeline.ticks[0])
    start = next((row.time for row in rows if row.tick >= first), timeline.times_ns[0])
    return Past(timeline, position, min(start, timeline.times_ns[0]))


def _known(values: Sequence[int | None]) -> list[int]:
    return [value for value in values if value is not None]
