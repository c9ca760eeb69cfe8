"""Times as a person types them."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from memory_watcher.answers.moment import parse, place
from memory_watcher.errors import UsageError
from tests.recordings import SECOND, START

TIMES = [START, START + 100 * SECOND]
#: The last nanosecond of 2018-08-17T13:58:03, in which the history begins.
FIRST_SECOND = START - START % SECOND + SECOND - 1
NEXT_DAY = START - START % (86400 * SECOND) + 86400 * SECOND


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0%", START),
        ("50 %", START + 50 * SECOND),
        ("100%", START + 100 * SECOND),
        ("+90s", START + 90 * SECOND),
        ("+90", START + 90 * SECOND),
        ("+1m", START + 60 * SECOND),
        ("13:58:03", FIRST_SECOND),
        (" 13:58:05 ", FIRST_SECOND + 2 * SECOND),
        ("13:59", FIRST_SECOND + 116 * SECOND),
        ("13:58:03.942", START + 999_999),
        ("2018-08-17T13:58:05", FIRST_SECOND + 2 * SECOND),
        ("1:00", NEXT_DAY + 3660 * SECOND - 1),
    ],
)
def test_moments(text: str, expected: int) -> None:
    """Shares, distances from the start, times of day and whole times are understood.

    A time of day before that of the first instant is on the next day.
    """
    assert place(parse(text, "time"), *TIMES) == expected


@pytest.mark.parametrize("text", ["soon", "25:61", "+", "-5s", "1000%x", "13:58:"])
def test_nonsense(text: str) -> None:
    """What is no time is told by what would be one."""
    with pytest.raises(UsageError):
        place(parse(text, "time"), *TIMES)
