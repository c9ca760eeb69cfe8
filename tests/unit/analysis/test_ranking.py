"""Things by size."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from memory_watcher.analysis.breakdown import Sum, add_up
from memory_watcher.analysis.ranking import rank


def test_biggest_first_and_without_a_size_last() -> None:
    """Equals keep their order; what has no size is not 0."""
    sizes = {"a": 1, "b": None, "c": 3, "d": 1}
    found = rank(sizes, sizes.get, top=2)
    assert found.top == (("c", 3), ("a", 1))
    assert (found.other, found.other_count) == (Sum(1, 1), 2)
    assert found.total == Sum(5, 1)


@given(
    sizes=st.lists(st.one_of(st.none(), st.integers(0, 99))),
    top=st.one_of(st.none(), st.integers(0, 9)),
)
def test_it_adds_up(sizes: list[int | None], top: int | None) -> None:
    """Shown and other are the total."""
    found = rank(sizes, lambda size: size, top)
    assert found.total == add_up(sizes)
    shown = add_up(size for _, size in found.top)
    assert (shown.size or 0) + (found.other.size or 0) == (found.total.size or 0)
    assert len(found.top) + found.other_count == len(sizes)
