"""The recording loop: at each deadline a pass over all targets, into one recording."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import TypeVar

from ..errors import MemoryWatcherError, NoPermission, SourceError, UnexpectedFault
from ..model import FastReading, LayoutState, Sample, SystemMemory
from ..procfs.scan import MemoryComparer, Scanner
from ..procfs.source import ProcessFiles, ProcSource
from ..procfs.system import MeminfoTracker
from .boundary import describe, supervised
from .clock import Clock, Deadline, Sleep
from .commits import CommitTimer
from .firsts import FirstLayouts, Newcomer, in_order
from .group import Group
from .limits import MachineLimits
from .notices import Failed, Notice, PeakNotReset, Task
from .notifier import Notifier
from .passes import Rounds
from .policy import Policy
from .progress import Progress
from .sampler import MachineKnowledge, ProcessSampler
from .sink import Sink
from .target import Target
from .targets import Targets
from .throttle.cpu_budget import CpuBudget
from .throttle.rotation import RoundBudget
from .throttle.schedule import Due, LayoutSchedule
from .together import Together

T = TypeVar("T")

#: How many processes a fast pass reads: 20 us each. More of them have to take turns.
_FAST_AT_ONCE = 16

_ENDED = (LayoutState.ZOMBIE, LayoutState.GONE)


def _never() -> bool:
    return False


class Recorder:
    """Ties source, targets, sampler and writer together."""

    def __init__(
        self,
        source: ProcSource,
        targets: Targets,
        writer: Sink,
        policy: Policy = Policy(),  # noqa: B008 - it is frozen
        say: Callable[[Notice], None] = lambda notice: None,
    ) -> None:
        """`say` is told, once each, what the user should know while the recording goes on."""
        self.progress = Progress()
        self._source = source
        self._arriving = targets
        self._writer = writer
        self._policy = policy
        self._notices = Notifier(policy, say)
        self._machine = MachineKnowledge(limits=MachineLimits(policy.layout_text))
        self._meminfo = MeminfoTracker()
        self._targets: dict[int, Target] = {}
        self._taken: dict[int, LayoutState] = {}  # at this tick, by process id
        self._new: dict[int, Target] = {}  # who waits for the first layout, by process id
        self._risen: list[Target] = []  # above their highest layouts, at this fast pass
        self._starting = False  # whether the next newcomer begins a tick
        self._left_pid = False  # whether one has ended since newcomers were looked for
        self._fast_turn = 0
        self._unchanged = 0  # of this tick
        self._waiting = (
            0  # processes whose layouts the budget put off, at most, since all were read
        )
        now = time.monotonic_ns()
        keeps = 1 if targets.is_group else 3
        self._budget = CpuBudget(policy.max_cpu, now, time.process_time_ns(), keeps)
        self._firsts = FirstLayouts(
            self._budget, is_bounded=targets.is_group, is_free=policy.free_firsts
        )
        self._scanner: Scanner | None = None  # for who is started while sums are read
        self._together = self._read_together(source) if targets.is_group else None
        self._rounds = RoundBudget()
        self._commits = CommitTimer()
        self._tick_ns = now
        self._to_utc_ns = time.time_ns() - now
        self._sleep = Sleep()
        self._is_told_to_stop: Callable[[], bool] = _never
        self._took_from_ns = 0  # CPU time at which the reading of now began
        self._helper_ns = 0  # CPU time of the file helper that was paid for

    def _read_together(self, source: ProcSource) -> Together:
        scanner = self._scanner = Scanner(source)
        is_here = scanner.shows_own_namespace()
        compare = MemoryComparer().is_same if is_here else None
        rounds = Rounds(
            *(compare, scanner.last_pid, source.page_size, self._notices.fault),
            is_told_to_stop=self._stops,
        )
        group = Group(self._policy, self._budget)
        return Together(group, rounds, self._targets, self._firsts, self._admit, self._take)

    def run(
        self, clock: Clock, stop: threading.Event, on_tick: Callable[[Progress], None] | None = None
    ) -> bool:
        """Record until told to stop, or until the last target has gone; returns True for that.

        Raises CannotWrite (what was committed stays).
        """
        self._is_told_to_stop = stop.is_set
        while (deadline := clock.wait(stop)) is not None:
            began = time.monotonic_ns()
            if self._commits.is_due_before(began, deadline.is_fast):
                self.commit()
            self._commits.begins(began)
            if deadline.is_fast:
                self.fast_pass()
            else:
                self.tick(deadline)
            if not self._targets and not self._arriving.open_ended:
                self._store_mark()
                return True
            now = time.monotonic_ns()
            self._commits.took(now - began, deadline.is_fast)
            if self._commits.is_due(now, clock.until_next()):
                self.commit()
            if on_tick is not None:
                on_tick(self.progress)
        self._is_told_to_stop = _never  # a last tick, of how all ended, is a whole one
        self._store_mark()
        return False

    def _stops(self) -> bool:
        return self._is_told_to_stop()

    def _store_mark(self) -> None:
        if self._together is not None:
            self._together.store_mark(self._writer)

    def commit(self) -> None:
        """Make everything so far safe."""
        self._writer.commit()
        self._commits.committed()

    def _commit_if_late(self) -> None:
        """A tick of thousands of processes takes longer than what a kill may lose."""
        now = time.monotonic_ns()
        if self._commits.is_due_within(now):
            self.commit()
            self._commits.begins(now)

    def close(self) -> None:
        """Let go of all processes; the writer is the caller's."""
        for target in self._targets.values():
            self._let_go(target.sampler)
        self._targets.clear()
        if self._scanner is not None:
            self._scanner.close()
        self._source.mapped_files.close()

    # -- ticks ------------------------------------------------------------------------------------

    def tick(self, deadline: Deadline) -> None:
        """Take newcomers in, read the sums of all, then look at each."""
        self._begin_tick(deadline.late_ns, deadline.skipped)
        if (changes := self._machine_memory()) is not None:
            self._writer.system_memory(changes)
        if self._together is not None:
            self._together.watch_starts()
        self._admit()
        now = time.monotonic_ns()
        self._budget.update(now, time.process_time_ns())
        is_alone = self._is_alone()
        if self._together is not None and not is_alone:
            self._pass_at_tick(self._together, now)
        new = self._new
        known = [target for target in self._targets.values() if target.process_id not in new]
        awake = self._awake(known, now) if self._policy.full_every(len(known)) else known
        self._unchanged = len(known) - len(awake)
        if self._together is not None and not self._policy.pass_every_ns and not is_alone:
            # First layouts come first: until there are all, the others are part of a picture.
            self._read_newcomers()
            self._look_at_all(self._together, awake)
        else:
            self._look_at_each(awake, now)
            self._read_newcomers()
        self._read_successors()
        self._store_pass(is_alone, now)
        for key, notice in self._arriving.unread.notices():
            self._notices.once(key, notice)
        if self._unchanged:
            self._writer.unchanged(self._unchanged)
            self.progress.unchanged += self._unchanged
        if self.progress.ticks == 0:
            # What the first tick read stays: the collector need not walk over it every few ticks.
            gc.freeze()
            self._firsts.started()
            if self._together is not None:
                self._budget.begin(time.monotonic_ns(), time.process_time_ns())
        self._source.mapped_files.rest()
        self.progress.ticks += 1
        self.progress.skipped += deadline.skipped

    def _store_pass(self, was_alone: bool, now_ns: int) -> None:
        """Store the pass of this tick; of one alone it is taken only where its layout is none."""
        together = self._together
        if together is not None:
            if was_alone and together.lacks_pass and self._targets:
                self._pass_at_tick(together, now_ns)
            together.store(self._writer)

    def _is_alone(self) -> bool:
        """Whether one process of a tree is left: then its layout is all, and a pass of itself.

        A round beside it would take as much again of the budget, and peaks would be missed.
        """
        is_tree = self._together is not None and not self._policy.pass_every_ns
        return is_tree and len(self._targets) == 1 and not self._new

    def _pass_at_tick(self, together: Together, now_ns: int) -> None:
        if together.group.is_due(now_ns):
            together.take_pass(None)
        self._notices.passes_apart(together.members, together.group.apart_ns)

    def fast_pass(self) -> None:
        """Read RSS and high-water mark of all targets; read more where they rose to a peak."""
        if self._arriving.discovery_period_ns is not None and self._affords_looks():
            self._discover()
        for target in self._next_for_fast_reading():
            try:
                reading = target.sampler.files.fast_reading()
            except Exception as problem:
                self._note(target, problem)
                reading = None
            if reading is not None:
                self._take_fast(target, reading)
            # One that is swapped out or not readable just now lives: the tick looks at it.
            elif self._ask(target, target.sampler.has_ended, False):
                self._begin_tick(cause="exit")
                self._take(target)
                self._changed("exit")
        if (
            self._together is not None
            and not self._is_alone()
            and self._pass_between(self._together)
        ):
            # What rises further is seen at once, and not when many layouts have been read.
            self._risen.clear()
        elif self._new and self._firsts.affords_one():
            self._begin_tick(cause="start")
            self._read_newcomers(between=True)
        for target in self._risen:
            if self._lives(target):
                self._read_at_peak(target)
        self._risen.clear()

    def _take_fast(self, target: Target, reading: FastReading) -> None:
        before, now = target.fast, time.monotonic_ns()
        since_ns = now - target.fast_ns
        target.fast, target.fast_ns, target.fast_since_ns = reading, now, since_ns
        if before is None or reading[:2] != before[:2]:
            target.fast_since_ns = None
            self._writer.fast_reading(target.process_id, now + self._to_utc_ns, since_ns, reading)
            self.progress.mark(reading.high_water_mark)
        # An execve leaves little of what a fork shares with others.
        has_shrunk = before is not None and reading.resident < before.resident // 2
        if has_shrunk and self._ask(target, target.sampler.calls_exec, False):
            self._changed("exec")
        try:
            due = target.schedule.due_for_peak(reading.resident, reading.shared)
        except Exception as problem:
            self._note(target, problem)
            return
        if due is Due.READ:
            self._risen.append(target)
        elif due is not Due.UNCHANGED and self._together is None:
            self._notices.too_much(target.pid, target.schedule, due)

    def _read_at_peak(self, target: Target) -> None:
        """Read the layout of one that has risen, unless that was done for all just now."""
        fast = target.fast
        assert fast is not None
        rose = partial(target.schedule.due_for_peak, fast.resident, fast.shared)
        if self._ask(target, rose, Due.UNCHANGED) is Due.READ:
            self._begin_tick(cause="peak")
            if self._together is not None and self._is_alone():
                self._together.watch_starts()
                self._admit()
            self._take(target)
            self.progress.peaks += 1

    def _pass_between(self, together: Together) -> bool:
        """Read the sums of all between two ticks, if something calls for that; whether it did."""
        cause = together.change_now()
        if cause is None and self._policy.fast_period_ns is not None:
            now = time.monotonic_ns() + self._to_utc_ns
            cause = "peak" if together.is_peak(now) else None
        if cause is not None:
            self._begin_tick(cause=cause)
            together.take_pass(cause)
            self.progress.peaks += together.read_at_peak() and cause == "peak"
            self._read_newcomers(between=True)
            together.store(self._writer)
        return cause is not None

    def _next_for_fast_reading(self) -> list[Target]:
        """All targets; of many, those whose turn it is, so that a pass stays cheap."""
        if self._policy.fast_period_ns is None and self._arriving.discovery_period_ns is not None:
            return []  # the pass is only for newcomers
        if not self._affords_looks():
            return []
        targets = list(self._targets.values())
        if len(targets) <= _FAST_AT_ONCE:
            return targets
        start = self._fast_turn % len(targets)
        self._fast_turn = start + _FAST_AT_ONCE
        return (targets + targets)[start : start + _FAST_AT_ONCE]

    def _affords_looks(self) -> bool:
        """Whether what is seen between ticks takes nothing from complete passes at ticks."""
        if self._together is None:
            return True
        self._budget.update(time.monotonic_ns(), time.process_time_ns())
        return self._together.group.affords_looks()

    def _discover(self) -> None:
        """Take in, between two ticks, processes that have just come: with a pass, if affordable."""
        self._starting = True
        self._admit(all_sharers=False)
        has_begun, self._starting = not self._starting, False
        if has_begun:
            together = self._together
            if together is not None and together.group.wants_pass():
                together.take_pass("start")
                together.read_at_peak()
            self._read_newcomers(between=True)
            if together is not None:
                together.store(self._writer)

    def _admit(self, all_sharers: bool = True) -> None:
        """Take newcomers in; they are read by `_read_newcomers`."""
        self._left_pid = False
        for files in self._arrivals(all_sharers):
            self._arriving.outcome(files.pid, self._add(files))
            if self._is_told_to_stop():
                break

    def _read_successors(self) -> None:
        """Another may have the PID of one that was found to have ended: it misses no tick."""
        if self._left_pid:
            self._admit()
            self._read_newcomers()

    def _read_newcomers(self, *, between: bool = False) -> None:
        """Read first layouts, as far as this look may; the others show their cheap figures."""
        firsts = self._firsts
        firsts.begin(self._tick_ns, time.monotonic_ns(), between=between)
        # To put all that wait in order takes 10 us of each: only where one of them may be read.
        may_read = firsts.may_read(time.monotonic_ns())
        for target in self._newcomers_in_order() if may_read else list(self._new.values()):
            if not self._lives(target):
                continue
            if may_read and firsts.may_read(time.monotonic_ns()):
                self._take(target)
            elif target.fast is None or not between:
                self._take(target, cheap=True)
        firsts.wait(len(self._new))

    def _newcomers_in_order(self) -> list[Target]:
        if len(self._new) <= 1:
            return list(self._new.values())
        now = time.monotonic_ns()
        waiting = [
            Newcomer(number, each.since_ns, self._ask(each, each.sampler.resident, None) or 0)
            for number, each in self._new.items()
        ]
        return [self._new[number] for number in in_order(waiting, now)]

    def _lives(self, target: Target) -> bool:
        """Whether it is to be read: it is still recorded (another may have its PID).

        Nobody is, once the recording is to end: of many processes a tick may take its time.
        """
        return self._targets.get(target.pid) is target and not self._is_told_to_stop()

    def _changed(self, cause: str) -> None:
        """Who shares what may be different now."""
        if self._together is not None:
            self._together.group.changed(cause)

    def _begin_tick(
        self, late_ns: int | None = None, skipped: int = 0, cause: str | None = None
    ) -> None:
        self._taken.clear()
        self._tick_ns = time.monotonic_ns()
        time_ns = time.time_ns()
        self._to_utc_ns = time_ns - self._tick_ns
        slept_ns = self._sleep.since_last()
        self._writer.tick(time_ns, self._tick_ns, late_ns, skipped, cause, slept_ns)

    # -- one target -------------------------------------------------------------------------------

    def _add(self, files: ProcessFiles) -> SourceError | None:
        """Record it from now on; returns why that cannot be."""
        by_private = self._together is not None and not self._policy.pass_every_ns
        schedule = LayoutSchedule(files, self._policy, self._budget, by_private)
        try:
            sampler = ProcessSampler(files, self._machine)
            supervised(schedule.prepare)()
        except SourceError as problem:
            self._let_go(files)
            return problem
        if self._starting:
            self._starting = False
            self._begin_tick(cause="start")
        target = Target(sampler, schedule, self._writer.add_process(sampler.facts))
        self._targets[files.pid] = target
        self._new[target.process_id] = target
        self._changed("start")
        self.progress.processes += 1
        return None

    def _look_at_all(self, together: Together, awake: list[Target]) -> None:
        """Read the layouts of all that may have changed, or of none if that costs too much."""
        changed = []
        for target in awake:
            question = partial(target.schedule.is_unchanged, len(self._targets))
            if self._ask(target, question, False):
                self._unchanged += 1
            else:
                changed.append(target)
        self._budget.update(time.monotonic_ns(), time.process_time_ns())
        is_affordable = not self._new and together.affords(changed)
        if not is_affordable:
            self._waiting = max(self._waiting, len(self._targets))
        for target in changed:
            if target.schedule.is_too_slow:
                self._notices.too_much(target.pid, target.schedule, Due.TOO_SLOW)
            if self._lives(target):
                self._take(target, cheap=not is_affordable or target.schedule.is_too_slow)
        self._notices.layouts_apart(self._waiting, together.group.layouts_apart_ns)
        self._waiting *= not is_affordable

    def _look_at_each(self, awake: list[Target], now_ns: int) -> None:
        if round_every_ns := self._policy.round_every(self._rounds.processes):
            self._rounds.pass_time(now_ns, round_every_ns)
        # The longest unread first, so that all have their turn when not all can be read.
        for target in sorted(awake, key=lambda target: target.schedule.last_full_ns or 0):
            if self._lives(target):
                self._look_at(target)

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
        round_every_ns = self._policy.round_every(self._rounds.processes)
        if not round_every_ns or self._rounds.any_left:
            return False
        schedule = target.schedule
        if target.process_id not in self._rounds:
            return False
        if time.monotonic_ns() - (schedule.last_full_ns or 0) > 2 * round_every_ns:
            return False
        resident = self._ask(target, target.sampler.resident, None)
        if not resident:
            return False
        if self._ask(target, partial(schedule.due_for_peak, resident), Due.READ) is Due.READ:
            return False
        self._notices.turns(self._rounds.round_ns, round_every_ns)
        return True

    def _take(self, target: Target, cheap: bool = False) -> LayoutState:
        """Read the process now and store it; tells what became of its layout.

        Once a tick: what was read before in it stands.
        """
        if target.process_id in self._taken:
            return self._taken[target.process_id]
        sampler = target.sampler
        delay_ns = time.monotonic_ns() - self._tick_ns
        self._took_from_ns = time.thread_time_ns()
        sample = sampler.cheap_sample() if cheap else sampler.sample()
        for reason in sample.problems:
            self._notices.fault(target.pid, reason)
        if sample.image is not None:
            target.schedule.has_new_image()
        self._writer.sample(target.process_id, sample, delay_ns)
        self._taken[target.process_id] = sample.state
        self._commit_if_late()
        self.progress.count(sample)
        if sample.state in _ENDED:
            self._end(target)
        else:
            self._learn(target, sample, cheap or sample.failed)
            if not cheap:
                self._new.pop(target.process_id, None)
        return sample.state

    def _learn(self, target: Target, sample: Sample, cheap: bool) -> None:
        """Take account of what was read of one that lives."""
        if cheap:
            target.schedule.noticed(sample.reading.resident)
        else:
            self._pay(target, sample)
            self._ask(target, partial(target.schedule.took, sample, sample.rollup_text), None)
            self._charge_helper()
            if self._together is not None:
                self._together.was_read(target, sample)
                if self._is_alone():
                    self._together.pass_of_one(target, sample, self._writer)
        now = sample.reading
        if now.resident is not None:
            target.fast = FastReading(now.resident, now.high_water_mark, now.shared)
            target.fast_ns, target.fast_since_ns = time.monotonic_ns(), None
        if self._policy.reset_peak:
            self._reset_peak(target)

    def _pay(self, target: Target, sample: Sample) -> None:
        """Take account of a reading in full."""
        if target.schedule.last_full_ns is None:
            # Storing all mappings of one costs half as much again.
            self._firsts.took(sample.cpu_ns or 0, time.thread_time_ns() - self._took_from_ns)
        else:
            self._rounds.spend(sample.cpu_ns or 0)
        if sample.state.has_layout:
            target.bare_ns = sample.bare_ns or 0
            self._rounds.learn(target.process_id, target.bare_ns)
        else:
            self._rounds.forget(target.process_id)

    def _charge_helper(self) -> None:
        """Take account of what the file helper did for the evidence."""
        helper_ns = self._source.mapped_files.cpu_ns
        # What the first tick takes is paid by nobody: to start the helper is dearer than a layout.
        if self.progress.ticks:
            self._budget.charge(helper_ns - self._helper_ns)
        self._helper_ns = helper_ns

    def _reset_peak(self, target: Target) -> None:
        try:
            target.sampler.reset_peak()
        except NoPermission:
            self._notices.once("reset", PeakNotReset(target.pid))
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
        self._notices.forget(key.pid)
        if self._new.pop(target.process_id, None) is not None and target.fast is not None:
            self._notices.no_first_layout(key.pid)
        self._rounds.forget(target.process_id)
        if self._together is not None:
            self._together.ended(target)
        self._arriving.ended(key)
        self._left_pid = True
        self._writer.end_process(target.process_id)
        self._let_go(target.sampler)
        del self._targets[target.pid]

    # -- the boundary: what one process does costs its own figures alone ---------------------------

    def _ask(self, target: Target, question: Callable[[], T], otherwise: T) -> T:
        """An answer about one process, or what holds when it cannot be told."""
        try:
            return question()
        except Exception as problem:
            self._note(target, problem)
        return otherwise

    def _note(self, target: Target, problem: Exception) -> None:
        """Take note of what reading one process raised; raises again what is no process's."""
        if isinstance(problem, UnexpectedFault):
            self._notices.fault(target.pid, str(problem))
        elif isinstance(problem, SourceError):
            pass  # gone, refused, unreadable: the next sample tells
        elif isinstance(problem, MemoryWatcherError):
            raise problem
        else:
            self._notices.fault(target.pid, describe(problem))

    def _let_go(self, held: ProcessFiles | ProcessSampler) -> None:
        try:
            supervised(held.close)()
        except UnexpectedFault as fault:
            self._notices.once("close", Failed(Task.CLOSE, str(fault)))

    def _arrivals(self, all_sharers: bool) -> Iterator[ProcessFiles]:
        """Newcomers; a fault in scanning for them costs this scan."""
        arrivals = self._arriving.arrivals(all_sharers=all_sharers)
        advance = supervised(lambda: next(arrivals, None))
        while True:
            try:
                files = advance()
            except SourceError as problem:
                self._notices.once("arrivals", Failed(Task.SCAN, str(problem)))
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
            self._notices.once("meminfo", Failed(Task.MEMINFO, describe(error)))
            return None

    def _awake(self, known: list[Target], now_ns: int) -> list[Target]:
        """Those that may have changed; all, if that is unknown."""
        try:
            pids = [target.pid for target in known]
            return [self._targets[pid] for pid in self._source.awake(pids, now_ns)]
        except Exception as error:
            self._notices.once("awake", Failed(Task.AWAKE, describe(error)))
            return known
