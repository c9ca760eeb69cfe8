"""Who is whose child: by PID and start time, in whatever order processes were read."""

from __future__ import annotations

import itertools
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from memory_watcher.analysis.parents import parents, walk


class Seen(NamedTuple):
    id: int
    pid: int
    start_time: int
    parent_pid: int | None
    first_tick: int | None = 1
    end_tick: int | None = None
    machine_id: int = 1


def test_pid_that_was_used_again() -> None:
    """Of several processes that had the parent's PID, the one that lived then is the parent."""
    processes = [
        Seen(1, pid=10, start_time=5, parent_pid=1, end_tick=4),
        Seen(2, pid=11, start_time=20, parent_pid=10),
        Seen(3, pid=10, start_time=60, parent_pid=1, first_tick=5),
        Seen(4, pid=12, start_time=70, parent_pid=10, first_tick=6),
        Seen(5, pid=13, start_time=70, parent_pid=99, first_tick=6),
        Seen(6, pid=14, start_time=0, parent_pid=None, first_tick=None),
    ]
    assert parents(processes) == {1: None, 2: 1, 3: None, 4: 3, 5: None, 6: None}


def test_any_order() -> None:
    """A server, its helper and the helper's child: the same tree, whichever was read first."""
    family = [(10, 100, 1), (11, 101, 10), (12, 101, 10), (13, 102, 12)]
    for order in itertools.permutations(family):
        processes = [
            Seen(number, pid, start, parent, first_tick=number)
            for number, (pid, start, parent) in enumerate(order, 1)
        ]
        pid_of = {process.id: process.pid for process in processes}
        parent_of = {pid_of[child]: pid_of.get(up or 0) for child, up in parents(processes).items()}
        assert parent_of == {10: None, 11: 10, 12: 10, 13: 12}


def test_rough_start_times() -> None:
    """Within 10 ms a child seems to start with its parent, and with its own children."""
    processes = [Seen(1, 12, 7, 11), Seen(2, 11, 7, 10), Seen(3, 10, 7, 1)]
    assert parents(processes) == {1: 2, 2: 3, 3: None}


def test_parent_that_started_later_is_none() -> None:
    """The PID of a parent that ended unseen went to another: that one is no parent."""
    assert parents([Seen(1, 11, 50, 10), Seen(2, 10, 51, 1)]) == {1: None, 2: None}


def test_parent_that_ended_before() -> None:
    """It had been found to have ended when the child came: somebody unseen had its PID then."""
    ended = Seen(1, 10, 5, 1, end_tick=3)
    assert parents([ended, Seen(2, 11, 50, 10, first_tick=4)])[2] is None
    assert parents([ended, Seen(2, 11, 50, 10, first_tick=3)])[2] == 1
    older = Seen(3, 10, 2, 1)
    assert parents([older, ended, Seen(2, 11, 50, 10, first_tick=4)])[2] is None


def test_other_machines_and_boots() -> None:
    """A PID says nothing about another machine, or after another boot."""
    processes = [Seen(1, 10, 5, 1, machine_id=1), Seen(2, 11, 6, 10, machine_id=2)]
    assert parents(processes) == {1: None, 2: None}


def test_its_own_parent() -> None:
    """What says so is a root: no process may get lost in a circle."""
    assert parents([Seen(1, 10, 5, 10)]) == {1: None}
    circle = parents([Seen(1, 10, 5, 11), Seen(2, 11, 5, 12), Seen(3, 12, 5, 10)])
    assert sorted(number for _, number in walk(dict.fromkeys(circle, 0), circle)) == [1, 2, 3]


SEEN = st.builds(
    Seen,
    id=st.just(0),
    pid=st.integers(1, 4),
    start_time=st.integers(0, 3),
    parent_pid=st.none() | st.integers(0, 4),
    first_tick=st.none() | st.integers(0, 3),
    end_tick=st.none() | st.integers(0, 3),
    machine_id=st.integers(1, 2),
)


@given(st.lists(SEEN, max_size=8))
def test_nobody_is_lost(seen: list[Seen]) -> None:
    """Whatever a file says: everyone is in the tree once, and no parent started after its child."""
    processes = [each._replace(id=number) for number, each in enumerate(seen, 1)]
    parent_of = parents(processes)
    walked = [number for _, number in walk(dict.fromkeys(parent_of, 0), parent_of)]
    assert sorted(walked) == sorted(parent_of)
    for child, above in parent_of.items():
        if above is not None:
            assert processes[above - 1].start_time <= processes[child - 1].start_time


def test_walk() -> None:
    """Parents stand before their children, big ones before small; orphans below who is left."""
    parent_of = {1: None, 2: 1, 3: 1, 4: 2, 5: 4, 6: 99}
    alive = {1: 10, 2: 20, 3: 30, 5: 50, 6: None}
    assert list(walk(alive, parent_of)) == [(0, 1), (1, 3), (1, 2), (2, 5), (0, 6)]
    in_a_circle: dict[int, int | None] = {1: 2, 2: 1}
    assert list(walk({}, in_a_circle)) == []
