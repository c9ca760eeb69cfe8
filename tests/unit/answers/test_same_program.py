"""Recordings of different programs: one rule, and one refusal, wherever runs of one are wanted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

import memory_watcher
from memory_watcher.answers.check import baseline_of
from memory_watcher.answers.diff import At
from memory_watcher.errors import OtherPrograms
from memory_watcher.store.recording import Recording

from ...recordings import MI
from .check.runs import HEAP, Runs, budget, line, runs_in

_BUDGET = budget(line("total", 100 * MI))
_ASKED: dict[str, Callable[[Sequence[Recording]], object]] = {
    "check": lambda runs: memory_watcher.check(runs, _BUDGET),
    "first_budget": memory_watcher.first_budget,
    "baseline_of": lambda runs: baseline_of(runs, "memory.json"),
    "check by a baseline": lambda runs: memory_watcher.check(
        runs[-1], None, baseline_of(runs[:1], "memory.json")
    ),
    "diff": lambda runs: memory_watcher.diff(runs[0], runs[-1]),
    "diff of runs": lambda runs: memory_watcher.diff(At(runs), At(runs[:1])),
    "compare_histories": lambda runs: memory_watcher.compare_histories(At(runs[0]), At(runs[-1])),
}


@pytest.fixture(name="runs")
def runs_of_a_test(tmp_path: Path) -> Iterator[Runs]:
    with runs_in(tmp_path) as runs:
        yield runs


@pytest.mark.parametrize("asked", _ASKED.values(), ids=_ASKED)
def test_another_program_is_refused(
    runs: Runs, asked: Callable[[Sequence[Recording]], object]
) -> None:
    """With the names of both as values; also beside a run that has the names of both."""
    both = runs.of({"app": [{HEAP: MI}] * 2, "sh": [{HEAP: MI}] * 2})
    with pytest.raises(OtherPrograms) as caught:
        asked([runs.make({HEAP: MI}), both, runs.make({HEAP: MI}, name="node")])
    assert (*caught.value.one[1], *caught.value.other[1]) == ("app", "node")
    assert str(caught.value).count("\n") == 0


@pytest.mark.parametrize("asked", _ASKED.values(), ids=_ASKED)
def test_a_name_in_common_is_enough(
    runs: Runs, asked: Callable[[Sequence[Recording]], object]
) -> None:
    """One run started a process more than the other."""
    both = runs.of({"app": [{HEAP: MI}] * 2, "sh": [{HEAP: MI}] * 2})
    asked([runs.of({"app": [{HEAP: MI}] * 2, "sed": [{HEAP: MI}] * 2}), both])


def test_a_named_process_may_be_of_different_programs(runs: Runs) -> None:
    """A first budget of the processes that a pattern matches."""
    made = [runs.make({HEAP: MI}, name=name) for name in ("worker1", "worker2")]
    assert memory_watcher.first_budget(made, "worker*").processes == 1


def test_many_and_hostile_names_are_one_line(runs: Runs) -> None:
    """So many are named, and no escape sequence reaches a terminal."""
    many = runs.of({f"\x1b[2J\n{n}": [{HEAP: MI}] for n in range(5)})
    with pytest.raises(OtherPrograms, match=r"and 2 more: they have no process name") as caught:
        memory_watcher.check([runs.make({HEAP: MI}), many], _BUDGET)
    assert not {"\x1b", "\n"} & {*str(caught.value)}
