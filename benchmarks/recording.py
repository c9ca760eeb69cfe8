"""What a tick of the recorder costs beside the floor, in the same interleaved run."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass

from memory_watcher.record.clock import Deadline
from memory_watcher.record.policy import Policy

from .driven import UNLIMITED, RecorderApart, recorder
from .floor import cpu_of_reading

#: What one row per mapping and tick takes, bytes (the original's: 1.27 GB for 25 million rows).
FLAT_ROW = 40


@dataclass(frozen=True)
class Cost:
    """Medians over seconds of recording: CPU per tick, ratio to the floor, bytes per tick."""

    mappings: float
    floor_ms: float
    recorder_ms: float
    ratio: float
    mean_ratio: float
    bytes_per_tick: float
    torn: int

    @property
    def flat_share(self) -> float:
        """Bytes per tick against one row per mapping and tick."""
        return self.bytes_per_tick / (self.mappings * FLAT_ROW)


def interleaved(
    pids: list[int],
    period_ns: int,
    seconds: int,
    step: Callable[[], None] = lambda: None,
    policy: Policy = UNLIMITED,
) -> Cost:
    """Record for some seconds, each tick beside a bare read of the same processes.

    Without `pids` the whole machine is recorded and read. The two take turns in going first.
    """
    ticks = max(1, 1_000_000_000 // period_ns)
    floors, costs = [], []
    with tempfile.TemporaryDirectory() as folder:
        first = _size_of_one_tick(os.path.join(folder, "first.db"), pids, period_ns)
        path = os.path.join(folder, "bench.db")
        with RecorderApart(path, pids, period_ns, policy) as driven:
            driven.do("tick")
            for second in range(seconds):
                floor = cost = 0
                for tick in range(ticks):
                    recorder_first = (second + tick) % 2 == 0
                    due = time.monotonic_ns() + period_ns
                    step()
                    readable = pids or _user_processes()
                    if not recorder_first:
                        floor += cpu_of_reading(readable)
                    cost += driven.do("tick")
                    if tick == ticks - 1:
                        cost += driven.do("commit")
                    if recorder_first:
                        floor += cpu_of_reading(readable)
                    time.sleep(max(0, due - time.monotonic_ns()) / 1e9)
                floors.append(floor / ticks)
                costs.append(cost / ticks)
            torn = driven.do("torn")
        recorded = ticks * seconds
        return Cost(
            mappings=_mappings_per_tick(path),
            floor_ms=statistics.median(floors) / 1e6,
            recorder_ms=statistics.median(costs) / 1e6,
            ratio=statistics.median(c / f for c, f in zip(costs, floors, strict=True)),
            mean_ratio=sum(costs) / sum(floors),
            bytes_per_tick=(os.path.getsize(path) - first) / recorded,
            torn=torn,
        )


def _user_processes() -> list[int]:
    """Processes with memory: the floor for the whole machine reads no kernel threads either."""
    pids = []
    for name in os.listdir("/proc"):
        if name.isdecimal():
            with contextlib.suppress(OSError), open(f"/proc/{name}/statm", "rb") as file:
                if not file.read(2).startswith(b"0 "):
                    pids.append(int(name))
    return pids


def _size_of_one_tick(path: str, pids: list[int], period_ns: int) -> int:
    """Bytes of a recording of a single tick, which every recording has to hold."""
    with recorder(path, pids, period_ns) as (driven, _):
        driven.tick(Deadline(0, 0))
    return os.path.getsize(path)


def _mappings_per_tick(path: str) -> float:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        (mappings,) = connection.execute(
            "SELECT sum(mappings) * 1.0 / (SELECT count(*) FROM ticks) FROM readings"
        ).fetchone()
        return float(mappings)


def peak_rss_of_command(pids: list[int], period_ns: int, ticks: int) -> int:
    """The high-water mark of a real `memory-record` after so many ticks, bytes."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "bench.db")
        options = [option for pid in pids for option in ("-p", str(pid))]
        command = [sys.executable, "-m", "memory_watcher", "record", *options, "--quiet"]
        period = ["--period", f"{period_ns // 1_000_000}ms", "--database-file", path]
        process = subprocess.Popen([*command, *period])
        try:
            process.wait(ticks * period_ns / 1e9)
        except subprocess.TimeoutExpired:
            process.terminate()
            process.wait()
        with contextlib.closing(sqlite3.connect(path)) as connection:
            (rss,) = connection.execute("SELECT peak_rss FROM runs").fetchone()
            return int(rss)
