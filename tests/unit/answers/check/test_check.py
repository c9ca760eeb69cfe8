"""What runs have of a budget, and whether that is within it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import memory_watcher
from memory_watcher.analysis.budgets.model import At, Limit, Line, Word
from memory_watcher.answers.check import baseline_of
from memory_watcher.errors import SelectionError, UsageError
from memory_watcher.model import LayoutState
from memory_watcher.store.recording import Recording

from ....recordings import KI, MI
from .runs import HEAP, SHARED, Runs, budget, judged, line, runs_in


@pytest.fixture(name="runs")
def runs_of_a_test(tmp_path: Path) -> Iterator[Runs]:
    with runs_in(tmp_path) as runs:
        yield runs


def test_what_is_measured_and_judged(runs: Runs) -> None:
    """At the highest tick, by kind, by name, and what no line names; the rest of them is whole."""
    one = runs.make(
        {HEAP: 10 * MI, "": 2 * MI, "/a/data.bin": MI},
        {HEAP: 40 * MI, "": 3 * MI, "/a/data.bin": 2 * MI},
        {HEAP: 20 * MI, "": 4 * MI, "/a/data.bin": 2 * MI},
    )
    found = judged(
        one,
        budget(
            *(line("total", 45 * MI), line("kind", 39 * MI, "heap"), line("name", MI, "*.bin")),
            *(line("unlisted", 3 * MI), line("mappings", 2)),
        ),
    )
    assert [(each.name, each.measured, each.verdict) for each in found] == [
        ("total", 45 * MI, Word.WITHIN),
        ("heap", 40 * MI, Word.OVER),
        ("*.bin", 2 * MI, Word.OVER),
        ("unlisted", 3 * MI, Word.WITHIN),
        ("mappings", 3, Word.OVER),
    ]
    assert {each.unit for each in found} == {"bytes", "count"}


@pytest.mark.parametrize(("at", "size"), [("peak", 40), ("end", 20), ("floor", 20)])
def test_moments(runs: Runs, at: str, size: int) -> None:
    """Peak, end and floor are those of answers.moment."""
    one = runs.make({HEAP: 10 * MI}, {HEAP: 40 * MI}, {HEAP: 20 * MI})
    (found,) = judged(one, budget(line("total", 1), at=at))  # type: ignore[arg-type]
    assert (found.measured, found.verdict) == (size * MI, Word.OVER)


def test_several_processes_are_added_up_by_pss_and_never_by_rss(runs: Runs) -> None:
    """A pattern chooses by name; RSS of one process is judged, of several it is not."""
    both = runs.of({"app": [{HEAP: 10 * MI}] * 3, "sh": [{HEAP: MI}] * 3})
    (found,) = judged(both, budget(line("total", 10 * MI)))
    assert (found.measured, found.verdict) == (11 * MI, Word.OVER)
    (one,) = judged(both, budget(line("total", 10 * MI), process="a*", figure="rss"))
    assert (one.measured, one.verdict, one.name) == (10 * MI, Word.WITHIN, "a*: total (rss)")
    (refused,) = judged(both, budget(line("total", 100 * MI), figure="rss"))
    assert refused.verdict is Word.UNDECIDED
    assert "cannot be added up" in refused.why


@pytest.mark.parametrize(("at", "size"), [("peak", 100), ("floor", 5), ("end", 7)])
def test_some_of_several_processes_are_judged_at_their_own_moment(
    runs: Runs, at: At, size: int
) -> None:
    """Not when all together were highest, lowest or last: the two workers peak before the app."""
    small = [{HEAP: 5 * MI}, {HEAP: 50 * MI}, *[{HEAP: 4 * MI}] * 7]
    tree = runs.of(
        {
            "app": [*[{HEAP: 90 * MI}] * 8, *[{HEAP: 300 * MI}] * 2, {HEAP: 10 * MI}],
            "worker#1": [*small, {HEAP: 3 * MI}, {}],
            "worker#2": [*small[:-1], {HEAP: MI}, {HEAP: 4 * MI}, {}],
        }
    )
    (found,) = judged(tree, budget(line("total", 0), process="worker", at=at))
    assert (found.measured, found.verdict) == (size * MI, Word.OVER)
    (of_all,) = judged(tree, budget(line("total", 0), process="*"))
    assert of_all.measured == 307 * MI


def test_several_processes_have_their_peak_by_the_figure_of_the_budget(runs: Runs) -> None:
    """Much shared memory is PSS, but no USS: the highest USS is at another moment."""
    tree = runs.of(
        {
            "app": [{HEAP: 20 * MI}, {HEAP: 2 * MI, SHARED: 60 * MI}, {HEAP: 9 * MI}],
            "sh": [{HEAP: MI}, {HEAP: MI, SHARED: 60 * MI}, {HEAP: MI}],
        }
    )
    for figure, size in (("uss", 21), ("pss", 123)):
        (found,) = judged(tree, budget(line("total", 0), figure=figure))  # type: ignore[arg-type]
        assert found.measured == size * MI, figure


def test_what_matches_nothing_is_no_pass(runs: Runs) -> None:
    """A wrong name would be within for ever; only 0 means that there must be none."""
    one = runs.make({HEAP: MI})
    for each in (line("kind", MI, "malloc arena"), line("name", MI, "*/libnothing.so")):
        (found,) = judged(one, budget(each))
        assert found.verdict is Word.UNDECIDED
        assert repr(each.pattern) in found.why
        assert (found.measured, found.values) == (None, ()), "a graph has a gap there, and no 0"
    (nobody,) = judged(one, budget(line("total", MI), process="App"))
    assert (nobody.verdict, nobody.measured) == (Word.UNDECIDED, None)
    assert "no process is called 'App'; there is: 'app'" in nobody.why
    none = [line("kind", 0, "malloc arena"), line("name", 0, "libnothing*")]
    assert {each.verdict for each in judged(one, budget(*none))} == {Word.WITHIN}
    (absent,) = judged(one, budget(line("processes", 0), process="helper"))
    assert absent.verdict is Word.WITHIN


def test_the_median_of_several_runs_counts_and_disagreement_is_no_pass(runs: Runs) -> None:
    """Over if most are over; within if all are; anything between is not judged."""

    def of(*sizes: int) -> list[Recording]:
        return [runs.make({HEAP: size * MI}) for size in sizes]

    file = budget(line("kind", 10 * MI, "heap"))
    for sizes, word, median in [
        ((8, 9, 10), Word.WITHIN, 9), ((8, 11, 12), Word.OVER, 11), ((8, 9, 11), Word.UNDECIDED, 9),
        ((8, 12), Word.UNDECIDED, 10), ((11, 13), Word.OVER, 12),
    ]:  # fmt: skip
        (found,) = judged(of(*sizes), file)
        assert (found.verdict, found.measured) == (word, median * MI), sizes
        assert found.spread == (min(sizes) * MI, max(sizes) * MI)
        assert bool(found.why) == (word is Word.UNDECIDED)


def test_a_torn_layout_is_not_judged_one_that_cannot_be_verified_is(runs: Runs) -> None:
    """New kernels' own figures are approximate: all their layouts are so. It is noted."""
    torn = runs.make({HEAP: MI}, state=LayoutState.TORN)
    (found,) = judged(torn, budget(line("total", 2 * MI)))
    assert (found.verdict, "torn" in found.why) == (Word.UNDECIDED, True)
    unchecked = memory_watcher.check(
        runs.make({HEAP: MI}, state=LayoutState.UNCHECKED), budget(line("total", 2 * MI))
    )
    assert unchecked.verdict is Word.WITHIN
    assert "1 layout could not be verified" in unchecked.notes[0]


def test_a_higher_peak_that_no_layout_shows(runs: Runs) -> None:
    """The kernel's mark is the RSS itself; of another figure it may hide one that is over."""
    one = runs.make({HEAP: 10 * MI}, mark=30 * MI)
    total = line("total", 20 * MI)
    (rss,) = judged(one, budget(total, figure="rss"))
    assert (rss.verdict, rss.measured) == (Word.OVER, 30 * MI)
    (pss,) = judged(one, budget(total))
    assert (pss.verdict, pss.measured) == (Word.UNDECIDED, 10 * MI)
    assert "20 MiB higher between two layouts" in pss.why
    assert judged(one, budget(line("total", 30 * MI)))[0].verdict is Word.WITHIN
    assert judged(one, budget(total, at="end"))[0].verdict is Word.WITHIN
    kind = memory_watcher.check(one, budget(line("kind", 10 * MI, "heap")))
    assert kind.verdict is Word.WITHIN
    assert "20 MiB higher at a moment of which there is no layout" in kind.notes[0]


def test_the_most_threads_and_processes_at_once(runs: Runs) -> None:
    """Whenever that was; one after the other they do not add up."""
    there, gone = {HEAP: MI}, dict[str, int]()
    one = runs.of({"app": [there] * 4, "w#1": [there, there, gone, gone]}, threads=3)
    found = judged(one, budget(line("threads", 6), line("processes", 1)))
    assert [(each.measured, each.verdict) for each in found] == [
        (6, Word.WITHIN),
        (2, Word.OVER),
    ]
    assert [each.measured for each in judged(one, budget(line("processes", 1), at="end"))] == [1]


def test_figures_that_were_not_reported_are_not_judged(runs: Runs) -> None:
    """Threads of a capture, growth of one layout, a limit above no baseline."""
    one = runs.make({HEAP: MI}, threads=None)
    for each, at in [
        (line("threads", 5), "peak"),
        (line("total", MI), "growth"),
        (Line("total", Limit(over_share=0.02)), "peak"),
    ]:
        (found,) = judged(one, budget(each, at=at))  # type: ignore[arg-type]
        assert found.verdict is Word.UNDECIDED
        assert found.why


def test_growth_is_in_bytes_an_hour(runs: Runs) -> None:
    """What grows has its rate, what does not has 0, by total, kind and name."""
    ticks = [{HEAP: 10 * MI + at * 64 * KI, "/data": 5 * MI} for at in range(120)]
    one = runs.make(*ticks)
    hour = 3600 * 64 * KI
    found = judged(
        one,
        budget(
            line("total", hour * 2),
            line("kind", MI, "heap"),
            line("name", MI, "/data"),
            at="growth",
        ),
    )
    assert [each.verdict for each in found] == [Word.WITHIN, Word.OVER, Word.WITHIN]
    assert found[0].measured == pytest.approx(hour, rel=0.1)
    assert found[1].unit == "bytes/h"
    assert found[1].culprits[0].name == "heap"
    assert found[2].measured == 0


def test_growth_of_too_short_a_run_is_not_0(runs: Runs) -> None:
    """Nothing is measured, so nothing is shown, and nothing agreed to."""
    short = runs.make(*({HEAP: 10 * MI + at * 64 * KI} for at in range(12)))
    (found,) = judged(short, budget(line("total", 1), at="growth"))
    assert (found.verdict, found.measured, found.values) == (Word.UNDECIDED, None, ())
    above = budget(Line("total", Limit(over_share=0.1)), at="growth")
    with pytest.raises(SelectionError, match="no baseline: the recording is too short"):
        baseline_of([short], "b.json", above)


@pytest.mark.parametrize("name", ["a\nb", "<b>", "\x1b[31m", "[x]*?", "\udcff"])
def test_hostile_names_are_matched_as_they_are(runs: Runs, name: str) -> None:
    """Of processes and of mappings; a star takes line breaks too."""
    one = runs.make({f"/lib/{name}": MI}, name=name[:15])
    (found,) = judged(one, budget(line("name", 2 * MI, "/lib/*"), process="*"))
    assert (found.verdict, found.measured) == (Word.WITHIN, MI)


def test_without_a_recording_there_is_nothing_to_judge() -> None:
    """It is an error, not a pass."""
    with pytest.raises(UsageError):
        memory_watcher.check([], budget(line("total", 1)))
