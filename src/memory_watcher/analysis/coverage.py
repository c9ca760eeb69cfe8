"""At which instants of a timeline the layouts of its processes are known, and how well."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import accumulate, dropwhile, pairwise
from statistics import median_low
from typing import Any, NamedTuple

from ..model import LayoutState
from ..recorded import ReadingRow
from .observed import PAUSE, Instants, ObservedSpans

#: There was memory, of which no layout was read.
UNSEEN = tuple(state for state in LayoutState if not state.has_layout and state.has_memory)
#: Layouts from good to bad.
_QUALITY = (LayoutState.EXACT, LayoutState.UNCHECKED, LayoutState.TORN)


def _badness(state: LayoutState) -> int:
    """Rank layouts; what has none comes below all that have one."""
    return _QUALITY.index(state) if state.has_layout else -1


class Segment(NamedTuple):
    """The runs of positions [start, end) at which the intervals of one keyframe count."""

    keyframe: int
    runs: list[tuple[int, int]]


class _Event(NamedTuple):
    """What a reading says: from its own position to that of the next one, or the end of its run."""

    start: int
    end: int
    run: int
    state: LayoutState
    keyframe: int | None


class Coverage:
    """What the readings of some processes say of each instant.

    One process: its readings are the instants. A layout stands until the next one. Where only the
    cheap figures were read in between (to spare the target or the budget) that is said, and a
    layout does not stand for longer than a few times the usual.

    Several processes: the instants are passes of which every layout is (analysis.passes), or, if
    nothing is summed up, the ticks. A process that has no reading had not changed; of one whose
    layout was not taken the last one stands. One that could not be read is missing (`lacking`).
    """

    def __init__(self, instants: Instants[Any], watch: ObservedSpans, several: bool) -> None:
        self._instants = instants
        self._watch = watch
        self._several = several
        count = len(instants)
        self.known = [False] * count
        self.states: list[LayoutState] = []
        self.lacking = [0] * count
        self._read: list[LayoutState | None] = [None] * count
        self._changes = {name: [0] * (count + 1) for name in ("covered", "lacking")}

    def note(self, rows: Iterable[ReadingRow]) -> list[Segment]:
        """Take note of the readings of a process, in order of places.

        The segments begin with the first that counts anywhere. Of those behind it that count
        nowhere there are intervals too: they are told, with no runs.
        """
        segments: dict[int, list[tuple[int, int]]] = {}
        current: int | None = None
        run = None
        for event in self._events(list(rows)):
            start, end, _, state, keyframe = event
            if event.run != run:
                current, run = None, event.run
            self._remember(start, end, state)
            if state.has_layout:
                current = keyframe
            elif state is not LayoutState.NOT_TAKEN:
                current = None
            if current is None:
                if state in UNSEEN:
                    self._count("lacking", start, end)
                continue
            runs = segments.setdefault(current, [])
            if start < end:
                self._count("covered", start, end)
                # Of one process all but its layouts is left out in the end, so one run will do.
                if runs and (runs[-1][1] == start or not self._several):
                    runs[-1] = (runs[-1][0], end)
                else:
                    runs.append((start, end))
        # In order of time they are found, but intervals come in the order of ticks.
        ordered = [Segment(*each) for each in sorted(segments.items())]
        return list(dropwhile(lambda segment: not segment.runs, ordered))

    def _events(self, rows: list[ReadingRow]) -> Iterable[_Event]:
        starts = self._instants.positions(row.tick for row in rows)
        run_ends = {
            run: self._instants.ends([self._watch.last_tick(run)])[0]
            for run in {row.run_id for row in rows}
        }
        # Of a process that came when the recording ended nothing was read.
        for row, start, after in zip(rows, starts, [*starts, 2**62][1:], strict=True):
            end = min(after, run_ends[row.run_id])
            yield _Event(start, end, row.run_id, LayoutState(row.state), row.keyframe)

    def _count(self, what: str, start: int, end: int) -> None:
        changes = self._changes[what]
        changes[start] += 1
        changes[end] -= 1

    def _remember(self, start: int, end: int, state: LayoutState) -> None:
        """Remember the worst state that has a layout; if none has, any."""
        if start >= end:
            return
        before = self._read[start]
        if before is None or _badness(state) > _badness(before):
            self._read[start] = state

    def complete(self) -> None:
        """Add up, after all processes."""
        sums = {name: list(accumulate(steps))[:-1] for name, steps in self._changes.items()}
        self.lacking = sums["lacking"]
        state = LayoutState.NOT_TAKEN
        for read in self._read:
            state = state if read is None else read
            self.states.append(state)
        if self._several:
            self.known = [
                covered > 0 or not lacking
                for covered, lacking in zip(sums["covered"], self.lacking, strict=True)
            ]
            self.states = [
                state if state.has_layout or not known else LayoutState.EXACT
                for state, known in zip(self.states, self.known, strict=True)
            ]
        else:
            self.known = [state.has_layout for state in self.states]
            self.lacking = [0] * len(self.known)

    def read_until(self) -> list[int]:
        """Until when the cheap figures of each instant stand: the next, or nobody looked."""
        times = self._instants.times
        return [
            min(self._watch.until(time), max(after, time))
            for time, after in zip(times, [*times[1:], self._instants.last_ns], strict=False)
        ]

    def until(self) -> list[int]:
        """Until when the layout of each instant stands."""
        read_until = self.read_until()
        if self._several or not read_until:
            return read_until
        times = self._instants.times
        usual = self._usual_interval()
        until = list(read_until)
        end = read_until[-1]
        stale = False  # whether layouts were left out before the next one
        for position in reversed(range(len(times))):
            if not self.known[position]:
                stale = self.states[position] is LayoutState.NOT_TAKEN
                if not stale:
                    end = times[position]
                continue
            until[position] = min(end, self._watch.until(times[position]))
            if stale:
                until[position] = min(until[position], times[position] + PAUSE * usual)
            end, stale = times[position], False
        return until

    def _usual_interval(self) -> int:
        times = [
            time for time, known in zip(self._instants.times, self.known, strict=True) if known
        ]
        steps = [after - before for before, after in pairwise(times)]
        return max(median_low(steps) if steps else 0, self._watch.usual_ns)

    def gaps(self, until: list[int]) -> list[int]:
        """1 for each instant at which there was memory, but no layout stands."""
        gaps = []
        standing = -(2**63)
        for position, time in enumerate(self._instants.times):
            if self.known[position]:
                standing = until[position]
            unseen = not self.known[position] and self.states[position] in UNSEEN
            gaps.append(int(unseen and time >= standing))
        return gaps
