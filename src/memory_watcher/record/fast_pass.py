"""Between two ticks: cheap readings of all, who has come, and layouts at a peak."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial

from ..model import Cause, FastReading
from ..units import SECOND
from .clock import Clock
from .newcomers import Newcomers
from .run import Run
from .target import Target
from .target_reader import TargetReader
from .targets import Targets
from .throttle.schedule import Due
from .together import Together

#: How many processes a fast pass reads: 20 us each. More of them have to take turns.
_AT_ONCE = 16

#: Passes go by for so long at most: the status line and others are asked after those that do not.
_LONGEST_NS = SECOND


class FastPasses:
    """Reads RSS and high-water marks; what calls for more begins a tick of its own."""

    def __init__(
        self, run: Run, targets: Targets, reader: TargetReader, newcomers: Newcomers
    ) -> None:
        self._run = run
        self._arriving = targets
        self._reader = reader
        self._newcomers = newcomers
        self._turn = 0
        self._is_interrupted = False
        self._clock: Clock | None = None  # of the passes that go by

    def take(self) -> None:
        """Take one."""
        run = self._run
        if self._arriving.discovery_period_ns is not None and self._affords_looks():
            self._discover()
        risen = [target for target in self._whose_turn() if self._has_risen(target)]
        if run.together is not None and self._reads_all_between(run.together):
            return  # what rises further is seen at once, and not when many layouts have been read
        if run.roster.waiting:
            self._newcomers.read_between()
        for target in risen:
            if run.lives(target):
                self._read_at_peak(target)

    def go_by(self, clock: Clock, stop: threading.Event, until_ns: int) -> None:
        """Let those go by that would find nothing new, up to `until_ns`: its process stands still.

        That is so for most of the time of most processes that are named or launched.
        """
        if (target := self._alone_at_rest()) is None:
            return
        self._is_interrupted, self._clock = False, clock
        until_ns = min(until_ns, self._run.time.monotonic_ns() + _LONGEST_NS)
        went = clock.wait_while(self._look_at(target), target.fast, stop, until_ns)
        if went is None:
            return
        self._run.progress.fast_passes += went.passes
        if not self._is_interrupted:  # then it may have been read since
            before_ns = target.fast_ns if went.before_ns is None else went.before_ns
            target.fast_ns, target.fast_since_ns = went.last_ns, went.last_ns - before_ns

    def _look_at(self, target: Target) -> Callable[[], FastReading | None]:
        """Reads it, or finds that somebody may have come who has to be looked for."""
        arriving, read = self._arriving, target.read_fast
        if arriving.discovery_period_ns is None:
            return read
        may_have_come = arriving.may_have_come
        return lambda: None if may_have_come() else read()

    def interrupt(self) -> None:
        """Who waits for the next pass has read something: no more of them go by just now."""
        self._is_interrupted = True
        if self._clock is not None:
            self._clock.break_off()

    def _alone_at_rest(self) -> Target | None:
        """The only process there is, if the last look at it called for nothing."""
        run, by_pid = self._run, self._run.roster.by_pid
        if len(by_pid) != 1 or run.roster.waiting or run.policy.fast_period_ns is None:
            return None
        if run.together is not None and not run.is_alone:
            return None
        (target,) = by_pid.values()
        fast = target.fast
        if fast is None or target.is_changing:
            return None  # it changes all the time: to look twice would cost more
        peak = partial(target.schedule.due_for_peak, fast.resident, fast.shared)
        at_peak = run.boundary.ask(target.pid, peak, Due.READ)
        return target if at_peak is Due.UNCHANGED else None

    def _affords_looks(self) -> bool:
        """Whether what is seen between ticks takes nothing from complete passes at ticks."""
        if self._run.together is None:
            return True
        self._run.update_budget()
        return self._run.together.group.affords_looks()

    def _discover(self) -> None:
        """Take in processes that have just come: with a pass, if that is affordable."""
        if not self._newcomers.admit_between():
            return
        together = self._run.together
        if together is not None and together.group.wants_pass():
            together.take_pass(Cause.START)
            together.read_at_peak()
        self._newcomers.read(between=True)
        if together is not None:
            together.store(self._run.sink)

    def _whose_turn(self) -> list[Target]:
        """All targets; of many, those whose turn it is, so that a pass stays cheap."""
        run = self._run
        if run.policy.fast_period_ns is None and self._arriving.discovery_period_ns is not None:
            return []  # the pass is only for newcomers
        if run.together is not None and not self._affords_looks():
            return []
        targets = list(run.roster.by_pid.values())
        if len(targets) <= _AT_ONCE:
            return targets
        start = self._turn % len(targets)
        self._turn = start + _AT_ONCE
        return (targets + targets)[start : start + _AT_ONCE]

    def _has_risen(self, target: Target) -> bool:
        """Read it; whether it is above its highest layout, which the budget allows to be read."""
        run, before = self._run, target.fast
        try:
            reading = target.read_fast()
        except Exception as problem:
            run.boundary.note(target.pid, problem)
            reading = None
        if reading is None:
            self._look_for_end(target)
            return False
        self._reader.store_fast(target, reading)
        # An execve leaves little of what a fork shares with others.
        if before is not None and reading.resident < before.resident // 2:
            self._look_for_exec(target)
        try:
            due = target.schedule.due_for_peak(reading.resident, reading.shared)
        except Exception as problem:
            run.boundary.note(target.pid, problem)
            return False
        if due is Due.UNCHANGED:
            return False
        if due is Due.TOO_SLOW and run.together is None:
            run.notices.too_much(target.pid, target.schedule, due)
        return due is Due.READ

    def _look_for_end(self, target: Target) -> None:
        """One that is swapped out or not readable just now lives: the tick looks at it."""
        if self._run.boundary.ask(target.pid, target.sampler.has_ended, False):
            self._reader.begin_tick(cause=Cause.EXIT)
            self._reader.read(target)
            self._run.changed(Cause.EXIT)

    def _look_for_exec(self, target: Target) -> None:
        if self._run.boundary.ask(target.pid, target.sampler.calls_exec, False):
            self._run.changed(Cause.EXEC)

    def _reads_all_between(self, together: Together) -> bool:
        """Read the sums of a group, if something calls for that; whether it did."""
        run = self._run
        if run.is_alone:
            return False
        cause = self._cause_of_pass(together)
        if cause is None:
            return False
        self._reader.begin_tick(cause=cause)
        together.take_pass(cause)
        run.progress.peaks += together.read_at_peak() and cause is Cause.PEAK
        self._newcomers.read(between=True)
        together.store(run.sink)
        return True

    def _cause_of_pass(self, together: Together) -> Cause | None:
        cause = together.change_now()
        if cause is None and self._run.policy.fast_period_ns is not None:
            now_ns = self._reader.utc_ns(self._run.time.monotonic_ns())
            return Cause.PEAK if together.is_peak(now_ns) else None
        return cause

    def _read_at_peak(self, target: Target) -> None:
        """Read the layout of one that has risen, unless that was done for all just now."""
        run, fast = self._run, target.fast
        assert fast is not None
        rose = partial(target.schedule.due_for_peak, fast.resident, fast.shared)
        if run.boundary.ask(target.pid, rose, Due.UNCHANGED) is not Due.READ:
            return
        self._reader.begin_tick(cause=Cause.PEAK)
        if run.together is not None and run.is_alone:
            run.together.watch_starts()
            self._newcomers.admit()
        self._reader.read(target)
        run.progress.peaks += 1
