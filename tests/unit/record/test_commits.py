"""What a kill loses is never older than a second, whatever ticks take."""

from __future__ import annotations

import random

from memory_watcher.record.commits import CommitTimer

MS = 1_000_000
SECOND = 1000 * MS


def oldest_lost(period: int, fast: int | None, tick_takes: int, fast_takes: int) -> int:
    """Run passes at their deadlines for a while; how far back a kill would ever have thrown it.

    That is to the last pass that was committed; while one goes on, to its begin at least.
    """
    timer = CommitTimer()
    now, safe, began, worst = 0, 0, 0, 0
    is_pending = False
    next_tick, next_fast = 0, fast
    for _ in range(2000):
        is_fast = next_fast is not None and next_fast < next_tick
        now = max(now, next_fast if is_fast and next_fast is not None else next_tick)
        if is_pending:
            worst = max(worst, now - safe)
        if timer.is_due_before(now, is_fast):
            timer.committed()
            safe, is_pending = began, False
        timer.begins(now)
        worst = max(worst, now - safe if is_pending else 0)
        began = now
        takes = fast_takes if is_fast else tick_takes
        now += takes
        worst = max(worst, now - (safe if is_pending else began))
        is_pending = True
        timer.took(takes, is_fast)
        if is_fast:
            assert fast is not None
            next_fast = now + fast
        else:
            next_tick = now + max(period - takes, 1)
            next_fast = now + fast if fast is not None else None
        due = next_tick if next_fast is None else min(next_tick, next_fast)
        if timer.is_due(now, due - now):
            timer.committed()
            safe, is_pending = began, False
    return worst


def test_never_older_than_a_second() -> None:
    """Neither while a pass goes on nor while the next is waited for; whatever the periods."""
    choose = random.Random(1)
    for _ in range(300):
        period = choose.choice([10, 50, 100, 333, 700, 1000, 5000]) * MS
        fast = choose.choice([None, 5 * MS, 20 * MS, 400 * MS])
        takes = choose.randrange(1, 400) * MS
        if fast is not None or takes < period:
            assert oldest_lost(period, fast, takes, choose.randrange(1, 50) * MS) <= SECOND


def test_long_ticks_are_committed_before_the_next() -> None:
    """A tick that takes 0.6 s waits for none that takes as long: 1.2 s would be lost."""
    assert oldest_lost(10 * MS, None, 600 * MS, 0) <= 601 * MS


def test_in_the_middle_of_a_tick() -> None:
    """A tick of very many processes is committed in parts."""
    timer = CommitTimer()
    timer.begins(0)
    assert not timer.is_due_within(800 * MS)
    assert timer.is_due_within(950 * MS)
    timer.committed()
    timer.begins(950 * MS)
    assert not timer.is_due_within(1800 * MS)
    assert timer.is_due_within(1900 * MS)
    timer.committed()
    timer.begins(1900 * MS)
    assert timer.is_due(2000 * MS, 500 * MS)  # its end waits for no next tick


def test_counted_from_what_is_safe() -> None:
    """A period of 0.6 s: who looks afterwards finds the last tick no older than a second."""
    timer = CommitTimer()
    for now in (0, 600 * MS, 1200 * MS):
        timer.begins(now)
        timer.took(MS, is_fast=False)
        assert timer.is_due(now + MS, 599 * MS) == (now > 0)
        if now:
            timer.committed()


def test_nothing_to_commit() -> None:
    """Without anything stored nothing is due."""
    assert not CommitTimer().is_due(SECOND, 10 * SECOND)


def test_what_is_not_stored_can_wait() -> None:
    """Until the last pass before what there is gets too old; for ever once all is safe."""
    timer = CommitTimer()
    assert timer.idle_until(20 * MS) > 1 << 62
    timer.begins(5 * SECOND)
    timer.took(MS, False)
    assert timer.idle_until(20 * MS) == 5 * SECOND + 880 * MS
    assert not timer.is_due(timer.idle_until(20 * MS) - 1, 20 * MS)
    assert timer.is_due(timer.idle_until(20 * MS) + 1, 20 * MS)
    timer.committed()
    assert timer.idle_until(20 * MS) > 1 << 62
