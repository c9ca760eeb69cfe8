"""Who pays for a layout: the part kept for first ones, the round of all, or what is left."""

from __future__ import annotations

from collections.abc import Callable

from ...model import Sample
from ..clock import Time
from ..firsts import FirstLayouts
from ..target import Target
from .cpu_budget import CpuBudget
from .rotation import RoundBudget


class LayoutCosts:
    """Takes account of what layouts cost."""

    def __init__(
        self,
        budget: CpuBudget,
        firsts: FirstLayouts,
        rounds: RoundBudget,
        helper_ns: Callable[[], int],
        time: Time,
    ) -> None:
        """`helper_ns` tells the CPU time that the file helper has used so far."""
        self._budget = budget
        self._firsts = firsts
        self._rounds = rounds
        self._helper_ns = helper_ns
        self._time = time
        self._from_ns = 0  # CPU time at which the reading of now began
        self._paid_ns = 0  # CPU time of the file helper that was paid for
        #: CPU time of all layouts so far, with what it took to store them, ns.
        self.total_ns = 0

    def begin(self) -> None:
        """A process is read from now on."""
        self._from_ns = self._time.thread_time_ns()

    def took(self, target: Target, sample: Sample) -> None:
        """A layout was read, or an attempt made at one, and stored: before its schedule learns."""
        cost_ns = sample.cpu_ns or 0
        with_storing_ns = self._time.thread_time_ns() - self._from_ns
        self.total_ns += with_storing_ns
        if target.schedule.last_full_ns is None:
            # Storing all mappings of one costs half as much again.
            self._firsts.took(cost_ns, with_storing_ns)
        else:
            self._budget.layout_took(with_storing_ns)
            target.schedule.stored(max(with_storing_ns - cost_ns, 0))
            self._rounds.spend(cost_ns)
        if sample.state.has_layout:
            target.bare_ns = sample.bare_ns or 0
            self._rounds.learn(target.process_id, target.bare_ns)
        else:
            self._rounds.forget(target.process_id)

    def charge_helper(self, *, is_free: bool) -> None:
        """Take account of what the file helper did for the evidence."""
        helper_ns = self._helper_ns()
        if not is_free:
            self._budget.charge(helper_ns - self._paid_ns)
        self._paid_ns = helper_ns

    def ended(self, target: Target) -> None:
        """It costs nothing any more."""
        self._rounds.forget(target.process_id)
