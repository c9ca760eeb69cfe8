"""Of each column of time the highest instant is shown, the same for whoever asks."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from memory_watcher.analysis.reduce import cut, edges, highest, shown
from memory_watcher.recorded import TickRow
from memory_watcher.report.ticks import _highest_of_columns
from memory_watcher.tui.chart_columns import choose

TIMES = st.lists(st.integers(0, 10**6), min_size=1, max_size=60, unique=True).map(sorted)
TOTALS = st.lists(st.none() | st.integers(0, 9), min_size=60, max_size=60)


@given(TIMES, st.integers(1, 50), st.integers(0, 1000), st.integers(1, 10**6))
def test_columns_divide_the_time(times: list[int], columns: int, begin: int, width: int) -> None:
    """Each instant of the span is in one column, that of its share of the time; others in none."""
    end = begin + width
    found = cut(times, edges(begin, end, columns))
    assert len(found) == columns
    for number, column in enumerate(found):
        for position in column:
            assert (times[position] - begin) * columns // width == number
    inside = [position for position, time in enumerate(times) if begin <= time < end]
    assert [position for column in found for position in column] == inside


@given(TOTALS, st.integers(0, 59), st.integers(1, 60))
def test_a_column_shows_its_highest(totals: list[int | None], low: int, size: int) -> None:
    """The first of equals; where nothing is known the first."""
    column = range(low, min(low + size, len(totals)))
    known = [totals[position] for position in column if totals[position] is not None]
    best = highest(totals, column)
    if not known:
        assert best is None
        assert shown(totals, column) == low
    else:
        assert best == shown(totals, column) == low + totals[low:].index(max(known))  # type: ignore[type-var]


@given(TIMES, TOTALS, st.integers(1, 20))
def test_report_and_terminal_show_the_same(
    times: list[int], totals: list[int | None], columns: int
) -> None:
    """Both choose the same instants of a recording for the same columns."""
    bounds = edges(times[0], times[-1] + 1, columns)
    drawn = choose(times, [time + 1 for time in times], totals[: len(times)], bounds)
    rows = [TickRow(position, time, 1, None) for position, time in enumerate(times)]
    told = {
        position: total for position, total in enumerate(totals[: len(times)]) if total is not None
    }
    in_columns = [
        position
        for position, column in zip(drawn, cut(times, bounds), strict=True)
        if column and position is not None
    ]
    assert in_columns == list(_highest_of_columns(rows, told, columns))
