"""FastPasses: between two ticks summary figures are read, and a layout where they call for one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from memory_watcher.model import Cause, FastReading, LayoutState
from memory_watcher.record.clock import Clock
from memory_watcher.record.policy import Policy
from tests.fakeproc import SMALL, FakeProcess

from .faketime import MS, FakeStop
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


class Resting:
    """Waits for passes of one process that stands still; `during` happens 50 ms after the first."""

    def __init__(self, parts: Parts, during: Callable[[], None] = lambda: None) -> None:
        self.parts, self.looks = parts, 0
        self.clock = Clock(1000 * MS, 20 * MS, parts.time)
        self.stop = FakeStop(parts.time)
        self.clock.wait(self.stop)
        target = next(iter(parts.run.roster.by_pid.values()))
        self.read, self.from_ns = target.read_fast, parts.time.now
        target.read_fast = self._read
        self.during = during

    def _read(self) -> FastReading | None:
        self.looks += 1
        if self.looks == 3:
            self.during()
        return self.read()

    def go_by(self) -> int:
        """How many ms went by, at 20 ms each."""
        self.parts.fast_passes.go_by(self.clock, self.stop, 1 << 63)
        return (self.parts.time.now - self.from_ns) // MS


def test_passes_that_find_nothing_new_go_by(make_parts: Callable[..., Parts]) -> None:
    """Up to the next tick; the process is known to have been as it was at the last of them."""
    parts = make_parts(FAST)
    (target,) = parts.targets(FakeProcess(7))
    resting = Resting(parts)
    assert (resting.go_by(), resting.looks) == (980, 49)
    assert (target.fast_ns, target.fast_since_ns) == (parts.time.now, 20 * MS)
    assert parts.told.fast == []


def test_none_go_by_once_something_has_come(make_parts: Callable[..., Parts]) -> None:
    """A newcomer, or what somebody asked for meanwhile: the next pass is taken."""
    parts = make_parts(FAST)
    parts.targets(FakeProcess(7))
    parts.coming.discovery_period_ns = 20 * MS
    assert Resting(parts, lambda: parts.comes(FakeProcess(8))).go_by() == 80
    take(parts)
    assert causes(parts) == [Cause.START]


def test_none_go_by_when_interrupted(make_parts: Callable[..., Parts]) -> None:
    """What is a peak may be another, or what was read last: that stays as it was noted."""
    parts = make_parts(FAST)
    (target,) = parts.targets(FakeProcess(7))

    def read_it() -> None:
        parts.fast_passes.interrupt()
        parts.reader.begin_tick(cause=Cause.ASKED)
        parts.reader.read(target)

    resting = Resting(parts, read_it)
    assert resting.go_by() == 80
    assert (target.fast_ns, target.fast_since_ns) == (resting.from_ns + 60 * MS, None)


def test_none_go_by_of_several_or_at_a_peak(make_parts: Callable[..., Parts]) -> None:
    """Each pass is taken where one may call for a layout, and where a process changes anyway."""
    parts = make_parts(FAST)
    first, second = parts.targets(FakeProcess(7), FakeProcess(8))
    resting = Resting(parts)
    assert resting.go_by() == 0
    parts.run.roster.remove(second)
    first.is_changing = True
    assert resting.go_by() == 0
    first.is_changing = False
    parts.proc.put(of_size(FakeProcess(7), 80_000))
    first.fast = first.read_fast()
    assert resting.go_by() == 0
    parts.run.roster.remove(first)
    assert resting.go_by() == 0
    second.sampler.close()
    first.sampler.close()


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


def test_the_top_of_a_rise_is_read_where_the_budget_has_one_layout(
    make_parts: Callable[..., Parts],
) -> None:
    """While it rises that one is kept; it is for the first pass that finds no more."""
    parts = make_parts(replace(FAST, max_cpu=0.10))
    process = of_size(FakeProcess(7), 70_000)
    (target,) = parts.targets(process)
    target.schedule.cost_ns = 10 * MS
    for resident in (80_000, 90_000, 100_000):
        parts.proc.put(of_size(process, resident))
        take(parts)
        assert causes(parts) == []
    take(parts)
    assert causes(parts) == [Cause.PEAK]


def test_what_rises_slowly_is_read_at_once(make_parts: Callable[..., Parts]) -> None:
    """Where passes are far apart, or each finds little more, it may be at its top any time."""
    parts = make_parts(replace(FAST, max_cpu=0.10))
    process = of_size(FakeProcess(7), 70_000)
    (target,) = parts.targets(process)
    target.schedule.cost_ns = 10 * MS
    parts.time.now += 100 * MS
    parts.proc.put(of_size(process, 80_000))
    take(parts)
    assert causes(parts) == [Cause.PEAK]


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
