"""Roster: who is recorded, and who of them still waits for a first layout."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from memory_watcher.record.policy import Policy
from memory_watcher.record.roster import Roster
from memory_watcher.record.sampler import MachineKnowledge, ProcessSampler
from memory_watcher.record.target import Target
from memory_watcher.record.throttle.cpu_budget import CpuBudget
from memory_watcher.record.throttle.schedule import LayoutSchedule
from tests.fakeproc import FakeProc, FakeProcess

from .scripted import ScriptedFiles


class Targets:
    """Makes targets on a fake proc filesystem."""

    def __init__(self, folder: Path) -> None:
        self._proc = FakeProc(folder / "proc")
        self._made: list[ScriptedFiles] = []

    def make(self, pid: int, number: int) -> Target:
        files = ScriptedFiles(self._proc, FakeProcess(pid))
        self._made.append(files)
        sampler = ProcessSampler(files, MachineKnowledge())
        schedule = LayoutSchedule(files, Policy(), CpuBudget(None, 0, 0))
        return Target(sampler, schedule, number, 0)

    def close(self) -> None:
        for files in self._made:
            files.close()


@pytest.fixture
def targets(tmp_path: Path) -> Iterator[Targets]:
    made = Targets(tmp_path)
    yield made
    made.close()


def test_newcomers_wait_for_their_first_layouts(targets: Targets) -> None:
    """Who was taken in counts at once, and is among those with layouts when that was read."""
    roster, first, second = Roster(), targets.make(7, 1), targets.make(8, 2)
    roster.add(first)
    roster.add(second)
    assert (len(roster), roster.with_layouts()) == (2, [])
    roster.waiting.pop(1)
    assert roster.with_layouts() == [first]
    assert roster.holds(first)
    assert roster.holds(second)


def test_end_tells_whether_a_first_layout_was_missed(targets: Targets) -> None:
    """And that a PID may be another's now is remembered until somebody has looked."""
    roster, first, second = Roster(), targets.make(7, 1), targets.make(8, 2)
    roster.add(first)
    roster.add(second)
    roster.waiting.pop(1)
    assert not roster.has_left
    assert not roster.remove(first)
    assert roster.remove(second)
    assert roster.has_left
    assert len(roster) == 0
    assert roster.waiting == {}


def test_successor_is_not_who_had_the_pid(targets: Targets) -> None:
    """A PID that is used again is held by the later process alone."""
    roster, before, after = Roster(), targets.make(7, 1), targets.make(7, 2)
    roster.add(before)
    roster.remove(before)
    roster.add(after)
    assert not roster.holds(before)
    assert roster.holds(after)
