"""CpuBudget: what may be used of a core, over any span of time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory_watcher.record.throttle.cpu_budget import CpuBudget
from tests.unit.record.faketime import MS, SECOND


def simulate(rate: float, cost: int, period: int, seconds: int, other: int = 0) -> tuple[int, int]:
    """Ask at each period whether something of this cost may be done; CPU used, times it was done.

    `other` is what is used each time besides.
    """
    cpu = done = 0
    budget = CpuBudget(rate, 0, 0)
    for now in range(0, seconds * SECOND, period):
        cpu += other
        budget.update(now, cpu)
        if budget.allows(cost, cost):
            cpu += cost
            done += 1
    return cpu, done


def test_no_limit() -> None:
    """Without a rate everything is allowed, whatever was used."""
    budget = CpuBudget(None, 0, 0)
    budget.update(SECOND, 100 * SECOND)
    assert budget.allows(1000 * SECOND, 1000 * SECOND)


def test_dear_work_is_done_as_often_as_the_rate_allows() -> None:
    """24 ms every 100 ms at 10 %: every third or so, and never more than a tenth in all."""
    cpu, done = simulate(0.10, 24 * MS, 100 * MS, 20)
    assert cpu <= 0.10 * 20 * SECOND
    assert done >= 0.8 * 2 * SECOND / (24 * MS)


def test_cheap_work_is_always_done() -> None:
    """2 ms every 100 ms at 10 % need no budget at all."""
    assert simulate(0.10, 2 * MS, 100 * MS, 5)[1] == 50


@given(
    rate=st.floats(0.01, 1.0),
    cost=st.integers(10_000, 500 * MS),
    period=st.integers(MS, 2 * SECOND),
)
def test_held_whatever_it_costs(rate: float, cost: int, period: int) -> None:
    """After any number of seconds no more was used than the rate times the time, and one work."""
    cpu, _ = simulate(rate, cost, period, 20)
    assert cpu <= rate * 20 * SECOND + cost


def test_everything_used_counts() -> None:
    """Cheap readings and writing are paid too: what they use is not there for layouts."""
    alone, _ = simulate(0.10, 20 * MS, 100 * MS, 20)
    both, done = simulate(0.10, 20 * MS, 100 * MS, 20, other=5 * MS)
    assert both <= 2 * SECOND
    assert done < alone / (20 * MS)


def test_work_dearer_than_a_second_of_budget_is_done_at_last() -> None:
    """What costs more than one second's budget waits for it, and is done at the rate."""
    cpu, done = simulate(0.01, 100 * MS, 100 * MS, 200)
    assert done >= 15
    assert cpu <= 0.01 * 200 * SECOND


def test_unused_budget_is_not_hoarded() -> None:
    """An hour of rest allows a burst of one second's worth, not of an hour's."""
    budget = CpuBudget(0.10, 0, 0)
    budget.update(3600 * SECOND, 0)
    assert budget.allows(90 * MS)
    assert not budget.allows(110 * MS)


def test_reserve() -> None:
    """What must leave a reserve is refused when there is only enough for itself."""
    budget = CpuBudget(0.10, 0, 0)
    budget.update(10 * SECOND, 0)
    assert budget.allows(60 * MS)
    assert not budget.allows(60 * MS, reserve_ns=60 * MS)


def test_forgiven() -> None:
    """What the first look cost does not delay the next."""
    budget = CpuBudget(0.10, 0, 0)
    budget.update(MS, 500 * MS)
    assert not budget.allows(20 * MS)
    budget.forgive(500 * MS)
    assert budget.allows(20 * MS)


@pytest.mark.parametrize("cost", [0, 1])
def test_free_work(cost: int) -> None:
    """Something of no cost is allowed while anything is left."""
    assert CpuBudget(0.10, 0, 0).allows(cost)


# -- what cannot wait, and what is never starved ---------------------------------------------------


def test_start_up_is_free_up_to_the_allowance() -> None:
    """One second of CPU is nobody's; the rate is what it is."""
    budget = CpuBudget(0.10, 0, 0, used_ns=SECOND)
    assert budget.debt_ns == 0
    assert budget.rate == pytest.approx(0.095)


def test_start_up_beyond_the_allowance_is_paid_off() -> None:
    """By a half of what is earned, and layouts go on with the other half."""
    budget = CpuBudget(0.10, 0, 0, used_ns=2 * SECOND)
    cpu = layouts = 0
    for now in range(0, 60 * SECOND, 100 * MS):
        budget.update(now, cpu)
        if budget.allows_layout(10 * MS):
            cpu += 10 * MS
            budget.layout_took(10 * MS)
            layouts += 1
        if now < 20 * SECOND:
            assert budget.rate == pytest.approx(0.0475)
    assert budget.debt_ns == 0
    assert cpu + 2 * SECOND <= SECOND + 0.10 * 60 * SECOND
    assert layouts >= 400


def test_first_layouts_are_in_the_allowance() -> None:
    """What is forgiven comes out of it, and beyond it is a debt as well."""
    budget = CpuBudget(0.10, 0, 0, used_ns=SECOND // 2)
    for _ in range(6):
        budget.forgive(100 * MS)
    assert budget.debt_ns == pytest.approx(100 * MS)


def test_what_is_owed_is_paid_off_by_half() -> None:
    """A second of another process's CPU: the allowance stays, and layouts go on."""
    budget = CpuBudget(0.10, 0, 0)
    budget.owe(SECOND)
    assert budget.rate == pytest.approx(0.0475)
    budget.update(10 * SECOND, 0)
    assert budget.debt_ns == pytest.approx(0.525 * SECOND)
    assert budget.allows_layout(10 * MS)
    budget.update(22 * SECOND, 0)
    assert budget.debt_ns == 0
    CpuBudget(None, 0, 0).owe(SECOND)


@pytest.mark.parametrize("cheap", [5 * MS, 10 * MS, 50 * MS])
def test_cheap_readings_do_not_starve_layouts(cheap: int) -> None:
    """Whatever is used beside them at each 100 ms, they have half of the budget."""
    budget = CpuBudget(0.10, 0, 0)
    cpu = layouts = 0
    for now in range(0, 60 * SECOND, 100 * MS):
        cpu += cheap
        budget.update(now, cpu)
        if budget.allows_layout(20 * MS, 20 * MS):
            cpu += 20 * MS
            budget.layout_took(20 * MS)
            layouts += 1
    assert layouts * 20 * MS >= 0.4 * 0.10 * 60 * SECOND


def test_where_others_have_parts_layouts_have_no_half() -> None:
    """Of a group, complete passes have the right of way."""
    budget = CpuBudget(0.10, 0, 0)
    budget.reserve(0.4).hold(50 * MS)
    budget.update(10 * SECOND, 2 * SECOND)
    assert not budget.allows_layout(MS)


def test_a_large_work_with_its_reserve_fits_in() -> None:
    """A layout that leaves two more in reserve, each more than a second's budget, comes at last."""
    budget = CpuBudget(0.10, 0, 0)
    budget.allows(200 * MS, 400 * MS)
    budget.update(60 * SECOND, 0)
    assert budget.allows(200 * MS, 400 * MS)
