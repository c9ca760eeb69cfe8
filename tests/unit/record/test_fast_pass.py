"""FastPasses: between two ticks summary figures are read, and a layout where they call for one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from memory_watcher.model import Cause, LayoutState
from memory_watcher.record.policy import Policy
from tests.fakeproc import SMALL, FakeProcess

from .faketime import MS
from .parts import Parts

FAST = Policy(fast_period_ns=20 * MS)


def of_size(process: FakeProcess, resident: int) -> FakeProcess:
    """The process with so many KiB of its heap in RAM."""
    return replace(process, areas=(SMALL[0], SMALL[1]._replace(size=900_000, rss=resident)))


def take(parts: Parts) -> None:
    parts.time.now += 20 * MS
    parts.fast_passes.take()


def causes(parts: Parts) -> list[Cause | None]:
    """Why there were ticks, after the first one."""
    return [tick.cause for tick in parts.told.ticks[1:]]


def test_figures_are_told_when_they_change(make_parts: Callable[..., Parts]) -> None:
    """Nothing rises: no tick is begun, no layout is read."""
    parts = make_parts(FAST)
    process = FakeProcess(7)
    parts.targets(process)
    take(parts)
    assert parts.told.fast == []
    parts.proc.put(of_size(process, 100))
    take(parts)
    assert [(pid, reading.resident) for pid, _, reading in parts.told.fast] == [(7, 104 << 10)]
    assert (causes(parts), parts.told.states()) == ([], [])


def test_a_peak_has_a_layout_at_once(make_parts: Callable[..., Parts]) -> None:
    """In a tick of its own, once; it is counted."""
    parts = make_parts(FAST)
    process, other = FakeProcess(7), FakeProcess(8)
    parts.targets(process, other)
    parts.proc.put(of_size(process, 80_000))
    take(parts)
    take(parts)
    assert causes(parts) == [Cause.PEAK]
    assert parts.told.states() == [(7, LayoutState.EXACT)]
    assert parts.run.progress.peaks == 1


def test_an_end_is_seen_between_two_ticks(make_parts: Callable[..., Parts]) -> None:
    """It has a tick of its own; one that lives and cannot be read just now is left to the tick."""
    parts = make_parts(FAST)
    process = FakeProcess(7)
    parts.targets(process, FakeProcess(8))
    parts.proc.write("8/statm", b"no sense\n")
    parts.proc.put(replace(process, state="Z", areas=()))
    take(parts)
    assert causes(parts) == [Cause.EXIT]
    assert parts.told.states() == [(7, LayoutState.ZOMBIE)]
    assert list(parts.run.roster.by_pid) == [8]


def test_many_take_turns(make_parts: Callable[..., Parts]) -> None:
    """So that a pass stays cheap: sixteen at once, and each has its turn."""
    parts = make_parts(FAST)
    processes = [FakeProcess(100 + number) for number in range(40)]
    parts.targets(*processes)
    for process in processes:
        parts.proc.put(of_size(process, 100))
    seen = []
    for _ in range(3):
        take(parts)
        seen.append(len(parts.told.fast))
    assert seen == [16, 32, 40]
    assert {pid for pid, *_ in parts.told.fast} == {process.pid for process in processes}


def test_newcomers_are_looked_for_where_they_come_between(make_parts: Callable[..., Parts]) -> None:
    """Though nothing else is read then; who comes has a tick, with its first layout."""
    parts = make_parts(Policy())
    process = FakeProcess(7)
    parts.targets(process)
    parts.coming.asked_for.clear()
    parts.proc.put(of_size(process, 80_000))
    parts.coming.discovery_period_ns = 20 * MS
    take(parts)
    assert (parts.coming.asked_for, causes(parts), parts.told.fast) == ([False], [], [])
    parts.comes(FakeProcess(8))
    take(parts)
    assert causes(parts) == [Cause.START]
    assert parts.told.states() == [(8, LayoutState.EXACT)]


def test_who_is_named_is_not_looked_for(make_parts: Callable[..., Parts]) -> None:
    """Nobody else can come."""
    parts = make_parts(FAST)
    parts.targets(FakeProcess(7))
    parts.coming.asked_for.clear()
    take(parts)
    assert parts.coming.asked_for == []


def test_a_peak_that_is_too_dear(make_parts: Callable[..., Parts]) -> None:
    """No tick is begun for it; its summary figures are there. The ticks tell what is lacking."""
    parts = make_parts(replace(FAST, max_cpu=0.01))
    process = FakeProcess(7)
    (target,) = parts.targets(process)
    target.schedule.cost_ns = 100 * MS
    parts.proc.put(of_size(process, 80_000))
    take(parts)
    assert causes(parts) == []
    assert [pid for pid, *_ in parts.told.fast] == [7]
    assert parts.said == []


def test_a_peak_that_would_hold_its_process_up_is_said(make_parts: Callable[..., Parts]) -> None:
    """It is not read; that is said once."""
    parts = make_parts(replace(FAST, max_stall_ns=20 * MS))
    process = FakeProcess(7)
    (target,) = parts.targets(process)
    target.schedule.stall_ns = 30 * MS
    parts.proc.put(of_size(process, 80_000))
    take(parts)
    parts.proc.put(of_size(process, 81_000))
    take(parts)
    assert causes(parts) == []
    (notice,) = parts.said
    assert "holds it up for 30 ms, longer than the allowed 20 ms" in str(notice)
