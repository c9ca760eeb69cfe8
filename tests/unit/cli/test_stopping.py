"""The event that ends a recording may be set by a signal at any instant."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from types import FrameType

import pytest

from memory_watcher.cli.stopping import SignalSafeEvent, Stop


@pytest.fixture(autouse=True)
def handlers_as_before() -> Iterator[None]:
    numbers = (signal.SIGALRM, signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
    before = {number: signal.getsignal(number) for number in numbers}
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    for number, handler in before.items():
        signal.signal(number, handler)


def test_event() -> None:
    """It waits as long as told, and not at all once it is set."""
    event = SignalSafeEvent()
    began = time.monotonic()
    assert not event.wait(0.02)
    assert time.monotonic() - began >= 0.02
    event.set()
    event.set()
    assert event.is_set()
    assert event.wait()


def test_set_by_another_thread() -> None:
    """A waiting thread is woken."""
    event = SignalSafeEvent()
    threading.Timer(0.02, event.set).start()
    assert event.wait(30)


def test_set_by_signals_at_every_instant() -> None:
    """3000 signals, each at another instant of a loop of short waits, never hang it.

    threading.Event hangs here: its lock is held for a part of each wait.
    """
    event = SignalSafeEvent()

    def handler(_number: int, _frame: FrameType | None) -> None:
        event.set()

    signal.signal(signal.SIGALRM, handler)
    for attempt in range(3000):
        event = SignalSafeEvent()
        signal.setitimer(signal.ITIMER_REAL, 0.00002 + attempt % 97 * 0.000001)
        while not event.wait(0.000001):
            pass
        event.close()


def test_ignored_signals_stay_ignored() -> None:
    """What was ignored from the start (nohup: SIGHUP) does not end a recording."""
    for number in (signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)
        stop = Stop().on_signals()
        signal.raise_signal(number)
        assert not stop.event.is_set()
    signal.raise_signal(signal.SIGTERM)
    assert stop.reason == "SIGTERM"


def test_duration_and_first_reason() -> None:
    """A duration ends it; of several reasons the first one counts."""
    stop = Stop().on_signals()
    stop.after(20_000_000)
    assert stop.event.wait(30)
    signal.raise_signal(signal.SIGTERM)
    assert stop.reason == "duration"
    other = Stop().on_signals()
    signal.raise_signal(signal.SIGTERM)
    assert (other.event.is_set(), other.reason) == (True, "SIGTERM")
