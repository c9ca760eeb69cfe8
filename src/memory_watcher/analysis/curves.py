"""Two figures over time, put on one axis, and what lies between them. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from .timeline import Timeline


class Curve(NamedTuple):
    """A figure over time in steps: each value (bytes) stands from its time up to `until_ns`.

    Times are nanoseconds on an axis that several curves share. None: nothing is known.
    """

    times_ns: Sequence[int]
    until_ns: Sequence[int]
    values: Sequence[int | None]


def curve_of(timeline: Timeline) -> Curve:
    """What a timeline comes to at each instant."""
    sums = any(each is not None for each in timeline.sums)
    until = timeline.read_until_ns if sums else timeline.until_ns
    rows = [
        (time, end, value)
        for time, end, value in zip(timeline.times_ns, until, timeline.heights, strict=True)
        if value is not None
    ]
    return Curve(*zip(*rows, strict=True)) if rows else Curve((), (), ())


def shifted(curve: Curve, by_ns: int) -> Curve:
    """The same so much later."""
    return Curve(
        [time + by_ns for time in curve.times_ns],
        [time + by_ns for time in curve.until_ns],
        curve.values,
    )


def between(before: Curve, after: Curve) -> Curve:
    """How much more `after` is than `before`, wherever both are known."""
    rows: list[tuple[int, int, int]] = []
    for begin, end, one, other in _common(before, after):
        if rows and rows[-1][1] == begin and rows[-1][2] == other - one:
            rows[-1] = (rows[-1][0], end, other - one)
        else:
            rows.append((begin, end, other - one))
    return Curve(*zip(*rows, strict=True)) if rows else Curve((), (), ())


def _common(before: Curve, after: Curve) -> Iterator[tuple[int, int, int, int]]:
    """Spans in which both stand, with both values."""
    rows = [_spans(before), _spans(after)]
    places = [0, 0]
    while places[0] < len(rows[0]) and places[1] < len(rows[1]):
        one, other = rows[0][places[0]], rows[1][places[1]]
        begin, end = max(one[0], other[0]), min(one[1], other[1])
        if begin < end:
            yield begin, end, one[2], other[2]
        places[one[1] > other[1]] += 1


def _spans(curve: Curve) -> list[tuple[int, int, int]]:
    """Begin, end and value; a layout stands at most until the next."""
    following = (*curve.times_ns[1:], None)
    return [
        (begin, end if after is None else min(end, after), value)
        for begin, end, value, after in zip(*curve, following, strict=False)
        if value is not None
    ]
