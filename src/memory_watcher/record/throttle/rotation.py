"""Whose layout is read when more of a machine changes than is worth reading. Pure.

Reading every layout of a machine once costs so much CPU: a round. Layouts of processes that changed
are read as long as that stays below one round in a given time; then the others wait for their turn.
"""

from __future__ import annotations


class RoundBudget:
    """What may still be spent on layouts: a bucket that fills by one round in so much time.

    A round is what merely reading every smaps costs; what is paid is all that a layout costs. So
    the limit is a share of what the plainest recorder would take.
    """

    def __init__(self) -> None:
        self._costs: dict[int, int] = {}
        #: CPU time of reading every layout once, ns.
        self.round_ns = 0
        self._left_ns = 0.0
        self._now_ns: int | None = None

    def __contains__(self, process: int) -> bool:
        """Whether a layout of it was read."""
        return process in self._costs

    @property
    def processes(self) -> int:
        """How many have layouts."""
        return len(self._costs)

    def pass_time(self, now_ns: int, round_every_ns: int) -> None:
        """Fill up for the time since the last call: by a round each `round_every_ns`."""
        if self._now_ns is not None:
            share = (now_ns - self._now_ns) / round_every_ns
            # A machine at rest saves up for one tick at which everything changes.
            self._left_ns = min(self._left_ns + share * self.round_ns, self.round_ns)
        self._now_ns = now_ns

    @property
    def any_left(self) -> bool:
        """Whether one more layout may be read. A large one is paid off while others wait."""
        return self._left_ns > 0

    def learn(self, process: int, cost_ns: int) -> None:
        """Take note of what merely reading the smaps of a process costs."""
        self.round_ns += cost_ns - self._costs.get(process, 0)
        self._costs[process] = cost_ns

    def spend(self, cost_ns: int) -> None:
        """Pay for a layout; also one that could not wait, but debts are no more than a round."""
        self._left_ns = max(self._left_ns - cost_ns, -self.round_ns)

    def forget(self, process: int) -> None:
        """It has ended, or its layout cannot be read."""
        self.round_ns -= self._costs.pop(process, 0)
