"""FastPace: how often cheap readings are taken when a machine is slow."""

from __future__ import annotations

import pytest

from memory_watcher.record.throttle.cpu_budget import CpuBudget
from memory_watcher.record.throttle.fast_pace import FastPace
from tests.unit.record.faketime import MS, SECOND

FAST, TICK = 20 * MS, SECOND


class Stage:
    """A recorder that does nothing but cheap readings, at 10 % of a core."""

    def __init__(self, budget: CpuBudget | None = None, tick_ns: int = TICK) -> None:
        self.budget = budget or CpuBudget(0.10, 0, 0)
        self.pace = FastPace(self.budget, FAST, tick_ns, 0)
        self.tick_ns = tick_ns
        self.now = self.cpu = self.ticks = self.passes = 0

    def runs(self, seconds: float, cost: int, tick_cost: int) -> None:
        """Ticks and fast passes take so much CPU; the next one begins when it may."""
        end = self.now + round(seconds * SECOND)
        next_tick = self.now
        while self.now < end:
            is_tick = self.now >= next_tick
            used = tick_cost if is_tick else cost
            self.cpu += used
            self.now += used
            if is_tick:
                self.ticks += 1
                next_tick += self.tick_ns
            else:
                self.passes += 1
            self.budget.update(self.now, self.cpu)
            wait = self.pace.took(used, self.now, is_fast=not is_tick)
            self.now = min(self.now + max(wait, FAST), max(next_tick, self.now))


def test_a_fast_machine_has_the_period_asked_for() -> None:
    """0.1 ms every 20 ms is half a percent: nothing waits, and nothing is said."""
    stage = Stage()
    stage.runs(60, MS // 10, MS)
    assert stage.passes >= 0.95 * 60 * SECOND / FAST
    assert stage.pace.stretched_ns is None


@pytest.mark.parametrize(
    ("cost", "tick_cost"), [(2 * MS, 20 * MS), (5 * MS, 20 * MS), (20 * MS, MS)]
)
def test_a_slow_machine_has_a_longer_one(cost: int, tick_cost: int) -> None:
    """All that is cheap takes a half of the budget and no more; each tick is taken."""
    stage = Stage()
    stage.runs(60, cost, tick_cost)
    assert stage.ticks == 60
    assert stage.cpu <= 0.5 * 0.10 * 60 * SECOND + cost + 50 * MS
    assert stage.cpu >= 0.4 * 0.095 * 60 * SECOND
    assert stage.pace.stretched_ns is not None
    found = 60 * SECOND / stage.passes
    assert 0.5 * found <= stage.pace.stretched_ns <= 2 * found


def test_never_below_one_reading_a_period() -> None:
    """Where ticks alone take more than their part, they are all there is."""
    stage = Stage()
    stage.runs(60, 20 * MS, 100 * MS)
    assert stage.ticks == 60
    assert stage.passes <= 2
    assert stage.pace.stretched_ns == TICK


def test_one_pass_that_took_long_stretches_nothing() -> None:
    """As much is saved up as a busy machine takes for once."""
    stage = Stage()
    stage.runs(1, MS // 10, MS)
    assert stage.pace.took(10 * MS, stage.now, is_fast=True) == 0


def test_it_recovers() -> None:
    """When the machine is fast again, the period is what was asked for, at once."""
    stage = Stage()
    stage.runs(30, 10 * MS, 10 * MS)
    passes = stage.passes
    stage.runs(10, MS // 10, MS)
    assert stage.passes - passes >= 0.9 * 10 * SECOND / FAST
    assert stage.pace.stretched_ns is None


def test_debts_leave_it_half() -> None:
    """While start-up is being paid off, cheap readings take a quarter of the budget."""
    stage = Stage(CpuBudget(0.10, 0, 0, used_ns=5 * SECOND))
    stage.runs(60, 5 * MS, 5 * MS)
    assert stage.budget.debt_ns > 0
    assert stage.cpu <= 0.25 * 0.10 * 60 * SECOND + 50 * MS


def test_without_a_limit_nothing_waits() -> None:
    """--max-cpu 0 takes what it takes; where nothing is read between ticks nothing is stretched."""
    stage = Stage(CpuBudget(None, 0, 0))
    assert [stage.pace.took(SECOND, now * MS, is_fast=True) for now in range(5)] == [0] * 5
    assert FastPace(CpuBudget(0.1, 0, 0), None, TICK, 0).took(SECOND, 1, is_fast=False) == 0


def test_a_recorder_that_was_stopped_is_not_slow() -> None:
    """It stood still for a minute: nothing was put off for want of budget."""
    stage = Stage()
    stage.runs(6, MS // 10, MS)
    stage.now += 60 * SECOND
    stage.runs(6, MS // 10, MS)
    assert stage.pace.stretched_ns is None
