"""A first budget: what was recorded is within it, and it is a file that is read back."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import memory_watcher
from memory_watcher.analysis.budgets.model import At, Budget, BudgetFile, Figure, Limit, Word
from memory_watcher.analysis.budgets.parse import parse
from memory_watcher.answers.check import check
from memory_watcher.answers.first_budget import FirstBudget, first_budget
from memory_watcher.errors import MemoryWatcherError, SelectionError, UsageError
from memory_watcher.model import Usage
from memory_watcher.render.first_budget import render
from memory_watcher.store.recording import Recording

from ...recordings import KI, MI, RecordingBuilder, mapping
from .check.runs import HEAP, Runs, runs_in


@pytest.fixture(name="runs")
def runs_of_a_test(tmp_path: Path) -> Iterator[Runs]:
    with runs_in(tmp_path) as runs:
        yield runs


def limits(first: FirstBudget) -> dict[str, int | None]:
    """By the key of the file."""
    return {
        f"{line.what} {line.pattern}".strip(): line.limit.maximum for line in first.budget.lines
    }


def read_back(first: FirstBudget) -> Budget:
    """The budget that its file says."""
    (found,) = parse(render(first, "check"), "memory-budget.toml").budgets
    lines = tuple(line._replace(number=0) for line in found.lines)
    return replace(found, lines=lines, number=0)


NAMES = st.sampled_from((HEAP, "", "[stack]", "[anon:[x]]", "/memfd:a (deleted)")) | st.text(
    st.characters(min_codepoint=1, exclude_categories=["Cs"]) | st.just("\udcff"), max_size=8
).map(lambda name: f"/a/{name}")
TICKS = st.dictionaries(NAMES, st.integers(1, 2**36).map(lambda size: size & ~4095 or 4096))


@settings(max_examples=60)
@given(
    st.lists(st.lists(TICKS.filter(bool), min_size=1, max_size=3), min_size=1, max_size=3),
    st.sampled_from(("peak", "end", "floor")),
    st.sampled_from(("pss", "rss", "uss", "held")),
)
def test_what_was_recorded_is_within(
    ticks: list[list[dict[str, int]]], at: At, figure: Figure
) -> None:
    """Whatever names and sizes there are: all of them together, and each; as the file is read."""
    with tempfile.TemporaryDirectory() as folder, runs_in(Path(folder)) as runs:
        recordings = [runs.make(*each) for each in ticks]
        first = first_budget(recordings, at=at, figure=figure)
        budget = read_back(first)
        assert budget == first.budget
        every = check(recordings, BudgetFile("", (budget,)))
        assert every.verdict is Word.WITHIN, every.budgets
        for one in recordings:
            judged = check(one, BudgetFile("", (budget,))).budgets
            over = [each for each in judged if each.verdict is Word.OVER]
            assert not over


def test_how_much_room(runs: Runs) -> None:
    """Several runs leave room for twice their spread, one for what is usual."""
    ticks = [{HEAP: size * MI, "": 20 * MI, "/a/b.so": 30 * KI} for size in (80, 81, 82)]
    several = limits(first_budget([runs.make(each) for each in ticks]))
    assert (several["kind heap"], several["kind anonymous"]) == (86 * MI, 21 * MI)
    one = limits(first_budget([runs.make(ticks[0])]))
    assert one["kind heap"] == 84 * MI
    assert (one["threads"], one["processes"], one["mappings"]) == (1, 1, 8)
    assert one["unlisted"] == 290 * KI


def test_files_that_others_map(tmp_path: Path) -> None:
    """PSS and USS rise when the others end: limits allow RSS, and the comment says so."""
    builder = RecordingBuilder(tmp_path / "a.db")
    process = builder.process(1, "app")
    builder.tick()
    shared = Usage(rss=8 * MI, pss=MI, private_clean=0, private_dirty=0)
    library = mapping(0x1000, 8 * MI, "r-xp", "/lib/libbig.so", inode=7)
    builder.layout(process, [(library, shared)])
    builder.end_run()
    with Recording(builder.close()) as recording:
        for figure in ("pss", "uss"):
            first = first_budget([recording], figure=figure)
            assert 8.8 * MI < (limits(first)["kind library"] or 0) < 9 * MI
        text = render(first_budget([recording]), "check")
        assert "# 1 MiB, up to 8 MiB" in text
        assert "PSS rises when other processes that map the same files end." in text


def test_processes_are_chosen(runs: Runs) -> None:
    """Those that a pattern matches, or all together by PSS; never RSS of several."""
    both = runs.of({"app": [{HEAP: 10 * MI}] * 2, "sh": [{HEAP: 40 * MI}] * 2})
    assert limits(first_budget([both], "a*"))["total"] == 11 * MI
    together = first_budget([both])
    assert (limits(together)["total"], together.processes) == (53 * MI, 2)
    with pytest.raises(SelectionError, match="no process is called 'x'; there is: 'app', 'sh'"):
        first_budget([both], "x")
    with pytest.raises(MemoryWatcherError, match="cannot be added up"):
        first_budget([both], figure="rss")


def test_growth(runs: Runs) -> None:
    """A rate per hour of what grows; too short a recording says how long it has to be."""
    grown = runs.make(*({HEAP: (10 + second) * MI} for second in range(120)))
    first = first_budget([grown], at="growth")
    ((line, seen),) = first.seen.items()
    assert 3500 * MI < seen.highest <= (line.limit.maximum or 0) < 4100 * MI
    assert "MiB/h" in render(first, "check") or "GiB/h" in render(first, "check")
    assert read_back(first) == first.budget
    with pytest.raises(SelectionError, match="too short to see whether it grows"):
        first_budget([runs.make({HEAP: MI}, {HEAP: 2 * MI})], at="growth")


def test_no_recording() -> None:
    """Nothing to measure is a mistake of the caller."""
    with pytest.raises(UsageError, match="at least one recording"):
        first_budget([])


def test_it_is_offered_to_scripts(runs: Runs) -> None:
    """By the name of the module of all answers."""
    first = memory_watcher.first_budget([runs.make({HEAP: MI})])
    assert first.budget.lines[0].limit != Limit()


def test_threads_may_depend_on_the_machine(runs: Runs) -> None:
    """The number of CPUs is told beside them, and why; not of a process with one thread."""
    first = first_budget([runs.make({HEAP: MI}, threads=21)] * 2)
    written = render(first, "check")
    assert "threads = 21 " in written
    assert written.partition("threads = 21")[2].splitlines()[0].endswith("# 21, on 2 CPUs")
    assert "as many threads as the machine has CPUs" in written
    assert "# 21, on 2 to 8 CPUs\n" in render(replace(first, cpus=(2, 4, 8)), "check")
    assert "# 21, on 1 CPU\n" in render(replace(first, cpus=(1,)), "check")
    assert "# 21\n" in render(replace(first, cpus=()), "check")
    assert "CPU" not in render(first_budget([runs.make({HEAP: MI})]), "check")
