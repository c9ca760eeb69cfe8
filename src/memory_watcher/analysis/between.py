"""What was read between two readings counts for the first of them: the highest of each. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence


def count_between(
    times: Sequence[int],
    points: Iterable[tuple[int, tuple[int | None, ...]]],
    figures: Sequence[list[int | None]],
    until: Callable[[int], int] | None = None,
) -> None:
    """Raise each of `figures`, held at `times` in order, to what `points` tell after those times.

    A point is a time, and a value for each of the figures. One before all times counts for none;
    nor does one later than `until` of the time before it, from when on nobody looked any more.
    """
    for time, values in points:
        position = bisect_right(times, time) - 1
        if position < 0 or (until is not None and time > until(times[position])):
            continue
        for held, value in zip(figures, values, strict=True):
            before = held[position]
            if value is not None and (before is None or value > before):
                held[position] = value
