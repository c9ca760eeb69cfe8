"""What exports of a long recording take: 12,000 layouts of 2,100 mappings.

    python -m benchmarks.formats [FORMAT[:BY]…]        exit code 1 if a bar is missed

Written out flat these are 25 million rows. Each export is a command of its own, as users run it.
"""

from __future__ import annotations

import multiprocessing
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from typing import NamedTuple

from .commands import console_script
from .timeline import write_long_recording

MB = 1_000_000


class Bar(NamedTuple):
    """The most that an export may take: seconds of wall time, bytes of RSS and of the output."""

    seconds: float
    peak_rss: int
    size: int | None = None


class Cost(NamedTuple):
    """Wall time and CPU time in seconds; highest RSS and what was written, bytes."""

    seconds: float
    cpu: float
    peak_rss: int
    size: int


#: Format and grouping; those without a bar are measured all the same.
BARS: dict[tuple[str, str], Bar | None] = {
    ("csv", "kind"): None,
    ("openmetrics", "kind"): None,
    ("perfetto", "name"): Bar(60, 150 * MB, 30 * MB),
    ("parquet", "name"): Bar(30, 200 * MB),
    ("parquet", "mapping"): Bar(30, 200 * MB),
}


def cost_of(recording: str, form: str, by: str, folder: str) -> Cost:
    """Export once into a folder."""
    out = os.path.join(folder, f"{form}-{by}")
    command = [console_script("memory-watcher"), "export", form, recording, "--by", by, "-o", out]
    begin = time.perf_counter()
    quiet = [(os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0)]
    child = os.posix_spawn(command[0], command, os.environ, file_actions=quiet)
    _, status, used = os.wait4(child, 0)
    seconds = time.perf_counter() - begin
    if status:
        raise RuntimeError(f"{command} ended with status {status}")
    size = _size(out)
    shutil.rmtree(out) if os.path.isdir(out) else os.unlink(out)
    return Cost(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024, size)


def _size(path: str) -> int:
    if os.path.isdir(path):
        return sum(each.stat().st_size for each in os.scandir(path))
    return os.path.getsize(path)


def is_held(cost: Cost, bar: Bar) -> bool:
    """Whether it took no more than it may."""
    fits = bar.size is None or cost.size <= bar.size
    return cost.seconds <= bar.seconds and cost.peak_rss <= bar.peak_rss and fits


def _line(form: str, by: str, cost: Cost, bar: Bar | None) -> str:
    told = (
        f"{form + ' by ' + by:22}{cost.seconds:8.1f} s{cost.cpu:8.1f} s"
        f"{cost.peak_rss / MB:8.0f} MB{cost.size / MB:8.1f} MB"
    )
    if bar is None:
        return told
    size = "" if bar.size is None else f", {bar.size // MB} MB"
    limits = f"{bar.seconds:.0f} s, {bar.peak_rss // MB} MB{size}"
    return f"{told}   {limits}: {'held' if is_held(cost, bar) else 'MISSED'}"


def main(chosen: Sequence[str]) -> int:
    """Print it for a recording that is written for it; how many bars are missed."""
    wanted = [
        key for key in BARS if not chosen or key[0] in chosen or f"{key[0]}:{key[1]}" in chosen
    ]
    wanted += [(form, by) for form, _, by in (each.partition(":") for each in chosen) if by]
    print(f"{'':22}{'wall':>10}{'CPU':>10}{'peak RSS':>11}{'written':>11}   bars")
    missed = 0
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "long.db")
        # In a process of its own: a child's highest RSS is at least what its parent had by then.
        writer = multiprocessing.get_context("spawn").Process(
            target=write_long_recording, args=(path,)
        )
        writer.start()
        writer.join()
        for form, by in dict.fromkeys(wanted):
            cost, bar = cost_of(path, form, by, folder), BARS.get((form, by))
            print(_line(form, by, cost, bar), flush=True)
            missed += bar is not None and not is_held(cost, bar)
    return missed


if __name__ == "__main__":
    sys.exit(min(main(sys.argv[1:]), 1))
