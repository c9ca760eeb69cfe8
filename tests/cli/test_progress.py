"""What takes long says so on a terminal, in one line that is gone at the end; nowhere else."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
from pathlib import Path

import pytest

from memory_watcher import cli
from memory_watcher.cli.progress import ProgressLine, _width
from memory_watcher.model import Usage

from ..captures import WHOLE, capture
from ..programs import command, environment, one, run
from ..recordings import KI, SECOND, START, RecordingBuilder, mapping
from ..terminals import on_terminal

USAGE = Usage(rss=4 * KI, pss=4 * KI, private_clean=0, private_dirty=4 * KI, swap=0, swap_pss=0)
DATA = Path(__file__).resolve().parents[1] / "data"
#: Runs a command whose progress comes at once, and each work waits until its last line is shown.
AT_ONCE = """
import sys, time
from memory_watcher import cli
from memory_watcher.cli import progress

progress._AFTER = progress._EVERY = 0.001
end = progress.ProgressLine.__exit__

def when_shown(self, *error):
    if self._thread is not None:
        with self.paused():
            pass
        while not self._is_shown:
            time.sleep(0.001)
    end(self, *error)

progress.ProgressLine.__exit__ = when_shown
sys.argv[0] = "memory-watcher"
sys.exit(cli.main())
"""
_REWRITTEN = b"\r\x1b[K"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Make a folder with a recording of three processes, an older one, and a captured text."""
    builder = RecordingBuilder(tmp_path / "a.db")
    processes = [builder.process(pid, start_time=pid) for pid in (1, 2, 3)]
    for number in range(3):
        builder.tick(START + number * SECOND)
        for process in processes:
            builder.layout(process, [(mapping(1 << 20, pathname="/a"), USAGE)])
    builder.end_run()
    builder.close()
    old = sqlite3.connect(tmp_path / "old.db")
    old.executescript((DATA / "recordings" / "version-1.sql").read_text(encoding="utf-8"))
    old.close()
    (tmp_path / "memory-budget.toml").write_text('[[budget]]\nfigure = "pss"\ntotal = "1 MiB"\n')
    (tmp_path / "a.smaps").write_bytes(capture(WHOLE[0]) * 2)
    return tmp_path


#: Arguments -> what a line of its progress says: which step it meets is the machine's affair.
LONG = {
    ("verify", "a.db"): rb"checking a\.db: layouts of process \d of 3 \S 0 ms",
    ("repair", "a.db", "-o", "new.db"): rb"saving a\.db: layouts of process \d of 3 \S 0 ms",
    ("report", "a.db"): rb"report of a\.db: (verdicts of )?process \d of 3 \S 0 ms",
    ("explain", "a.db"): rb"explaining a\.db \S 0 ms",
    ("diff", "a.db", "--by", "process"): rb"comparing \S 0 ms",
    ("growth", "a.db"): rb"growth in a\.db: reading \S 0 ms",
    ("budget", "init", "a.db", "--force"): rb"measuring \S 0 ms",
    ("export", "csv", "a.db"): rb"export of a\.db: PID \d, layout \d of 3 \S 0 ms",
    ("fleet", "add", "dataset", "a.db"): rb"adding a\.db \S 0 ms",
    ("ls", "a.db"): rb"reading a\.db \S 0 ms",
    ("kinds", "a.db", "-p", "1"): rb"reading a\.db \S 0 ms",
    ("check", "a.db", "--report-only"): rb"judging \S 0 ms",
    ("peak", "a.db", "-p", "1"): rb"reading a\.db \S 0 ms",
    ("peak", "a.db", "-p", "1", "--json"): rb"reading a\.db \S 0 ms",
    ("load-smaps", "a.smaps", "--period", "1s"): rb"loading a\.smaps: measurement \d of 2 \S 0 ms",
    ("chart", "a.db", "-o", "a.html"): rb"report of a\.db: (verdicts of )?process \d of 3 \S 0 ms",
    ("record", "-p", str(os.getpid()), "--duration", "10ms", "--period", "50ms", "-o", "old.db"): (
        rb"opening old\.db: migration step \d+ of \d+ \S 0 ms"
    ),
}


#: It shows a recording as it reads it.
SHOWS_AT_ONCE = {"replay"}


def test_every_command_that_reads_has_one() -> None:
    reading = {name for name in cli.COMMANDS if getattr(cli._load(name), "READS_RECORDING", False)}
    assert reading - SHOWS_AT_ONCE <= {words[0] for words in LONG}


def left(drawn: bytes) -> str:
    """What stands on the terminal at the end."""
    lines = [line.rpartition(_REWRITTEN)[2] for line in drawn.split(b"\n")]
    return b"\n".join(lines).decode().replace("\r", "")


@pytest.mark.parametrize("words", LONG, ids=lambda words: words[0])
def test_on_a_terminal(
    folder: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    """The line is there, tells how far it is, and is gone at the end."""
    monkeypatch.chdir(folder)
    code, drawn = on_terminal(["python", "-c", AT_ONCE, *words])
    drawn = drawn.replace("·".encode(), b".")
    assert code == 0, drawn
    assert re.search(re.escape(_REWRITTEN) + LONG[words], drawn), drawn
    assert " 0 ms" not in left(drawn)
    if words[0] == "record":
        assert one(folder / "old.db", "PRAGMA user_version")[0] > 1


@pytest.mark.parametrize("words", LONG, ids=lambda words: words[0])
def test_never_into_a_pipe(folder: Path, words: tuple[str, ...]) -> None:
    """Nor into a file: stderr has what it has without any progress."""
    done = subprocess.run(
        command("python", "-c", AT_ONCE, *words),
        capture_output=True, cwd=folder, env=environment(), check=True,
    )  # fmt: skip
    assert b"\x1b" not in done.stdout + done.stderr
    assert b"\r" not in done.stdout + done.stderr


def test_findings_stand_alone(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The line makes room for what is written while it is shown."""
    monkeypatch.chdir(folder)
    assert run("memory-watcher", "verify", "a.db", cwd=folder).returncode == 0
    connection = sqlite3.connect("a.db")
    connection.execute("UPDATE readings SET rss = rss + 4096 WHERE keyframe IS NOT NULL")
    connection.commit()
    connection.close()
    expected = run("memory-watcher", "verify", "a.db", cwd=folder)
    assert expected.returncode == 1
    assert expected.stdout.count("\n") > 3
    code, drawn = on_terminal(["python", "-c", AT_ONCE, "verify", "a.db"])
    assert code == 1
    assert left(drawn) == expected.stdout + expected.stderr


def test_an_error_stands_alone(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    code, drawn = on_terminal(["python", "-c", AT_ONCE, "repair", "a.db", "-o", "a.smaps"])
    assert code == 1
    assert left(drawn).startswith("memory-watcher repair: a.smaps: it is there already")


def test_quiet_is_quiet(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    words = next(words for words in LONG if words[0] == "record")
    code, drawn = on_terminal(["python", "-c", AT_ONCE, *words, "-q"])
    assert (code, drawn) == (0, b"")


def test_a_long_name_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """As wide as the terminal at most, whatever the name has in it."""
    monkeypatch.setattr("memory_watcher.cli.progress._width", lambda: 40)
    shown: list[str] = []
    ready = ProgressLine("report of \x1b[31m" + "x" * 200, wanted=True)
    monkeypatch.setattr("memory_watcher.cli.progress.show_status", shown.append)
    monkeypatch.setattr("memory_watcher.cli.progress._AFTER", 0.001)
    monkeypatch.setattr(ready, "_wanted", True)
    with ready:
        while not shown:
            ready._ended.wait(0.001)
    assert len(shown[0]) <= 39
    assert shown[0].startswith("report of ")
    assert shown[-1] == ""


def test_a_terminal_that_tells_no_width(monkeypatch: pytest.MonkeyPatch) -> None:
    """It says 0 columns."""
    monkeypatch.setattr(os, "get_terminal_size", lambda _: os.terminal_size((0, 0)))
    assert _width() == 80


def test_what_is_short_has_no_line(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is written within the first second."""
    monkeypatch.chdir(folder)
    monkeypatch.setattr("memory_watcher.cli.progress._AFTER", 1e6)
    shown: list[str] = []
    monkeypatch.setattr("memory_watcher.cli.progress.show_status", shown.append)
    line = ProgressLine("x")
    monkeypatch.setattr(line, "_wanted", True)
    with line:
        line.step("process", 1, 2)
    assert shown == []
