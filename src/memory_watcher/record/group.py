"""When all members of a group are read together, and what of them. Pure: it is told the time.

A group is whatever a run records that can be more than one process. Complete passes have the right
of way: what else is read has what they leave of the budget. Two parts of it are kept for passes out
of turn, so that neither starves the other: after a start, execve or exit, which change who shares
what, and at a peak, when the sum of private memory has risen above that of all passes before.
"""

from __future__ import annotations

from typing import NamedTuple

from ..model import Cause
from .passes import Round
from .policy import Policy
from .throttle.cpu_budget import CpuBudget, Reserve

#: Of what the budget earns: for passes at ticks, at peaks, and after starts, execs and exits.
_FOR_TICKS, _FOR_PEAKS, _FOR_CHANGES = 0.4, 0.2, 0.1

#: A peak is tried again while too much moves, but at most so often, unless it rises further.
_TRIES = 3

#: So many passes are saved up to try again where all that come and go left a tick without a sum.
_SAVED_TRIES = 4


class Mark(NamedTuple):
    """The highest sum of private memory seen since a pass: bytes, over so many processes."""

    time_ns: int
    private: int
    processes: int


class Cost(NamedTuple):
    """CPU time of a pass, ns: what it took, and what the next one is expected to: one round."""

    took_ns: int
    next_ns: int


class Group:
    """Decides from what passes and layouts have cost, and from what they have shown."""

    def __init__(self, policy: Policy, budget: CpuBudget) -> None:
        self.policy = policy
        self._budget = budget
        self._for_ticks = budget.reserve(_FOR_TICKS)
        self._for_peaks = budget.reserve(_FOR_PEAKS)
        self._for_changes = budget.reserve(_FOR_CHANGES)
        self._cost_ns = 0  # of the last pass
        self._last_ns: int | None = None  # when that was
        self._tick_ns = 0  # when that of a tick was
        self._put_off = False  # a tick since had none, for want of budget
        self._lacks_sum = False  # none since the last tick was steady
        self._payer = self._for_changes  # of a pass out of turn after a change
        #: Why a pass out of turn is wanted: the cause of a tick.
        self.change: Cause | None = None
        self._highest = 0  # of what grows, at passes of these members
        self._is_same = True  # none has come or gone since
        self._tries = 0  # passes in a row that were not steady
        self._last_private = 0  # at the last pass
        self._highest_pss = 0  # of passes beside which all layouts stood
        self._mark: Mark | None = None
        #: From one pass to the next when the budget allowed no more at the last ticks.
        self.apart_ns: int | None = None
        self.layouts_apart_ns: int | None = None  # the same for the layouts of all
        self._layouts_ns: int | None = None
        self._layouts_put_off = False

    # -- passes -----------------------------------------------------------------------------------

    def is_due(self, now_ns: int) -> bool:
        """Whether a tick should begin with a pass."""
        if self._last_ns is None:
            return True
        if now_ns - self._last_ns < self.policy.pass_every_ns:
            return False
        if self._budget.allows_first(self._cost_ns):
            return True
        if self._put_off and self.policy.max_cpu is not None:
            # So far, but no less than what its part of the budget takes to earn it.
            earned_ns = round(self._cost_ns / (_FOR_TICKS * self.policy.max_cpu))
            self.apart_ns = max(now_ns - self._tick_ns, earned_ns)
        self._put_off = True
        return False

    def spared(self, now_ns: int) -> None:
        """Learn that the pass of a tick is left out: it would say what the last one did."""
        self._tick_ns = self._last_ns = now_ns

    def changed(self, cause: Cause) -> None:
        """A member came, went or called execve: what the others share is not what it was."""
        self.change = self.change or cause
        self._is_same = False

    def wants_pass(self) -> bool:
        """Whether a change asks for a pass between the ticks, and its part of the budget has one.

        Of a whole machine, something starts and ends all the time: there the ticks suffice. Where
        the last tick has no sum since too much came and went, what it has left pays for another.
        """
        if self.change is None or self.policy.pass_every_ns or self._last_ns is None:
            return False
        if self._budget.allows_from(self._for_changes, self._cost_ns, alone=True):
            self._payer = self._for_changes
            return True
        self._payer = self._for_ticks
        # One is left to the next tick.
        return self._lacks_sum and self._budget.allows_from(
            self._for_ticks, 2 * self._cost_ns, alone=True
        )

    def took(self, one: Round, cost: Cost, now_ns: int, cause: Cause | None) -> None:
        """Learn from a pass, which a tick of this cause began with."""
        if cause is None:
            self.apart_ns = now_ns - self._tick_ns if self._put_off else None
            self._tick_ns, self._put_off = now_ns, False
        self._reserve_of(cause).spend(cost.took_ns)
        self._cost_ns, self._last_ns = cost.next_ns, now_ns
        self._lacks_sum = not one.is_steady and (cause is None or self._lacks_sum)
        self._for_ticks.hold((_SAVED_TRIES if self._lacks_sum else 1) * cost.next_ns)
        self._for_changes.hold(2 * cost.next_ns)
        self._tries = 0 if one.is_steady else self._tries + 1
        if self._tries % _TRIES == 0:
            self._highest = max(self._highest * self._is_same, one.growing)
            self._is_same = True
        self.change = None
        self._last_private = one.private

    def alone(self, private: int, pss: int, now_ns: int) -> None:
        """Learn that one member is left, whose layout is the pass: nothing is kept for others."""
        for reserve in (self._for_ticks, self._for_peaks, self._for_changes):
            reserve.hold(0)
        self._tick_ns = self._last_ns = now_ns
        self._put_off, self.apart_ns, self.layouts_apart_ns = False, None, None
        self._highest = max(self._highest * self._is_same, private)
        self._is_same = True
        self.change = None
        self._last_private = private
        self._highest_pss = max(self._highest_pss, pss)

    def _reserve_of(self, cause: Cause | None) -> Reserve:
        if cause is None:
            return self._for_ticks
        return self._for_peaks if cause is Cause.PEAK else self._payer

    # -- layouts of all ---------------------------------------------------------------------------

    def affords(self, cost_ns: int, now_ns: int) -> bool:
        """Whether the layouts of all may be read at a tick."""
        self._for_peaks.hold(2 * self._cost_ns + cost_ns)
        allowed = self._budget.allows(cost_ns)
        if allowed:
            waited = self._layouts_put_off and self._layouts_ns is not None
            self.layouts_apart_ns = now_ns - (self._layouts_ns or 0) if waited else None
            self._layouts_ns, self._layouts_put_off = now_ns, False
        else:
            self._layouts_put_off = True
        return allowed

    def affords_at_peak(self, one: Round, cost_ns: int) -> bool:
        """Whether they may be read because no sum before was as high."""
        if not one.is_steady or one.pss < self.policy.above(self._highest_pss):
            return False
        if not self._budget.allows_from(self._for_peaks, cost_ns):
            return False
        self._for_peaks.spend(cost_ns)
        return True

    def all_stand(self, one: Round) -> None:
        """Learn that the layouts of all stand beside this pass."""
        self._highest_pss = max(self._highest_pss, one.pss)

    # -- between the passes -----------------------------------------------------------------------

    def affords_looks(self) -> bool:
        """Whether cheap readings, and looking for newcomers, take nothing from passes at ticks."""
        return not self._put_off or self._budget.allows(0)

    def is_peak(self, growing: int) -> bool:
        """Whether the sum of what grows calls for a pass at once."""
        if self._last_ns is None or growing < self.policy.above(self._highest):
            return False
        return self._budget.allows_from(self._for_peaks, self._cost_ns)

    def note(self, private: int, processes: int, time_ns: int) -> None:
        """Take note of the sum of private memory that was seen just now."""
        if self._mark is None or private > self._mark.private:
            self._mark = Mark(time_ns, private, processes)

    def mark_before(self, private: int) -> Mark | None:
        """What was seen since the last pass, if it was above that and above this next one."""
        mark, self._mark = self._mark, None
        if mark is None or mark.private < self.policy.above(max(private, self._last_private)):
            return None
        return mark
