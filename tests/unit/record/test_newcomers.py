"""Newcomers: who comes is taken in at once, and read as far as there is time for it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from memory_watcher.errors import NoSuchProcess
from memory_watcher.model import Cause, LayoutState, Sample
from memory_watcher.procfs.process_files import ProcessFiles
from memory_watcher.record.notices import Failed, Task
from memory_watcher.record.policy import Policy
from memory_watcher.record.throttle import cpu_budget
from tests.fakeproc import SMALL, FakeProcess

from .faketime import MS, SECOND
from .parts import Parts

#: Reads no more than what the budget pays for, as of a group.
PAID = Policy(max_cpu=0.10, free_firsts=False)


def of_size(pid: int, resident: int) -> FakeProcess:
    """A process whose heap has so many KiB in RAM."""
    return FakeProcess(pid, areas=(SMALL[0], SMALL[1]._replace(size=9000, rss=resident)))


def test_who_comes_is_taken_in_and_waits(parts: Parts) -> None:
    """What became of each is told to who found it; nothing is read yet."""
    parts.comes(FakeProcess(7), FakeProcess(8))
    parts.reader.begin_tick(late_ns=0)
    parts.newcomers.admit()
    assert parts.coming.outcomes == {7: None, 8: None}
    assert [target.pid for target in parts.run.roster.waiting.values()] == [7, 8]
    assert parts.run.progress.processes == 2
    assert parts.told.states() == []
    parts.newcomers.read()
    assert parts.told.states() == [(7, LayoutState.EXACT), (8, LayoutState.EXACT)]
    assert not parts.run.roster.waiting


def test_who_has_gone_again_is_told_to_who_found_it(parts: Parts) -> None:
    """And takes nobody's place; the others are taken in."""
    parts.comes(FakeProcess(7), FakeProcess(8))
    for name in ("stat", "statm", "status", "smaps"):
        parts.proc.write(f"7/{name}", b"")
    parts.reader.begin_tick(late_ns=0)
    parts.newcomers.admit()
    assert isinstance(parts.coming.outcomes[7], NoSuchProcess)
    assert [target.pid for target in parts.run.roster.by_pid.values()] == [8]


def test_a_recording_that_is_to_end_takes_no_more_in(parts: Parts) -> None:
    """Those that wait are not read either."""
    parts.targets(FakeProcess(6))
    parts.comes(FakeProcess(7), FakeProcess(8))
    parts.run.stop = threading.Event()
    parts.run.stop.set()
    parts.reader.begin_tick(late_ns=0)
    parts.newcomers.admit()
    parts.newcomers.read()
    assert list(parts.coming.outcomes) == [6, 7]
    assert parts.told.states() == []


def test_who_comes_between_two_ticks_begins_one(parts: Parts) -> None:
    """One for all of them; nobody, none."""
    assert not parts.newcomers.admit_between()
    assert parts.told.ticks == []
    parts.comes(FakeProcess(7), FakeProcess(8))
    assert parts.newcomers.admit_between()
    assert [tick.cause for tick in parts.told.ticks] == [Cause.START]
    assert parts.coming.asked_for == [False, False]
    parts.reader.begin_tick(late_ns=0)
    parts.newcomers.admit()
    parts.comes(FakeProcess(9))
    parts.newcomers.admit()
    assert len(parts.told.ticks) == 2


def test_the_smallest_come_first_while_there_is_budget(
    make_parts: Callable[..., Parts], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without any they show their summary figures at a tick; nothing begins one for that."""
    monkeypatch.setattr(cpu_budget, "ALLOWANCE_NS", 0)
    parts = make_parts(PAID, is_bounded=True)
    parts.firsts.started()
    parts.comes(of_size(7, 8000), of_size(8, 40), of_size(9, 800))
    parts.reader.begin_tick(late_ns=0)
    parts.newcomers.admit()
    parts.time.cpu += 30 * MS
    parts.run.update_budget()
    parts.newcomers.read()
    assert parts.told.states() == [(pid, LayoutState.NOT_TAKEN) for pid in (7, 8, 9)]
    parts.time.now += 10 * MS
    parts.run.update_budget()
    parts.newcomers.read_between()
    assert (parts.told.states(), len(parts.told.ticks)) == ([], 1)  # nothing is saved up yet
    parts.time.now += SECOND
    parts.run.update_budget()
    parts.newcomers.read_between()
    assert parts.told.states() == [(pid, LayoutState.EXACT) for pid in (8, 9, 7)]
    assert parts.told.ticks[-1].cause is Cause.START


def test_a_tick_reads_first_layouts_only_for_so_long(make_parts: Callable[..., Parts]) -> None:
    """What is left shows its summary figures, and waits for the next one."""
    parts = make_parts(Policy(), is_bounded=True)
    parts.firsts.started()
    told = parts.told.sample

    def slow(process_id: int, sample: Sample, delay_ns: int | None) -> None:
        parts.time.now += SECOND
        told(process_id, sample, delay_ns)

    parts.told.sample = slow  # type: ignore[method-assign]
    parts.comes(FakeProcess(7), FakeProcess(8))
    parts.reader.begin_tick(late_ns=0)
    parts.newcomers.admit()
    parts.newcomers.read()
    assert parts.told.states() == [(7, LayoutState.EXACT), (8, LayoutState.NOT_TAKEN)]
    parts.reader.begin_tick(late_ns=0)
    parts.newcomers.read()
    assert parts.told.states() == [(8, LayoutState.EXACT)]


def test_who_has_the_pid_of_one_that_ended_misses_no_tick(parts: Parts) -> None:
    """It is looked for when one has left, and only then."""
    parts.newcomers.read_successors()
    assert parts.coming.asked_for == []
    (target,) = parts.targets(FakeProcess(7))
    parts.proc.put(FakeProcess(7, state="Z", areas=()))
    parts.reader.begin_tick(late_ns=0)
    parts.reader.read(target)
    parts.told.states()
    parts.comes(FakeProcess(7, start_time=2000))
    parts.newcomers.read_successors()
    assert parts.told.states() == [(7, LayoutState.EXACT)]
    (successor,) = parts.run.roster.by_pid.values()
    assert successor.sampler.facts.key.start_time == 2000


def test_a_fault_in_looking_for_newcomers_costs_that_look(parts: Parts) -> None:
    """It is said once; who was found before stays, and the next look finds others."""

    def failing(*, all_sharers: bool = False) -> Iterator[ProcessFiles]:
        if parts.coming.waiting:
            yield parts.coming.waiting.pop(0)
        raise ValueError("no list")

    found = parts.coming.arrivals
    parts.coming.arrivals = failing  # type: ignore[method-assign]
    parts.comes(FakeProcess(7))
    for _ in range(3):
        parts.reader.begin_tick(late_ns=0)
        parts.newcomers.admit()
    (notice,) = parts.said
    assert isinstance(notice, Failed)
    assert notice.task is Task.SCAN
    parts.coming.arrivals = found  # type: ignore[method-assign]
    parts.comes(FakeProcess(8))
    parts.newcomers.admit()
    assert list(parts.run.roster.by_pid) == [7, 8]


def test_who_waits_is_counted(make_parts: Callable[..., Parts]) -> None:
    """For the status line: none when all have their layouts."""
    parts = make_parts(Policy())
    parts.targets(FakeProcess(7), FakeProcess(8))
    assert parts.run.progress.newcomers == 0


def test_one_that_would_be_held_up_waits_for_nothing(make_parts: Callable[..., Parts]) -> None:
    """It has its summary figures at once, no layout, and others are not kept waiting by it."""
    parts = make_parts(Policy(max_stall_ns=1))
    parts.targets(FakeProcess(7))
    assert parts.told.held_up == 1
    assert not parts.run.roster.waiting
    assert parts.run.progress.layouts == 0
    (notice,) = parts.said
    assert "longer than the allowed" in str(notice)
