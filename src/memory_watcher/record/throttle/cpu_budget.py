"""How much CPU the recorder may still use: a bucket that fills with time. Pure.

Beside it stand two others. Layouts have a half for themselves, so that nothing starves them. What
could not wait (imports, the first tick, first layouts) is free up to an allowance; what was more is
a debt, which is paid with a half of what the budget earns, so that the other half goes on.
"""

from __future__ import annotations

from ...units import SECOND

#: What is aimed at, of what is allowed: so that the start and the end of a recording fit in.
_AIM = 0.95
#: How many seconds' worth there is at the start.
_AT_START_S = 0.25
#: How many seconds' worth of debts leave reserves untouched: a burst of others is paid off later.
_DEBT_S = 0.5
#: CPU time that a recording may use beside the budget for what cannot wait.
ALLOWANCE_NS = SECOND
#: Of what is earned: what layouts have for themselves, and cheap readings at most.
LAYOUTS_SHARE = CHEAP_SHARE = 0.5
#: Of what is earned: what debts are paid with.
_DEBT_SHARE = 0.5
#: More seconds' worth than these are not overdrawn: cheap readings could not be left out.
_OVERDRAWN_S = 10


class Reserve:
    """A part of the budget that only one kind of work may use, so that no other starves it."""

    def __init__(self, share: float, *, is_kept: bool = False) -> None:
        """`share` is the part that it gets of what the budget earns, until it is full.

        What is kept is not even for work that has the right of way.
        """
        self.share = share
        self.is_kept = is_kept
        self.left_ns = 0.0
        self.full_ns = 0.0

    def hold(self, full_ns: float) -> None:
        """Keep at most this much: more is left to all."""
        self.full_ns = full_ns
        self.left_ns = min(self.left_ns, full_ns)

    def earn(self, earned_ns: float) -> None:
        """Take a share of what was earned."""
        self.left_ns = min(self.left_ns + self.share * earned_ns, self.full_ns)

    def spend(self, cost_ns: float) -> None:
        """Pay for work; what the reserve did not hold was taken from what is left to all."""
        self.left_ns = max(self.left_ns - cost_ns, 0.0)


class CpuBudget:
    """CPU time that may be used, of one core, at a rate.

    All that the recorder uses is taken from it, so that cheap readings and writing are paid too.
    """

    def __init__(self, rate: float | None, now_ns: int, cpu_ns: int, used_ns: int = 0) -> None:
        """`used_ns` is what was used before: by start-up, for example."""
        self._rate = None if rate is None else _AIM * rate
        self._now_ns = now_ns
        self._cpu_ns = cpu_ns
        self._left_ns = 0.0 if rate is None else _AT_START_S * rate * SECOND
        self._largest_ns = 0
        self._reserves: list[Reserve] = []
        self._for_layouts = Reserve(LAYOUTS_SHARE)
        self._allowance_ns = float(ALLOWANCE_NS)
        self.debt_ns = 0.0
        self._set_aside(used_ns)

    def begin(self, now_ns: int, cpu_ns: int) -> None:
        """Count from now on: there is no recording without what was done so far."""
        if self._rate is not None:
            at_start_ns = _AT_START_S * self._rate / _AIM * SECOND
            left_ns = self._left_ns - (cpu_ns - self._cpu_ns)
            self._set_aside(max(at_start_ns - left_ns, 0))
            self._left_ns = max(left_ns, at_start_ns)
            self._now_ns, self._cpu_ns = now_ns, cpu_ns

    @property
    def rate(self) -> float | None:
        """What may be used of a core now; None: as much as it takes."""
        if self._rate is None:
            return None
        return self._rate * (1 - _DEBT_SHARE) if self.debt_ns else self._rate

    def _set_aside(self, used_ns: float) -> None:
        """Pay from the allowance; what that does not hold is a debt."""
        self._allowance_ns -= used_ns
        if self._allowance_ns < 0:
            self.debt_ns -= self._allowance_ns
            self._allowance_ns = 0.0

    def reserve(self, share: float, *, is_kept: bool = False) -> Reserve:
        """Set a part aside."""
        self._reserves.append(Reserve(share, is_kept=is_kept))
        return self._reserves[-1]

    def update(self, now_ns: int, cpu_ns: int) -> None:
        """Take account of the time that has passed and the CPU used meanwhile."""
        if self._rate is None:
            return
        earned = self._rate * (now_ns - self._now_ns)
        paid = min(_DEBT_SHARE * earned, self.debt_ns)
        self.debt_ns -= paid
        earned -= paid
        for reserve in self._reserves:
            reserve.earn(earned)
        # What is not used is kept for one second, or until it suffices for the largest work.
        most = max(self._rate * SECOND, self._largest_ns)
        self._for_layouts.full_ns = most
        self._for_layouts.earn(earned)
        self._left_ns += earned - (cpu_ns - self._cpu_ns)
        self._left_ns = min(self._left_ns, most + self._reserved())
        self._left_ns = max(self._left_ns, -_OVERDRAWN_S * self._rate * SECOND)
        self._now_ns, self._cpu_ns = now_ns, cpu_ns

    def has_free(self, cost_ns: int) -> bool:
        """Whether the allowance still holds as much."""
        return self._allowance_ns >= cost_ns

    def forgive(self, cost_ns: int) -> None:
        """Take the first look at a process from the allowance: there is no layout without it."""
        self._left_ns += cost_ns
        self._set_aside(cost_ns)

    def charge(self, cost_ns: int) -> None:
        """Pay for what another process does for the recorder."""
        if self._rate is not None:
            self._left_ns -= cost_ns

    def owe(self, cost_ns: int) -> None:
        """Pay little by little for what another process has done, so that nothing starves."""
        if self._rate is not None:
            self.debt_ns += cost_ns

    def allows(self, cost_ns: int, reserve_ns: int = 0) -> bool:
        """Whether something that costs this much may be done, leaving all reserves and one more."""
        self._largest_ns = max(self._largest_ns, cost_ns + reserve_ns)
        return self._rate is None or self._free() >= cost_ns + reserve_ns

    def allows_layout(self, cost_ns: int, reserve_ns: int = 0) -> bool:
        """The same for a layout, which has its own half where nothing else has a part."""
        if self.allows(cost_ns, reserve_ns):
            return True
        is_shared = any(reserve.full_ns for reserve in self._reserves)
        return not is_shared and self._for_layouts.left_ns >= cost_ns + reserve_ns

    def layout_took(self, cost_ns: int) -> None:
        """Pay for a layout from the layouts' own half; `update` takes it from all there is."""
        self._for_layouts.spend(cost_ns)

    def allows_first(self, cost_ns: int) -> bool:
        """Whether work may be done that has the right of way: it may take what others reserve."""
        kept_ns = sum([reserve.left_ns for reserve in self._reserves if reserve.is_kept])
        return self._rate is None or self._left_ns - kept_ns >= cost_ns

    def allows_from(self, reserve: Reserve, cost_ns: int, *, alone: bool = False) -> bool:
        """Whether work may be done for which a reserve is kept; `alone`: by that and no more."""
        if self._rate is None:
            return True
        if self._left_ns < -_DEBT_S * self._rate * SECOND:
            return False
        rest = 0.0 if alone else max(self._free(), 0.0)
        return reserve.left_ns + rest >= cost_ns

    def allows_beside(self, reserve: Reserve, cost_ns: int) -> bool:
        """Whether work may be done for which a part is kept, or beside all others.

        Its own part it has even while others are in debt, so that they do not starve it.
        """
        if self._rate is None or reserve.left_ns >= cost_ns:
            return True
        own_ns = reserve.left_ns + max(self._free(), 0.0)
        return min(own_ns, self._left_ns) >= cost_ns

    def _free(self) -> float:
        return self._left_ns - self._reserved()

    def _reserved(self) -> float:
        return sum([reserve.left_ns for reserve in self._reserves])
