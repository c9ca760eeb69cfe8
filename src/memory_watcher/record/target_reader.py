"""Reads one target after the other and stores what was found; begins the ticks it belongs to."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from ..errors import NoPermission, SourceError, UnexpectedFault
from ..model import Cause, FastReading, LayoutState, ProcessKey, Sample, Tick
from .clock import Sleep
from .notices import PeakNotReset
from .run import Run
from .target import Target
from .throttle.layout_costs import LayoutCosts
from .throttle.schedule import Due

#: What rises by more than one per cent within so many fast periods has not reached its top.
_RISES, _SOON = 1.01, 3


class TargetReader:
    """Reads each target at most once a tick: what was read before in it stands."""

    def __init__(
        self,
        run: Run,
        costs: LayoutCosts,
        on_stored: Callable[[], None],
        on_end: Callable[[ProcessKey], None],
    ) -> None:
        """`on_stored` is called after each sample, `on_end` is told who has ended."""
        self._run = run
        self._costs = costs
        self._on_stored = on_stored
        self._on_end = on_end
        self._states: dict[int, LayoutState] = {}  # found at this tick, by process id
        self._sleep = Sleep(run.time)
        self._now_ns = run.time.monotonic_ns
        self.tick_ns = self._now_ns()
        self._to_utc_ns = run.time.time_ns() - self.tick_ns

    def begin_tick(
        self, late_ns: int | None = None, skipped: int = 0, cause: Cause | None = None
    ) -> None:
        """Begin a tick; a cause is that of one between two deadlines."""
        time = self._run.time
        self._states.clear()
        self._run.source.mapped_files.begin_tick()
        self.tick_ns = time.monotonic_ns()
        time_ns = time.time_ns()
        self._to_utc_ns = time_ns - self.tick_ns
        slept_ns = self._sleep.since_last()
        run = self._run
        used_ns, passes = run.used_cpu_ns(), run.progress.fast_passes
        tick = Tick(time_ns, self.tick_ns, late_ns, skipped, cause, slept_ns, used_ns, passes)
        run.sink.tick(tick)

    def utc_ns(self, monotonic_ns: int) -> int:
        """What the clock on the wall showed then, as it was at the last tick."""
        return monotonic_ns + self._to_utc_ns

    def read(self, target: Target, cheap: bool = False) -> LayoutState:
        """Read the process now and store it; returns what became of its layout."""
        if target.process_id in self._states:
            return self._states[target.process_id]
        run = self._run
        delay_ns = self._now_ns() - self.tick_ns
        self._costs.begin()
        sample = target.sampler.cheap_sample() if cheap else target.sampler.sample()
        for reason in sample.problems:
            run.notices.fault(target.pid, reason)
        if sample.image is not None:
            target.schedule.forget_highest()
        run.sink.sample(target.process_id, sample, delay_ns)
        self._states[target.process_id] = sample.state
        self._on_stored()
        run.progress.count(sample)
        if sample.state.has_ended:
            self._end(target)
        else:
            self._learn(target, sample, cheap or sample.failed)
            if not cheap:
                run.waits_no_more(target)
        return sample.state

    def read_unless_too_slow(self, target: Target, cheap: bool = False) -> None:
        """Read it now; of one whose layout would hold it up for too long the cheap figures."""
        if self._run.is_too_slow(target.pid):
            self.read_no_layout(target)
        else:
            self.read(target, cheap)

    def read_no_layout(self, target: Target) -> None:
        """Read the cheap figures of one whose layout would hold it up for too long, and say so."""
        if target.process_id in self._states:
            return
        run = self._run
        run.notices.too_much(target.pid, target.schedule, Due.TOO_SLOW)
        state = self.read(target, cheap=True)
        # That one is read when it has shrunk.
        run.waits_no_more(target)
        if state is LayoutState.NOT_TAKEN:
            run.progress.too_slow += 1
            run.sink.too_slow()

    def store_fast(self, target: Target, reading: FastReading) -> None:
        """Take note of cheap figures; what is as it was is stored when it has ended."""
        before, now = target.fast, self._now_ns()
        since_ns = now - target.fast_ns
        target.fast, target.fast_ns, target.fast_since_ns = reading, now, since_ns
        target.is_changing = False
        target.schedule.rises(before is not None and self._is_more(before, reading, since_ns))
        if reading is before:
            return
        if before is None or reading[:2] != before[:2]:
            target.is_changing = True
            target.fast_since_ns = None
            self._run.sink.fast_reading(target.process_id, self.utc_ns(now), since_ns, reading)
            self._run.progress.mark(reading.high_water_mark)

    def _is_more(self, before: FastReading, now: FastReading, since_ns: int) -> bool:
        """Whether it rose so much, so soon, that the next pass will find it higher still."""
        soon_ns = _SOON * (self._run.policy.fast_period_ns or 0)
        return now.resident > before.resident * _RISES and since_ns <= soon_ns

    def _learn(self, target: Target, sample: Sample, cheap: bool) -> None:
        """Take account of what was read of one that lives."""
        run = self._run
        if cheap:
            target.schedule.noticed(sample.reading.resident)
        else:
            self._costs.took(target, sample)
            took = partial(target.schedule.took, sample, sample.rollup_text)
            run.boundary.ask(target.pid, took, None)
            if target.sampler.awaits_files:
                target.schedule.read_again()
            # What the first tick takes is paid by nobody: to start the helper is dearer than that.
            self._costs.charge_helper(is_free=run.progress.ticks == 0)
            if run.together is not None:
                run.together.was_read(target, sample)
                if run.is_alone:
                    run.together.pass_of_one(target, sample, run.sink)
        now = sample.reading
        if now.resident is not None:
            target.fast = FastReading(now.resident, now.high_water_mark, now.shared)
            target.fast_ns, target.fast_since_ns = self._now_ns(), None
            if run.together is not None:
                run.together.saw(target, target.fast)
        if run.policy.reset_peak:
            self._reset_peak(target)

    def _reset_peak(self, target: Target) -> None:
        notices = self._run.notices
        try:
            target.sampler.reset_peak()
        except NoPermission:
            notices.once("reset", PeakNotReset(target.pid))
        except UnexpectedFault as fault:
            notices.fault(target.pid, str(fault))
        except SourceError:
            pass  # it ended just now; the next look at it will find that

    def _end(self, target: Target) -> None:
        run, key = self._run, target.sampler.facts.key
        self._store_last_look(target)
        run.notices.forget(key.pid)
        if run.roster.remove(target) and target.fast is not None:
            run.notices.no_first_layout(key.pid)
        run.count_living()
        self._costs.ended(target)
        if run.together is not None:
            run.together.ended(target)
        self._on_end(key)
        run.sink.end_process(target.process_id)
        run.let_go(target.sampler)

    def _store_last_look(self, target: Target) -> None:
        """Store what was read last of one that has ended, though it was what it was before.

        So it is known since when nobody knows what it had.
        """
        if target.fast is not None and target.fast_since_ns is not None:
            time_ns, since_ns = self.utc_ns(target.fast_ns), target.fast_since_ns
            self._run.sink.fast_reading(target.process_id, time_ns, since_ns, target.fast)
