"""Which instant each column of the chart shows."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from memory_watcher.tui.chart_columns import Span, choose, sliding_span, whole_span


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[int], list[int | None]]:
    steps = draw(st.lists(st.integers(1, 50), min_size=1, max_size=60))
    times = [1000 + sum(steps[: number + 1]) for number in range(len(steps))]
    totals = draw(
        st.lists(st.one_of(st.none(), st.integers(0, 99)), min_size=len(times), max_size=len(times))
    )
    return times, totals


@given(histories(), st.integers(1, 40))
def test_no_peak_is_lost(history: tuple[list[int], list[int | None]], columns: int) -> None:
    """The highest instant of the history is the highest of the columns, however few there are."""
    times, totals = history
    until = [*times[1:], times[-1] + 1]
    chosen = choose(times, until, totals, whole_span(times, until[-1], columns).edges())
    assert len(chosen) == columns
    known = [total for total in totals if total is not None]
    shown = [total for each in chosen if each is not None and (total := totals[each]) is not None]
    assert max(shown, default=None) == max(known, default=None)
    assert [each for each in chosen if each is not None] == sorted(
        each for each in chosen if each is not None
    )


def test_where_nobody_looked_it_is_empty() -> None:
    """An instant holds up to its end; behind that and before the first there is nothing."""
    edges = Span(0, 100, 10).edges()
    assert choose([20, 60], [40, 70], [1, 2], edges) == [
        *(None, None, 0, 0, None, None, 1, None, None, None)
    ]


def test_sliding_columns_only_move() -> None:
    """While time goes on, columns stay where they are in time until they become twice as wide."""
    before = sliding_span(10_000, 9_000, 100, 20)
    after = sliding_span(10_100, 9_000, 100, 20)
    assert set(before.edges()[1:]) <= set(after.edges())
    assert before.edges()[1] - before.edges()[0] == 100
    wide = sliding_span(20_000, 9_000, 100, 20)
    assert wide.edges()[1] - wide.edges()[0] == 800
    assert wide.start <= 9_000


@given(st.integers(0, 10**6), st.integers(0, 10**5), st.integers(1, 999), st.integers(2, 200))
def test_sliding_span_holds_all(oldest: int, length: int, period: int, columns: int) -> None:
    """The oldest and the latest instant are always within."""
    span = sliding_span(oldest + length, oldest, period, columns)
    assert span.start <= oldest <= oldest + length < span.end
    assert len(span.edges()) == columns + 1
