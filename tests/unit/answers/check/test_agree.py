"""A baseline of recordings, and what is judged by it without a budget file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from memory_watcher.analysis.budgets.baseline import Entry, Key
from memory_watcher.analysis.budgets.model import Judged, Limit, Line, Word
from memory_watcher.answers.check import baseline_of, check
from memory_watcher.errors import OtherPrograms, SelectionError, UsageError
from memory_watcher.model import LayoutState

from ....recordings import KI, MI
from .runs import HEAP, Runs, budget, runs_in

PATH = "memory-baseline.json"
USUAL = {HEAP: 60 * MI, "": 20 * MI, "/usr/lib/locale/C.utf8": 300 * KI}


@pytest.fixture(name="runs")
def runs_of_a_test(tmp_path: Path) -> Iterator[Runs]:
    with runs_in(tmp_path) as runs:
        yield runs


def over(runs: Runs, now: dict[str, int], threads: int = 1) -> list[Judged]:
    """What is over when a program with the usual memory has another one."""
    baseline = baseline_of([runs.make(USUAL)], PATH)
    found = check(runs.make(now, threads=threads), None, baseline)
    assert all(each.verdict is not Word.UNDECIDED for each in found.budgets)
    return [each for each in found.budgets if each.verdict is Word.OVER]


def test_a_baseline_has_medians_and_spreads_of_the_runs(runs: Runs) -> None:
    """By kind, of all processes and of each role; counts beside sizes."""
    made = [runs.make({HEAP: size * MI}, threads=3) for size in (10, 14, 11)]
    found = baseline_of(made, PATH)
    assert (found.programs, found.runs) == ("app", 3)
    heap = Entry(11 * MI, 10 * MI, 14 * MI)
    assert found.entries[Key("", "pss", "peak", "heap")] == heap
    assert found.entries[Key("", "pss", "peak", "total")] == heap
    assert found.entries[Key("app", "pss", "peak", "total")] == heap
    assert found.entries[Key("app", "pss", "peak", "threads")] == Entry(3, 3, 3)
    assert found.entries[Key("", "pss", "peak", "mappings")] == Entry(1, 1, 1)


def test_the_same_memory_and_less_of_it_are_within(runs: Runs) -> None:
    """Also a kind that has gone altogether: that is no pattern without a match."""
    assert over(runs, USUAL) == []
    assert over(runs, {HEAP: 50 * MI}) == []


@pytest.mark.parametrize(
    ("change", "name", "culprit"),
    [
        ({HEAP: 61 * MI + 200 * KI}, "heap", HEAP),
        ({"": 21 * MI}, "anonymous", "anonymous"),
        ({"/data/index.bin": 4 * MI}, "file", "/data/index.bin"),
        ({"/dev/shm/ring": 4 * MI}, "unlisted", "/dev/shm/ring"),
    ],
)
def test_what_is_more_than_its_kind_repeats_is_over(
    runs: Runs, change: dict[str, int], name: str, culprit: str
) -> None:
    """2 % of the heap, one more MiB, a file, a kind that was not there before."""
    found = over(runs, {**USUAL, **change})
    assert any(each.name.startswith(name) for each in found)
    for each in found:
        if each.unit == "bytes":
            assert each.culprits[0].name == culprit


def test_one_more_thread_is_over(runs: Runs) -> None:
    """Counts of threads and processes repeat exactly."""
    (only,) = over(runs, USUAL, threads=2)
    assert (only.line.what, only.limit, only.measured) == ("threads", 1, 2)


def test_runs_that_differ_widen_the_tolerance(runs: Runs) -> None:
    """Twice the spread of the baseline's own runs is allowed above its median."""
    baseline = baseline_of([runs.make({HEAP: size * MI}) for size in (60, 61, 62)], PATH)
    heap = next(
        each
        for each in check(runs.make({HEAP: 65 * MI}), None, baseline).budgets
        if each.line.pattern == "heap"
    )
    assert (heap.limit, heap.verdict) == (65 * MI, Word.WITHIN)


def test_a_baseline_also_tells_what_a_budget_compares(runs: Runs) -> None:
    """The process, figure and moment of each budget with a limit above the baseline."""
    usual = runs.make(USUAL)
    file = budget(Line("total", Limit(over_share=0.02)), process="ap*", at="end", figure="rss")
    baseline = baseline_of([usual], PATH, file)
    (same,) = check(usual, file, baseline).budgets
    (more,) = check(runs.make({**USUAL, "": 24 * MI}), file, baseline).budgets
    assert (same.verdict, more.verdict) == (Word.WITHIN, Word.OVER)


def test_a_baseline_of_another_program_is_refused(runs: Runs) -> None:
    """Both are named."""
    baseline = baseline_of([runs.make(USUAL, name="server")], PATH)
    with pytest.raises(OtherPrograms, match=r"baseline memory.* is of 'server', .* is of 'app'"):
        check(runs.make(USUAL), None, baseline)


def test_nothing_is_agreed_to_that_was_not_read_well(runs: Runs) -> None:
    """A torn layout could agree to anything; neither is there a baseline of nothing."""
    with pytest.raises(SelectionError, match=r"no baseline: .*torn"):
        baseline_of([runs.make(USUAL, state=LayoutState.TORN)], PATH)
    with pytest.raises(UsageError):
        baseline_of([], PATH)


def test_without_budget_and_baseline_there_is_nothing_to_judge_by(runs: Runs) -> None:
    """It is refused rather than within."""
    with pytest.raises(UsageError, match=r"a budget or a baseline"):
        check(runs.make(USUAL))
