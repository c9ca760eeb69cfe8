"""Print what recording costs, and how that stands against the bars. `--quick` takes a minute.

Machines are noisy: costs are CPU time, compared as ratios within one interleaved run, medians.
"""

from __future__ import annotations

import argparse
import os
import sqlite3
import statistics
import sys
import tempfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from itertools import zip_longest

from memory_watcher.record.clock import Deadline
from memory_watcher.record.policy import FOR_MACHINE

from . import as_used, naming, targets, truth
from .commands import console_script, median_wall, ratio
from .driven import recorder
from .recording import Cost, interleaved, peak_rss_of_command
from .report import page_cost, report_cost
from .timeline import (
    chart_seconds,
    diff_seconds,
    growth_cost,
    timeline_cost,
    write_two_recordings,
)
from .tui import cpu_of_top, step_of_replay

MS = 1_000_000
LONG_TICKS = 12_000
_PARTS = ("start", "as-used", "churn", "chromium", "big", "machine", "truth", "top", "long")


class Table:
    """Rows of figures and bars, printed as they come; remembers whether all bars held."""

    def __init__(self) -> None:
        self.all_held = True
        print(f"{'what':66} {'measured':>12} {'bar':>8}")
        print("-" * 92)

    def row(self, what: str, measured: float, unit: str, bar: float | None = None) -> None:
        """One figure; at most `bar` if there is one."""
        held = bar is None or measured <= bar
        self.all_held &= held
        verdict = "" if bar is None else ("held" if held else "MISSED")
        limit = "" if bar is None else f"{bar:g}"
        print(f"{what:66} {measured:9.4g} {unit:2} {limit:>8} {verdict}", flush=True)

    def cost(self, name: str, cost: Cost, ratio_bar: float | None, flat_bar: float | None) -> None:
        """The figures of one target."""
        self.row(f"{name}: mappings", cost.mappings, "")
        self.row(f"{name}: floor, CPU per tick", cost.floor_ms, "ms")
        self.row(f"{name}: recorder, CPU per tick", cost.recorder_ms, "ms")
        self.row(f"{name}: recorder ÷ floor", cost.ratio, "", ratio_bar)
        self.row(f"{name}: database per tick", cost.bytes_per_tick, "B")
        self.row(f"{name}: of one row per mapping", 100 * cost.flat_share, "%", flat_bar)
        self.row(f"{name}: torn layouts", cost.torn, "")

    def ways(self, when: str, found: dict[str, as_used.Measured], bars: list[float]) -> None:
        """What whole commands cost beside the bare reader, which is the first of them."""
        for (name, way), bar in zip_longest(found.items(), [None, *bars]):
            self.row(f"{name}, {when}: CPU per tick", statistics.median(way.cpu_ms), "ms")
            if name != as_used.BARE.name:
                self.row("- ÷ bare reader", statistics.median(way.ratios), "", bar)
                self.row("- stored per tick", statistics.median(way.bytes_per_tick), "B")
            if bar is not None:
                self.row("- ticks without a layout", way.lacking, "", 0)


def bench_as_used(table: Table, quick: bool, options: list[str]) -> None:
    """The real command with its defaults beside a bare reader, and what else a user would run.

    `options` are more of the command's own, and named in the table.
    """
    name = " ".join(["memory-record", *options])
    ways = [
        as_used.Way(name if options else f"{name}, defaults", as_used.recorder(*options)),
        as_used.Way(f"{name} --fast-period 0", as_used.recorder(*options, "--fast-period", "0")),
    ]
    turns = 1 if quick else 4
    table.ways("at 200 ms", as_used.measure(ways, 0.2, 40, turns), [1.50, 1.30])
    turns = 1 if quick else 3
    table.ways("at 1 s", as_used.measure(ways[:1], 1.0, 12, turns), [1.80])
    table.ways("at 200 ms", as_used.measure(as_used.others(), 0.2, 16, 1), [])


def bench_churn(table: Table, seconds: int) -> None:
    """(a): many mappings, some of which change."""
    with targets.churn() as target:
        cost = interleaved([target.pid], 100 * MS, seconds, target.step)
        table.cost("(a) 2,100 mappings, 20 changed a tick", cost, 1.20, 2)
        rss = peak_rss_of_command([target.pid], 100 * MS, 50)
        table.row("(a) recorder's peak RSS", rss / 2**20, "M", 30)


def bench_chromium(table: Table, seconds: int) -> None:
    """(b): a real browser."""
    if targets.CHROMIUM is None:
        print("(b) left out: there is no Chromium here")
        return
    with targets.chromium() as (browser, renderer):
        cost = interleaved([browser], 100 * MS, seconds)
        table.cost("(b) Chromium's browser process, 100 ms", cost, 1.20, 2)
        cost = interleaved([renderer], 100 * MS, seconds)
        table.cost("(b) its busy renderer, 100 ms", cost, 1.20, 2)
        cost = interleaved([renderer], 200 * MS, 3 * seconds)
        table.cost("(b) its busy renderer, 200 ms", cost, 1.20, 2)
        rss = peak_rss_of_command([renderer], 100 * MS, 50)
        table.row("(b) recorder's peak RSS", rss / 2**20, "M", 30)


def bench_big(table: Table, seconds: int) -> None:
    """(c): the kernel walks over many pages."""
    with targets.big() as target:
        cost = interleaved([target.pid], 200 * MS, seconds, target.step)
        table.cost("(c) 2 GiB in 4 KiB pages, 200 ms", cost, None, None)


def bench_machine(table: Table, seconds: int) -> None:
    """(d): everything."""
    policy = replace(FOR_MACHINE, max_cpu=None)
    with targets.sleepers(150):
        # By mean over rounds of --full-every, for the cost is not the same each tick; and over so
        # many that the first one, in which the recorder itself still grows, is one of several.
        cost = interleaved([], 1000 * MS, 6 * seconds, policy=policy)
        name = "(d) whole machine with 150 processes more, 1 s"
        table.cost(name, cost, None, None)
        table.row(f"{name}: recorder ÷ floor, mean", cost.mean_ratio, "", 0.10)
        with targets.busy(10):
            cost = interleaved([], 1000 * MS, 6 * seconds, policy=policy)
            table.row("- and 10 busy ones: recorder ÷ floor, mean", cost.mean_ratio, "", 0.20)
    with targets.sleepers(150) as pids:
        cost = interleaved(pids, 1000 * MS, max(seconds, 30), policy=policy)
        table.row("- file of the idle ones, an hour", cost.bytes_per_tick * 3600 / 1e6, "MB", 1.5)
    with targets.sleepers(400):
        rss = peak_rss_of_command([], 1000 * MS, 5)
        table.row("- recorder's peak RSS with 400 processes more", rss / 2**20, "M", 60)


def bench_truth(table: Table, quick: bool) -> None:
    """What is recorded is true, within its budget."""
    found = truth.consistency(100 if quick else 600)
    table.row("layouts of a process that moves 16 MiB about: exact", found.exact, "")
    table.row("- torn", found.torn, "")
    table.row("- exact, but with a wrong total", found.exact_but_wrong, "", 0)
    with targets.sleepers(40) as pids:
        table.row("torn layouts of 40 quiet processes", truth.torn_of_quiet(pids), "", 0)
        share = as_used.fast_readings_share(pids[0], 5 if quick else 15)
        table.row("fast readings every 20 ms, of one core", 100 * share, "%", 1)
    recordings = 3 if quick else 10
    missed = recordings - truth.spikes_caught(recordings, 50)
    table.row(f"spikes of 50 ms missed in {recordings} recordings", missed, "", 1)
    with targets.big() as target:
        cost = truth.budgeted(target.pid, 10 if quick else 20)
        table.row("2 GiB at 100 ms: recorder's CPU, of one core", 100 * cost.cpu_share, "%", 10)
        table.row("- layouts", cost.layouts, "")
        table.row("- ticks without a reading", cost.ticks - cost.readings, "", 0)


def bench_long_file(table: Table, ticks: int) -> None:
    """The file of (a) at 100 ms for 20 minutes, driven as fast as it goes; asked for its peak."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "long.db")
        with targets.churn() as target, recorder(path, [target.pid], 100 * MS) as (driven, _):
            for tick in range(ticks):
                target.step()
                driven.tick(Deadline(0, 0))
                if tick % 10 == 9:
                    driven.commit()
        size = os.path.getsize(path) / 1e6
        table.row(f"file of {ticks:,} ticks x 2,100 mappings", size, "MB", 25 * ticks / LONG_TICKS)
        peak = [console_script("memory-peak"), path]
        table.row("memory-peak on it, whole command", 1000 * median_wall(peak), "ms", 100)
        named = naming.at_the_peak(path)
        table.row("- of it to tell what 2,100 mappings are for, CPU", 1000 * named, "ms", 20)
        named = naming.of_chunks()
        table.row(f"the same of {naming.CHUNKS:,} chunks of V8", 1000 * named, "ms", 150)
        for share in (0.1, 0.5, 0.9):
            moment = _time_of_tick(path, round(ticks * share))
            wall = median_wall([*peak, "--measurement-time", moment])
            table.row(f"--measurement-time at {share:.0%} of it", 1000 * wall, "ms", 100)
        bench_views(table, path, ticks)


def bench_views(table: Table, path: str, ticks: int) -> None:
    """What looks at a long recording."""
    made = timeline_cost(path, ticks)
    table.row("timeline of it, 25 groups: time to data", made.seconds, "s", 1)
    table.row("- RSS", made.peak_rss / 2**20, "M", 150)
    table.row("memory-chart, PNG, whole command", chart_seconds(path), "s", 4)
    seconds, rss = growth_cost(path)
    table.row("memory-watcher growth by name: CPU of the command", seconds, "s", 1.5)
    table.row("- RSS", rss / 2**20, "M", 150)
    with tempfile.TemporaryDirectory() as folder:
        wall = diff_seconds(*write_two_recordings(folder, ticks))
        table.row("memory-watcher diff of two such, whole command", wall, "s", 0.5)
    page = f"{path}.html"
    report = report_cost(path, page)
    table.row("report: whole command", report.build_seconds, "s", 5)
    table.row("- size of the file", report.size / 1e6, "MB", 3)
    shown = page_cost(page)
    if shown is None:
        print("- in a browser: left out, there is no Chromium here")
    else:
        table.row("- in headless Chromium: load", shown.load_seconds, "s", 1)
        table.row("- slowest hover", shown.hover_ms, "ms", 100)
    table.row("memory-replay: one step, median", 1000 * step_of_replay(path)[0], "ms", 50)


def bench_top(table: Table, seconds: int) -> None:
    """The live view of a process with many mappings."""
    with targets.churn() as target:
        share = cpu_of_top(target.pid, seconds, target.step)
        table.row("memory-watcher top of 2,100 mappings at 1 s, of one core", 100 * share, "%", 3)


def _time_of_tick(path: str, tick: int) -> str:
    with closing(sqlite3.connect(path)) as connection:
        (time_ns,) = connection.execute(
            "SELECT time_ns FROM ticks WHERE id = ?", (tick,)
        ).fetchone()
    return datetime.fromtimestamp(time_ns / 1e9).isoformat(timespec="milliseconds")


def bench_start(table: Table) -> None:
    """How long a user waits for a command to begin."""
    version = [console_script("memory-record"), "--version"]
    nothing = [sys.executable, "-c", "pass"]
    table.row("memory-record --version ÷ python3 -c pass", ratio(version, nothing), "", 3)


def main() -> int:
    """Run all of it; 1 if a bar was missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="shorter runs, a file of 1,000 ticks")
    parser.add_argument(
        "--only",
        metavar="PART",
        action="append",
        choices=_PARTS,
        help=f"one of {', '.join(_PARTS)}",
    )
    parser.add_argument(
        "--max-cpu",
        metavar="PERCENT",
        help="for the real command: where the kernel prints slowly, its default leaves layouts out",
    )
    args = parser.parse_args()
    quick, only = args.quick, args.only or _PARTS
    seconds = 5 if quick else 20
    print(f"Linux {os.uname().release}, {os.cpu_count()} CPUs, Python {sys.version.split()[0]}\n")
    table = Table()
    options = [] if args.max_cpu is None else ["--max-cpu", args.max_cpu]
    benches: dict[str, Callable[[], None]] = {
        "start": lambda: bench_start(table),
        "as-used": lambda: bench_as_used(table, quick, options),
        "churn": lambda: bench_churn(table, seconds),
        "chromium": lambda: bench_chromium(table, seconds),
        "big": lambda: bench_big(table, seconds // 2),
        "machine": lambda: bench_machine(table, seconds // 2),
        "truth": lambda: bench_truth(table, quick),
        "top": lambda: bench_top(table, seconds),
        "long": lambda: bench_long_file(table, 1000 if quick else LONG_TICKS),
    }
    for part in filter(only.__contains__, _PARTS):
        benches[part]()
    print("\nAll bars held." if table.all_held else "\nA bar was missed.")
    return 0 if table.all_held else 1


if __name__ == "__main__":
    sys.exit(main())
