"""How much CPU the recorder may still use: a bucket that fills with time. Pure."""

from __future__ import annotations

from ..units import SECOND

#: What is aimed at, of what is allowed: so that the start and the end of a recording fit in.
_AIM = 0.95
#: How many seconds' worth there is at the start.
_AT_START_S = 0.25


class Budget:
    """CPU time that may be used, of one core, at a rate.

    All that the recorder uses is taken from it, so that cheap readings and writing are paid too.
    """

    def __init__(self, rate: float | None, now_ns: int, cpu_ns: int) -> None:
        self._rate = None if rate is None else _AIM * rate
        self._now_ns = now_ns
        self._cpu_ns = cpu_ns
        self._left_ns = 0.0 if rate is None else _AT_START_S * rate * SECOND
        self._largest_ns = 0

    def update(self, now_ns: int, cpu_ns: int) -> None:
        """Take account of the time that has passed and the CPU used meanwhile."""
        if self._rate is None:
            return
        self._left_ns += self._rate * (now_ns - self._now_ns) - (cpu_ns - self._cpu_ns)
        # What is not used is kept for one second, or for as long as three layouts take.
        self._left_ns = min(self._left_ns, max(self._rate * SECOND, 3 * self._largest_ns))
        self._now_ns, self._cpu_ns = now_ns, cpu_ns

    def forgive(self, cost_ns: int) -> None:
        """Do not count the first look at a process: there is no layout without it."""
        self._left_ns += cost_ns

    def allows(self, cost_ns: int, reserve_ns: int = 0) -> bool:
        """Whether something that costs this much may be done, leaving a reserve."""
        self._largest_ns = max(self._largest_ns, cost_ns)
        return self._rate is None or self._left_ns >= cost_ns + reserve_ns
