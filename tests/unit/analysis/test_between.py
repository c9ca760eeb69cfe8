"""Figures read between two readings count for the first of them."""

from __future__ import annotations

from memory_watcher.analysis.between import count_between


def test_the_highest_until_the_next_counts_for_the_one_before() -> None:
    """Of each figure by itself; at the time of a reading it is that one's already."""
    resident: list[int | None] = [5, 1, 7]
    mark: list[int | None] = [None, 2, 3]
    points = [
        *((9, (100, 100)), (12, (6, None)), (15, (8, 1))),
        *((19, (2, 4)), (20, (3, 2)), (35, (6, 9))),
    ]
    count_between([10, 20, 30], points, (resident, mark))
    assert (resident, mark) == ([8, 3, 7], [4, 2, 9])


def test_nothing_counts_after_nobody_looked() -> None:
    """A recorder that starts again begins with a reading; what lies before it is nobody's."""
    held: list[int | None] = [1, 1]
    count_between(
        [10, 100],
        [(14, (2,)), (16, (3,)), (104, (2,)), (106, (3,))],
        (held,),
        lambda time: time + 5,
    )
    assert held == [2, 2]


def test_what_was_read_as_0_is_0() -> None:
    """And what was not read stays so."""
    held: list[int | None] = [None, None]
    count_between([10, 20], [(11, (0,)), (21, (None,))], (held,))
    assert held == [0, None]
