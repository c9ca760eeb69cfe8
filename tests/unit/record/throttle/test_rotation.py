"""RoundBudget: layouts cost no more than one round over all processes in a given time."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from memory_watcher.record.throttle.rotation import RoundBudget
from tests.unit.record.faketime import MS, SECOND


def simulate(costs: list[int], ticks: int, period: int, round_every: int) -> tuple[list[int], int]:
    """Let all processes change at every tick; who was read how often, and the CPU it took."""
    rounds = RoundBudget()
    for pid, cost in enumerate(costs):
        rounds.learn(pid, cost)
    read = [0] * len(costs)
    last = [0] * len(costs)
    spent = readings = 0
    for tick in range(ticks):
        rounds.pass_time(tick * period, round_every)
        for pid in sorted(range(len(costs)), key=last.__getitem__):
            if rounds.any_left:
                rounds.spend(costs[pid])
                spent += costs[pid]
                read[pid] += 1
                last[pid] = readings = readings + 1
    return read, spent


COSTS = st.lists(st.integers(1, 30 * MS), min_size=1, max_size=40)


@given(COSTS, st.sampled_from([100 * MS, SECOND, 3 * SECOND]))
def test_all_take_turns(costs: list[int], period: int) -> None:
    """Over ten rounds nobody is read much less often than others, and it costs ten rounds."""
    read, spent = simulate(costs, 100 * SECOND // period, period, 10 * SECOND)
    assert spent <= 10 * sum(costs) + max(costs)
    assert max(read) - min(read) <= 1
    assert min(read) >= 8


def test_nothing_at_the_start() -> None:
    """The first layouts of all were the first round."""
    rounds = RoundBudget()
    rounds.learn(1, 5 * MS)
    rounds.pass_time(0, SECOND)
    assert not rounds.any_left
    rounds.pass_time(MS, SECOND)
    assert rounds.any_left


def test_what_is_saved_up() -> None:
    """After a long rest there is one round, and no more."""
    rounds = RoundBudget()
    rounds.learn(1, 5 * MS)
    rounds.learn(2, 5 * MS)
    rounds.pass_time(0, SECOND)
    rounds.pass_time(100 * SECOND, SECOND)
    rounds.spend(10 * MS)
    assert not rounds.any_left


def test_debts_are_no_more_than_a_round() -> None:
    """What could not wait is paid for later, but others need not wait for ever because of it."""
    rounds = RoundBudget()
    rounds.learn(1, 5 * MS)
    rounds.pass_time(0, SECOND)
    for _ in range(100):
        rounds.spend(5 * MS)
    rounds.pass_time(SECOND, SECOND)
    assert not rounds.any_left
    rounds.pass_time(SECOND + MS, SECOND)
    assert rounds.any_left


def test_the_round_follows_the_processes() -> None:
    """It is what reading each of them cost the last time."""
    rounds = RoundBudget()
    rounds.learn(1, 5 * MS)
    rounds.learn(2, 7 * MS)
    rounds.learn(1, 6 * MS)
    assert rounds.round_ns == 13 * MS
    rounds.forget(1)
    rounds.forget(3)
    assert rounds.round_ns == 7 * MS
