"""What a recording costs as its user pays it: the CPU of whole commands, beside a bare reader.

Every command is a process of its own that reads the same target at the same period. What it takes
to start and to end is left out: a short run is taken from a long one. Runs take turns, costs are
compared within one turn, and the medians over turns are told.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from .commands import console_script

HERE = os.path.dirname(__file__)
ROOT = os.path.dirname(HERE)


@dataclass(frozen=True)
class Load:
    """What is read: a PID, so many seconds apart, so many times; what it stores goes to `file`."""

    pid: int
    seconds: float
    ticks: int
    file: str


@dataclass(frozen=True)
class Way:
    """A way to follow the mappings of a process: its name, and the command that does it."""

    name: str
    command: Callable[[Load], list[str]]


@dataclass
class Measured:
    """What one tick of a way takes, at each turn."""

    cpu_ms: list[float] = field(default_factory=list)
    ratios: list[float] = field(default_factory=list)
    bytes_per_tick: list[float] = field(default_factory=list)
    lacking: int = 0  # ticks without a layout, which cost less than they should


def _plain(name: str) -> Callable[[Load], list[str]]:
    def command(load: Load) -> list[str]:
        module = [sys.executable, "-m", "benchmarks.plain_ways", name]
        return [*module, str(load.pid), str(load.seconds), str(load.ticks)]

    return command


def recorder(*options: str) -> Callable[[Load], list[str]]:
    """The real command, with its defaults but for these options."""

    def command(load: Load) -> list[str]:
        # Half a period more or less: the last tick is not on the edge.
        duration = (load.ticks - 0.5) * load.seconds
        return [
            *(console_script("memory-record"), "-p", str(load.pid), "--quiet", *options),
            *("--period", f"{load.seconds * 1000:.0f}ms", "--duration", f"{duration:.3f}"),
            *("--output", load.file),
        ]

    return command


def _shell(text: str) -> Callable[[Load], list[str]]:
    def command(load: Load) -> list[str]:
        loop = f'for _ in $(seq "$1"); do {text} >> "$2"; sleep "$3"; done'
        arguments = [str(load.ticks), load.file, str(load.seconds), str(load.pid)]
        return ["sh", "-c", loop, "sh", *arguments]

    return command


BARE = Way("bare reader of smaps", _plain("bare"))


def others() -> list[Way]:
    """What a user would otherwise run, of it what is here."""
    ways = [Way("shell loop: cat smaps >> file", _shell('cat "/proc/$4/smaps"'))]
    if shutil.which("pmap"):
        ways.append(Way("shell loop: pmap -X >> file", _shell('pmap -X "$4"')))
    if importlib.util.find_spec("psutil"):
        ways.append(Way("psutil.memory_maps, nothing stored", _plain("psutil")))
    return ways


def measure(ways: list[Way], seconds: float, ticks: int, turns: int) -> dict[str, Measured]:
    """Cost of a tick of each way, by name, beside the bare reader's of the same turn."""
    found = {way.name: Measured() for way in [BARE, *ways]}
    with shifting(seconds) as pid, tempfile.TemporaryDirectory() as folder:
        for turn in range(turns):
            order = [BARE, *ways] if turn % 2 == 0 else [*reversed(ways), BARE]
            took = {way.name: _tick_of(way, pid, seconds, ticks, folder) for way in order}
            for name, tick in took.items():
                found[name].cpu_ms.append(tick.cpu_ms)
                found[name].ratios.append(tick.cpu_ms / took[BARE.name].cpu_ms)
                found[name].bytes_per_tick.append(tick.size)
                found[name].lacking += tick.lacking
    return found


class _Tick(NamedTuple):
    """What one takes, and how many of a run lack what they should have."""

    cpu_ms: float
    size: float
    lacking: int


class _Stored(NamedTuple):
    """What a run left."""

    ticks: int
    lacking: int
    size: int


def _tick_of(way: Way, pid: int, seconds: float, ticks: int, folder: str) -> _Tick:
    """What a tick takes, by a long run less a short one."""
    runs = []
    for number in (ticks // 4, ticks + ticks // 4):
        load = Load(pid, seconds, number, os.path.join(folder, "stored"))
        cpu = _cpu_of(way.command(load))
        runs.append((cpu, _what_was_stored(load)))
    (short_cpu, short), (long_cpu, long) = runs
    more = long.ticks - short.ticks
    return _Tick(
        cpu_ms=1000 * (long_cpu - short_cpu) / more,
        size=(long.size - short.size) / more,
        lacking=long.lacking + short.lacking,
    )


def _cpu_of(command: list[str]) -> float:
    """CPU seconds of a command and all that it starts and waits for."""
    process = subprocess.Popen(command, cwd=ROOT)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return usage.ru_utime + usage.ru_stime


def _what_was_stored(load: Load) -> _Stored:
    """How much there is; the file is removed. A recording tells how many ticks it has."""
    if not os.path.exists(load.file):
        return _Stored(load.ticks, 0, 0)
    size, ticks, lacking = os.path.getsize(load.file), load.ticks, 0
    with open(load.file, "rb") as file:
        is_recording = file.read(6) == b"SQLite"
    if is_recording:
        with contextlib.closing(sqlite3.connect(load.file)) as connection:
            ticks, layouts = connection.execute(
                "SELECT count(*), count(keyframe) FROM ticks LEFT JOIN readings ON tick = ticks.id"
                " WHERE cause IS NULL"
            ).fetchone()
        lacking = ticks - layouts
    os.unlink(load.file)
    return _Stored(ticks, lacking, size)


def fast_readings_share(pid: int, seconds: int) -> float:
    """CPU of the readings between ticks of a process at rest, as a share of one core."""
    with tempfile.TemporaryDirectory() as folder:

        def cpu_of(duration: int) -> float:
            file = os.path.join(folder, f"{duration}.db")
            command = [console_script("memory-record"), "-p", str(pid), "--quiet"]
            times = ["--period", "1000s", "--duration", f"{duration}s"]
            return _cpu_of([*command, *times, "--output", file])

        return (cpu_of(seconds + 1) - cpu_of(1)) / seconds


@contextlib.contextmanager
def shifting(seconds: float) -> Iterator[int]:
    """The PID of about 2,111 mappings, of which 41 change at each period, 27 of them new."""
    process = subprocess.Popen(
        [sys.executable, os.path.join(HERE, "shifting_target.py"), str(seconds)],
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.readline()
    try:
        yield process.pid
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
