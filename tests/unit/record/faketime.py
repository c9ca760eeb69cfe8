"""Time that passes only when the test says so."""

from __future__ import annotations

import threading

MS = 1_000_000
SECOND = 1000 * MS
#: 2018-08-17T13:58:03.942 UTC
UTC_START = 1_534_514_283_942_000_000


class FakeTime:
    """Stands in the place of the module `time`."""

    CLOCK_BOOTTIME = 7

    def __init__(self) -> None:
        self.start = self.now = 5_000 * SECOND
        self.cpu = 0
        self.slept = 0
        self.set_by = 0  # how far the wall clock was set

    def monotonic_ns(self) -> int:
        return self.now

    def time_ns(self) -> int:
        return UTC_START + self.now - self.start + self.slept + self.set_by

    def clock_gettime_ns(self, clock: int) -> int:
        assert clock == self.CLOCK_BOOTTIME
        return self.now + self.slept

    def thread_time_ns(self) -> int:
        return self.cpu

    def process_time_ns(self) -> int:
        return self.cpu


class FakeStop(threading.Event):
    """An event that is waited for by letting the fake time pass."""

    def __init__(self, clock: FakeTime) -> None:
        super().__init__()
        self.clock = clock
        self.stop_at: int | None = None
        self.wakes_early_by = 0
        self.wakes_late_by = 0

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None
        assert timeout > 0
        wanted = round(timeout * 1e9)
        early = self.wakes_early_by if wanted > 2 * self.wakes_early_by else 0
        self.clock.now += wanted - early + self.wakes_late_by
        if self.stop_at is not None and self.clock.now >= self.stop_at:
            self.set()
        return self.is_set()
