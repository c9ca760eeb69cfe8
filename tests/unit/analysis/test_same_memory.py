"""Processes that belong together: whose memory is shown twice."""

from __future__ import annotations

from memory_watcher.analysis.same_memory import Member, duplicates_among, shows_parents_memory
from memory_watcher.model import Totals

MI = 1 << 20


def totals(pss: int | None, uss: int | None = 0, rss: int | None = None) -> Totals:
    return Totals(10, 100 * MI, rss if rss is not None else pss, pss, uss, 0, 0)


def member(parent: int | None = None, end: int | None = None, images: str = "a") -> Member:
    """`images` has the letter of the program at each tick; the last one stays."""
    return Member(parent, end, lambda tick: images[min(tick, len(images)) - 1])


def test_vfork_child_is_not_added() -> None:
    """Before execve it shows its parent's memory; with its own, it counts."""
    big = totals(100 * MI, uss=99 * MI)
    members = {1: member(), 2: member(1, images="ab")}
    assert duplicates_among({1: big, 2: big}, members, 1) == {2}
    assert duplicates_among({1: big, 2: big}, members, 2) == frozenset()


def test_forked_child_is_added() -> None:
    """After fork each has half the PSS, hardly any USS, and less RSS: nothing is counted twice."""
    parent = Totals(10, 200 * MI, 102 * MI, 51 * MI, 100_000, 0, 0)
    child = parent._replace(rss=100 * MI)
    assert duplicates_among({1: parent, 2: child}, {1: member(), 2: member(1)}, 1) == frozenset()
    assert not shows_parents_memory(parent, parent)
