"""Sums over processes: who counts when, whose memory is counted twice."""

from __future__ import annotations

from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from memory_watcher.analysis.tree import (
    Member,
    TreePeak,
    duplicates_among,
    find_peak,
    shows_parents_memory,
    sum_up,
)
from memory_watcher.model import Totals

MI = 1 << 20


class Row(NamedTuple):
    process_id: int
    tick: int
    totals: Totals


def totals(pss: int | None, uss: int | None = 0, rss: int | None = None) -> Totals:
    return Totals(10, 100 * MI, rss if rss is not None else pss, pss, uss, 0, 0)


def member(parent: int | None = None, end: int | None = None, images: str = "a") -> Member:
    """`images` has the letter of the program at each tick; the last one stays."""
    return Member(parent, end, lambda tick: images[min(tick, len(images)) - 1])


def test_highest_sum() -> None:
    """A process counts with its last layout until the next one, or until it ends."""
    rows = [
        Row(1, 1, totals(10)),
        Row(2, 2, totals(100)),
        Row(1, 3, totals(50)),
        Row(3, 4, totals(60)),
        Row(1, 5, totals(90)),
    ]
    members = {1: member(), 2: member(end=4), 3: member()}
    assert find_peak(rows, members) == TreePeak(3, 150, frozenset())
    without_end = {1: member(), 2: member(), 3: member()}
    assert find_peak(rows, without_end) == TreePeak(5, 250, frozenset())


def test_nothing_told() -> None:
    """Without any PSS there is no peak; a process without it does not hide that of the others."""
    assert find_peak([], {}) is None
    assert find_peak([Row(1, 1, totals(None))], {1: member()}) is None
    rows = [Row(1, 1, totals(None)), Row(2, 1, totals(7))]
    assert find_peak(rows, {1: member(), 2: member()}) == TreePeak(1, 7, frozenset())


def test_vfork_child_is_not_added() -> None:
    """Before execve it shows its parent's memory; with its own, it counts."""
    big = totals(100 * MI, uss=99 * MI)
    small = totals(1 * MI, uss=1 * MI)
    rows = [Row(1, 1, big), Row(2, 1, big), Row(1, 2, big), Row(2, 2, small)]
    members = {1: member(), 2: member(1, images="ab")}
    assert find_peak(rows[:2], members) == TreePeak(1, 100 * MI, frozenset({2}))
    assert find_peak(rows, members) == TreePeak(2, 101 * MI, frozenset())
    assert duplicates_among({1: big, 2: big}, members, 1) == {2}
    assert duplicates_among({1: big, 2: big}, members, 2) == frozenset()


def test_forked_child_is_added() -> None:
    """After fork each has half the PSS, hardly any USS, and less RSS: nothing is counted twice."""
    parent = Totals(10, 200 * MI, 102 * MI, 51 * MI, 100_000, 0, 0)
    child = parent._replace(rss=100 * MI)
    rows = [Row(1, 1, parent), Row(2, 1, child)]
    assert find_peak(rows, {1: member(), 2: member(1)}) == TreePeak(1, 102 * MI, frozenset())
    assert not shows_parents_memory(parent, parent)


def test_stale_figure_after_a_fork() -> None:
    """Between two ticks, a parent read before a fork is not added to the child that has its half.

    At the next whole tick both were read, and once the child has called execve it shares nothing.
    """
    rows = [
        Row(1, 1, totals(100 * MI)),
        Row(2, 2, totals(50 * MI)),
        Row(1, 3, totals(50 * MI)),
        Row(2, 3, totals(52 * MI)),
    ]
    forked = {1: member(), 2: member(1)}
    assert find_peak(rows, forked, extra_ticks={2}) == TreePeak(3, 102 * MI, frozenset())
    executed = {1: member(), 2: member(1, images="bbb")}
    assert find_peak(rows, executed, extra_ticks={2}) == TreePeak(2, 150 * MI, frozenset())


@given(
    st.lists(st.tuples(st.integers(1, 5), st.integers(1, 8), st.integers(0, 1000)), min_size=1).map(
        lambda rows: sorted({(tick, number): pss for number, tick, pss in rows}.items())
    ),
    st.dictionaries(st.integers(1, 5), st.integers(2, 9)),
)
def test_against_a_plain_computation(
    rows: list[tuple[tuple[int, int], int]], ends: dict[int, int]
) -> None:
    """The sweep finds what adding up each tick anew finds."""
    rows = [row for row in rows if row[0][0] < ends.get(row[0][1], 99)]
    best: tuple[int, int] | None = None
    for tick in sorted({tick for (tick, _), _ in rows}):
        latest: dict[int, int] = {}
        for (at, number), pss in rows:
            if at <= tick < ends.get(number, 99):
                latest[number] = pss
        if best is None or sum(latest.values()) > best[1]:
            best = tick, sum(latest.values())
    peak = find_peak(
        [Row(number, tick, totals(pss)) for (tick, number), pss in rows],
        {number: member(end=ends.get(number)) for number in range(1, 6)},
    )
    assert (peak and (peak.tick, peak.pss)) == best


def test_sums() -> None:
    """PSS, USS and swap are added; what lacks them is counted; RSS has no sum at all."""
    sums = sum_up([totals(10, uss=5), totals(20, uss=None), None])
    assert sums._fields == ("pss", "uss", "swap_pss")
    assert (sums.pss.size, sums.pss.lacking) == (30, 1)
    assert (sums.uss.size, sums.uss.lacking) == (5, 2)
