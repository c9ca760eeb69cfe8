"""Axes hold any figure: few marks, and quickly, whatever a recording may say."""

from __future__ import annotations

import math

import pytest

from memory_watcher.render.axis import size_marks, time_marks

YEAR = 365 * 86400 * 10**9


@pytest.mark.parametrize("most", [2, 5, 12])
@pytest.mark.parametrize(
    "highest",
    [
        *(0, 1, 2, 1023, 4096, 2**30, 2**53, 2**62, 2**63, 2**64, 10**30, -1, -(2**63)),
        *(1e30, math.inf, math.nan),
    ],
)
def test_sizes_of_any_height(highest: int, most: int) -> None:
    """No more marks than asked for but one, rising from 0, no two alike."""
    marks = size_marks(highest, most)
    assert 1 <= len(marks) <= most + 1
    assert marks[0] == (0, "0")
    places = [mark.place for mark in marks]
    assert places == sorted(set(places))
    assert len({mark.text for mark in marks}) == len(marks)
    if highest > 0 and highest < 2**80:
        assert places[-1] <= highest


@pytest.mark.parametrize("first", [-(2**63), -YEAR, 0, 1_534_514_283_942_000_000, 2**63 - 2])
@pytest.mark.parametrize("span", [0, 1, 10**9, YEAR, 100 * YEAR, 2**63])
def test_times_of_any_span(first: int, span: int) -> None:
    """Some marks, not thousands, be it five hundred years."""
    last = min(first + span, 2**63 - 1)
    marks = time_marks(first, last, 12)
    assert len(marks) <= 13
    assert all(first <= mark.place <= last for mark in marks)
