"""First layouts: who is read for the first time when many have come."""

from __future__ import annotations

from itertools import pairwise

import pytest

from memory_watcher.record.firsts import FirstLayouts, Newcomer, in_order
from memory_watcher.record.throttle.cpu_budget import CpuBudget

from .faketime import MS, SECOND


class Stage:
    """First layouts of a group, driven by hand; 10 % of a core."""

    def __init__(self, *, is_bounded: bool = True, is_free: bool = False) -> None:
        self.now = self.cpu = 0
        self.budget = CpuBudget(0.10, 0, 0)
        self.firsts = FirstLayouts(self.budget, is_bounded=is_bounded, is_free=is_free)

    def passes(self, ns: int, cpu: int = 0) -> None:
        """Let time pass, of which so much was used."""
        self.now += ns
        self.cpu += cpu
        self.budget.update(self.now, self.cpu)

    def look(self, waiting: int, cost: int, *, between: bool = False) -> int:
        """Read as many of those that wait as may be; each takes so long. Tells how many."""
        self.firsts.begin(self.now, self.now, between=between)
        read = 0
        while read < waiting and self.firsts.may_read(self.now):
            self.passes(cost, cost)
            self.firsts.took(cost, cost)
            read += 1
        self.firsts.wait(waiting - read)
        return read

    def start(self, waiting: int, cost: int) -> int:
        """The first tick."""
        read = self.look(waiting, cost)
        self.firsts.started()
        self.budget.begin(self.now, self.cpu)
        return read


def test_small_groups_are_read_at_once() -> None:
    """A dozen processes of 20 ms have their layouts at the first tick."""
    assert Stage().start(12, 20 * MS) == 12


def test_the_first_tick_ends() -> None:
    """A hundred processes of 20 ms would take 2 s: it is over after half a second."""
    assert Stage().start(100, 20 * MS) == 25


def test_what_was_done_before_counts() -> None:
    """A pass that took 300 ms leaves 200 ms of the first tick; a longer one leaves 100 ms.

    Where it takes seconds, as on a machine that has no CPU for the recorder, a quarter of that: a
    tick may be all that there is for a long time, and hundreds may wait.
    """
    firsts = Stage().firsts
    firsts.begin(0, 300 * MS)
    assert firsts.may_read(499 * MS)
    assert not firsts.may_read(500 * MS)
    firsts.begin(0, 400 * MS)
    assert firsts.may_read(499 * MS)
    assert not firsts.may_read(500 * MS)
    firsts.begin(0, 3 * SECOND)
    assert firsts.may_read(3749 * MS)
    assert not firsts.may_read(3750 * MS)


def test_later_ones_are_paid() -> None:
    """After the first tick all layouts together stay within the budget, and come to an end.

    What the first tick left of the allowance is free.
    """
    stage = Stage()
    left = 100 - stage.start(100, 20 * MS)
    start_ns, start_cpu = stage.now, stage.cpu + SECOND // 2
    while left and stage.now < 60 * SECOND:
        stage.passes(20 * MS)
        left -= stage.look(left, 20 * MS, between=True)
    assert left == 0
    assert stage.cpu - start_cpu <= 0.10 * (stage.now - start_ns) + 50 * MS


def test_a_part_is_kept_from_what_has_the_right_of_way() -> None:
    """Passes that would use up all the budget leave a quarter of it to those who wait."""
    stage = Stage()
    left = 20 - stage.start(20, 100 * MS)
    while left and stage.now < 300 * SECOND:
        stage.passes(20 * MS)
        if stage.budget.allows_first(100 * MS):
            stage.passes(100 * MS, 100 * MS)
        left -= stage.look(left, 100 * MS, between=True)
    assert left == 0


def test_what_is_kept_does_not_keep_passes_away() -> None:
    """Though cheap readings leave little, an expensive pass comes, and so do first layouts."""
    stage = Stage()
    stage.budget.reserve(0.4).hold(300 * MS)
    left = 30 - stage.start(30, 100 * MS)
    passes, layouts = 0, 0
    while stage.now < 60 * SECOND:
        stage.passes(20 * MS, 600_000)
        if stage.budget.allows_first(300 * MS):
            stage.passes(300 * MS, 300 * MS)
            passes += 1
        layouts += stage.look(left - layouts, 25 * MS, between=True)
    assert passes >= 5
    assert layouts >= 10


@pytest.mark.parametrize("cheap", [9 * MS, 12 * MS])
def test_others_in_debt_do_not_starve_them(cheap: int) -> None:
    """Each 100 ms the cheap figures of many take what there is, or more: first layouts come.

    From the first second on. They take no more than the part that is kept for them: a quarter of
    95 ms each second, half of that while the start is paid off.
    """
    stage = Stage()
    stage.passes(2 * SECOND, 1500 * MS)  # the first pass over all: more than what is free
    left = 400 - stage.start(400, 5 * MS)
    before, read, second = left, list[int](), SECOND
    start_ns = stage.now
    while stage.now < start_ns + 20 * SECOND:
        stage.passes(100 * MS, cheap)
        left -= stage.look(left, 5 * MS)
        if stage.now - start_ns >= second:
            second += SECOND
            read.append(before - left)
    assert all(later > sooner for sooner, later in pairwise([0, *read]))
    assert 5 * MS * (before - left) <= 0.25 * 95 * MS * 20 + 50 * MS


def test_what_the_first_tick_left_of_the_allowance_is_theirs() -> None:
    """On a slow machine it had time for few: the others come when ticks have time for them."""
    stage = Stage()
    stage.firsts.begin(0, 480 * MS)
    stage.now = 480 * MS
    left = 26 - stage.start(26, 20 * MS)
    for _ in range(3):
        stage.passes(100 * MS)
        left -= stage.look(left, 20 * MS)
    assert left == 0


def test_nothing_is_kept_when_none_waits() -> None:
    """Then all of the budget is there for passes."""
    stage = Stage()
    stage.start(1, MS)
    stage.passes(10 * SECOND)
    assert stage.budget.allows_first(90 * MS)


def test_free_ones_are_bound_by_time_alone() -> None:
    """What a launched command starts is read soon: within a fast pass or two, at no price."""
    stage = Stage(is_free=True)
    assert stage.start(100, 20 * MS) == 25
    assert stage.look(75, 20 * MS) == 10
    assert stage.look(65, 20 * MS, between=True) == 3
    assert stage.firsts.expected_ns == 0


def test_a_single_process_never_waits() -> None:
    """Whatever it costs."""
    assert Stage(is_bounded=False).look(1, 10 * SECOND) == 1
    stage = Stage(is_bounded=False)
    stage.firsts.begin(0, 0)
    assert stage.firsts.may_read(10 * SECOND)


def test_what_one_costs_is_learnt() -> None:
    """The budget has to have as much as the last ones took."""
    stage = Stage()
    stage.start(20, 25 * MS)
    assert 20 * MS < stage.firsts.expected_ns <= 25 * MS


def test_order() -> None:
    """Small ones first; who has waited for ten seconds comes before all, by its time."""
    now = 100 * SECOND
    waiting = [
        Newcomer(1, now - SECOND, 300),
        Newcomer(2, now, 100),
        Newcomer(3, now - 11 * SECOND, 900),
        Newcomer(4, now - 12 * SECOND, 800),
        Newcomer(5, now, 200),
    ]
    assert in_order(waiting, now) == [4, 3, 2, 5, 1]
