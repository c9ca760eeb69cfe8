"""Whether a higher RSS was missed: only what is proven is said."""

from __future__ import annotations

import pytest

from memory_watcher.analysis.assurance import Doubt, Verdict, judge
from memory_watcher.recorded import RssFacts
from memory_watcher.render.assurance_text import missed
from tests.recordings import KI, MI

MS = 1_000_000


@pytest.mark.parametrize(
    ("mark", "rss", "tolerance", "size", "verdict"),
    [
        (None, 5, 0, None, Verdict.UNKNOWN),
        (5, None, 0, None, Verdict.UNKNOWN),
        (5, 5, 0, 0, Verdict.NOTHING_HIGHER),
        (4, 5, 0, -1, Verdict.NOTHING_HIGHER),
        (6, 5, 0, 1, Verdict.HIGHER),
        (6, 5, 1, 1, Verdict.WITHIN_TOLERANCE),
        (7, 5, 1, 2, Verdict.HIGHER),
    ],
)
def test_the_kernels_mark(
    mark: int | None, rss: int | None, tolerance: int, size: int | None, verdict: Verdict
) -> None:
    """As long as it lives the mark tells; it may be off by the tolerance of its counters."""
    gap = judge(RssFacts(mark, tolerance), rss)
    assert (gap.size, gap.verdict, gap.doubt) == (size, verdict, None)


def test_it_grew_at_its_end() -> None:
    """31 MiB in its last 20 ms, of which only its parent was told: they were missed."""
    facts = RssFacts(MI, 100 * KI, unseen_ns=20 * MS, max_rss=32 * MI, inherited=13 * MI)
    gap = judge(facts, MI)
    assert (gap.verdict, gap.size, gap.at_exit) == (Verdict.HIGHER, 31 * MI, True)
    assert missed(gap, facts, None) == (
        "RSS was up to 31 744 Ki higher in its last 20 ms (reported when it exited)"
    )


def test_its_parent_was_told_no_more_than_was_seen() -> None:
    """Whatever else is in that figure, no more than that can have been missed."""
    for children in (False, True):
        facts = RssFacts(
            *(MI, 100 * KI, 20 * MS, 3, MI + 100 * KI, None, children),
        )
        assert judge(facts, MI).verdict is Verdict.NOTHING_HIGHER


@pytest.mark.parametrize(
    ("inherited", "children"),
    [(None, False), (31 * MI, False), (13 * MI, True)],
)
def test_what_its_parent_was_told_may_be_of_something_else(
    inherited: int | None, children: bool
) -> None:
    """Of the launcher before execve, or of a child: neither missed nor proven."""
    facts = RssFacts(
        MI, 0, unseen_ns=20 * MS, max_rss=32 * MI, inherited=inherited, had_children=children
    )
    gap = judge(facts, MI)
    assert (gap.verdict, gap.doubt) == (Verdict.NOT_PROVEN, Doubt.ENDED)
    text = missed(gap, facts, None)
    assert text.startswith(
        "nothing higher was seen, but what it had in its last 20 ms is unknown"
        " (at most 32 768 Ki, with what ran before"
    )
    assert ("children" in text) is children


def test_nobody_was_told_of_its_end() -> None:
    """20 ms after the last reading anything may have happened; before that nothing higher."""
    facts = RssFacts(MI, 0, unseen_ns=20 * MS)
    gap = judge(facts, MI)
    assert (gap.verdict, gap.doubt) == (Verdict.NOT_PROVEN, Doubt.ENDED)
    assert missed(gap, facts, None) == (
        "nothing higher was seen, but what it had in its last 20 ms is unknown"
    )


def test_an_execve_begins_a_new_mark() -> None:
    """What the image before had after it was read last is in no mark any more."""
    gap = judge(RssFacts(MI, 0, execves=1), MI)
    assert (gap.verdict, gap.doubt) == (Verdict.NOT_PROVEN, Doubt.EXECVE)


def test_a_machine_that_does_not_tell_its_cpus() -> None:
    """Without the tolerance a mark below the layout proves nothing; one above still misses."""
    assert judge(RssFacts(MI, None), MI).doubt is Doubt.TOLERANCE
    assert judge(RssFacts(2 * MI, None), MI).verdict is Verdict.HIGHER


def test_a_torn_layout_proves_nothing() -> None:
    """Its sum may count a mapping twice."""
    gap = judge(RssFacts(MI, 0), MI, is_torn=True)
    assert (gap.verdict, gap.doubt) == (Verdict.NOT_PROVEN, Doubt.TORN)
    assert missed(gap, RssFacts(MI, 0), None) == "it is torn, so its total proves nothing"


def test_no_mark_but_an_exit() -> None:
    """A process that was over before its mark was read: its parent still was told."""
    facts = RssFacts(None, 0, None, 0, 32 * MI, 13 * MI)
    gap = judge(facts, MI)
    assert (gap.verdict, gap.size, gap.at_exit) == (Verdict.HIGHER, 31 * MI, True)
    assert "after its last reading" in missed(gap, facts, None)
