"""The parts of a recorder over a fake proc filesystem: each is told its clock, none is patched."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from memory_watcher.errors import SourceError
from memory_watcher.model import (
    FastReading,
    LayoutState,
    Member,
    Pass,
    ProcessFacts,
    ProcessKey,
    Sample,
    SystemMemory,
    Tick,
)
from memory_watcher.procfs.process_files import ProcessFiles
from memory_watcher.procfs.source import ProcSource
from memory_watcher.record.boundary import Boundary
from memory_watcher.record.fast_pass import FastPasses
from memory_watcher.record.firsts import FirstLayouts
from memory_watcher.record.newcomers import Newcomers
from memory_watcher.record.notices import Notice, Unrecordable
from memory_watcher.record.notifier import Notifier
from memory_watcher.record.policy import Policy
from memory_watcher.record.run import Run
from memory_watcher.record.sink import Sink
from memory_watcher.record.target import Target
from memory_watcher.record.target_reader import TargetReader
from memory_watcher.record.targets import Unread
from memory_watcher.record.throttle.cpu_budget import CpuBudget
from memory_watcher.record.throttle.layout_costs import LayoutCosts
from memory_watcher.record.throttle.rotation import RoundBudget
from memory_watcher.record.tick_layouts import TickLayouts
from tests.fakeproc import FakeProc, FakeProcess

from .faketime import FakeTime


class Told(Sink):
    """Takes what a recorder tells, in short: `ticks`, `samples` by PID, `fast` and `ended`."""

    def __init__(self) -> None:
        self.ticks: list[Tick] = []
        self.samples: list[tuple[int, LayoutState]] = []
        self.fast: list[tuple[int, int, FastReading]] = []
        self.ended: list[int] = []
        self.left_unread = self.held_up = 0
        self._pids: list[int] = []

    def tick(self, tick: Tick) -> int:
        self.ticks.append(tick)
        return len(self.ticks)

    def add_process(self, facts: ProcessFacts) -> int:
        self._pids.append(facts.key.pid)
        return len(self._pids)

    def sample(self, process_id: int, sample: Sample, delay_ns: int | None) -> None:
        self.samples.append((self._pids[process_id - 1], sample.state))

    def fast_reading(
        self, process_id: int, time_ns: int, since_ns: int, reading: FastReading
    ) -> None:
        self.fast.append((self._pids[process_id - 1], since_ns, reading))

    def end_process(self, process_id: int) -> None:
        self.ended.append(self._pids[process_id - 1])

    def unchanged(self, processes: int) -> None:
        self.left_unread += processes

    def too_slow(self) -> None:
        self.held_up += 1

    def take_pass(self, sums: Pass, members: dict[int, Member]) -> None:
        raise AssertionError("nothing here reads sums")

    def group_mark(self, time_ns: int, private: int, processes: int) -> None:
        raise AssertionError("nothing here reads sums")

    def system_memory(self, changes: SystemMemory) -> None:
        raise AssertionError("nothing here reads meminfo")

    def cgroup(self, version: int, path: str) -> int:
        raise AssertionError("nothing here has a cgroup")

    def cgroup_figures(self, cgroup_id: int, changes: Mapping[str, int]) -> None:
        raise AssertionError("nothing here has a cgroup")

    def commit(self) -> None:
        raise AssertionError("nothing here commits")

    def states(self) -> list[tuple[int, LayoutState]]:
        """What was sampled since this was last asked."""
        found, self.samples = self.samples, []
        return found


class Coming:
    """Targets that the test lets come; `outcomes` tells what became of each."""

    open_ended = True
    discovery_period_ns: int | None = None
    is_group = False
    problems: tuple[Unrecordable, ...] = ()
    limit_reached = False
    too_short = 0

    def __init__(self) -> None:
        self.unread = Unread()
        self.waiting: list[ProcessFiles] = []
        self.outcomes: dict[int, SourceError | None] = {}
        self.asked_for: list[bool] = []

    def arrivals(self, *, all_sharers: bool = False) -> Iterator[ProcessFiles]:
        self.asked_for.append(all_sharers)
        while self.waiting:
            yield self.waiting.pop(0)

    def may_have_come(self) -> bool:
        return bool(self.waiting)

    def outcome(self, pid: int, problem: SourceError | None) -> None:
        self.outcomes[pid] = problem

    def ended(self, key: ProcessKey) -> None:
        raise AssertionError("the reader tells that, and to whom is up to the recorder")


class Parts:
    """The parts, put together as a recorder of processes that were named puts them together."""

    def __init__(
        self,
        folder: Path,
        policy: Policy = Policy(),  # noqa: B008 - it is frozen
        *,
        is_bounded: bool = False,
    ) -> None:
        self.time = FakeTime()
        self.proc = FakeProc(folder / "proc")
        self.source = ProcSource(str(self.proc.root))
        self.told, self.said = Told(), list[Notice]()
        self.stored = 0
        self.gone: list[ProcessKey] = []
        self.coming = Coming()
        now_ns, cpu_ns = self.time.monotonic_ns(), self.time.process_time_ns()
        budget = CpuBudget(policy.max_cpu, now_ns, cpu_ns)
        notices = Notifier(policy, self.said.append)
        self.run = Run(
            *(self.source, self.told, policy, notices, budget, self.time),
            Boundary(notices.fault),
        )
        self.rounds = RoundBudget()
        self.firsts = FirstLayouts(budget, is_bounded=is_bounded, is_free=policy.free_firsts)
        costs = LayoutCosts(budget, self.firsts, self.rounds, lambda: 0, self.time)
        self.reader = TargetReader(self.run, costs, self._count, self.gone.append)
        self.newcomers = Newcomers(self.run, self.coming, self.reader, self.firsts)
        self.layouts = TickLayouts(self.run, self.reader, self.rounds)
        self.fast_passes = FastPasses(self.run, self.coming, self.reader, self.newcomers)

    def _count(self) -> None:
        self.stored += 1

    def comes(self, *processes: FakeProcess) -> None:
        """Let processes be found when newcomers are next asked for."""
        for process in processes:
            self.proc.put(process)
            self.coming.waiting.append(self.source.open_process(process.pid, keep_open=False))

    def targets(self, *processes: FakeProcess) -> list[Target]:
        """Take processes in, and read their first layouts at a tick of its own."""
        self.comes(*processes)
        self.reader.begin_tick(late_ns=0)
        self.newcomers.admit()
        self.newcomers.read()
        self.told.states()
        return [self.run.roster.by_pid[process.pid] for process in processes]

    def close(self) -> None:
        """Give all descriptors back."""
        for target in self.run.roster.by_pid.values():
            target.sampler.close()
        for files in self.coming.waiting:
            files.close()
        self.source.mapped_files.close()
