"""One axis for all times: jumps of the wall clock, sleep, and what the clock showed."""

from __future__ import annotations

import pytest

from memory_watcher.clocks import Jump, Stamp, TimeAxis, axis_of
from memory_watcher.units import MILLISECOND, SECOND

#: 2018-08-17T13:58:03.942 UTC
START = 1_534_514_283_942_000_000
HOUR = 3600 * SECOND


def stamps(*walls: float, boot: object = "boot", slept: int | None = 0) -> list[Stamp]:
    """A tick each second of the monotonic clock; `walls` are seconds after START."""
    return [
        Stamp(tick, START + round(wall * SECOND), tick * SECOND, boot, slept)
        for tick, wall in enumerate(walls, 1)
    ]


def places(axis: TimeAxis, ticks: list[Stamp]) -> list[float]:
    """Seconds after START."""
    return [(axis.place(each.tick, each.time_ns) - START) / SECOND for each in ticks]


def test_a_clock_that_never_jumps() -> None:
    """Places are times: small differences, slewing by 500 millionths and a pause are no jumps."""
    ticks = stamps(0, 1.05, 2, 2.95)
    ticks.append(Stamp(9, START + 1_000_500 * SECOND, 1_000_000 * SECOND, "boot", 0))
    axis = axis_of(ticks)
    assert axis.jumps == ()
    assert [axis.place(each.tick, each.time_ns) for each in ticks] == [t.time_ns for t in ticks]
    assert axis.wall(START) == axis.begin(START) == axis.end(START) == START


@pytest.mark.parametrize("hours", [-1, 1, -500_000, 500_000])
def test_a_clock_that_is_set(hours: int) -> None:
    """Durations are those of the monotonic clock; the last clock is right; each has its label."""
    by = hours * 3600
    ticks = stamps(0, 1, 2 + by, 3 + by)
    axis = axis_of(ticks)
    assert places(axis, ticks) == [by, 1 + by, 2 + by, 3 + by]
    assert axis.jumps == (Jump(START + (2 + by) * SECOND, by * SECOND, 0),)
    for each in ticks:
        assert axis.wall(axis.place(each.tick, each.time_ns)) == each.time_ns


def test_several_jumps() -> None:
    """From 1970, then set right, then back by a leap second."""
    since_1970 = START / SECOND
    ticks = stamps(-since_1970, 1 - since_1970, 2, 3, 3, 4)
    axis = axis_of(ticks)
    assert places(axis, ticks) == [-1, 0, 1, 2, 3, 4]
    assert [jump.text for jump in axis.jumps] == [
        "clock set forward by 426253 h 58 min",
        "clock set back by 1.0 s",
    ]
    assert [axis.wall(axis.place(t.tick, t.time_ns)) for t in ticks] == [t.time_ns for t in ticks]


def test_sleep() -> None:
    """The monotonic clock stands still while the machine sleeps: no time passes, and it is said."""
    ticks = stamps(0, 1)
    ticks.append(Stamp(3, START + 2 * SECOND + HOUR, 3 * SECOND, "boot", HOUR))
    axis = axis_of(ticks)
    assert [jump.text for jump in axis.jumps] == ["suspended for 1 h 00 min"]
    first, _, last = (axis.place(each.tick, each.time_ns) for each in ticks)
    assert last - first == 2 * SECOND


def test_an_older_recording_does_not_tell_sleep() -> None:
    """A clock that went ahead was set or the machine slept; one set back was set."""
    (ahead,) = axis_of(stamps(0, 1, 62, slept=None)).jumps
    assert ahead.text == "clock 1 min 00 s ahead: it was set, or the machine was suspended"
    (back,) = axis_of(stamps(0, 1, -58, slept=None)).jumps
    assert back.text == "clock set back by 1 min 00 s"


def test_what_has_no_monotonic_clock_stands_where_it_says() -> None:
    """Captures, and other boots, are by the wall clock, whatever another boot's clock did."""
    live = stamps(0, 1, 2 - 3600)
    capture = Stamp(4, START - 7200 * SECOND, None, None)
    other = Stamp(5, START + 9 * SECOND, SECOND, "another boot", 0)
    axis = axis_of([*live, capture, other])
    assert len(axis.jumps) == 1
    for each in (capture, other):
        assert axis.place(each.tick, each.time_ns) == each.time_ns
        assert axis.wall(each.time_ns) == each.time_ns


def test_two_runs_of_one_boot() -> None:
    """The monotonic clock goes on between them, and a capture may have been loaded meanwhile."""
    first, second = stamps(0, 1)
    capture = Stamp(3, START - HOUR, None, None)
    later = Stamp(4, START + 11 * SECOND - HOUR, 12 * SECOND, "boot")
    axis = axis_of([first, second, capture, later])
    assert places(axis, [first, second, later]) == [-3600, 1 - 3600, 11 - 3600]


def test_spans_of_a_clock_that_was_set_back() -> None:
    """A time that was shown twice begins at the first of both and ends at the second."""
    ticks = [
        Stamp(1, START, SECOND, "boot", 0),
        Stamp(2, START + HOUR, SECOND + HOUR, "boot", 0),
        Stamp(3, START, 2 * SECOND + HOUR, "boot", 0),
        Stamp(4, START + HOUR, 2 * SECOND + 2 * HOUR, "boot", 0),
    ]
    axis = axis_of(ticks)
    half = START + HOUR // 2
    assert axis.begin(half) == half - HOUR - SECOND
    assert axis.end(half) == half
    assert axis.wall(axis.begin(half)) == axis.wall(axis.end(half)) == half
    assert axis.begin(START - 9 * HOUR) == START - 9 * HOUR
    assert axis.end(START + 9 * HOUR) == START + 9 * HOUR


def test_jumps_within_a_span() -> None:
    """Only those behind its beginning are in it."""
    axis = axis_of(stamps(0, 1, 2 - 3600))
    (jump,) = axis.jumps
    assert axis.jumps_between(jump.place_ns - 1, jump.place_ns) == [jump]
    assert axis.jumps_between(jump.place_ns, jump.place_ns + HOUR) == []
    assert axis.jumps_between(jump.place_ns - HOUR, jump.place_ns - MILLISECOND) == []
