"""Whether the budget is one on a slow machine: `make bench-slow`.

A program of five threads that grows and spikes is launched and recorded with default options:

- under Debian's qemu-user, if it is there (the recorder's own code is about ten times slower then,
  the kernel and the program are not);
- as it is, but pinned to one CPU together with a loop that never sleeps;
- with --as-is neither: in a guest, or on a slow machine.

What the recorder took is told by the kernel (rusage), what is in the recording by the recording,
and what the program had by itself. It needs nothing but Python and memory-watcher.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_HERE = os.path.dirname(os.path.abspath(__file__))
_SOURCE = os.path.join(os.path.dirname(_HERE), "src")
_TARGET = os.path.join(_HERE, "grow_and_spike_target.py")
_EMULATOR = ("qemu-x86_64", "-cpu", "max")

#: Bars for 60 s: of one core; layouts; of VmHWM.
MOST_CPU, FEWEST_LAYOUTS, LEAST_OF_PEAK = 0.13, 20, 0.90


@dataclass(frozen=True)
class Outcome:
    """What one recording cost and what it has; sizes in bytes, times in seconds."""

    seconds: float
    cpu: float  # by the kernel's account, of the recorder and its helper
    told_cpu: float | None  # by the recording's
    ticks: int
    without_figures: int  # ticks of a deadline that lack RSS
    layouts: int
    torn: int
    fast_readings: int
    highest: int
    high_water_mark: int
    spikes: tuple[float, ...]  # of the RSS at the top of each, how much a layout shows within it
    seen: tuple[float, ...]  # the same, of the readings between layouts
    said: str

    @property
    def share(self) -> float:
        """Of one core."""
        return self.cpu / self.seconds

    def misses(self) -> list[str]:
        """The bars that it does not reach."""
        checks = {
            f"CPU above {MOST_CPU:.0%}": self.share > MOST_CPU,
            f"fewer than {FEWEST_LAYOUTS} layouts": self.layouts < FEWEST_LAYOUTS,
            "highest layout too low": self.highest < LEAST_OF_PEAK * self.high_water_mark,
            "ticks without figures": self.without_figures > 0,
        }
        return [what for what, is_missed in checks.items() if is_missed]


def record(seconds: float, prefix: tuple[str, ...], cpu: int | None, folder: str) -> Outcome:
    """Launch and record the program; `cpu` is what all is pinned to."""
    path = os.path.join(folder, "slow.db")
    target = [sys.executable, _TARGET, str(seconds)]
    command = [sys.executable, "-m", "memory_watcher", "record", "-o", path, "--", *target]
    with pinned(cpu):
        process = subprocess.Popen(
            [*prefix, *command],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": _SOURCE},
        )
    assert process.stdout is not None
    assert process.stderr is not None
    truth = json.loads(process.stdout.readline())
    said = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"the recorder ended with {process.returncode}: {said}")
    # The program is the recorder's child, and has been waited for.
    recorder = usage.ru_utime + usage.ru_stime - truth["cpu"]
    return _outcome(path, recorder, truth, said)


def _outcome(path: str, cpu: float, truth: dict[str, Any], said: str) -> Outcome:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        ask = connection.execute
        (told,) = ask("SELECT cpu_ns FROM runs").fetchone()
        (ticks,) = ask("SELECT count(*) FROM ticks WHERE cause IS NULL").fetchone()
        (figures,) = ask(
            "SELECT count(*) FROM ticks AS t JOIN readings AS r ON r.tick = t.id"
            " WHERE t.cause IS NULL AND (r.resident IS NOT NULL OR r.layout_state IN (6, 8))"
        ).fetchone()
        layouts, torn, highest = ask(
            "SELECT count(*), sum(layout_state = 2), max(rss) FROM readings"
            " WHERE keyframe IS NOT NULL"
        ).fetchone()
        (fast,) = ask("SELECT count(*) FROM fast_readings").fetchone()
        first, last = ask("SELECT min(monotonic_ns), max(monotonic_ns) FROM ticks").fetchone()
        (to_utc,) = ask("SELECT time_ns - monotonic_ns FROM ticks LIMIT 1").fetchone()
        shown = [
            ask(
                "SELECT max(r.rss) FROM readings AS r JOIN ticks AS t ON t.id = r.tick"
                " WHERE r.keyframe IS NOT NULL AND t.monotonic_ns + r.delay_ns BETWEEN ? AND ?",
                (round(1e9 * begin - 50e6), round(1e9 * end)),
            ).fetchone()[0]
            for begin, end, _ in truth["spikes"]
        ]
        seen = [
            ask(
                "SELECT count(*), max(resident) FROM fast_readings"
                " WHERE time_ns - ? BETWEEN ? AND ?",
                (to_utc, round(1e9 * begin), round(1e9 * end)),
            ).fetchone()
            for begin, end, _ in truth["spikes"]
        ]
    tops = [top for _, _, top in truth["spikes"]]
    return Outcome(
        seconds=(last - first) / 1e9,
        cpu=cpu,
        told_cpu=None if told is None else told / 1e9,
        ticks=ticks,
        without_figures=max(ticks - figures, 0),
        layouts=layouts,
        torn=torn or 0,
        fast_readings=fast,
        highest=highest or 0,
        high_water_mark=truth["high_water_mark"],
        seen=tuple((rss or 0) / top for (_, rss), top in zip(seen, tops, strict=True)),
        spikes=tuple((rss or 0) / top for rss, top in zip(shown, tops, strict=True)),
        said=said,
    )


@contextlib.contextmanager
def pinned(cpu: int | None) -> Iterator[None]:
    """What is started here runs on this CPU alone; None: where it likes."""
    before = os.sched_getaffinity(0)
    if cpu is not None:
        os.sched_setaffinity(0, {cpu})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextlib.contextmanager
def busy_loop(cpu: int) -> Iterator[None]:
    """Something on that CPU that never sleeps."""
    with pinned(cpu):
        loop = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        yield
    finally:
        loop.kill()
        loop.wait()


def show(name: str, one: Outcome) -> bool:
    """Print it; whether it reaches all bars."""
    misses = one.misses()
    told = "-" if one.told_cpu is None else f"{one.told_cpu:.2f} s"
    print(f"{name}: {'; '.join(misses) or 'all bars hold'}")
    print(f"  CPU {one.cpu:.2f} s of {one.seconds:.1f} s: {one.share:.1%} (recording: {told})")
    print(f"  {one.ticks} ticks, {one.without_figures} without figures; fast: {one.fast_readings}")
    mib = 1 << 20
    of_peak = one.highest / one.high_water_mark
    print(
        f"  {one.layouts} layouts ({one.torn} torn); highest {one.highest / mib:.1f} MiB,"
        f" VmHWM {one.high_water_mark / mib:.1f} MiB: {of_peak:.1%}"
    )
    print("  spikes in layouts: " + ", ".join(f"{part:.1%}" for part in one.spikes))
    print("  spikes in readings: " + ", ".join(f"{part:.1%}" for part in one.seen))
    for line in one.said.splitlines():
        print(f"  | {line}")
    return not misses


def main() -> int:
    """Measure; 1 if a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--as-is", action="store_true", help="neither emulated nor beside a loop")
    parser.add_argument("--only", choices=("emulated", "beside"), help="one of the two")
    arguments = parser.parse_args()
    holds = []
    with tempfile.TemporaryDirectory() as folder:
        if arguments.as_is:
            holds.append(show("as it is", record(arguments.seconds, (), None, folder)))
            return int(not all(holds))
        if arguments.only != "beside":
            if shutil.which(_EMULATOR[0]) is None:
                print(f"emulated: left out, there is no {_EMULATOR[0]} (Debian's qemu-user)")
            else:
                one = record(arguments.seconds, _EMULATOR, None, os.path.join(folder))
                holds.append(show("emulated", one))
                os.remove(os.path.join(folder, "slow.db"))
        if arguments.only != "emulated":
            cpu = min(os.sched_getaffinity(0))
            with busy_loop(cpu):
                one = record(arguments.seconds, (), cpu, folder)
            holds.append(show("beside a busy loop on the same CPU", one))
    return int(not all(holds))


if __name__ == "__main__":
    sys.exit(main())
