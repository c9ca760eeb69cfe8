"""What it costs to see a long recording: its timeline and its chart, in processes of their own."""

from __future__ import annotations

import os
import random
import statistics
import subprocess
import sys
import tempfile
from typing import NamedTuple

from memory_watcher.model import (
    Image,
    LayoutState,
    Machine,
    Mapping,
    MappingUsage,
    ProcessFacts,
    ProcessKey,
    Reading,
    Sample,
    Totals,
    Usage,
    sum_totals,
)
from memory_watcher.store.writer import Writer

from .commands import console_script, median_wall

TICKS, MAPPINGS, CHANGED, NAMES = 12_000, 2_100, 20, 60
_PERIOD_NS = 100_000_000
_START_NS = 1_534_514_283_942_000_000
_KIB = 1024

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


class _Change:
    """A layout that differs from the one before in a few mappings."""

    def __init__(
        self, removed: list[MappingUsage], added: list[MappingUsage], layout: list[MappingUsage]
    ) -> None:
        self.removed = removed
        self.added = added
        self._layout = layout
        self.totals: Totals = sum_totals(layout)

    def entries(self) -> list[MappingUsage]:
        """All of it."""
        return self._layout


def write_long_recording(path: str, ticks: int = TICKS) -> None:
    """Write a recording as a busy process would leave it, without one: takes half a minute."""
    choose = random.Random(1)
    layout = [_entry(number, choose) for number in range(MAPPINGS)]
    writer = Writer(path)
    writer.start_run(Machine("boot", "host", "6.18", 4096, 2), _PERIOD_NS, ["benchmark"])
    process = writer.add_process(ProcessFacts(ProcessKey(1, 1), Image("benchmark")))
    removed: list[MappingUsage] = []
    added = list(layout)
    for tick in range(ticks):
        time_ns = _START_NS + tick * _PERIOD_NS
        writer.tick(time_ns, time_ns - _START_NS, 0)
        change = _Change(removed, added, list(layout))
        rss = change.totals.rss
        reading = Reading(size=change.totals.size, resident=rss, high_water_mark=rss)
        writer.sample(process, Sample(reading, LayoutState.EXACT, change), 0)
        if tick % 10 == 9:
            writer.commit()
        places = choose.sample(range(MAPPINGS), CHANGED)
        removed = [layout[place] for place in places]
        for place in places:
            layout[place] = _entry(place, choose)
        added = [layout[place] for place in places]
    writer.close("end of benchmark")


def _entry(number: int, choose: random.Random) -> MappingUsage:
    name = f"/usr/lib/lib{number % NAMES}.so" if number % 3 else ""
    mapping = Mapping(
        0x7F0000000000 + (number << 20), 0x7F0000080000 + (number << 20), "rw-p", 0, 1, 0, name
    )
    pages = choose.randrange(64)
    return MappingUsage(
        mapping,
        Usage(
            rss=pages * 4 * _KIB,
            pss=pages * 3 * _KIB,
            private_clean=0,
            private_dirty=pages * 2 * _KIB,
            swap=0,
            vm_flags="rd wr mr mw me ac",
        ),
    )


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


def main() -> None:
    """Print it for a recording that is written for it."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "long.db")
        write_long_recording(path)
        print(f"file: {os.path.getsize(path) / 1e6:.1f} MB")
        for by in ("name", "kind", "mapping"):
            cost = timeline_cost(path, by=by)
            print(
                f"timeline by {by}: {cost.seconds:.2f} s (bar 1), {cost.peak_rss / 2**20:.0f} MB"
                f" (bar 150), {cost.groups} groups"
            )
        for ending in ("png", "svg", "pdf"):
            print(f"chart, {ending}: {chart_seconds(path, ending):.2f} s (bar 4)")


if __name__ == "__main__":
    main()
