"""LayoutCosts: which part of the budget pays for a layout."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from memory_watcher.model import LayoutState, Reading, Sample
from memory_watcher.record.firsts import FirstLayouts
from memory_watcher.record.policy import Policy
from memory_watcher.record.sampler import MachineKnowledge, ProcessSampler
from memory_watcher.record.target import Target
from memory_watcher.record.throttle.cpu_budget import CpuBudget
from memory_watcher.record.throttle.layout_costs import LayoutCosts
from memory_watcher.record.throttle.rotation import RoundBudget
from memory_watcher.record.throttle.schedule import LayoutSchedule
from tests.fakeproc import FakeProc, FakeProcess

from ..faketime import MS, SECOND, FakeTime
from ..scripted import ScriptedFiles


class Stage:
    """One process, what its layouts cost, and who pays."""

    def __init__(self, folder: Path, time: FakeTime) -> None:
        self.files = ScriptedFiles(FakeProc(folder / "proc"), FakeProcess(7))
        self.time = time
        self.budget = CpuBudget(0.10, 0, 0)
        self.rounds = RoundBudget()
        self.helper_ns = 0
        schedule = LayoutSchedule(self.files, Policy(), self.budget, time=time)
        sampler = ProcessSampler(self.files, MachineKnowledge(), time)
        self.target = Target(sampler, schedule, 1, 0)
        firsts = FirstLayouts(self.budget, is_bounded=False, is_free=True)
        self.costs = LayoutCosts(self.budget, firsts, self.rounds, lambda: self.helper_ns, time)

    def took(self, cpu_ns: int, bare_ns: int, state: LayoutState = LayoutState.EXACT) -> None:
        """A layout that was read and stored."""
        sample = Sample(Reading(), state, cpu_ns=cpu_ns, bare_ns=bare_ns, wall_ns=cpu_ns)
        self.costs.begin()
        self.time.cpu += cpu_ns
        self.costs.took(self.target, sample)
        self.target.schedule.took(sample, None)


@pytest.fixture
def time() -> FakeTime:
    return FakeTime()


@pytest.fixture
def stage(tmp_path: Path, time: FakeTime) -> Iterator[Stage]:
    stage = Stage(tmp_path, time)
    yield stage
    stage.files.close()


def test_first_layout_is_paid_by_no_round(stage: Stage) -> None:
    """The round of all is what merely reading them costs; later layouts are taken from it."""
    stage.rounds.pass_time(0, 10 * SECOND)
    stage.took(8 * MS, 3 * MS)
    assert stage.rounds.round_ns == 3 * MS
    assert stage.target.bare_ns == 3 * MS
    stage.rounds.pass_time(10 * SECOND, 10 * SECOND)
    assert stage.rounds.any_left
    stage.took(4 * MS, 3 * MS)
    assert not stage.rounds.any_left


def test_what_has_no_layout_is_in_no_round(stage: Stage) -> None:
    """One that is refused, or has ended, costs the others nothing."""
    stage.took(8 * MS, 3 * MS)
    stage.took(MS, 0, LayoutState.NO_PERMISSION)
    assert stage.rounds.round_ns == 0
    stage.took(4 * MS, 2 * MS)
    assert stage.rounds.round_ns == 2 * MS
    stage.costs.ended(stage.target)
    assert (stage.rounds.round_ns, stage.rounds.processes) == (0, 0)


@pytest.mark.parametrize(("is_free", "allowed"), [(False, False), (True, True)])
def test_helper_is_paid_once_unless_it_is_free(stage: Stage, is_free: bool, allowed: bool) -> None:
    """What the helper used since it was last charged is taken from the budget, or from nobody."""
    stage.helper_ns = 30 * MS
    stage.costs.charge_helper(is_free=is_free)
    assert stage.budget.allows(10 * MS) is allowed
    left = stage.budget.allows(0)
    stage.costs.charge_helper(is_free=False)
    assert stage.budget.allows(0) is left, "nothing was used since"
