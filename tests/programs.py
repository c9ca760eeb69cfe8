"""Runs the installed commands, and waits for conditions: for the live and command line tests."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")

SCRIPTS = Path(sys.executable).parent
#: Longer than anything here takes, shorter than pytest's own limit. An emulated machine, a hundred
#: times slower, says how many times longer it takes.
PATIENCE = 60.0 * float(os.environ.get("MEMORY_WATCHER_PATIENCE", "1"))


def wait_until(condition: Callable[[], T | None], what: str, seconds: float = PATIENCE) -> T:
    """Ask until the answer is true, and return it; fail when it takes too long."""
    deadline = time.monotonic() + seconds
    while True:
        answer = condition()
        if answer:
            return answer
        assert time.monotonic() < deadline, f"waited {seconds} s in vain for: {what}"
        time.sleep(0.01)


def environment(**variables: str) -> dict[str, str]:
    """This process's environment, without what would change the commands' behaviour."""
    changing = ("PROCFS", "PYTHONUNBUFFERED")
    kept = {name: value for name, value in os.environ.items() if name not in changing}
    return {**kept, **variables}


def command(name: str, *arguments: str | Path) -> list[str]:
    """The command line of an installed command."""
    return [str(SCRIPTS / name), *map(str, arguments)]


def run(
    name: str,
    *arguments: str | Path,
    cwd: Path | None = None,
    stdin: bytes = b"",
    before: Sequence[str] = (),
    **variables: str,
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; `before` is put in front of its command line."""
    done = subprocess.run(
        [*before, *command(name, *arguments)],
        cwd=cwd,
        input=stdin,
        capture_output=True,
        env=environment(**variables),
        timeout=PATIENCE,
        check=False,
    )
    return subprocess.CompletedProcess(
        done.args,
        done.returncode,
        done.stdout.decode("utf-8", "replace"),
        done.stderr.decode("utf-8", "replace"),
    )


def folder_state(folder: Path) -> dict[str, tuple[bytes, int, int]]:
    """All that lies in a folder: content, time of change, permissions."""
    return {
        path.name: (
            path.read_bytes() if path.is_file() else b"",
            path.stat().st_mtime_ns,
            path.stat().st_mode,
        )
        for path in folder.iterdir()
    }


def ticks(file: Path) -> int:
    """How many ticks of a recording are committed, 0 if it is not there yet."""
    try:
        return int(one(file, "SELECT count(*) FROM ticks")[0])
    except sqlite3.OperationalError:
        return 0


def rows(file: Path, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
    """Ask a recording in plain SQL; it is not created."""
    connection = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
    try:
        return connection.execute(sql, parameters).fetchall()
    finally:
        connection.close()


def one(file: Path, sql: str, *parameters: object) -> tuple[Any, ...]:
    """The only row of an answer."""
    (row,) = rows(file, sql, *parameters)
    return row


def layouts_by_pid(file: Path) -> dict[int, int]:
    """How many layouts of each process are in the recording so far."""
    query = (
        "SELECT p.pid, count(*) FROM readings AS r JOIN processes AS p ON p.id = r.process_id"
        " WHERE r.keyframe IS NOT NULL GROUP BY p.pid"
    )
    return dict(rows(file, query))


class RunningRecorder:
    """A memory-record that runs beside the test."""

    def __init__(self, process: subprocess.Popen[str], file: Path) -> None:
        self.process = process
        self.file = file

    @property
    def pid(self) -> int:
        """Its PID."""
        return self.process.pid

    def wait_for_ticks(self, count: int = 1) -> None:
        """Until so many ticks are committed; fails if the recorder ends before."""

        def enough() -> bool:
            done = ticks(self.file)
            assert self.process.poll() is None or done >= count, self.process.communicate()[1]
            return done >= count

        wait_until(enough, f"{count} ticks in {self.file}")

    def wait_for_headers(self) -> None:
        """Until what the headers of all executed files tell is in it: on a busy machine, later."""
        missing = (
            "SELECT count(*) FROM mappings AS m LEFT JOIN elf_segments AS e"
            " ON e.dev = m.dev AND e.inode = m.inode"
            " WHERE m.perms LIKE '__x%' AND m.inode != 0 AND e.inode IS NULL"
        )
        self.wait_for_ticks()
        wait_until(lambda: one(self.file, missing) == (0,), f"the headers in {self.file}")

    def wait_for_handlers(self) -> None:
        """Until it catches the signals that end it."""

        def catches() -> bool:
            assert self.process.poll() is None, self.process.communicate()[1]
            status = Path(f"/proc/{self.pid}/status").read_text()
            caught = int(status.split("SigCgt:")[1].split()[0], 16)
            return bool(caught & (1 << (signal.SIGQUIT - 1)))

        wait_until(catches, "the signal handlers of memory-record")

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Keep it from reading anything meanwhile."""
        self.process.send_signal(signal.SIGSTOP)
        try:
            status = Path(f"/proc/{self.pid}/status")
            wait_until(lambda: "\nState:\tT" in status.read_text(), "the recorder to stand still")
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)

    def stop(self, number: int = signal.SIGINT) -> tuple[int, str]:
        """Send a signal; returns exit code and what it said on stderr."""
        self.process.send_signal(number)
        return self.end()

    def end(self) -> tuple[int, str]:
        """Wait for its end; returns exit code and what it said on stderr."""
        _, said = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, said


@contextmanager
def recorder(
    file: Path,
    *arguments: str | int | Path,
    before: Sequence[str] = (),
    stderr: int = subprocess.PIPE,
    **variables: str,
) -> Iterator[RunningRecorder]:
    """Start memory-record with these arguments; it is killed if it is still there at the end.

    It may use as much CPU as it takes: a budget would leave out layouts on a busy machine.
    """
    options = ["--database-file", str(file), "--max-cpu", "0"]
    process = subprocess.Popen(
        [*before, *command("memory-record", *options, *map(str, arguments))],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
        env=environment(**variables),
    )
    with process:
        try:
            yield RunningRecorder(process, file)
        finally:
            if process.poll() is None:
                process.kill()
