"""The recording loop: at each deadline a pass over all targets, into one recording."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import TypeVar

from ..errors import NoPermission, NoSuchProcess, SourceError, UnexpectedFault
from ..model import FastReading, LayoutState, Reading, Sample, SystemMemory
from ..procfs.source import ProcessFiles, ProcSource
from ..procfs.system import MeminfoTracker
from ..units import SECOND
from .boundary import describe, supervised
from .budget import Budget
from .clock import Clock, Deadline, Sleep
from .notices import Notices
from .policy import Policy
from .progress import Progress
from .sampler import MachineKnowledge, ProcessSampler
from .schedule import Due, LayoutSchedule
from .sink import Sink
from .target import Target
from .targets import Targets
from .turns import Turns

T = TypeVar("T")

#: What a kill may lose at most: a transaction is committed before it is older than this.
_COMMIT_EVERY_NS = SECOND

#: How many processes a fast pass reads: 20 us each. More of them have to take turns.
_FAST_AT_ONCE = 16

#: Processes that have ended are remembered, zombies among them, up to this many.
_REMEMBERED = 4096

_ENDED = (LayoutState.ZOMBIE, LayoutState.GONE)


class Recorder:
    """Ties source, targets, sampler and writer together."""

    def __init__(
        self,
        source: ProcSource,
        targets: Targets,
        writer: Sink,
        policy: Policy = Policy(),  # noqa: B008 - it is frozen
        say: Callable[[str], None] = lambda message: None,
    ) -> None:
        """`say` is told, once each, what the user should know while the recording goes on."""
        self.progress = Progress()
        self._source = source
        self._arriving = targets
        self._writer = writer
        self._policy = policy
        self._notices = Notices(policy, say)
        self._machine = MachineKnowledge()
        self._meminfo = MeminfoTracker()
        self._targets: dict[int, Target] = {}
        self._fast_turn = 0
        self._unchanged = 0  # of this tick
        self._ended: dict[int, int] = {}  # PID -> start time of the last that had it
        now = time.monotonic_ns()
        self._budget = Budget(policy.max_cpu, now, time.process_time_ns())
        self._turns = Turns()
        self._committed_ns = now
        self._tick_ns = now
        self._to_utc_ns = time.time_ns() - now
        self._sleep = Sleep()
        self._helper_ns = 0  # CPU time of the file helper that was paid for

    def run(
        self, clock: Clock, stop: threading.Event, on_tick: Callable[[Progress], None] | None = None
    ) -> bool:
        """Record until told to stop, or until the last target has gone; returns True for that.

        Raises CannotWrite (what was committed stays).
        """
        while (deadline := clock.wait(stop)) is not None:
            if deadline.is_fast:
                self.fast_pass()
            else:
                self.tick(deadline)
            if not self._targets and not self._arriving.open_ended:
                return True
            if time.monotonic_ns() - self._committed_ns + clock.until_next() > _COMMIT_EVERY_NS:
                self.commit()
            if on_tick is not None:
                on_tick(self.progress)
        return False

    def commit(self) -> None:
        """Make everything so far safe."""
        self._writer.commit()
        self._committed_ns = time.monotonic_ns()

    def close(self) -> None:
        """Let go of all processes; the writer is the caller's."""
        for target in self._targets.values():
            self._let_go(target.sampler)
        self._targets.clear()
        self._source.mapped_files.close()

    # -- passes -----------------------------------------------------------------------------------

    def tick(self, deadline: Deadline) -> None:
        """Pass over all targets, then look for new ones."""
        self._begin_tick(deadline.late_ns, deadline.skipped)
        if (changes := self._machine_memory()) is not None:
            self._writer.system_memory(changes)
        now = time.monotonic_ns()
        awake = list(self._targets.values())
        if self._policy.full_every(len(awake)):
            awake = self._awake(now)
        self._unchanged = len(self._targets) - len(awake)
        if round_every_ns := self._policy.round_every(self._turns.processes):
            self._turns.pass_time(now, round_every_ns)
        # The longest unread first, so that all have their turn when not all can be read.
        for target in sorted(awake, key=lambda target: target.schedule.last_full_ns or 0):
            self._look_at(target)
        for files in self._arrivals():
            self._add(files)
        for key, message in self._arriving.unread.messages():
            self._notices.once(key, message)
        if self._unchanged:
            self._writer.unchanged(self._unchanged)
            self.progress.unchanged += self._unchanged
        if self.progress.ticks == 0:
            # What the first tick read stays: the collector need not walk over it every few ticks.
            gc.freeze()
        self._source.mapped_files.rest()
        self.progress.ticks += 1
        self.progress.skipped += deadline.skipped

    def fast_pass(self) -> None:
        """Read RSS and high-water mark of all targets; take a layout where RSS rose to a peak."""
        if self._arriving.discovery_period_ns is not None:
            self._discover()
        for target in self._next_for_fast_reading():
            reading = self._ask(target, target.sampler.fast_reading, None)
            if reading is None:
                # One that is swapped out or not readable just now lives: the tick looks at it.
                if self._ask(target, target.sampler.has_ended, False):
                    self._begin_tick(cause="exit")
                    self._take(target)
                continue
            self._store_fast(target, reading)
            rose = partial(target.schedule.due_for_peak, reading.resident)
            due = self._ask(target, rose, Due.UNCHANGED)
            if due is Due.READ:
                self._begin_tick(cause="peak")
                self._take(target)
                self.progress.peaks += 1
            elif due is not Due.UNCHANGED:
                self._notices.too_much(target.pid, target.schedule, due)

    def _next_for_fast_reading(self) -> list[Target]:
        """All targets; of many, those whose turn it is, so that a pass stays cheap."""
        if self._policy.fast_period_ns is None and self._arriving.discovery_period_ns is not None:
            return []  # the pass is only for newcomers
        targets = list(self._targets.values())
        if len(targets) <= _FAST_AT_ONCE:
            return targets
        start = self._fast_turn % len(targets)
        self._fast_turn = start + _FAST_AT_ONCE
        return (targets + targets)[start : start + _FAST_AT_ONCE]

    def _discover(self) -> None:
        """Take in, between two ticks, processes that have just come."""
        for files in self._arrivals():
            self._begin_tick(cause="start")
            self._add(files)

    def _begin_tick(
        self, late_ns: int | None = None, skipped: int = 0, cause: str | None = None
    ) -> None:
        self._tick_ns = time.monotonic_ns()
        time_ns = time.time_ns()
        self._to_utc_ns = time_ns - self._tick_ns
        slept_ns = self._sleep.since_last()
        self._writer.tick(time_ns, self._tick_ns, late_ns, skipped, cause, slept_ns)

    # -- one target -------------------------------------------------------------------------------

    def _add(self, files: ProcessFiles) -> None:
        schedule = LayoutSchedule(files, self._policy, self._budget)
        try:
            sampler = ProcessSampler(files, self._machine)
            supervised(schedule.prepare)()
        except SourceError as problem:
            self._arriving.unread.add(files.pid, problem)  # or it came and went
            self._let_go(files)
            return
        key = sampler.facts.key
        if self._ended.get(key.pid) == key.start_time:
            self._let_go(files)  # a zombie that nobody reaps is still listed
            return
        self._ended.pop(key.pid, None)
        target = Target(sampler, schedule, self._writer.add_process(sampler.facts))
        self._targets[files.pid] = target
        self.progress.processes += 1
        self._take(target)

    def _look_at(self, target: Target) -> None:
        """Do at a tick what is due for this process."""
        # If it cannot be told, reading finds what the matter is: that it has gone, for example.
        due = self._ask(target, partial(target.schedule.due, len(self._targets)), Due.READ)
        if due is Due.UNCHANGED:
            self._unchanged += 1
            return
        if due is not Due.READ:
            self._notices.too_much(target.pid, target.schedule, due)
        waits = due is Due.READ and self._must_wait(target)
        state = self._take(target, cheap=waits or due is not Due.READ)
        self.progress.waiting += waits and state is LayoutState.NOT_TAKEN

    def _must_wait(self, target: Target) -> bool:
        """Whether it is not this process's turn.

        None waits for longer than two rounds, or if its RSS rises to a peak; nor one whose layout
        the kernel refuses, which costs nothing.
        """
        round_every_ns = self._policy.round_every(self._turns.processes)
        if not round_every_ns or self._turns.any_left:
            return False
        schedule = target.schedule
        if target.process_id not in self._turns:
            return False
        if time.monotonic_ns() - (schedule.last_full_ns or 0) > 2 * round_every_ns:
            return False
        resident = self._ask(target, target.sampler.resident, None)
        if not resident:
            return False
        if self._ask(target, partial(schedule.due_for_peak, resident), Due.READ) is Due.READ:
            return False
        self._notices.turns(self._turns.round_ns, round_every_ns)
        return True

    def _take(self, target: Target, cheap: bool = False) -> LayoutState:
        """Read the process now and store it; tells what became of its layout."""
        sampler = target.sampler
        delay_ns = time.monotonic_ns() - self._tick_ns
        try:
            sample = sampler.cheap_sample() if cheap else sampler.sample()
        except NoSuchProcess:
            sample = Sample(Reading(), LayoutState.GONE)
        except NoPermission:
            sample, cheap = Sample(Reading(), LayoutState.NO_PERMISSION), True
        except SourceError as problem:
            # An I/O error (of a far machine, say) or no text of the kernel's: the others go on.
            self._notices.fault(target.pid, str(problem))
            sample, cheap = Sample(Reading(), LayoutState.UNREADABLE), True
        for reason in sampler.problems:
            self._notices.fault(target.pid, reason)
        if sampler.image is not target.image:
            target.image = sampler.image
            target.schedule.highest_resident = 0
            self._writer.image(target.process_id, target.image)
        self._writer.sample(target.process_id, sample, delay_ns)
        self.progress.count(sample)
        if sample.state in _ENDED:
            self._end(target)
            return sample.state
        if cheap:
            target.schedule.noticed(sample.reading.resident)
        else:
            self._pay(target, sample)
            self._ask(target, partial(target.schedule.took, sample, sampler.rollup_text), None)
            self._store_evidence(target)
        if sample.reading.resident is not None:
            target.fast = FastReading(sample.reading.resident, sample.reading.high_water_mark)
            target.fast_ns, target.fast_since_ns = time.monotonic_ns(), None
        if self._policy.reset_peak:
            self._reset_peak(target)
        return sample.state

    def _pay(self, target: Target, sample: Sample) -> None:
        """Take account of a reading in full; first ones are free, for there is no other way."""
        if target.schedule.last_full_ns is not None:
            self._turns.spend(sample.cpu_ns or 0)
        if sample.state.has_layout:
            self._turns.learn(target.process_id, target.sampler.bare_ns)
        else:
            self._turns.forget(target.process_id)

    def _store_fast(self, target: Target, reading: FastReading) -> None:
        now = time.monotonic_ns()
        since_ns = now - target.fast_ns
        is_stored = reading != target.fast
        if is_stored:
            self._writer.fast_reading(target.process_id, now + self._to_utc_ns, since_ns, reading)
            self.progress.mark(reading.high_water_mark)
        target.fast, target.fast_ns = reading, now
        target.fast_since_ns = None if is_stored else since_ns

    def _store_evidence(self, target: Target) -> None:
        if target.sampler.stack_pointers:
            self._writer.stack_pointers(target.process_id, target.sampler.stack_pointers)
        if target.sampler.elf_segments:
            self._writer.elf_segments(target.sampler.elf_segments)
        helper_ns = self._source.mapped_files.cpu_ns
        self._budget.charge(helper_ns - self._helper_ns)
        self._helper_ns = helper_ns

    def _reset_peak(self, target: Target) -> None:
        try:
            target.sampler.reset_peak()
        except NoPermission:
            self._notices.once(
                "reset",
                f"process {target.pid}: --reset-peak is refused by the kernel:"
                " it takes the same user or CAP_DAC_OVERRIDE",
            )
        except UnexpectedFault as fault:
            self._notices.fault(target.pid, str(fault))
        except SourceError:
            pass  # it ended just now; the next look at it will find that

    def _store_last_look(self, target: Target) -> None:
        """Store what was read last of one that has ended, though it was what it was before.

        So it is known since when nobody knows what it had.
        """
        if target.fast is not None and target.fast_since_ns is not None:
            time_ns = target.fast_ns + self._to_utc_ns
            self._writer.fast_reading(target.process_id, time_ns, target.fast_since_ns, target.fast)

    def _end(self, target: Target) -> None:
        self._store_last_look(target)
        key = target.sampler.facts.key
        self._ended.pop(key.pid, None)
        self._ended[key.pid] = key.start_time
        if len(self._ended) > _REMEMBERED:
            del self._ended[next(iter(self._ended))]
        self._notices.forget(key.pid)
        self._turns.forget(target.process_id)
        self._arriving.ended(key)
        self._writer.end_process(target.process_id)
        self._let_go(target.sampler)
        del self._targets[target.pid]

    # -- the boundary: what one process does costs its own figures alone ---------------------------

    def _ask(self, target: Target, question: Callable[[], T], otherwise: T) -> T:
        """An answer about one process, or what holds when it cannot be told."""
        try:
            return supervised(question)()
        except UnexpectedFault as fault:
            self._notices.fault(target.pid, str(fault))
        except SourceError:
            pass  # gone, refused, unreadable: the next sample tells
        return otherwise

    def _let_go(self, held: ProcessFiles | ProcessSampler) -> None:
        try:
            supervised(held.close)()
        except UnexpectedFault as fault:
            self._notices.once("close", f"a process's files cannot be closed: {fault}")

    def _arrivals(self) -> Iterator[ProcessFiles]:
        """Newcomers; a fault in looking for them costs this look."""
        arrivals = self._arriving.arrivals(self._targets.keys())
        advance = supervised(lambda: next(arrivals, None))
        while True:
            try:
                files = advance()
            except SourceError as problem:
                self._notices.once("arrivals", f"looking for new processes failed: {problem}")
                return
            if files is None:
                return
            yield files

    def _machine_memory(self) -> SystemMemory | None:
        """What changed in meminfo; None where there is none, or it holds no sense."""
        try:
            content = self._source.meminfo()
            return None if content is None else self._meminfo.changes(content)
        except Exception as error:
            self._notices.once("meminfo", f"meminfo cannot be read now: {describe(error)}")
            return None

    def _awake(self, now_ns: int) -> list[Target]:
        """Those that may have changed; all, if that cannot be told."""
        try:
            return [self._targets[pid] for pid in self._source.awake(self._targets, now_ns)]
        except Exception as error:
            self._notices.once("awake", f"which processes slept cannot be told: {describe(error)}")
            return list(self._targets.values())
