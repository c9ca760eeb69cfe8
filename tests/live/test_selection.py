"""Processes selected by what they are: names, command lines, users, cgroups, a real server."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from memory_watcher.procfs.cgroup import Cgroup, find_folder, read_mountinfo

from ..programs import PATIENCE, one, recorder, rows, run, ticks, wait_until
from ..rights import NOBODY

pytestmark = pytest.mark.live

MI = 1 << 20
PYTHON = [sys.executable, "-I", "-S", "-c"]


@pytest.fixture(name="file")
def recording_file(tmp_path: Path) -> Path:
    return tmp_path / "selected.db"


@pytest.fixture(name="word")
def word_of_its_own() -> str:
    """A name that no other process of the machine has."""
    return f"mw{uuid.uuid4().hex[:8]}"


@contextmanager
def sleeping(*words: str, **options: Any) -> Iterator[int]:
    """A process that runs until the end of the block; tells its PID."""
    with subprocess.Popen(words, **options) as process:
        try:
            yield process.pid
        finally:
            process.kill()


def pids(file: Path) -> set[int]:
    """The processes in a recording; none while it is being laid out."""
    try:
        return {pid for (pid,) in rows(file, "SELECT pid FROM processes")}
    except sqlite3.OperationalError:
        return set()


def program(folder: Path, name: str) -> str:
    """A program of its own name."""
    path = folder / name
    shutil.copy("/bin/sleep", path)
    return str(path)


def test_name(file: Path, tmp_path: Path, word: str) -> None:
    """All processes of a name, those that come later, and no others; then the recording ends."""
    sleep = program(tmp_path, word)
    with (
        sleeping("sleep", "60"),
        sleeping(sleep, "60") as first,
        recorder(file, "--name", f"{word[:6]}*") as recording,
    ):
        wait_until(lambda: pids(file) == {first}, "the first process")
        with sleeping(sleep, "60") as second:
            wait_until(lambda: pids(file) == {first, second}, "the second process")
        os.kill(first, signal.SIGKILL)
        code, said = recording.end()
    assert code == 0, said
    assert one(file, "SELECT kind, description FROM selections") == (
        "selection",
        f"--name '{word[:6]}*'",
    )
    assert one(file, "SELECT end_reason FROM runs") == ("targets gone",)


def test_name_given_by_execve(file: Path, tmp_path: Path, word: str) -> None:
    """A process gets its name by execve, long after it was forked."""
    sleep = program(tmp_path, word)
    with recorder(file, "--name", word, "--wait") as recording:
        recording.wait_for_ticks(1)
        with sleeping("sh", "-c", f"sleep 1.5; exec {sleep} 60") as pid:
            wait_until(lambda: pid in pids(file), "the process under its new name")
        code, said = recording.end()
    assert code == 0, said


def test_wait(file: Path, tmp_path: Path, word: str) -> None:
    """Without --wait, nothing to record is an error; with it, the recorder waits."""
    sleep = program(tmp_path, word)
    done = run("memory-watcher", "record", "-o", file, "--name", word)
    assert done.returncode == 1
    assert word in done.stderr
    assert "--wait" in done.stderr
    assert done.stderr.count("\n") == 1
    assert not file.exists()
    with recorder(file, "--name", word, "--wait") as recording:
        recording.wait_for_ticks(2)
        assert pids(file) == set()
        with sleeping(sleep, "60") as pid:
            wait_until(lambda: pids(file) == {pid}, "the process that was waited for")
        code, said = recording.end()
    assert code == 0, said


def test_command_line(file: Path, word: str) -> None:
    """A regular expression over the arguments; it finds neither the recorder nor `timeout`."""
    with (
        sleeping(*PYTHON, "input()", f"--port={word}80", stdin=subprocess.PIPE) as pid,
        recorder(file, "--cmdline", f"port={word}[0-9]+$", before=["timeout", "50"]) as recording,
    ):
        recording.wait_for_ticks(2)
        found = pids(file)
        os.kill(pid, signal.SIGKILL)
        code, said = recording.end()
    assert found == {pid}
    assert code == 0, said


def test_name_with_children(file: Path, tmp_path: Path, word: str) -> None:
    """With --children, what the found processes start is recorded, whatever it is called."""
    shell = tmp_path / word
    shutil.copy("/bin/sh", shell)
    with sleeping(
        str(shell), "-c", "sleep 60.5 & echo $!; read x", stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, start_new_session=True,
    ) as pid:  # fmt: skip
        try:
            with recorder(file, "--name", word, "--children") as recording:
                wait_until(lambda: len(pids(file)) == 2, "the shell and its child")
                code, said = recording.stop()
        finally:
            os.killpg(pid, signal.SIGKILL)
    assert code == 0, said


def test_user(file: Path) -> None:
    """By number and by name; several conditions must all hold."""
    if os.geteuid() != 0:
        pytest.skip("only root can start another user's process")
    with (
        sleeping("sleep", "60.25", user=NOBODY) as theirs,
        sleeping("sleep", "60.25") as ours,
        recorder(file, "--user", "nobody", "--name", "sleep") as recording,
    ):
        recording.wait_for_ticks(2)
        found = pids(file)
        code, said = recording.stop()
    assert code == 0, said
    assert theirs in found
    assert ours not in found
    users = rows(file, "SELECT DISTINCT uid FROM processes")
    assert users == [(NOBODY,)]


@pytest.mark.parametrize(
    ("options", "code", "part"),
    [
        (("--cmdline", "("), 2, "regular expression"),
        (("--user", "no-such-user"), 2, "no-such-user"),
        (("--container", "we b"), 2, "--container"),
        (("--container", "0123456789abcdef"), 1, "--wait"),
        (("--cgroup", "no/such.slice"), 1, "no/such.slice"),
        (("--cgroup", "memory:/no/such"), 1, "no/such"),
        (("--name", "x", "-p", "1"), 2, "cannot be combined"),
    ],
)
def test_wrong_selections(file: Path, options: tuple[str, ...], code: int, part: str) -> None:
    """One line that names what is wrong; no recording."""
    done = run("memory-watcher", "record", "-o", file, *options)
    assert done.returncode == code, done.stderr
    assert part in done.stderr
    assert done.stderr.count("\n") == 1
    assert not file.exists()


@pytest.fixture(name="cgroup")
def own_cgroup(word: str) -> Iterator[tuple[str, Path]]:
    """A cgroup of the test's own with the memory controller: its name and its folder."""
    mounts = read_mountinfo()
    for root in (Cgroup("memory", "/"), Cgroup(None, "/")):
        top = find_folder(root, mounts)
        folder = Path(top or "/nowhere") / word
        try:
            folder.mkdir()
        except OSError:
            continue
        try:
            if any(folder.glob("memory.*current")) or any(folder.glob("memory.usage*")):
                yield (f"memory:/{word}" if root.controller else word), folder
                return
        finally:
            folder.rmdir()
    pytest.skip("no cgroup with a memory controller can be made here")


def test_cgroup(file: Path, cgroup: tuple[str, Path]) -> None:
    """Its processes, below it as well, are recorded, and its own figures beside them."""
    name, folder = cgroup
    below = folder / "below"
    below.mkdir()
    script = "block = b'x' * (30 << 20); print('ready', flush=True); input()"
    try:
        with (
            sleeping("sleep", "60") as stranger,
            subprocess.Popen(
                ["sh", "-c", f'echo $$ > "{below}/cgroup.procs"; exec "$@"', "sh", *PYTHON, script],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            ) as process,
        ):
            assert process.stdin
            assert process.stdout
            process.stdout.readline()
            with recorder(file, "--cgroup", name, "--period", "50ms") as recording:
                recording.wait_for_ticks(4)
                code, said = recording.stop()
            process.stdin.close()
            process.wait(PATIENCE)
    finally:
        wait_until(lambda: not (below / "cgroup.procs").read_text(), "an empty cgroup")
        below.rmdir()
    assert code == 0, said
    assert pids(file) == {process.pid}
    assert stranger not in pids(file)
    figures = dict(
        rows(
            file,
            "SELECT f.name, max(r.value) FROM cgroup_readings AS r"
            " JOIN cgroup_fields AS f ON f.id = r.field_id GROUP BY 1",
        )
    )
    assert figures["current"] > 30 * MI
    assert figures["peak"] >= figures["current"]
    view = json.loads(run("memory-watcher", "peak", file, "--json", "--process-id", "1").stdout)
    assert view["measurement"]["totals"]["pss"] > 30 * MI


@pytest.fixture
def folder() -> Iterator[Path]:
    """One that can be given to another user: pytest's own is shut to others by its next run."""
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


def test_postgresql(file: Path, folder: Path) -> None:
    """A real server by its name: all its processes, whose shared buffers count once in the sum."""
    binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    if not binaries:
        reason = "PostgreSQL is not installed (apt-get install postgresql)"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    user = "postgres" if os.geteuid() == 0 else None
    if user:
        shutil.chown(folder, user)
    here = binaries[-1].parent
    subprocess.run(
        [here / "initdb", "-D", folder / "data", "-A", "trust", "--no-sync"],
        user=user, check=True, stdout=subprocess.DEVNULL, cwd=folder,
    )  # fmt: skip
    server = subprocess.Popen(
        [
            *(here / "postgres", "-D", folder / "data", "-k", folder),
            *("-c", "listen_addresses=", "-c", "shared_buffers=64MB", "-c", "fsync=off"),
        ],
        user=user, stderr=subprocess.DEVNULL, cwd=folder,
    )  # fmt: skip
    try:
        wait_until(lambda: list(folder.glob(".s.PGSQL.*[0-9]")), "the server's socket")
        psql = [str(here / "psql"), "-h", str(folder), "-d", "postgres", "-qc"]
        with recorder(
            file, "--cmdline", str(folder), "--children", "--period", "100ms"
        ) as recording:
            recording.wait_for_ticks(2)
            fill = (
                "CREATE TABLE t AS SELECT repeat(md5(i::text), 20) AS x"
                " FROM generate_series(1, 60000) AS i; SELECT 'filled' FROM t LIMIT 1"
            )
            with subprocess.Popen(
                [*psql, fill, "-c", "SELECT pg_sleep(600)"],
                user=user, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            ) as session:  # fmt: skip
                assert session.stdout is not None
                assert any("filled" in line for line in session.stdout)
                recording.wait_for_ticks(ticks(file) + 3)  # it has all of the table mapped
                session.send_signal(signal.SIGINT)
            code, said = recording.stop()
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(PATIENCE)
    assert code == 0, said
    view = json.loads(run("memory-watcher", "peak", file, "--json").stdout)
    lines = {
        image["command_line"] for each in view["processes"] for image in each["process"]["images"]
    }
    assert sum("checkpointer" in (line or "") for line in lines) == 1
    shared = sum(group["bytes"] for group in view["groups"] if group["kind"] == "shared memory")
    assert 8 * MI < shared < 100 * MI
    rss = sum(each["reading"]["reading"]["shared"] for each in view["processes"])
    assert view["sums"]["pss"]["bytes"] < rss
