"""Run: what the parts of a recorder share tells them who is read, and what is together."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import cast

import pytest

from memory_watcher.model import Cause
from memory_watcher.record.notices import Failed, Task
from memory_watcher.record.policy import Policy
from memory_watcher.record.together import Together
from tests.fakeproc import FakeProcess

from .faketime import MS
from .parts import Parts


class Changes:
    """Stands in the place of sums over processes, which nothing here reads."""

    def __init__(self) -> None:
        self.causes: list[Cause] = []

    def changed(self, cause: Cause) -> None:
        self.causes.append(cause)


def test_none_of_several_is_read_once_the_recording_is_to_end(parts: Parts) -> None:
    """Their tick may take its time. One alone is: the last tick has its reading."""
    first, second = parts.targets(FakeProcess(7), FakeProcess(8))
    parts.run.stop = threading.Event()
    assert parts.run.lives(first)
    parts.run.stop.set()
    assert not parts.run.lives(first)
    parts.run.roster.remove(second)
    parts.run.let_go(second.sampler)
    assert parts.run.lives(first)
    parts.run.roster.remove(first)
    parts.run.let_go(first.sampler)
    assert not parts.run.lives(first)


def test_who_has_ended_is_not_read(parts: Parts) -> None:
    """Nor is another that has its PID by now the same target."""
    (target,) = parts.targets(FakeProcess(7))
    parts.run.roster.remove(target)
    assert not parts.run.lives(target)
    (other,) = parts.targets(FakeProcess(7, start_time=2000))
    assert (parts.run.lives(target), parts.run.lives(other)) == (False, True)
    parts.run.let_go(target.sampler)


def test_one_alone_is_all_there_is(parts: Parts) -> None:
    """Of a tree, once its first layout is read; of processes that are named each for itself none.

    Nor of a whole machine, whose passes come less often than its ticks.
    """
    run = parts.run
    (first,) = parts.targets(FakeProcess(7))
    assert (run.reads_all_together, run.is_alone) == (False, False)
    run.together = cast(Together, Changes())
    assert (run.reads_all_together, run.is_alone) == (True, True)
    run.policy = replace(run.policy, pass_every_ns=1)
    assert (run.reads_all_together, run.is_alone) == (False, False)
    run.policy = replace(run.policy, pass_every_ns=0)
    run.together = None
    parts.targets(FakeProcess(8))
    run.together = cast(Together, Changes())
    assert (run.reads_all_together, run.is_alone) == (True, False)
    run.roster.remove(first)
    assert run.is_alone
    (waiting,) = run.roster.by_pid.values()
    run.roster.waiting[waiting.process_id] = waiting
    assert not run.is_alone
    run.let_go(first.sampler)


def test_changes_are_told_to_the_sums(parts: Parts) -> None:
    """If there are any."""
    parts.run.changed(Cause.EXEC)
    changes = Changes()
    parts.run.together = cast(Together, changes)
    parts.run.changed(Cause.EXIT)
    assert changes.causes == [Cause.EXIT]


@pytest.mark.parametrize(("used", "is_left"), [(0, True), (30 * MS, False)])
def test_the_budget_is_told_what_was_used(
    make_parts: Callable[..., Parts], used: int, is_left: bool
) -> None:
    """And the time of now is returned."""
    parts = make_parts(Policy(max_cpu=0.10))
    parts.time.now += 100 * MS
    parts.time.cpu += used
    assert parts.run.update_budget() == parts.time.now
    assert parts.run.budget.allows(5 * MS, 0) is is_left


def test_what_cannot_be_closed_is_said_once(parts: Parts) -> None:
    """The recording goes on."""

    class Stuck:
        def close(self) -> None:
            raise ValueError("stuck")

    for _ in range(3):
        parts.run.let_go(Stuck())  # type: ignore[arg-type]
    (notice,) = parts.said
    assert isinstance(notice, Failed)
    assert notice.task is Task.CLOSE
    assert "stuck" in str(notice)
