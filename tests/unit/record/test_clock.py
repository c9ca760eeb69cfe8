"""Deadlines: fixed, never queued, and told how late."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memory_watcher.errors import NoSuchProcess
from memory_watcher.record.clock import Clock, Deadline, WentBy

from .faketime import MS, FakeStop, FakeTime


@pytest.fixture
def time() -> FakeTime:
    return FakeTime()


@pytest.fixture
def stop(time: FakeTime) -> FakeStop:
    return FakeStop(time)


def test_first_tick_is_at_once(time: FakeTime, stop: FakeStop) -> None:
    """Nobody waits a period for the first figures; the grid begins there."""
    assert Clock(100 * MS, time=time).wait(stop) == Deadline(0, 0)
    assert time.now == time.start


def test_no_drift(time: FakeTime, stop: FakeStop) -> None:
    """What a tick takes, and waking late, do not move the deadlines after it."""
    clock = Clock(100 * MS, time=time)
    stop.wakes_late_by = 3 * MS
    clock.wait(stop)
    for number in range(1, 50):
        time.now += 40 * MS
        assert clock.wait(stop) == Deadline(3 * MS, 0)
        assert time.now == time.start + number * 100 * MS + 3 * MS


def test_waking_early(time: FakeTime, stop: FakeStop) -> None:
    """A wait that returns too soon is gone on with: no tick before its time."""
    clock = Clock(100 * MS, time=time)
    clock.wait(stop)
    stop.wakes_early_by = 7 * MS
    assert clock.wait(stop) == Deadline(0, 0)
    assert time.now == time.start + 100 * MS


def test_a_tick_that_takes_too_long(time: FakeTime, stop: FakeStop) -> None:
    """The next begins at once and late, and the one after it is on the grid again."""
    clock = Clock(100 * MS, time=time)
    clock.wait(stop)
    time.now += 130 * MS
    assert clock.wait(stop) == Deadline(30 * MS, 0)
    assert clock.wait(stop) == Deadline(0, 0)
    assert time.now == time.start + 200 * MS


def test_skipped_deadlines(time: FakeTime, stop: FakeStop) -> None:
    """Deadlines a whole period old are given up and counted: nothing queues."""
    clock = Clock(100 * MS, time=time)
    clock.wait(stop)
    time.now += 330 * MS
    assert clock.wait(stop) == Deadline(30 * MS, 2)
    assert clock.wait(stop) == Deadline(0, 0)
    assert time.now == time.start + 400 * MS
    time.now += 200 * MS
    assert clock.wait(stop) == Deadline(0, 1)


def test_told_to_stop(time: FakeTime, stop: FakeStop) -> None:
    """Before, while or instead of waiting: None, and soon."""
    clock = Clock(100 * MS, time=time)
    clock.wait(stop)
    stop.stop_at = time.now + 1
    assert clock.wait(stop) is None
    time.now += 1000 * MS
    assert clock.wait(stop) is None
    fresh = Clock(100 * MS, time=time)
    assert fresh.wait(stop) is None


def test_until_next(time: FakeTime, stop: FakeStop) -> None:
    """The time that is left, negative when it has passed; 0 before the first."""
    clock = Clock(100 * MS, time=time)
    assert clock.until_next() == 0
    clock.wait(stop)
    assert clock.until_next() == 100 * MS
    time.now += 130 * MS
    assert clock.until_next() == -30 * MS
    fast = Clock(100 * MS, 30 * MS, time)
    fast.wait(stop)
    assert fast.until_next() == 30 * MS


def test_fast_passes_between_ticks(time: FakeTime, stop: FakeStop) -> None:
    """At their own period from each tick on; a tick goes before a pass that is due with it."""
    clock = Clock(100 * MS, 25 * MS, time)
    seen = []
    for _ in range(9):
        deadline = clock.wait(stop)
        assert deadline is not None
        assert (deadline.late_ns, deadline.skipped) == (0, 0)
        seen.append(((time.now - time.start) // MS, deadline.is_fast))
    assert seen == [
        *((0, False), (25, True), (50, True), (75, True)),
        *((100, False), (125, True), (150, True), (175, True), (200, False)),
    ]


def test_passes_go_by_while_nothing_is_new(time: FakeTime, stop: FakeStop) -> None:
    """Up to the next tick, or the time given; each looks once, at its deadline."""
    clock = Clock(100 * MS, 20 * MS, time)
    assert clock.wait_while(lambda: 1, 1, stop, 1 << 63) is None  # nothing has begun
    clock.wait(stop)
    looks: list[int] = []

    def look() -> int:
        looks.append((time.now - time.start) // MS)
        return 1

    assert clock.wait_while(look, 1, stop, time.start + 50 * MS) == WentBy(
        2, time.start + 40 * MS, time.start + 20 * MS
    )
    assert clock.wait_while(look, 1, stop, 1 << 63) == WentBy(
        2, time.start + 80 * MS, time.start + 60 * MS
    )
    assert looks == [20, 40, 60, 80]
    assert clock.wait_while(look, 1, stop, 1 << 63) is None
    assert clock.wait(stop) == Deadline(0, 0)
    assert time.now == time.start + 100 * MS


def _gone() -> int:
    raise NoSuchProcess("process 7: no such process")


@pytest.mark.parametrize("look", [lambda: 2, _gone])
def test_a_pass_that_finds_something_new_comes_next(
    time: FakeTime, stop: FakeStop, look: Callable[[], int]
) -> None:
    """What it found, or raised, is not lost: the pass is the next that there is to take."""
    clock = Clock(100 * MS, 20 * MS, time)
    clock.wait(stop)
    assert clock.wait_while(look, 1, stop, 1 << 63) is None
    assert clock.wait(stop) == Deadline(0, 0, is_fast=True)
    assert time.now == time.start + 20 * MS


def test_passes_that_come_late_are_skipped(time: FakeTime, stop: FakeStop) -> None:
    """One look for all that have passed; the next is on the grid."""
    clock = Clock(200 * MS, 20 * MS, time)
    clock.wait(stop)
    time.now += 75 * MS
    assert clock.wait_while(lambda: 1, 1, stop, time.start + 80 * MS) == WentBy(
        2, time.start + 80 * MS, time.start + 75 * MS
    )


def test_told_to_stop_while_passes_go_by(time: FakeTime, stop: FakeStop) -> None:
    """At once; those that went by before are told."""
    clock = Clock(1000 * MS, 20 * MS, time)
    clock.wait(stop)
    stop.stop_at = time.now + 50 * MS
    went = clock.wait_while(lambda: 1, 1, stop, 1 << 63)
    assert went == WentBy(2, time.start + 40 * MS, time.start + 20 * MS)
    assert clock.wait(stop) is None


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.integers(0, 400), max_size=40),
    st.sampled_from([None, 7, 25, 100, 150]),
    st.integers(0, 5),
)
def test_whatever_the_work_takes(work: list[int], fast_period: int | None, late: int) -> None:
    """Ticks are on the grid, each counted once or skipped; late is less than what was waited for.

    Fast passes starve no tick, however long they take.
    """
    time = FakeTime()
    stop = FakeStop(time)
    stop.wakes_late_by = late * MS
    clock = Clock(100 * MS, None if fast_period is None else fast_period * MS, time)
    number = -1
    fast_in_a_row = 0
    for took in work:
        due_before = clock.until_next()
        deadline = clock.wait(stop)
        assert deadline is not None
        assert 0 <= deadline.late_ns < max(100 * MS, -due_before + 1)
        due = time.now - deadline.late_ns
        if deadline.is_fast:
            fast_in_a_row += 1
            assert fast_in_a_row <= 100 // (fast_period or 1) + 1
        else:
            fast_in_a_row = 0
            number += 1 + deadline.skipped
            assert due == time.start + number * 100 * MS
        time.now += took * MS
