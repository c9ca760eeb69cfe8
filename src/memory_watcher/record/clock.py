"""When to tick: fixed deadlines, so that a slow tick does not shift those after it; and sleep.

Whatever asks for the time takes a `Time`, which is the module `time` unless a test lets it pass.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import NamedTuple, Protocol

from ..units import MILLISECOND


class Time(Protocol):
    """The clocks of this machine and of this process, nanoseconds: what the module `time` has."""

    CLOCK_BOOTTIME: int

    def monotonic_ns(self) -> int:
        """Time that is never set, and stands still while the machine sleeps."""

    def time_ns(self) -> int:
        """UTC."""

    def clock_gettime_ns(self, clock: int, /) -> int:
        """What one of the kernel's clocks shows."""

    def thread_time_ns(self) -> int:
        """CPU time of this thread."""

    def process_time_ns(self) -> int:
        """CPU time of this process."""


class Deadline(NamedTuple):
    """Something that is due: how late it begins, and how many before it were given up.

    `is_fast` tells a pass of cheap readings from a tick.
    """

    late_ns: int
    skipped: int
    is_fast: bool = False


class WentBy(NamedTuple):
    """Fast passes that went by: how many, and when the last one and the one before it were."""

    passes: int
    last_ns: int
    before_ns: int | None


class Clock:
    """Deadlines on CLOCK_MONOTONIC, from the first `wait` on: ticks, and fast passes between.

    Deadlines that have passed by a whole period or more are skipped: an overloaded recorder never
    queues.
    """

    def __init__(
        self, period_ns: int, fast_period_ns: int | None = None, time: Time = time
    ) -> None:
        self.period_ns = period_ns
        self.fast_period_ns = fast_period_ns
        self._time = time
        self._next_tick: int | None = None
        self._next_fast: int | None = None
        self._is_broken_off = False

    def wait(self, stop: threading.Event) -> Deadline | None:
        """Wait for the next deadline; None if told to stop."""
        now = self._time.monotonic_ns()
        if self._next_tick is None:
            self._next_tick = now
            self._next_fast = now + self.fast_period_ns if self.fast_period_ns else None
        if self._next_fast is None or self._next_fast >= self._next_tick:
            is_fast = False
            due, skipped = _latest_due(self._next_tick, self.period_ns, now)
            self._next_tick = due + self.period_ns
        else:
            assert self.fast_period_ns is not None
            is_fast = True
            due, skipped = _latest_due(self._next_fast, self.fast_period_ns, now)
        if self.fast_period_ns:
            self._next_fast = due + self.fast_period_ns
        while (now := self._time.monotonic_ns()) < due:
            if stop.wait((due - now) / 1e9):
                return None
        return None if stop.is_set() else Deadline(now - due, skipped, is_fast)

    def wait_while(
        self, look: Callable[[], object], says: object, stop: threading.Event, until_ns: int
    ) -> WentBy | None:
        """Let fast passes go by at which `look` says this still; None if there was none.

        The first at which it says something else, or raises, comes next; no later one than at
        `until_ns` goes by. All is in one loop over few names: with the caches as cold as 20 ms
        leave them, a pass that goes through all parts of a recorder takes three times as long.
        """
        if self._next_fast is None or self._next_tick is None or not self.fast_period_ns:
            return None
        due, period, now_ns = self._next_fast, self.fast_period_ns, self._time.monotonic_ns
        until_ns = min(until_ns, self._next_tick - 1)  # a tick goes before a pass
        passes, last_ns, before_ns = 0, 0, None
        self._is_broken_off = False
        while due <= until_ns:
            while (now := now_ns()) < due and not stop.wait((due - now) / 1e9):
                pass
            try:
                if now < due or self._is_broken_off or look() != says:
                    break
            except Exception:
                break  # whoever looks next finds why
            passes, last_ns, before_ns = passes + 1, now, last_ns or None
            due += (now - due) // period * period + period
        self._next_fast = due
        return WentBy(passes, last_ns, before_ns) if passes else None

    def put_off(self, wait_ns: int) -> None:
        """Let no fast pass begin within this time from now; the ones after it stay on the grid."""
        if self._next_fast is not None and self.fast_period_ns:
            lacking_ns = self._time.monotonic_ns() + wait_ns - self._next_fast
            if lacking_ns > 0:
                self._next_fast += -(-lacking_ns // self.fast_period_ns) * self.fast_period_ns

    def break_off(self) -> None:
        """Who waits has read something meanwhile: of `wait_while`, no more goes by."""
        self._is_broken_off = True

    def until_next(self) -> int:
        """Nanoseconds from now to the next deadline, negative if it has passed."""
        if self._next_tick is None:
            return 0
        due = self._next_tick if self._next_fast is None else min(self._next_tick, self._next_fast)
        return due - self._time.monotonic_ns()


def _latest_due(first: int, period: int, now: int) -> tuple[int, int]:
    """The last deadline that has come, or the first to come; and how many were before it."""
    skipped = max(0, (now - first) // period)
    return first + skipped * period, skipped


class Sleep:
    """How long the machine sleeps: CLOCK_MONOTONIC stands still then, CLOCK_BOOTTIME does not."""

    def __init__(self, time: Time = time) -> None:
        self._time = time
        self._slept_ns = self._so_far()

    def since_last(self) -> int:
        """Nanoseconds since this was asked the last time; 0 for what is only their difference."""
        slept_ns = self._so_far()
        since_ns = slept_ns - self._slept_ns
        if since_ns < MILLISECOND:
            return 0
        self._slept_ns = slept_ns
        return since_ns

    def _so_far(self) -> int:
        time = self._time
        return time.clock_gettime_ns(time.CLOCK_BOOTTIME) - time.monotonic_ns()
