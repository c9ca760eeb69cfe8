"""How much CPU the recorder may still use: a bucket that fills with time. Pure."""

from __future__ import annotations

from ..units import SECOND


class Budget:
    """CPU time that may be used, of one core, at a rate.

    All that the recorder uses is taken from it, so that cheap readings and writing are paid too.
    """

    def __init__(self, rate: float | None, now_ns: int, cpu_ns: int) -> None:
        self._rate = rate
        self._now_ns = now_ns
        self._cpu_ns = cpu_ns
        self._left_ns = 0.0
        self._largest_ns = 0

    def update(self, now_ns: int, cpu_ns: int) -> None:
        """Take account of the time that has passed and the CPU used meanwhile."""
        if self._rate is None:
            return
        self._left_ns += self._rate * (now_ns - self._now_ns) - (cpu_ns - self._cpu_ns)
        # What is not used is kept for one second, or for as long as three layouts take.
        self._left_ns = min(self._left_ns, max(self._rate * SECOND, 3 * self._largest_ns))
        self._now_ns, self._cpu_ns = now_ns, cpu_ns

    def allows(self, cost_ns: int, reserve_ns: int = 0) -> bool:
        """Whether something that costs this much may be done, leaving a reserve."""
        self._largest_ns = max(self._largest_ns, cost_ns)
        return self._rate is None or self._left_ns >= cost_ns + reserve_ns
