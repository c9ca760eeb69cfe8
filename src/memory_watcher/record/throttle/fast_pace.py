"""How soon cheap readings may follow one another: they have a half of the budget. Pure.

On a slow machine reading RSS fifty times a second alone would take more than the whole budget. So
what is cheap has a bucket of its own, out of which ticks pay, too. While it is empty, fast passes
wait: their period is stretched, up to that of the ticks, each of which has its reading.
"""

from __future__ import annotations

from ...units import SECOND
from .cpu_budget import CHEAP_SHARE, CpuBudget

#: So much is saved up, and is there at the start: a pass that took long for once stretches nothing.
_SAVED_S = 0.5
#: It is looked back so far to tell whether the period is stretched.
_WINDOW_NS = 5 * SECOND
#: Stretched by less than this nothing is lost that anybody would miss.
_WORTH_SAYING = 2.0


class FastPace:
    """Learns what cheap readings cost and tells how long the next one has to wait."""

    def __init__(
        self, budget: CpuBudget, fast_period_ns: int | None, tick_period_ns: int, now_ns: int
    ) -> None:
        """Without a fast period there is nothing to stretch."""
        self._budget = budget
        self._fast_period_ns = fast_period_ns
        self._tick_period_ns = tick_period_ns
        self._now_ns = now_ns
        self._left_ns = _SAVED_S * SECOND * (self._share or 0.0)
        self._window_from_ns = now_ns
        self._passes = 0  # in this window
        self._put_off_ns = 0  # in this window: what passes waited beyond their period
        #: The period that there was in the last window, ns; None while it is about what was asked.
        self.stretched_ns: int | None = None

    @property
    def _share(self) -> float | None:
        """Of a core, for all that is cheap; None: as much as it takes."""
        return None if self._budget.rate is None else CHEAP_SHARE * self._budget.rate

    def took(self, cost_ns: int, now_ns: int, *, is_fast: bool) -> int:
        """A pass or a tick used so much CPU beside layouts; returns how long to wait from now on.

        0: no longer than asked for.
        """
        if self._fast_period_ns is None:
            return 0
        self._passes += is_fast
        if (share := self._share) is None:
            return 0
        self._left_ns += share * (now_ns - self._now_ns) - cost_ns
        self._now_ns = now_ns
        # A tick that took long puts passes off until the next one, and no longer.
        least_ns = -share * self._tick_period_ns
        self._left_ns = min(max(self._left_ns, least_ns), _SAVED_S * SECOND * share)
        wait_ns = max(round(-self._left_ns / share), 0)
        self._look_back(max(wait_ns - self._fast_period_ns, 0), now_ns)
        return wait_ns

    def _look_back(self, put_off_ns: int, now_ns: int) -> None:
        """Whether passes waited for as much of the last seconds as makes half of them."""
        assert self._fast_period_ns is not None
        lasted_ns = now_ns - self._window_from_ns
        if lasted_ns >= max(_WINDOW_NS, 2 * self._tick_period_ns):
            found_ns = min(lasted_ns // max(self._passes, 1), self._tick_period_ns)
            # One that was stopped, or had no CPU, was not put off.
            was_put_off = self._put_off_ns >= lasted_ns * (1 - 1 / _WORTH_SAYING)
            is_stretched = was_put_off and found_ns >= _WORTH_SAYING * self._fast_period_ns
            self.stretched_ns = found_ns if is_stretched else None
            self._window_from_ns, self._put_off_ns, self._passes = now_ns, 0, 0
        self._put_off_ns += put_off_ns
