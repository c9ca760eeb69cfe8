"""When a recorder looked, and when nobody did."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import pairwise
from statistics import median_low
from typing import Any

#: So many times the usual interval between two ticks is a pause in which nobody looked.
PAUSE = 5


class Watch:
    """The stretches of time in which a recorder looked regularly."""

    def __init__(self, ticks: Sequence[tuple[Any, ...]]) -> None:
        """`ticks` are (tick, time_ns, run, cause), in order; a cause is none of the usual ones."""
        steps = [
            after[1] - before[1]
            for before, after in pairwise(tick for tick in ticks if tick[3] is None)
            if before[2] == after[2]
        ]
        self.usual_ns = max(median_low(steps), 0) if steps else 0
        self._starts: list[int] = []
        self._ends: list[int] = []
        self._last_ticks: dict[int, int] = {}  # by run
        before: tuple[Any, ...] | None = None
        for tick in ticks:
            time = tick[1]
            if before is None or before[2] != tick[2] or time - before[1] > PAUSE * self.usual_ns:
                if before is not None:
                    self._ends[-1] = max(before[1], min(self._ends[-1], time))
                self._starts.append(time)
                self._ends.append(time)
            self._ends[-1] = time + self.usual_ns
            self._last_ticks[tick[2]] = tick[0]
            before = tick

    def until(self, time_ns: int) -> int:
        """Until when somebody went on looking from that time on."""
        index = bisect_right(self._starts, time_ns) - 1
        return max(time_ns, self._ends[index]) if index >= 0 else time_ns

    def last_tick(self, run: int) -> int:
        """The last tick of a run of the recorder."""
        return self._last_ticks[run]


class Instants:
    """The instants of a timeline: ticks and times, and the way from a tick to its position."""

    def __init__(
        self, rows: Iterable[tuple[Any, ...]], first_ns: int | None, last_ns: int | None
    ) -> None:
        """`rows` begin with tick, time, run; in order of ticks."""
        low = -(2**63) if first_ns is None else first_ns
        high = 2**63 if last_ns is None else last_ns
        self.last_ns = high
        self.rows = [row for row in rows if low <= row[1] <= high]
        self.ticks = [row[0] for row in self.rows]
        self.times = [row[1] for row in self.rows]
        self._base = self.ticks[0] if self.ticks else 0
        self._before = array("l", [0])  # how many instants lie before the tick _base + index
        for position, (tick, after) in enumerate(pairwise(self.ticks)):
            self._before.extend([position + 1] * (after - tick))

    def __len__(self) -> int:
        return len(self.ticks)

    def positions(self, ticks: Iterable[int]) -> list[int]:
        """Tell for each tick the position of the first instant at or after it."""
        base, before, count = self._base, self._before, len(self.ticks)
        behind = base + len(before)
        return [
            0 if tick < base else count if tick >= behind else before[tick - base] for tick in ticks
        ]
