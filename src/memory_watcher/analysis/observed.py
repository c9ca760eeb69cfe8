"""When a recorder looked, and when nobody did."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from itertools import pairwise
from statistics import median_low
from typing import Generic, TypeVar

from ..recorded import InstantRow, TickRow

_Row = TypeVar("_Row", bound=InstantRow)

#: So many times the usual interval between two ticks is a pause in which nobody looked.
PAUSE = 5


class ObservedSpans:
    """The stretches of time in which a recorder looked regularly."""

    def __init__(self, ticks: Sequence[TickRow]) -> None:
        """`ticks` are all of a recording, in order of places."""
        steps = [
            after.time - before.time
            for before, after in pairwise(row for row in ticks if row.cause is None)
            if before.run_id == after.run_id
        ]
        self.usual_ns = max(median_low(steps), 0) if steps else 0
        self._starts: list[int] = []
        self._ends: list[int] = []
        self._last_ticks: dict[int, int] = {}  # by run
        self.order = Order([row.tick for row in ticks])
        before: TickRow | None = None
        for row in ticks:
            time, run = row.time, row.run_id
            if before is None or before.run_id != run or time - before.time > PAUSE * self.usual_ns:
                if before is not None:
                    self._ends[-1] = max(before.time, min(self._ends[-1], time))
                self._starts.append(time)
                self._ends.append(time)
            self._ends[-1] = time + self.usual_ns
            self._last_ticks[run] = row.tick
            before = row

    def until(self, time_ns: int) -> int:
        """Until when somebody went on looking from that time on."""
        index = bisect_right(self._starts, time_ns) - 1
        return max(time_ns, self._ends[index]) if index >= 0 else time_ns

    def last_tick(self, run: int) -> int:
        """The last tick of a run of the recorder."""
        return self._last_ticks[run]


class Order:
    """The order of ticks in time: that of their numbers, but for captures loaded out of order."""

    def __init__(self, ticks: Sequence[int]) -> None:
        """`ticks` are all of a recording, in order of time."""
        self.ascends = all(before < after for before, after in pairwise(ticks))
        self._rank = {} if self.ascends else {tick: rank for rank, tick in enumerate(ticks)}
        self._ticks = sorted(self._rank)

    def rank(self, tick: int) -> int:
        """A number that is higher for a later tick; that of the next one for one there is not."""
        if self.ascends:
            return tick
        if tick in self._rank:
            return self._rank[tick]
        following = bisect_left(self._ticks, tick)
        return self._rank[self._ticks[following]] if following < len(self._ticks) else 2**62


#: A table of as many ranks takes 32 MB.
_MOST_RANKS = 4_000_000


class Instants(Generic[_Row]):
    """The instants of a timeline: ticks and times, and the way from a tick to its position."""

    def __init__(
        self,
        rows: Iterable[_Row],
        first_ns: int | None,
        last_ns: int | None,
        order: Order | None = None,
    ) -> None:
        """`rows` are in order of places. `order` is that of all ticks."""
        low = -(2**63) if first_ns is None else first_ns
        high = 2**63 if last_ns is None else last_ns
        self.last_ns = high
        self.rows = [row for row in rows if low <= row.time <= high]
        self.ticks = [row.tick for row in self.rows]
        self.times = [row.time for row in self.rows]
        self._order = Order([]) if order is None else order
        ranks = list(map(self._order.rank, self.ticks))
        self._ranks = ranks
        self._base = ranks[0] if ranks else 0
        self._before = array("l", [0])  # how many instants lie before the rank _base + index
        # Ticks count up one by one; where they do not (a damaged file), they are searched instead.
        self._is_dense = not ranks or ranks[-1] - ranks[0] < _MOST_RANKS + 64 * len(ranks)
        if self._is_dense:
            for position, (rank, after) in enumerate(pairwise(ranks)):
                self._before.extend([position + 1] * (after - rank))

    def __len__(self) -> int:
        return len(self.ticks)

    def positions(self, ticks: Iterable[int]) -> list[int]:
        """Tell for each tick the position of the first instant at or after it."""
        return self._positions(
            ticks if self._order.ascends else [self._order.rank(tick) for tick in ticks]
        )

    def ends(self, ticks: Iterable[int]) -> list[int]:
        """Tell for each tick the position of the first instant after it."""
        if self._order.ascends:
            return self._positions([tick + 1 for tick in ticks])
        return self._positions([self._order.rank(tick) + 1 for tick in ticks])

    def _positions(self, ranks: Iterable[int]) -> list[int]:
        if not self._is_dense:
            return [bisect_left(self._ranks, rank) for rank in ranks]
        base, before, count = self._base, self._before, len(self.ticks)
        behind = base + len(before)
        return [
            0 if rank < base else count if rank >= behind else before[rank - base] for rank in ranks
        ]
