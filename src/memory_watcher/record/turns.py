"""Whose layout is read when more of a machine changes than is worth reading. Pure.

Reading every layout of a machine once costs so much CPU: a round. Layouts of processes that changed
are read as long as that stays below one round in a given time; then the others wait for their turn.
"""

from __future__ import annotations


class Turns:
    """What may still be spent on layouts: a bucket that fills by one round in so much time."""

    def __init__(self) -> None:
        self._costs: dict[int, int] = {}
        #: CPU time of reading every layout once, ns.
        self.round_ns = 0
        self._left_ns = 0.0
        self._now_ns: int | None = None

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

    def learn(self, pid: int, cost_ns: int) -> None:
        """Take note of what merely reading the smaps of a process costs."""
        self.round_ns += cost_ns - self._costs.get(pid, 0)
        self._costs[pid] = cost_ns

    def spend(self, cost_ns: int) -> None:
        """Pay for a layout; also one that could not wait, but debts are no more than a round."""
        self._left_ns = max(self._left_ns - cost_ns, -self.round_ns)

    def forget(self, pid: int) -> None:
        """A process has ended."""
        self.round_ns -= self._costs.pop(pid, 0)
