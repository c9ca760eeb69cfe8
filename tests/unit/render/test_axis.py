"""Marks of time axes: round times of the clock, also where it is changed or set."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import pytest

from memory_watcher.clocks import Stamp, axis_of
from memory_watcher.render.axis import count_marks, time_marks
from memory_watcher.units import SECOND

HOUR = 3600 * SECOND


@pytest.fixture(autouse=True)
def _new_york() -> Iterator[None]:
    before = os.environ.get("TZ")
    os.environ["TZ"] = "EST5EDT,M3.2.0,M11.1.0"
    time.tzset()
    yield
    if before is None:
        del os.environ["TZ"]
    else:
        os.environ["TZ"] = before
    time.tzset()


def test_summer_time_ends() -> None:
    """The hour from 01:00 comes twice, an hour apart; all marks are round."""
    midnight = 1_541_304_000 * SECOND  # 2018-11-04T00:00-04:00
    marks = time_marks(midnight, midnight + 4 * HOUR, 5)
    assert [mark.text for mark in marks] == [
        "00:00\n2018-11-04",
        "01:00",
        "01:00",
        "02:00",
        "03:00",
    ]
    assert [(mark.place - midnight) // HOUR for mark in marks] == [0, 1, 2, 3, 4]


def test_summer_time_begins() -> None:
    """The hour from 02:00 is left out; six hours later the clock shows seven more."""
    midnight = 1_520_744_400 * SECOND  # 2018-03-11T00:00-05:00
    marks = time_marks(midnight, midnight + 4 * HOUR, 5)
    assert [mark.text.split("\n")[0] for mark in marks] == [
        *("00:00", "01:00", "03:00", "04:00", "05:00"),
    ]
    days = time_marks(midnight - 24 * HOUR, midnight + 46 * HOUR, 3)
    assert [mark.text for mark in days] == ["2018-03-10", "2018-03-11", "2018-03-12"]


def test_round_times_after_a_change() -> None:
    """Marks each six hours are at 06:00, 12:00 and 18:00 on the day of the change, too."""
    midnight = 1_541_304_000 * SECOND
    marks = time_marks(midnight, midnight + 25 * HOUR, 5)
    assert [mark.text.split("\n")[0] for mark in marks] == [
        *("00:00", "06:00", "12:00", "18:00", "00:00"),
    ]


def test_a_clock_that_was_set() -> None:
    """Before the jump marks are round by the clock as it was, after it by the new one."""
    start = 1_541_350_000 * SECOND  # 11:46:40 in New York
    back = 3607 * SECOND
    axis = axis_of(
        [
            Stamp(1, start, SECOND, "boot", 0),
            Stamp(2, start + 10 * SECOND, 11 * SECOND, "boot", 0),
            Stamp(3, start + 11 * SECOND - back, 12 * SECOND, "boot", 0),
            Stamp(4, start + 20 * SECOND - back, 21 * SECOND, "boot", 0),
        ]
    )
    first = axis.place(1, start)
    marks = time_marks(first, first + 20 * SECOND, 5, axis)
    shown = [(mark.text.split("\n")[0], (mark.place - first) / SECOND) for mark in marks]
    assert shown == [
        ("11:46:40", 0),
        ("11:46:45", 5),
        ("11:46:50", 10),
        ("10:46:45", 12),
        ("10:46:50", 17),
    ]


def test_counts() -> None:
    """Whole round numbers, at most so many."""
    assert [mark.text for mark in count_marks(7, 4)] == ["0", "5"]
    assert [mark.place for mark in count_marks(3, 9)] == [0, 1, 2, 3]
    assert [mark.text for mark in count_marks(65530, 5)] == ["0", "20 000", "40 000", "60 000"]
    assert [mark.text for mark in count_marks(0, 5)] == ["0"]


def test_the_beginning_of_time() -> None:
    """A recording that begins in 1970, or 1677, has marks as any other."""
    assert time_marks(0, 10 * SECOND, 2)[0].text == "19:00:00\n1969-12-31"
    assert time_marks(-(2**63), -(2**63) + 10 * SECOND, 2)
    assert time_marks(2**63 - 10 * SECOND, 2**63 - 1, 2)
