"""Whether what is recorded is true, and what that costs: torn layouts, spikes, budgets."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from typing import NamedTuple

from memory_watcher.model import LayoutState
from memory_watcher.record.clock import Deadline
from memory_watcher.record.recorder import Recorder

from .driven import recorder

MS = 1_000_000
HERE = os.path.dirname(__file__)


class Consistency(NamedTuple):
    """Layouts of a process that moves a block about: how many of each state, and how many lie."""

    exact: int
    torn: int
    exact_but_wrong: int


def consistency(layouts: int) -> Consistency:
    """Read a process whose total never changes while a block of 16 MiB moves about in it."""
    mover = subprocess.Popen(
        [sys.executable, os.path.join(HERE, "mover_target.py")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert mover.stdin is not None
    assert mover.stdout is not None
    rss, size = map(int, mover.stdout.readline().split())
    with _recording([mover.pid]) as (driven, path):
        for _ in range(layouts):
            driven.tick(Deadline(0, 0))
        driven.commit()
        rows = _rows(path, "SELECT layout_state, rss, layout_size FROM readings")
    mover.stdin.close()
    mover.wait()
    mover.stdout.close()
    exact = [row[1:] for row in rows if row[0] == LayoutState.EXACT]
    torn = sum(row[0] == LayoutState.TORN for row in rows)
    return Consistency(len(exact), torn, sum(row != (rss, size) for row in exact))


def torn_of_quiet(pids: list[int]) -> int:
    """How many layouts of processes that do nothing are marked torn."""
    with _recording(pids) as (driven, _):
        for _ in range(3):
            driven.tick(Deadline(0, 0))
        return driven.progress.torn


def spikes_caught(recordings: int, hold_ms: int) -> int:
    """How many of so many recordings hold a layout within 5 % of the top of a 200 MiB spike."""
    return sum(_is_caught(hold_ms) for _ in range(recordings))


def _is_caught(hold_ms: int) -> bool:
    target = subprocess.Popen(
        [sys.executable, os.path.join(HERE, "spike_target.py"), "200", str(hold_ms), "1300", "1"],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert target.stdout is not None
    target.stdout.readline()
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "spike.db")
        command(["-p", str(target.pid), "--period", "1s", "--quiet", "--database-file", path])
        top = int(target.stdout.readline())
        target.wait()
        target.stdout.close()
        (highest,) = _rows(path, "SELECT max(rss) FROM readings WHERE layout_state = 1")[0]
        return bool(highest >= 0.95 * top)


def command(options: list[str]) -> None:
    """Run `memory-record` to its end."""
    subprocess.run([sys.executable, "-m", "memory_watcher", "record", *options], check=True)


class Budgeted(NamedTuple):
    """A process too big for the period asked: the recorder's CPU share, and what it recorded."""

    cpu_share: float
    ticks: int
    layouts: int
    readings: int


def budgeted(pid: int, seconds: int) -> Budgeted:
    """Record at 100 ms with the default budget; the share leaves out the recorder's start."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "big.db")
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "memory_watcher", "record", "-p", str(pid)),
                *("--period", "100ms", "--quiet", "--database-file", path),
            ],
            stderr=subprocess.DEVNULL,
        )
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
        process.terminate()
        process.wait()
        ((cpu_ns, first, last),) = _rows(
            path,
            "SELECT cpu_ns, (SELECT min(monotonic_ns) FROM ticks),"
            " (SELECT max(monotonic_ns) FROM ticks) FROM runs",
        )
        ((ticks, readings, layouts),) = _rows(
            path,
            "SELECT (SELECT count(*) FROM ticks WHERE cause IS NULL), count(*), count(keyframe)"
            " FROM readings",
        )
        start_ns = statistics.median(_start_cpu_ns() for _ in range(5))
        return Budgeted((cpu_ns - start_ns) / (last - first), ticks, layouts, readings)


def _start_cpu_ns() -> int:
    """CPU of a recorder that only starts and looks once at a tiny process."""
    with subprocess.Popen(["sleep", "1"]) as tiny, tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "tiny.db")
        command(["-p", str(tiny.pid), "--quiet", "--fast-period", "0", "--database-file", path])
        return int(_rows(path, "SELECT cpu_ns FROM runs")[0][0])


@contextlib.contextmanager
def _recording(pids: list[int]) -> Iterator[tuple[Recorder, str]]:
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "truth.db")
        with recorder(path, pids, 1000 * MS) as (driven, _):
            yield driven, path


def _rows(path: str, sql: str) -> list[tuple[int, ...]]:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql).fetchall()
