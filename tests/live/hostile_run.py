"""Twenty hostile processes of an ordinary user against root's recorder of the whole machine.

sudo python -m tests.live.hostile_run --seconds 300
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

from memory_watcher.model import LayoutState
from tests.rights import NOBODY

from ..programs import command, environment, wait_until
from .hostile import KINDS
from .targets import Target

PERIOD_S = 1.0
#: Of one core; what the first layouts at the first tick cost is not counted in it.
MAX_CPU = 0.10
#: After the time that was asked for, so long is waited for the first layout of who does no wrong.
_MOST_S = 120.0


AS_NOBODY = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]


def python_of_nobody() -> str | None:
    """An interpreter that an ordinary user may run: a virtual environment may be closed to him."""
    for python in (sys.executable, os.path.realpath(sys.executable), "/usr/bin/python3"):
        # By way of another program: setpriv itself may still run what only root may.
        tried = [*AS_NOBODY, "env", python, "-c", ""]
        if subprocess.run(tried, check=False, stderr=subprocess.DEVNULL).returncode == 0:
            return python
    return None


class Outcome(NamedTuple):
    """What a run showed; the bars are the benchmark's."""

    code: int
    said: str
    ticks: int
    longest_gap_s: float  # between two ticks of a deadline, beyond the period
    cpu: float  # of one core, without the start
    peak_rss: int
    end_s: float  # from SIGTERM to the recorder's end
    size: int
    good_states: list[LayoutState]
    lived: int  # hostile processes that still did their worst at the end


@contextmanager
def hostile_processes(folder: Path) -> Iterator[list[subprocess.Popen[bytes]]]:
    """All kinds at once; each in a session of its own, which is killed at the end."""
    folder.chmod(0o777)
    script = folder / "hostile.py"
    shutil.copyfile(Path(__file__).with_name("hostile.py"), script)
    script.chmod(0o644)
    python = python_of_nobody()
    assert python is not None
    running = []
    try:
        for kind in KINDS:
            running.append(
                subprocess.Popen(
                    [*AS_NOBODY, "setsid", python, "-I", "-S", script, kind, folder / kind],
                    cwd=folder,
                    stderr=subprocess.DEVNULL,
                )
            )
        yield running
    finally:
        for _ in range(3):
            for process in running:
                with contextlib.suppress(OSError):
                    os.killpg(process.pid, signal.SIGKILL)
            time.sleep(0.05)
        for process in running:
            process.wait()


def run(folder: Path, seconds: float) -> Outcome:
    """Record the whole machine for so long, among all of them."""
    file = folder / "machine.db"
    homes = folder / "hostile"
    homes.mkdir()
    folder.chmod(0o755)
    with Target() as good, hostile_processes(homes) as hostile:
        time.sleep(2)
        recorder = subprocess.Popen(
            command(
                "memory-record",
                *("--period", str(round(PERIOD_S * 1000)), "--max-cpu", str(100 * MAX_CPU)),
                *("--quiet", "--output", str(file)),
            ),
            stderr=subprocess.PIPE,
            text=True,
            env=environment(),
        )
        try:
            with contextlib.suppress(subprocess.TimeoutExpired):
                recorder.wait(seconds)
            # A busy machine with hundreds of short processes leaves little room for first layouts.
            wait_until(
                lambda: recorder.poll() is not None or _is_read(file, good.pid),
                "a layout of the process that does nothing wrong",
                max(_MOST_S, seconds),
            )
            lived = sum(process.poll() is None for process in hostile)
            started = time.monotonic()
            recorder.send_signal(signal.SIGTERM)
            code = recorder.wait(60)
            end_s = time.monotonic() - started
        finally:
            recorder.kill()
        said = recorder.communicate()[1]
    return _outcome(file, good.pid, code, said, end_s)._replace(lived=lived)


def _is_read(file: Path, pid: int) -> bool:
    """Whether a process has an exact layout."""
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database:
        question = (
            "SELECT 1 FROM readings AS r JOIN processes AS p ON p.id = r.process_id"
            " WHERE p.pid = ? AND r.layout_state = ? LIMIT 1"
        )
        return database.execute(question, (pid, LayoutState.EXACT)).fetchone() is not None


def _outcome(file: Path, good: int, code: int, said: str, end_s: float) -> Outcome:
    with closing(sqlite3.connect(file)) as database:
        ticks = [
            row[0] / 1e9
            for row in database.execute(
                "SELECT monotonic_ns FROM ticks WHERE cause IS NULL ORDER BY id"
            )
        ]
        cpu_ns, peak_rss = database.execute("SELECT cpu_ns, peak_rss FROM runs").fetchone()
        (first_ns,) = database.execute(
            "SELECT total(cpu_ns) FROM readings WHERE tick = (SELECT min(id) FROM ticks)"
        ).fetchone()
        states = database.execute(
            "SELECT r.layout_state FROM readings AS r JOIN processes AS p ON p.id = r.process_id"
            " WHERE p.pid = ? ORDER BY r.tick",
            (good,),
        ).fetchall()
    gaps = [later - earlier for earlier, later in itertools.pairwise(ticks)]
    return Outcome(
        code=code,
        said=said,
        ticks=len(ticks),
        longest_gap_s=max(gaps, default=0.0) - PERIOD_S,
        cpu=(cpu_ns - first_ns) / 1e9 / max(ticks[-1] - ticks[0], 1.0),
        peak_rss=peak_rss,
        end_s=end_s,
        size=file.stat().st_size,
        good_states=[LayoutState(row[0]) for row in states],
        lived=0,
    )


def main() -> int:
    """Run it, and compare with the bars."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=300)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = run(Path(folder), args.seconds)
    bars = [
        ("ticks", found.ticks, found.ticks >= 0.5 * args.seconds),
        ("latest tick, s", round(found.longest_gap_s, 3), found.longest_gap_s <= 1),
        ("CPU, % of a core", round(100 * found.cpu, 2), found.cpu <= MAX_CPU),
        ("RSS, MB", round(found.peak_rss / 1e6, 1), found.peak_rss < 100e6),
        ("end after SIGTERM, s", round(found.end_s, 3), found.end_s <= 1),
        ("hostile processes alive", found.lived, found.lived >= 20),
        ("exit code", found.code, found.code == 0),
        ("size, MiB", round(found.size / 2**20, 1), True),
        ("others' layouts", len(found.good_states), _is_complete(found)),
    ]
    for name, figure, holds in bars:
        print(f"{'ok  ' if holds else 'MISS'} {name}: {figure}")  # noqa: T201
    print(found.said)  # noqa: T201
    return 0 if all(holds for *_, holds in bars) else 1


def _is_complete(found: Outcome) -> bool:
    """Whether the process that does nothing wrong was read in full, and never failed."""
    states = found.good_states
    return LayoutState.EXACT in states and not set(states) - {
        *(LayoutState.EXACT, LayoutState.NOT_TAKEN),
    }


if __name__ == "__main__":
    sys.exit(main())
