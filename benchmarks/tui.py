"""What the terminal UI costs: CPU of the whole of `top`, and the time of one step of a replay."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import signal
import statistics
import struct
import sys
import termios
import time
from collections.abc import Callable, Iterator
from itertools import islice

from memory_watcher.tui.replay import ReplaySource
from memory_watcher.tui.view import Question

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
_COLUMNS, _LINES = 120, 40


@contextlib.contextmanager
def in_terminal(arguments: list[str]) -> Iterator[tuple[int, int]]:
    """Run memory-watcher in a terminal of its own; gives its PID and the terminal."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ.update(TERM="xterm-256color", COLORTERM="truecolor")
        os.execv(sys.executable, [sys.executable, "-m", "memory_watcher", *arguments])
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", _LINES, _COLUMNS, 0, 0))
    try:
        yield pid, terminal
    finally:
        os.kill(pid, signal.SIGTERM)
        _drain(terminal, time.monotonic() + 2)
        os.waitpid(pid, 0)
        os.close(terminal)


def _drain(terminal: int, until: float) -> int:
    """Read what is drawn, as a terminal does; returns how many bytes."""
    count = 0
    while (left := until - time.monotonic()) > 0:
        ready, _, _ = select.select([terminal], [], [], left)
        if ready:
            try:
                count += len(os.read(terminal, 65536))
            except OSError:  # the other side is closed
                break
    return count


def _cpu_seconds(pid: int) -> float:
    with open(f"/proc/{pid}/stat", "rb") as file:
        fields = file.read().rpartition(b")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_SECOND


def cpu_of_top(
    pid: int, seconds: int = 30, step: Callable[[], None] = lambda: None, settle: int = 5
) -> float:
    """CPU that `top -p PID` uses in steady state, as a fraction of one core."""
    with in_terminal(["top", "-p", str(pid), "--period", "1s"]) as (viewer, terminal):
        start = time.monotonic()
        before = 0.0
        for second in range(1, settle + seconds + 1):
            _drain(terminal, start + second)
            step()
            if second == settle:
                before = _cpu_seconds(viewer)
        return (_cpu_seconds(viewer) - before) / seconds


def step_of_replay(path: str, process_id: int = 1, steps: int = 50) -> tuple[float, float]:
    """Seconds from a step being asked for to its snapshot: the median, and the longest.

    Steps are spread over the whole recording, so that none profits from the one before it.
    """
    source = ReplaySource(path)
    try:
        question = Question(process_id=process_id, by="name", columns=100)
        *_, first = source.snapshots(question)
        every = max(len(first.ticks) // steps, 1)
        taken = []
        for tick in islice(first.ticks, 0, None, every):
            start = time.perf_counter()
            list(source.snapshots(Question(process_id, "name", tick=tick, columns=100)))
            taken.append(time.perf_counter() - start)
        return statistics.median(taken), max(taken)
    finally:
        source.close()


def opening_of_replay(path: str, process_id: int = 1) -> tuple[float, float]:
    """Seconds to the first picture, and to the one with the history."""
    start = time.perf_counter()
    source = ReplaySource(path)
    try:
        times = [
            time.perf_counter() - start
            for _ in source.snapshots(Question(process_id=process_id, columns=100))
        ]
        return times[0], times[-1]
    finally:
        source.close()
