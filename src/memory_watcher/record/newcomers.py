"""Takes in who comes, and reads first layouts as far as there is time and budget for them."""

from __future__ import annotations

from collections.abc import Iterator

from ..errors import SourceError
from ..model import Cause
from ..procfs.process_files import ProcessFiles
from .boundary import supervised
from .firsts import FirstLayouts, Newcomer, in_order
from .limits import MachineLimits
from .notices import Failed, Task
from .run import Run
from .sampler import MachineKnowledge, ProcessSampler
from .target import Target
from .target_reader import TargetReader
from .targets import Targets
from .throttle.schedule import LayoutSchedule
from .throttle.stall import StallForecast


class Newcomers:
    """Those that the targets hand out, from then until their first layouts are read."""

    def __init__(
        self, run: Run, targets: Targets, reader: TargetReader, firsts: FirstLayouts
    ) -> None:
        self._run = run
        self._arriving = targets
        self._reader = reader
        self._firsts = firsts
        self._machine = MachineKnowledge(limits=MachineLimits(run.policy.layout_text))
        self._forecast = StallForecast(run.source.walk_meter.costs)
        self._begins_tick = False  # the next one does

    def admit(self, all_sharers: bool = True) -> None:
        """Take newcomers in; they are read by `read`."""
        self._run.roster.has_left = False
        for files in self._arrivals(all_sharers):
            self._arriving.outcome(files.pid, self._add(files))
            if self._run.is_told_to_stop():
                break

    def admit_between(self) -> bool:
        """Take newcomers in between two ticks; whether any came, with whom a tick has begun."""
        self._begins_tick = True
        self.admit(all_sharers=False)
        has_begun, self._begins_tick = not self._begins_tick, False
        return has_begun

    def read(self, *, between: bool = False) -> None:
        """Read first layouts, as far as this look may; the others show their cheap figures."""
        firsts, time, waiting = self._firsts, self._run.time, self._run.roster.waiting
        firsts.begin(self._reader.tick_ns, time.monotonic_ns(), between=between)
        # To put all that wait in order takes 10 us of each: only where one of them may be read.
        may_read = firsts.may_read(time.monotonic_ns())
        for target in self._in_order() if may_read else list(waiting.values()):
            if not self._run.lives(target):
                continue
            if may_read and firsts.may_read(time.monotonic_ns()):
                self._reader.read_unless_too_slow(target)
            elif target.fast is None or not between:
                self._reader.read(target, cheap=True)
        firsts.wait(len(waiting))

    def read_between(self) -> None:
        """Read, between two ticks, those that wait, if there is budget for one of them."""
        if self._firsts.affords_one():
            self._reader.begin_tick(cause=Cause.START)
            self.read(between=True)

    def read_successors(self) -> None:
        """Another may have the PID of one that was found to have ended: it misses no tick."""
        if self._run.roster.has_left:
            self.admit()
            self.read()

    def _in_order(self) -> list[Target]:
        waiting = self._run.roster.waiting
        if len(waiting) <= 1:
            return list(waiting.values())
        ask = self._run.boundary.ask
        newcomers = [
            Newcomer(number, each.since_ns, ask(each.pid, each.sampler.resident, None) or 0)
            for number, each in waiting.items()
        ]
        return [waiting[number] for number in in_order(newcomers, self._run.time.monotonic_ns())]

    def _add(self, files: ProcessFiles) -> SourceError | None:
        """Record it from now on; returns why that cannot be."""
        run = self._run
        schedule = LayoutSchedule(
            *(files, run.policy, run.budget),
            by_private=run.reads_all_together,
            time=run.time,
            forecast=self._forecast,
        )
        try:
            sampler = ProcessSampler(files, self._machine, run.time)
            supervised(schedule.prepare)()
        except SourceError as problem:
            run.let_go(files)
            return problem
        if self._begins_tick:
            self._begins_tick = False
            self._reader.begin_tick(cause=Cause.START)
        number = run.sink.add_process(sampler.facts)
        run.roster.add(Target(sampler, schedule, number, run.time.monotonic_ns()))
        run.changed(Cause.START)
        run.progress.processes += 1
        run.count_living()
        return None

    def _arrivals(self, all_sharers: bool) -> Iterator[ProcessFiles]:
        """Newcomers; a fault in scanning for them costs this scan."""
        arrivals = self._arriving.arrivals(all_sharers=all_sharers)
        advance = supervised(lambda: next(arrivals, None))
        while True:
            try:
                files = advance()
            except SourceError as problem:
                self._run.notices.once("arrivals", Failed(Task.SCAN, str(problem)))
                return
            if files is None:
                return
            yield files
