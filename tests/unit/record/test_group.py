"""Group: when all are read together, within the budget."""

from __future__ import annotations

from dataclasses import replace

import pytest

from memory_watcher.model import Cause, Member, Rollup
from memory_watcher.record.group import Cost, Group
from memory_watcher.record.passes import Round
from memory_watcher.record.policy import FOR_MACHINE, FOR_NAMED
from memory_watcher.record.pulses import Pulse
from memory_watcher.record.throttle.cpu_budget import CpuBudget

from .faketime import MS, SECOND

MIB = 1 << 20


def round_of(private: int, pss: int | None = None, moved: int = 0, members: int = 2) -> Round:
    """What a round read: each member has the same of all."""
    total = private if pss is None else pss
    rollup = Rollup(total // members, total // members, 0, 0)
    pulse = Pulse(private // members, 0, 0, False)
    return Round(
        {number: Member(rollup) for number in range(members)},
        {},
        dict.fromkeys(range(members), pulse),
        MS,
        moved,
    )


class Stage:
    """A group that is driven by hand; 10 % of a core."""

    def __init__(self, rate: float | None = 0.10) -> None:
        self.now = self.cpu = 0
        self.budget = CpuBudget(rate, 0, 0)
        self.group = Group(replace(FOR_NAMED, max_cpu=rate), self.budget)

    def passes(self, ns: int, cpu: int = 0) -> None:
        """Let time pass, of which so much was used."""
        self.now += ns
        self.cpu += cpu
        self.budget.update(self.now, self.cpu)

    def take(self, one: Round, cost: int = MS, cause: Cause | None = None) -> None:
        self.passes(0, cost)
        self.group.took(one, Cost(cost, cost), self.now, cause)


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_first_pass_is_always_taken(stage: Stage) -> None:
    """Whatever starting has cost, there is one at the first tick."""
    stage.passes(0, 500 * MS)
    assert stage.group.is_due(stage.now)


def test_passes_come_less_often_and_that_is_told(stage: Stage) -> None:
    """Passes of 200 ms at 10 %: one every two or three seconds, all the others are put off."""
    taken, apart = [], []
    for _ in range(30):
        if stage.group.is_due(stage.now):
            stage.take(round_of(100 * MIB), 200 * MS)
            taken.append(stage.now)
            apart.append(stage.group.apart_ns)
        stage.passes(SECOND)
    assert 10 <= len(taken) <= 15
    assert set(apart[2:]) <= {2 * SECOND, 3 * SECOND}
    assert stage.cpu <= 0.1 * stage.now + 200 * MS


def test_passes_of_a_machine_are_as_seldom_as_asked() -> None:
    """Every 10 s, and none out of turn: something starts and ends all the time."""
    stage = Stage()
    stage.group = Group(FOR_MACHINE, stage.budget)
    taken = 0
    for _ in range(31):
        stage.group.changed(Cause.START)
        assert not stage.group.wants_pass()
        if stage.group.is_due(stage.now):
            stage.take(round_of(MIB))
            taken += 1
        stage.passes(SECOND)
    assert taken == 4


def test_changes_have_their_own_part_of_the_budget(stage: Stage) -> None:
    """Something starts every 20 ms: passes of 10 ms out of turn take a tenth of the budget."""
    stage.take(round_of(MIB), 10 * MS)
    for _ in range(500):
        stage.passes(20 * MS)
        stage.group.changed(Cause.START)
        if stage.group.wants_pass():
            assert stage.group.change == "start"
            stage.take(round_of(MIB), 10 * MS, Cause.START)
            assert stage.group.change is None
    assert stage.cpu <= 10 * SECOND * 0.1 * 0.1 + 60 * MS
    assert stage.group.is_due(stage.now), "ticks are not starved"


def test_tick_without_a_sum_is_tried_again(stage: Stage) -> None:
    """Where what comes and goes left a tick without one, its part of the budget pays for more.

    Until there is one; and one pass is left to the next tick.
    """
    stage.take(round_of(100 * MIB, moved=50 * MIB), 10 * MS)
    stage.passes(1900 * MS)
    tries = 0
    for _ in range(20):
        stage.group.changed(Cause.START)
        if not stage.group.wants_pass():
            break
        stage.take(round_of(100 * MIB, moved=50 * MIB), 10 * MS, Cause.START)
        tries += 1
    assert tries == 4, "1 of 10 % for changes, 3 of 40 % for ticks"
    stage.passes(300 * MS)
    stage.group.changed(Cause.START)
    assert stage.group.wants_pass()
    stage.take(round_of(100 * MIB), 10 * MS, Cause.START)
    stage.passes(20 * MS)
    stage.group.changed(Cause.START)
    assert not stage.group.wants_pass(), "there is a sum"


def test_looks_yield_to_passes_at_ticks(stage: Stage) -> None:
    """Between ticks nothing is looked for while a pass at a tick lacks the budget."""
    stage.take(round_of(100 * MIB), 50 * MS)
    stage.passes(0, 200 * MS)
    assert stage.group.affords_looks()
    stage.passes(SECOND)
    assert not stage.group.is_due(stage.now)
    assert not stage.group.affords_looks()
    stage.passes(3 * SECOND)
    assert stage.group.affords_looks()


def test_peak_of_private_memory(stage: Stage) -> None:
    """A step of 2 %, at least 1 MiB, above the highest pass of these members."""
    stage.take(round_of(100 * MIB))
    stage.passes(SECOND)
    assert not stage.group.is_peak(102 * MIB - 1)
    assert stage.group.is_peak(102 * MIB)
    stage.take(round_of(110 * MIB), cause=Cause.PEAK)
    stage.passes(SECOND)
    assert not stage.group.is_peak(112 * MIB)
    stage.take(round_of(50 * MIB))
    stage.passes(SECOND)
    assert not stage.group.is_peak(110 * MIB), "it has been as high"
    stage.group.changed(Cause.EXIT)
    stage.take(round_of(50 * MIB))
    stage.passes(SECOND)
    assert stage.group.is_peak(55 * MIB), "of other members"


def test_unsteady_peak_is_tried_again(stage: Stage) -> None:
    """While too much moves the same height is a peak again, but not for ever."""
    stage.take(round_of(100 * MIB))
    tries = 0
    for _ in range(20):
        stage.passes(SECOND)
        if stage.group.is_peak(150 * MIB):
            stage.take(round_of(150 * MIB, moved=50 * MIB), cause=Cause.PEAK)
            tries += 1
    assert tries == 3


def test_layouts_at_a_new_highest_sum(stage: Stage) -> None:
    """They are read for the highest PSS so far, from the part that is kept for peaks."""
    stage.take(round_of(100 * MIB))
    stage.group.affords(20 * MS, stage.now)
    stage.passes(2 * SECOND)
    high = round_of(100 * MIB)
    assert stage.group.affords_at_peak(high, 20 * MS)
    stage.group.all_stand(high)
    stage.passes(2 * SECOND)
    assert not stage.group.affords_at_peak(round_of(101 * MIB), 20 * MS)
    assert not stage.group.affords_at_peak(round_of(200 * MIB, moved=20 * MIB), 20 * MS)
    assert stage.group.affords_at_peak(round_of(200 * MIB), 20 * MS)


def test_marks_between_passes(stage: Stage) -> None:
    """The highest sum seen, when, and of how many; only if both passes beside it were lower."""
    stage.take(round_of(100 * MIB))
    for time_ns, private in ((1, 90), (2, 130), (3, 120)):
        stage.group.note(private * MIB, 2, time_ns)
    mark = stage.group.mark_before(110 * MIB)
    assert mark == (2, 130 * MIB, 2)
    stage.take(round_of(110 * MIB))
    stage.group.note(130 * MIB, 2, 4)
    assert stage.group.mark_before(130 * MIB) is None
    assert stage.group.mark_before(0) is None


def test_no_limit() -> None:
    """Without a budget all is affordable at once."""
    stage = Stage(None)
    stage.take(round_of(MIB), 10 * SECOND)
    stage.group.changed(Cause.EXIT)
    assert stage.group.is_due(stage.now)
    assert stage.group.wants_pass()
    assert stage.group.affords(10 * SECOND, stage.now)
    assert stage.group.is_peak(10 * MIB)
