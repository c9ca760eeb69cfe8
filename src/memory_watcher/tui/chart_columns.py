"""The chart's columns: each shows one instant, the highest one in it, the same for all layers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from ..analysis.reduce import cut, edges, highest, shown
from ..clocks import STEADY, TimeAxis
from ..metrics import IN_RAM
from .view import Band, Beside, Chart, Peak


class History(NamedTuple):
    """What is known over time: parallel sequences, an item for each instant.

    `until` is when an instant stops to stand for what is there; `totals` (bytes) are None where no
    layout is known; `torn` and `gaps` tell whether it was torn or missing. `bands` gives the layers
    at some positions.
    """

    figure: str
    ticks: Sequence[int]
    times: Sequence[int]
    until: Sequence[int]
    totals: Sequence[int | None]
    marks: Sequence[int | None]
    torn: Sequence[int]
    gaps: Sequence[int]
    bands: Callable[[Sequence[int | None]], tuple[Band, ...]]
    clock: TimeAxis = STEADY

    @property
    def peak(self) -> Peak | None:
        """The highest total, the first of equals."""
        position = highest(self.totals, range(len(self.totals)))
        total = None if position is None else self.totals[position]
        if position is None or total is None:
            return None
        return Peak(self.ticks[position], self.times[position], total)


class CgroupHistory(NamedTuple):
    """A control group over time, as answers.cgroups.CgroupStory has it, bytes."""

    times: Sequence[int]
    until: Sequence[int]
    current: Sequence[int | None]
    limit: Sequence[int | None]

    def beside(self, bounds: Sequence[int]) -> Beside:
        """Its highest memory in each column, and the limit at that moment."""
        chosen = choose(self.times, self.until, self.current, bounds)
        current, limit = (
            [None if each is None else values[each] for each in chosen]
            for values in (self.current, self.limit)
        )
        return Beside(current, limit)


class Span(NamedTuple):
    """From when to when the chart goes, nanoseconds; `columns` of equal width."""

    start: int
    end: int
    columns: int

    def edges(self) -> list[int]:
        """When each column begins, and when the last one ends."""
        return edges(self.start, self.end, self.columns)


def whole_span(times: Sequence[int], until: int, columns: int) -> Span:
    """From the first instant to the end of the last."""
    start = times[0] if times else 0
    return Span(start, max(until, start + 1), columns)


def sliding_span(latest: int, oldest: int, period: int, columns: int) -> Span:
    """The last so many periods, or twice, four times… as many if there is more history.

    Columns stand at multiples of their width, so that while time goes on they only move.
    """
    width = period
    while width * (columns - 1) < latest - oldest:
        width *= 2
    end = (latest // width + 1) * width
    return Span(end - width * columns, end, columns)


def choose(
    times: Sequence[int],
    until: Sequence[int],
    totals: Sequence[int | None],
    bounds: Sequence[int],
) -> list[int | None]:
    """Give the position of the instant that each column shows; None where nobody looked.

    Of several it is the one with the highest total, so that no peak gets lost between two columns.
    In a column where none begins, the one before it still holds, up to its `until`.
    """
    chosen: list[int | None] = []
    for begin, column in zip(bounds, cut(times, bounds), strict=False):
        before = column.start - 1
        if column:
            chosen.append(shown(totals, column))
        else:
            chosen.append(before if before >= 0 and until[before] > begin else None)
    return chosen


def draw(history: History, span: Span, cgroup: CgroupHistory | None = None) -> Chart:
    """Make a chart of a part of the history; beside figures in RAM the memory of a cgroup."""
    bounds = span.edges()
    chosen = choose(history.times, history.until, history.totals, bounds)
    columns = cut(history.times, bounds)

    def any_of(flags: Sequence[int]) -> list[bool]:
        return [
            any(flags[column.start : column.stop])
            if column
            else position is not None and bool(flags[position])
            for column, position in zip(columns, chosen, strict=True)
        ]

    def mark_of(column: range) -> int | None:
        best = highest(history.marks, column)
        return None if best is None else history.marks[best]

    return Chart(
        figure=history.figure,
        bands=history.bands(chosen),
        totals=[None if position is None else history.totals[position] for position in chosen],
        ticks=[None if position is None else history.ticks[position] for position in chosen],
        times=bounds,
        marks=[mark_of(column) for column in columns],
        torn=any_of(history.torn),
        gaps=any_of(history.gaps),
        peak=history.peak,
        clock=history.clock,
        beside=cgroup.beside(bounds) if cgroup and history.figure in IN_RAM else None,
    )
