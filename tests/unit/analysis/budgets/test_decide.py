"""Whether runs are within a limit: for any numbers of any runs."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from memory_watcher.analysis.budgets.decide import Value, decide, untold
from memory_watcher.analysis.budgets.model import Word
from memory_watcher.analysis.diff import middle

_SIZES = st.integers(0, 100)
_VALUES = st.one_of(
    st.builds(lambda size: Value(size, size), _SIZES),
    st.builds(lambda size, more: Value(size, size + more, "unseen"), _SIZES, st.integers(1, 50)),
    st.builds(lambda size: Value(size, None, "unbounded"), _SIZES),
    st.just(untold("torn")),
)
_RUNS = st.lists(_VALUES, min_size=1, max_size=7)


@given(_RUNS, _SIZES)
def test_only_what_cannot_be_over_in_any_run_is_within(runs: list[Value], limit: int) -> None:
    """A pass is a proof; what is undecided says why."""
    word, why = decide(runs, limit)
    is_proven = all(each.at_most is not None and each.at_most <= limit for each in runs)
    assert (word is Word.WITHIN) == is_proven
    assert bool(why) == (word is Word.UNDECIDED)


@given(_RUNS, _SIZES)
def test_what_is_over_is_so_by_its_median(runs: list[Value], limit: int) -> None:
    """And more than half of all runs are, whatever the others could not tell."""
    word, _ = decide(runs, limit)
    sizes = [each.size for each in runs if each.size is not None]
    if word is Word.OVER:
        assert middle(sizes) > limit
        assert 2 * sum(size > limit for size in sizes) > len(runs)


@given(_RUNS, _SIZES)
def test_the_order_of_runs_does_not_count(runs: list[Value], limit: int) -> None:
    """Nor does a higher limit ever make it worse."""
    order = (Word.WITHIN, Word.UNDECIDED, Word.OVER)
    word, _ = decide(runs, limit)
    assert decide(sorted(runs, key=repr), limit)[0] is word
    assert order.index(decide(runs, limit + 1)[0]) <= order.index(word)


def test_reasons_are_told_once() -> None:
    """Of several runs with one reason, and with several."""
    assert decide([], 1) == (Word.UNDECIDED, "nothing was recorded")
    torn, within = untold("it is torn"), Value(1, 1)
    assert decide([torn, torn], 5)[1] == "it is torn"
    assert decide([torn, within], 5)[1] == "1 of 2 runs could not be judged: it is torn"
    assert "(and 1 other reason in other runs)" in decide([torn, untold("x")], 5)[1]
