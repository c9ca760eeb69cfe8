"""What ends a recording: signals, a duration, the end of the command that was launched."""

from __future__ import annotations

import os
import select
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..record.launch import Launched

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
#: A terminal sends these to all of its foreground process group: to the command as well as to us.
_FROM_TERMINAL = (signal.SIGINT, signal.SIGQUIT)


class SignalSafeEvent(threading.Event):
    """An event that a signal handler may set.

    threading's own cannot be: a handler runs in the thread that waits, and if that holds the
    event's lock just then (it takes it at each wait), `set` waits for the lock for ever.
    """

    def __init__(self) -> None:
        super().__init__()
        self._is_set = False
        self._wakes, self._wake = os.pipe()
        # Fifty waits a second: of each 110 us of CPU on an idle machine, select took 20 more.
        self._poll = select.poll()
        self._poll.register(self._wakes, select.POLLIN)

    def is_set(self) -> bool:
        """Whether it was set."""
        return self._is_set

    def set(self) -> None:
        """Set it, and wake who waits."""
        if not self._is_set:
            self._is_set = True
            os.write(self._wake, b"!")

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it is set, at most so many seconds; tells whether it is."""
        if not self._is_set:
            self._poll.poll(None if timeout is None else timeout * 1000)
        return self._is_set

    def close(self) -> None:
        """Give the descriptors back; it must not be used any more."""
        os.close(self._wakes)
        os.close(self._wake)


class Stop:
    """An event that ends a recording cleanly, and why it was set."""

    def __init__(self) -> None:
        self.event = SignalSafeEvent()
        self.reason = "stopped"

    def on_signals(self) -> Stop:
        """Be set by the signals that ask a program to end, less those ignored already (nohup)."""
        take_over_signals(self._stop)
        return self

    def after(self, duration_ns: int) -> None:
        """Be set after that time."""
        signal.signal(signal.SIGALRM, lambda _number, _frame: self.set("duration"))
        signal.setitimer(signal.ITIMER_REAL, duration_ns / 1e9)

    def set(self, reason: str) -> None:
        """End the recording; the first reason counts."""
        if not self.event.is_set():
            self.reason = reason
            self.event.set()

    def _stop(self, number: int, _frame: FrameType | None) -> None:
        self.set(signal.Signals(number).name)


class StopWithCommand(Stop):
    """Ends the recording when the launched command ends; signals are the command's business.

    They are passed on to it. What it does about them decides when it ends, and with it we. After
    its end (with --wait-all) they end the recording.
    """

    def __init__(self, launched: Launched, wait_all: bool) -> None:
        super().__init__()
        self._launched = launched
        self._wait_all = wait_all

    def on_signals(self) -> Stop:
        """Take over the signals; those that were ignored from the start (nohup) stay so."""
        take_over_signals(self._pass_on)
        signal.signal(signal.SIGCHLD, self._child_ended)
        return self

    def _pass_on(self, number: int, _frame: FrameType | None) -> None:
        if self._launched.has_ended():
            self.set(signal.Signals(number).name)
        elif passes_on(number):
            self._launched.send(number)

    def _child_ended(self, _number: int, _frame: FrameType | None) -> None:
        if not self._wait_all and self._launched.has_ended():
            self.set("command ended")


def take_over_signals(handler: Callable[[int, FrameType | None], None]) -> dict[int, Any]:
    """Take over what asks a program to end; gives what stood there, for signal.signal.

    Who started us may have had signals ignored (nohup): those stay so.
    """
    before = {number: signal.getsignal(number) for number in _ENDING}
    taken: dict[int, Any] = {
        number: old for number, old in before.items() if old is not signal.SIG_IGN
    }
    for number in taken:
        signal.signal(number, handler)
    return taken


def passes_on(number: int) -> bool:
    """Whether a child of ours has not had this signal as well, from the terminal."""
    return number not in _FROM_TERMINAL or not _in_foreground()


def _in_foreground() -> bool:
    """Whether we are of the terminal's foreground process group: it then told the command, too."""
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_CLOEXEC | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)
