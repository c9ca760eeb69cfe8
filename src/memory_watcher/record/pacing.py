"""Between two passes: how long the next fast pass has to wait, and what the user should know."""

from __future__ import annotations

from .clock import Clock, Deadline
from .run import Run
from .throttle.fast_pace import FastPace
from .throttle.layout_costs import LayoutCosts


class Pacing:
    """Takes account of what each pass cost beside layouts and sums, its waiting included."""

    def __init__(self, run: Run, clock: Clock, costs: LayoutCosts) -> None:
        self._run = run
        self._clock = clock
        self._costs = costs
        self._pace = FastPace(
            *(run.budget, clock.fast_period_ns, clock.period_ns, run.time.monotonic_ns())
        )
        self._cpu_ns = run.time.process_time_ns()
        self._apart_ns = self._paid_apart_ns()

    def _paid_apart_ns(self) -> int:
        together = self._run.together
        return self._costs.total_ns + (together.spent_ns if together is not None else 0)

    def after(self, deadline: Deadline) -> int:
        """A pass is over, and what is done after it; returns how long the next one has to wait."""
        run, pace = self._run, self._pace
        cpu_ns, apart_ns = run.time.process_time_ns(), self._paid_apart_ns()
        cost_ns = max(cpu_ns - self._cpu_ns - (apart_ns - self._apart_ns), 0)
        self._cpu_ns, self._apart_ns = cpu_ns, apart_ns
        is_fast = deadline.is_fast
        run.progress.fast_passes += is_fast
        if run.progress.ticks == 1 and not is_fast:
            cost_ns = 0  # that of the first tick is in the allowance
        wait_ns = pace.took(cost_ns, run.time.monotonic_ns(), is_fast=is_fast)
        if wait_ns:
            self._clock.put_off(wait_ns)
        if pace.stretched_ns is not None:
            asked_ns = self._clock.fast_period_ns or 0
            run.notices.fast_apart(pace.stretched_ns, asked_ns)
        return wait_ns
