"""Kills recorders at seeded instants, and looks at what they leave: `make kills` does it 300 times.

Modes: one process, a launched tree, the whole machine. Phases: from the start on, at the end, while
a file is packed, while one of an older format is migrated. What is left is copied, as somebody
would who saves it, and the copy has to pass `verify`; a recorder has to be able to go on with it.
"""

from __future__ import annotations

import contextlib
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from memory_watcher.errors import NotARecording, RecordingNotFound
from memory_watcher.store.readonly import ReadOnlyDatabase
from memory_watcher.store.verify import findings

from .programs import command, environment, run, wait_until

DATA = Path(__file__).parent / "data" / "recordings"
MODES = ("one", "tree", "machine")
PHASES = ("start", "run", "end", "pack", "migration")
#: How long a recorder that has opened its file goes on at most, before it is killed or ended.
_SECONDS = {"run": 2.5, "end": 1.0, "pack": 0.5, "migration": 0.3}
#: A tree that comes and goes while it is recorded.
_TREE = "for i in 1 2 3 4 5 6 7 8 9; do sleep 0.2 & sleep 0.1; done; wait"


class Killed(NamedTuple):
    """What became of one recorder. `lost` is seconds from the last tick that is there, if any."""

    what: str
    wrong: str
    lost: float | None


def _large(path: Path) -> None:
    """A recording with much to pack: half of its pages are free."""
    run("memory-record", "--database-file", path, "--duration", "0.1", "-q", "--", "true")
    with contextlib.closing(sqlite3.connect(path)) as connection:
        rows = [(f"/{number:0200d}",) for number in range(30_000)]
        connection.executemany("INSERT INTO paths (pathname) VALUES (?)", rows)
        connection.execute("DELETE FROM paths WHERE id % 2 AND pathname LIKE '/0%'")
        connection.commit()


def _old(path: Path, version: int) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.executescript((DATA / f"version-{version}.sql").read_text())


def _arguments(mode: str) -> list[str]:
    if mode == "tree":
        return ["--period", "20", "--", "sh", "-c", _TREE]
    if mode == "machine":
        return ["--period", "200"]
    return ["-p", str(_own_pid()), "--period", "10"]


def _own_pid() -> int:
    return int(Path("/proc/self").readlink().name)


def kill(seed: int, folder: Path) -> Killed:
    """Kill one recorder, in a folder that holds nothing else."""
    choose = random.Random(seed)
    mode, phase = choose.choice(MODES), choose.choice(PHASES)
    what = f"seed {seed}: {mode}, {phase}"
    file = folder / "a.db"
    if phase == "pack":
        _large(file)
    elif phase == "migration":
        _old(file, choose.choice((1, 2)))
    killed, said = _start_and_kill(choose, file, mode, phase)
    if said:
        return Killed(what, f"it ended by itself: {said}", None)
    return _look_at(what, file, folder / "copy", killed)


def _start_and_kill(choose: random.Random, file: Path, mode: str, phase: str) -> tuple[int, str]:
    options = ["--database-file", str(file), "--max-cpu", "0", "-q"]
    process = subprocess.Popen(
        command("memory-record", *options, *_arguments(mode)),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    )
    with process:
        if phase == "start":
            _wait(process, choose.uniform(0.02, 1.5))
        else:
            wait_until(lambda: Path(f"{file}-wal").exists() or process.poll() is not None, "-wal")
            _wait(process, choose.uniform(0, _SECONDS[phase]))
        if phase in ("end", "pack"):
            process.send_signal(signal.SIGINT)
            _wait(process, choose.uniform(0, 0.6))
        killed = time.time_ns()
        process.kill()
        _, said = process.communicate()
        by_itself = process.returncode not in (-signal.SIGKILL, 0, 130, -signal.SIGINT)
    return killed, said if by_itself else ""


def _wait(process: subprocess.Popen[str], seconds: float) -> None:
    """The instant is what is tested: any will do."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(seconds)


def _look_at(what: str, file: Path, copy: Path, killed: int) -> Killed:
    copy.mkdir()
    for suffix in ("", "-wal"):
        with contextlib.suppress(FileNotFoundError):
            shutil.copy(f"{file}{suffix}", copy / f"a.db{suffix}")
    if Path(f"{file}-journal").exists():
        return Killed(what, "a -journal is left", None)
    lost = None
    for path in (copy / "a.db", file):
        try:
            if found := list(findings(str(path))):
                return Killed(what, "; ".join(found), None)
            database = ReadOnlyDatabase(path)
            ((last, reason),) = database.rows(
                "SELECT max(t.time_ns), max(r.end_reason) FROM ticks AS t, runs AS r"
                " WHERE r.id = (SELECT max(id) FROM runs) AND t.run_id = r.id"
            )
            database.close()
            lost = (killed - last) / 1e9 if last and not reason else lost
        except RecordingNotFound:
            continue  # it had not begun
        except NotARecording as error:
            return Killed(what, str(error), None)
    return Killed(what, "", lost)


def main(count: int) -> int:
    """Kill so many; returns how many left something wrong."""
    wrong, worst = 0, 0.0
    for seed in range(count):
        with tempfile.TemporaryDirectory() as folder:
            killed = kill(seed, Path(folder))
        worst = max(worst, killed.lost or 0.0)
        if killed.wrong:
            wrong += 1
            print(f"{killed.what}: {killed.wrong}")  # noqa: T201
    print(f"{count} kills, {wrong} left something wrong; lost at most {worst:.2f} s")  # noqa: T201
    return wrong


if __name__ == "__main__":
    sys.exit(bool(main(int(sys.argv[1]) if len(sys.argv) > 1 else 300)))
