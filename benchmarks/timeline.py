"""What it costs to see a long recording: its timeline and its chart, in processes of their own."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
from dataclasses import replace
from typing import NamedTuple

from . import synthetic
from .commands import console_script, median_wall

TICKS = 12_000
_BUSY = synthetic.Busy(
    mappings=2_100, changed=20, names=60, period_ns=100_000_000, ticks_a_commit=10, seed=1
)

_MEASURED = """
import resource, sys, time
begin = time.perf_counter()
import memory_watcher
from memory_watcher.answers.usages import timeline
with memory_watcher.open(sys.argv[1]) as recording:
    made = timeline(recording, recording.processes()[0], by=sys.argv[2], top=25)
seconds = time.perf_counter() - begin
assert len(made) == int(sys.argv[3])
print(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, len(made.groups))
"""


class TimelineCost(NamedTuple):
    """Import, opening, reading and sweep in seconds; highest RSS in bytes; groups with the rest."""

    seconds: float
    peak_rss: float
    groups: int


def write_long_recording(path: str, ticks: int = TICKS) -> None:
    """Write a recording of a process with many mappings: takes half a minute."""
    synthetic.write(path, _BUSY, ticks)


def write_two_recordings(folder: str, ticks: int = TICKS) -> tuple[str, str]:
    """Write recordings of two runs of such a process that did not do the same."""
    paths = os.path.join(folder, "one.db"), os.path.join(folder, "other.db")
    for seed, path in enumerate(paths, 1):
        synthetic.write(path, replace(_BUSY, seed=seed), ticks)
    return paths


def timeline_cost(path: str, ticks: int = TICKS, by: str = "name", runs: int = 5) -> TimelineCost:
    """Make the timeline of a recording's first process in a new process, some times; medians."""
    found = []
    for _ in range(runs):
        command = [sys.executable, "-c", _MEASURED, path, by, str(ticks)]
        text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        found.append([float(word) for word in text.split()])
    seconds, rss, groups = (statistics.median(column) for column in zip(*found, strict=True))
    return TimelineCost(seconds, rss, round(groups))


def chart_seconds(path: str, ending: str = "png", runs: int = 5) -> float:
    """Wall time of the whole command that draws a recording."""
    with tempfile.TemporaryDirectory() as folder:
        picture = os.path.join(folder, f"chart.{ending}")
        return median_wall([console_script("memory-chart"), path, "-o", picture], runs)


def growth_cost(path: str, by: str = "name", runs: int = 5) -> tuple[float, int]:
    """CPU seconds (the median) and highest RSS in bytes of the command that says what grew."""
    command = [console_script("memory-watcher"), "growth", path, "--by", by]
    costs = [_resources_of(command) for _ in range(runs)]
    return statistics.median(each.ru_utime + each.ru_stime for each in costs), max(
        each.ru_maxrss * 1024 for each in costs
    )


def _resources_of(command: list[str]) -> resource.struct_rusage:
    pid = os.posix_spawn(
        command[0],
        command,
        os.environ,
        file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)],
    )
    _, status, used = os.wait4(pid, 0)
    if status:
        raise RuntimeError(f"{command} ended with status {status}")
    return used


def diff_seconds(path: str, other: str, by: str = "name", runs: int = 9) -> float:
    """Wall time of the whole command that compares two recordings at their peaks."""
    command = [console_script("memory-watcher"), "diff", path, other, "--by", by]
    return median_wall(command, runs)


def main() -> None:
    """Print it for a recording that is written for it."""
    with tempfile.TemporaryDirectory() as folder:
        path, other = write_two_recordings(folder)
        print(f"file: {os.path.getsize(path) / 1e6:.1f} MB")
        for by in ("name", "kind", "mapping"):
            cost = timeline_cost(path, by=by)
            print(
                f"timeline by {by}: {cost.seconds:.2f} s (bar 1), {cost.peak_rss / 2**20:.0f} MB"
                f" (bar 150), {cost.groups} groups"
            )
        for by in ("name", "kind", "mapping"):
            seconds, rss = growth_cost(path, by)
            print(f"growth by {by}: {seconds:.2f} s (bar 1.5), {rss / 2**20:.0f} MB (bar 150)")
        for ending in ("png", "svg", "pdf"):
            print(f"chart, {ending}: {chart_seconds(path, ending):.2f} s (bar 4)")
        for by in ("name", "kind", "mapping"):
            print(f"diff with another, by {by}: {diff_seconds(path, other, by):.2f} s (bar 0.5)")


if __name__ == "__main__":
    main()
