"""The chart's columns: each shows one instant, the highest one in it, the same for all layers."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import NamedTuple

from ..clocks import STEADY, TimeAxis
from .view import Band, Chart, Peak


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
        most = max((total for total in self.totals if total is not None), default=None)
        if most is None:
            return None
        position = self.totals.index(most)
        return Peak(self.ticks[position], self.times[position], most)


class Span(NamedTuple):
    """From when to when the chart goes, nanoseconds; `columns` of equal width."""

    start: int
    end: int
    columns: int

    def edges(self) -> list[int]:
        """When each column begins, and when the last one ends."""
        width = self.end - self.start
        return [self.start + width * column // self.columns for column in range(self.columns + 1)]


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
    edges: Sequence[int],
) -> list[int | None]:
    """Give the position of the instant that each column shows; None where nobody looked.

    Of several it is the one with the highest total, so that no peak gets lost between two columns.
    In a column where none begins, the one before it still holds, up to its `until`.
    """
    starts = [bisect_left(times, edge) for edge in edges]
    chosen: list[int | None] = []
    for column in range(len(edges) - 1):
        low, high = starts[column], starts[column + 1]
        if low < high:
            chosen.append(_highest(totals, low, high))
        elif low > 0 and until[low - 1] > edges[column]:
            chosen.append(low - 1)
        else:
            chosen.append(None)
    return chosen


def _highest(totals: Sequence[int | None], low: int, high: int) -> int:
    best, most = low, -1
    for position in range(low, high):
        total = totals[position]
        if total is not None and total > most:
            best, most = position, total
    return best


def draw(history: History, span: Span) -> Chart:
    """Make a chart of a part of the history."""
    edges = span.edges()
    chosen = choose(history.times, history.until, history.totals, edges)
    starts = [bisect_left(history.times, edge) for edge in edges]

    def any_of(flags: Sequence[int]) -> list[bool]:
        return [
            any(flags[low:high]) if low < high else position is not None and bool(flags[position])
            for low, high, position in zip(starts, starts[1:], chosen, strict=False)
        ]

    def highest(column: int) -> int | None:
        low, high = starts[column], starts[column + 1]
        return max((mark for mark in history.marks[low:high] if mark is not None), default=None)

    return Chart(
        figure=history.figure,
        bands=history.bands(chosen),
        totals=[None if position is None else history.totals[position] for position in chosen],
        ticks=[None if position is None else history.ticks[position] for position in chosen],
        times=edges,
        marks=[highest(column) for column in range(span.columns)],
        torn=any_of(history.torn),
        gaps=any_of(history.gaps),
        peak=history.peak,
        clock=history.clock,
    )
