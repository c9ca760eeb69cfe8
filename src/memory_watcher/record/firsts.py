"""First layouts: of many processes that come at once, not all are read at once. Pure.

A few that come are read in full at the same look. When many come (the start of a recording of a
whole machine, a busy server), that would delay the ticks and use up the budget for seconds. So a
look reads first layouts only for so long. After the first tick they are paid from what is left of
the allowance, and then from the budget, which keeps a part for them. The others wait, with their
cheap figures and their part in the sums.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from ..units import MILLISECOND, SECOND
from .throttle.cpu_budget import CpuBudget

#: How long the first tick may take, any other, and a fast pass. Each is told when it began.
_AT_START_NS, _AT_TICK_NS, _BETWEEN_NS = 500 * MILLISECOND, 200 * MILLISECOND, 50 * MILLISECOND
#: What there is for first layouts even at a look that had much else to do, and as a part of what
#: that took: on a machine without a CPU for the recorder, 100 ms are enough for a few alone.
_AT_LEAST_NS, _PART_OF_OTHERS = 100 * MILLISECOND, 0.25

#: Of what the budget earns, while any wait; and how much of that is saved up at most.
_SHARE, _SAVED_NS = 0.25, 20 * MILLISECOND

#: The smallest come first, but none waits for longer because of others that came later.
_PATIENCE_NS = 10 * SECOND

#: CPU time that one is expected to take: at first, and the weight of each that was read.
_GUESS_NS, _WEIGHT = 5 * MILLISECOND, 0.25


class Newcomer(NamedTuple):
    """One that waits: its number, since when, and its RSS in bytes."""

    process_id: int
    since_ns: int
    resident: int


def in_order(newcomers: Iterable[Newcomer], now_ns: int) -> list[int]:
    """Numbers of those that wait: who has waited for long by its time, then the smallest."""

    def key(one: Newcomer) -> tuple[bool, int]:
        has_patience = now_ns - one.since_ns < _PATIENCE_NS
        return has_patience, one.resident if has_patience else one.since_ns

    return [one.process_id for one in sorted(newcomers, key=key)]


class FirstLayouts:
    """Whether one more first layout may be read at this look."""

    def __init__(self, budget: CpuBudget, *, is_bounded: bool, is_free: bool) -> None:
        """Without a bound all are read at once; those that are free do not count as used."""
        self._budget = budget
        is_paid = is_bounded and not is_free
        self._reserve = budget.reserve(_SHARE, is_kept=True) if is_paid else None
        self._is_bounded = is_bounded
        self._is_start = True
        self._until_ns = 0
        self._typical_ns = _GUESS_NS

    @property
    def expected_ns(self) -> int:
        """CPU time that the budget has to have for one."""
        return 0 if self._reserve is None else self._typical_ns

    def begin(self, began_ns: int, now_ns: int, *, between: bool = False) -> None:
        """A look that began then comes to those who wait; `between`: it is not a tick."""
        limit_ns = _AT_START_NS if self._is_start else _BETWEEN_NS if between else _AT_TICK_NS
        at_least_ns = max(_AT_LEAST_NS, round(_PART_OF_OTHERS * (now_ns - began_ns)))
        self._until_ns = max(began_ns + limit_ns, now_ns + at_least_ns * (not between))

    def started(self) -> None:
        """The first tick is over, which is paid by nobody."""
        self._is_start = False

    def may_read(self, now_ns: int) -> bool:
        """Whether time and budget are left for one more at the look that was begun."""
        return not self._is_bounded or (now_ns < self._until_ns and self.affords_one())

    def affords_one(self) -> bool:
        """Whether the budget has room for one."""
        if self._reserve is None or self._is_start or self._budget.has_free(self._typical_ns):
            return True
        return self._budget.allows_beside(self._reserve, self._typical_ns)

    def took(self, cost_ns: int, with_storing_ns: int) -> None:
        """One was read, and stored."""
        if self._reserve is None:
            self._budget.forgive(cost_ns)
            return
        self._typical_ns += round(_WEIGHT * (with_storing_ns - self._typical_ns))
        if not self._is_start and self._budget.has_free(with_storing_ns):
            self._budget.forgive(with_storing_ns)
        else:
            self._reserve.spend(with_storing_ns)

    def wait(self, waiting: int) -> None:
        """So many are left: as long as there are any, a part of the budget is kept for them."""
        if self._reserve is not None:
            self._reserve.hold(max(_SAVED_NS, self._typical_ns) if waiting else 0)
