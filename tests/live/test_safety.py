"""What a recording survives: kills, a full disk, slow readers, a second recorder."""

from __future__ import annotations

import contextlib
import os
import random
import resource
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import memory_watcher
from memory_watcher.errors import NotARecording, RecordingNotFound

from ..programs import one, recorder, rows, run, ticks
from .targets import PAGE, Target

pytestmark = pytest.mark.live

SECOND = 1_000_000_000


@pytest.fixture(name="busy", scope="module")
def start_busy_target() -> Iterator[Target]:
    """A process whose 200 mappings change all the time."""
    with Target() as target:
        target.send("churn", target.ask("reserve_apart", 200), 400, 2)
        yield target


@pytest.fixture(name="file")
def recording_file(tmp_path: Path) -> Path:
    return tmp_path / "live.db"


def check_whole(file: Path) -> None:
    """All layouts can be read, and add up to what was noted when they were read."""
    with memory_watcher.open(file) as recording:
        for process in recording.processes():
            for measurement in recording.measurements(process.id):
                if measurement.has_layout:
                    assert recording.layout(measurement.id).totals == measurement.totals
    assert one(file, "PRAGMA integrity_check") == ("ok",)


@pytest.mark.parametrize("attempt", range(10))
def test_killed(busy: Target, file: Path, attempt: int) -> None:
    """SIGKILL at any instant leaves a file that opens, with all but about the last second.

    A recorder can go on with it.
    """
    lifetime = random.Random(attempt).uniform(0.02, 2.2)
    started = time.time_ns()
    with recorder(file, "-p", busy.pid, "--period", "10") as recording:
        with contextlib.suppress(subprocess.TimeoutExpired):
            recording.process.wait(lifetime)  # the instant is what is tested: any will do
        assert recording.process.poll() is None, recording.end()
        killed = time.time_ns()
        recording.process.kill()
        recording.end()
    latest = started + SECOND  # for the start of Python on a slow machine
    try:
        with memory_watcher.open(file) as reader:
            assert reader.process_count() <= 1
        check_whole(file)
        (until,) = one(file, "SELECT max(time_ns) FROM ticks")
        latest = max(until or 0, latest)
        assert rows(file, "SELECT * FROM runs WHERE end_reason IS NOT NULL") == []
    except RecordingNotFound:
        assert not file.exists()
    except NotARecording:
        assert file.stat().st_size == 0
    # Committed before it is a second old; half a second is for the commit and a busy machine.
    assert killed - latest < 1.5 * SECOND, f"killed after {lifetime} s (attempt {attempt})"
    with recorder(file, "-p", busy.pid, "--period", "10") as recording:
        recording.wait_for_handlers()
        code, said = recording.stop()
    assert code == 0, said
    check_whole(file)
    assert rows(file, "SELECT id FROM ticks ORDER BY id") == [
        (number,) for number in range(1, ticks(file) + 1)
    ]


@pytest.fixture(name="small_disk")
def mount_small_disk(tmp_path: Path) -> Iterator[Path]:
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("only root can mount a small disk")
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1400k", "none", disk], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"no small disk can be mounted here: {mounted.stderr.decode()}")
    try:
        yield disk
    finally:
        subprocess.run(["umount", disk], check=True)


def test_full_disk(busy: Target, small_disk: Path, tmp_path: Path) -> None:
    """A full disk ends the recording with one line and exit code 1; what was committed is there."""
    file = small_disk / "full.db"
    with recorder(file, "-p", busy.pid, "--period", "20", "--quiet") as recording:
        code, said = recording.end()
    assert code == 1
    assert said == (
        f"memory-record: {file}: cannot write: the disk is full; what was committed is kept\n"
    )
    check_whole(file)
    committed = ticks(file)
    assert committed > 10
    assert one(file, "SELECT last_tick, end_reason FROM runs") == (None, None)
    shown = run("memory-peak", file)
    assert shown.returncode == 0, shown.stderr
    with recorder(file, "-p", busy.pid, "--period", "20", "--quiet") as recording:
        code, again = recording.end()
    assert (code, again.count("\n")) == (1, 1), again
    assert ticks(file) >= committed
    # Where there is room, it goes on.
    for part in small_disk.iterdir():
        shutil.copy(part, tmp_path)
    moved = tmp_path / file.name
    with recorder(moved, "-p", busy.pid, "--period", "20") as recording:
        recording.wait_for_ticks(ticks(moved) + 1)
        code, said = recording.stop()
    assert code == 0, said
    check_whole(moved)
    assert ticks(moved) > committed


def test_file_size_limit(busy: Target, file: Path) -> None:
    """A limit on the size of files (ulimit -f) is met as a full disk is."""
    limit = ["prlimit", "--fsize=1000000:1000000"]
    with recorder(file, "-p", busy.pid, "--period", "20", "--quiet", before=limit) as recording:
        code, said = recording.end()
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY
    assert code == 1
    assert said.startswith(f"memory-record: {file}: cannot write: ")
    assert said.count("\n") == 1
    check_whole(file)
    assert ticks(file) > 10


def test_reader_with_a_long_transaction(busy: Target, file: Path) -> None:
    """Whoever reads for long sees one moment, and the recording goes on and ends as without it.

    The -wal file then stays, which the closing line says; all of it can be read.
    """
    with recorder(file, "-p", busy.pid, "--period", "10") as recording:
        recording.wait_for_ticks(1)
        reader = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
        try:
            reader.execute("BEGIN")
            count = reader.execute("SELECT count(*) FROM ticks").fetchone()
            recording.wait_for_ticks(count[0] + 150)
            code, said = recording.stop()
            assert code == 0
            assert "-wal" in said
            assert reader.execute("SELECT count(*) FROM ticks").fetchone() == count
        finally:
            reader.close()
    assert one(file, "SELECT end_reason FROM runs") == ("SIGINT",)
    check_whole(file)
    with recorder(file, "-p", busy.pid, "--period", "10") as recording:
        recording.wait_for_ticks(ticks(file) + 1)
        code, said = recording.stop()
    assert code == 0, said
    assert [path.name for path in file.parent.iterdir()] == [file.name]
    check_whole(file)


@pytest.mark.timing
def test_reader_holds_nothing_up(busy: Target, tmp_path: Path) -> None:
    """Beside a reader that goes on, no tick of 10 ms comes half a second late: in one of 3 runs."""

    def most_skipped(file: Path) -> int:
        with recorder(file, "-p", busy.pid, "--period", "10") as recording:
            recording.wait_for_ticks(1)
            with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as reader:
                reader.execute("BEGIN")
                (count,) = reader.execute("SELECT count(*) FROM ticks").fetchone()
                recording.wait_for_ticks(count + 150)
                recording.stop()
        return int(one(file, "SELECT max(skipped) FROM ticks WHERE id > ?", count)[0])

    runs = (most_skipped(tmp_path / f"{number}.db") for number in range(3))
    assert any(skipped < 50 for skipped in runs)


def test_second_recorder(busy: Target, file: Path) -> None:
    """A second recorder on the same file is refused in one line; the first does not notice."""
    with recorder(file, "-p", busy.pid, "--period", "10") as recording:
        recording.wait_for_ticks(1)
        second = run("memory-record", "-p", str(busy.pid), "--database-file", file)
        assert second.returncode == 1
        assert second.stderr == (
            f"memory-record: {file}: another recorder is writing to this file;"
            " choose another file\n"
        )
        recording.wait_for_ticks(ticks(file) + 1)
        code, said = recording.stop()
    assert code == 0, said
    assert one(file, "SELECT count(*), max(end_reason) FROM runs") == (1, "SIGINT")
    check_whole(file)


def test_second_run_is_appended(file: Path) -> None:
    """A second run on the same file adds to it: the same process, its own ticks, all readable."""
    with Target() as target:
        start = target.reserve(100)
        for count in (10, 90):
            target.touch(start, count)
            before = file.read_bytes() if file.exists() else b""
            with recorder(file, "-p", target.pid, "--period", "50") as recording:
                recording.wait_for_ticks(ticks(file) + 2)
                code, said = recording.stop()
            assert code == 0, said
            assert file.stat().st_size >= len(before)
    check_whole(file)
    with memory_watcher.open(file) as reader:
        (process,) = reader.processes()
        first, second = reader.runs()
        assert (first.end_reason, second.end_reason) == ("SIGINT", "SIGINT")
        assert second.first_tick == (first.last_tick or 0) + 1
        seen = []
        for measurement in reader.measurements(process.id):
            (usage,) = (
                entry.usage
                for entry in reader.layout(measurement.id)
                if entry.mapping.start == start
            )
            seen.append((measurement.tick >= second.first_tick, usage.rss))
    assert set(seen) == {(False, 10 * PAGE), (True, 90 * PAGE)}
