"""When to tick: fixed deadlines, so that a slow tick does not shift those after it."""

from __future__ import annotations

import threading
import time
from typing import NamedTuple


class Deadline(NamedTuple):
    """A tick that is due: how late it began, and how many before it were given up."""

    late_ns: int
    skipped: int


class Clock:
    """Deadlines at a period from the first call of `wait` on, on CLOCK_MONOTONIC."""

    def __init__(self, period_ns: int) -> None:
        self.period_ns = period_ns
        self._next: int | None = None

    def wait(self, stop: threading.Event) -> Deadline | None:
        """Wait for the next deadline; None if told to stop.

        Deadlines that have passed by a whole period or more are skipped: an overloaded recorder
        never queues.
        """
        now = time.monotonic_ns()
        if self._next is None:
            self._next = now
        skipped = max(0, (now - self._next) // self.period_ns)
        due = self._next + skipped * self.period_ns
        self._next = due + self.period_ns
        while (now := time.monotonic_ns()) < due:
            if stop.wait((due - now) / 1e9):
                return None
        return None if stop.is_set() else Deadline(now - due, skipped)

    def until_next(self) -> int:
        """Nanoseconds from now to the next deadline, negative if it has passed."""
        return 0 if self._next is None else self._next - time.monotonic_ns()
