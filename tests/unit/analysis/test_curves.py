"""Two figures over time on one axis, and what lies between them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from memory_watcher.analysis.curves import Curve, between


def at(curve: Curve, time: int) -> int | None:
    """What stands at a time, found by looking at every step."""
    following = [*curve.times_ns[1:], None]
    for begin, until, value, after in zip(*curve, following, strict=False):
        if begin <= time < (until if after is None else min(until, after)):
            return value
    return None


@st.composite
def curves(draw: st.DrawFn) -> Curve:
    times = sorted(draw(st.sets(st.integers(0, 30), max_size=8)))
    until = [time + draw(st.integers(1, 12)) for time in times]
    values = [draw(st.none() | st.integers(0, 50)) for _ in times]
    return Curve(times, until, values)


@given(curves(), curves())
def test_what_lies_between(before: Curve, after: Curve) -> None:
    """At every time the one less the other, and nothing where one of them is not known."""
    found = between(before, after)
    for time in range(45):
        one, other = at(before, time), at(after, time)
        expected = None if one is None or other is None else other - one
        assert at(found, time) == expected


def test_equal_steps_are_one() -> None:
    """A difference that does not change is one step, however often both were read."""
    before = Curve([0, 1, 2], [1, 2, 3], [5, 6, 7])
    after = Curve([0, 1, 2], [1, 2, 3], [7, 8, 9])
    assert between(before, after) == Curve((0,), (3,), (2,))
