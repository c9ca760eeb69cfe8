"""One line on the terminal about what takes longer than a second; nothing anywhere else.

    with ProgressLine("report of server.db") as progress:
        write_report(..., progress.step)

It stands on stderr, only if that is a terminal, and is taken away at the end, also after an error.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from collections.abc import Iterator
from types import TracebackType

from ..render.elide import elide
from ..render.escape import escape
from ..units import SECOND, format_duration
from .console import show_status

#: What takes no longer is not worth a line; from then on it is written anew this often, seconds.
_AFTER, _EVERY = 1.0, 0.5


class ProgressLine:
    """What is done, how far it is, and for how long: a thread writes it, so no work has to."""

    def __init__(self, what: str, wanted: bool = True) -> None:
        """`what` is said in front; with `wanted` false nothing is ever written."""
        self._what = what
        self._wanted = wanted and _is_terminal()
        self._step = ""
        self._started = time.monotonic_ns()
        self._ended = threading.Event()
        self._turn = threading.Lock()  # who holds it may write to the terminal
        self._is_shown = False
        self._thread: threading.Thread | None = None

    def __enter__(self) -> ProgressLine:
        if self._wanted:
            self._thread = threading.Thread(target=self._write, name="progress", daemon=True)
            with contextlib.suppress(RuntimeError):  # no thread can be started: no line, then
                self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        with self.paused():
            pass
        if self._thread is not None and self._thread.ident is not None:
            self._thread.join()

    def step(self, what: str, number: int, count: int) -> None:
        """Note what is worked at; called as `store.steps.Steps`."""
        self._step = f"{what} {number} of {count}" if count > 1 else ""

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """Take the line away while something else is written."""
        with self._turn:
            if self._is_shown:
                show_status("")
                self._is_shown = False
            yield

    def _write(self) -> None:
        wait = _AFTER
        while not self._ended.wait(wait):
            wait = _EVERY
            with self._turn:
                if self._ended.is_set():
                    return
                show_status(elide(self._line(), _width() - 1))
                self._is_shown = True

    def _line(self) -> str:
        elapsed = (time.monotonic_ns() - self._started) // SECOND * SECOND
        step = f": {self._step}" if self._step else ""
        return escape(f"{self._what}{step} · {format_duration(elapsed)}")


def _is_terminal() -> bool:
    try:
        return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
    except ValueError:  # it is closed
        return False


def _width() -> int:
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or 80
    except (OSError, ValueError):
        return 80
