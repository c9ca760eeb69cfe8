"""`memory-watcher check -- COMMAND`: the command is as it would be alone; what is over is kept."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ..programs import PATIENCE, command, environment, one, run, wait_until

pytestmark = pytest.mark.live

WITHIN = '[[budget]]\ntotal = "4 GiB"\n'
OVER = '[[budget]]\ntotal = "1 KiB"\n'
#: Lives long enough to be read.
SLEEPS = (sys.executable, "-I", "-S", "-c", "import time; time.sleep(0.3)")


@pytest.fixture(name="folder")
def folder_with_budget(tmp_path: Path) -> Path:
    """A budget that is kept, and a place for temporary folders."""
    (tmp_path / "memory-budget.toml").write_text(WITHIN)
    (tmp_path / "temporary").mkdir()
    return tmp_path


def check(folder: Path, *words: str, stdin: bytes = b"") -> subprocess.CompletedProcess[str]:
    """Run it where the budget is."""
    temporary = str(folder / "temporary")
    return run("memory-watcher", "check", *words, cwd=folder, stdin=stdin, TMPDIR=temporary)


def kept(folder: Path) -> list[str]:
    """The names of all files that stayed in temporary folders."""
    return sorted(path.name for path in (folder / "temporary").rglob("*.*") if path.is_file())


def test_within(folder: Path) -> None:
    """0; nothing stays, and no report is written."""
    done = check(folder, "--runs", "2", "--", *SLEEPS)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("1 budget within: total ")
    assert "2 runs: " in done.stdout
    assert os.listdir(folder / "temporary") == []


def test_over(folder: Path) -> None:
    """1; the recording and a report beside it stay, and their paths are printed."""
    (folder / "memory-budget.toml").write_text(OVER)
    done = check(folder, "--", *SLEEPS)
    assert done.returncode == 1, done.stderr
    paths = dict(line.split(": ", 1) for line in done.stdout.splitlines()[-2:])
    assert one(Path(paths["recording"]), "SELECT exit_code FROM exits") == (0,)
    assert Path(paths["report"]).read_text().startswith("<!doctype html>")
    assert Path(paths["report"]).stat().st_mode & 0o077 == 0


def test_streams_are_untouched(folder: Path) -> None:
    """Stdin reaches the command; what it writes comes out first, what is said follows it."""
    text = os.urandom(100_000).hex()
    done = check(folder, "--", "sh", "-c", "cat; sleep 0.2; echo no >&2", stdin=text.encode())
    assert done.stdout.startswith(text)
    assert done.stdout[len(text) :].startswith("1 budget within")
    assert done.stderr.startswith("no\n")  # on a busy machine, `cat` may end unread, which is said


def test_json(folder: Path) -> None:
    """Stdout is JSON alone: what the command prints goes to stderr."""
    done = check(folder, "--json", "--keep", "kept", "--", "sh", "-c", "echo mine; sleep 0.2")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["verdict"] == "within"
    assert done.stderr.startswith("mine\n")
    (run_file,) = answer["recordings"]
    assert run_file["exit_code"] == 0
    assert run_file["report"] is None
    assert (folder / run_file["path"]).is_file()


@pytest.mark.parametrize(
    ("script", "code", "how"),
    [
        ("exit 1", 1, "failed with exit code 1"),
        ("exit 137", 137, "failed with exit code 137"),
        ("kill -KILL $$", 137, "was ended by SIGKILL (exit code 137)"),
    ],
)
def test_failing_command(folder: Path, script: str, code: int, how: str) -> None:
    """Its own exit code is returned, also if it would be over; it is launched no second time."""
    (folder / "memory-budget.toml").write_text(OVER)
    done = check(folder, "--runs", "3", "--junit", "j.xml", "--", "sh", "-c", f"echo x; {script}")
    assert done.returncode == code
    assert done.stdout.splitlines()[:3] == [
        "x",
        f"The command {how}; its memory was not judged.",
        "Launched 1 of 3 times: the last one failed.",
    ]
    assert 'errors="1"' in (folder / "j.xml").read_text()
    assert "sh-1.db" in kept(folder)
    assert check(folder, "--report-only", "--", "sh", "-c", script).returncode == code


def test_no_baseline_of_a_failing_command(folder: Path) -> None:
    """What it had is not agreed to."""
    done = check(folder, "--baseline", "memory.json", "--update", "--", "sh", "-c", "exit 3")
    assert done.returncode == 3
    assert "The baseline was not written." in done.stdout
    assert not (folder / "memory.json").exists()


@pytest.mark.parametrize(("name", "code"), [("no-such-command", 127), ("./plain", 126), ("/", 126)])
def test_command_that_cannot_be_run(folder: Path, name: str, code: int) -> None:
    """127 and 126 as a shell gives them, one line, and nothing stays."""
    (folder / "plain").write_bytes(b"\x7fELF")
    done = check(folder, "--", name)
    assert done.returncode == code
    assert done.stderr.count("\n") == 1
    assert os.listdir(folder / "temporary") == []


def test_recorder_cannot_run_it(folder: Path) -> None:
    """An error that only execve shows is that of the command, too."""
    (folder / "garbage").write_bytes(b"\x7fELF\x02\x01\x01\0\0")
    (folder / "garbage").chmod(0o755)
    done = check(folder, "--", "./garbage")
    assert done.returncode == 126
    assert done.stderr.count("\n") == 1


def test_what_one_launch_leaves_is_no_part_of_the_next(folder: Path) -> None:
    """What goes on running after the first launch is not recorded in the second."""
    script = (
        "import glob, sqlite3, subprocess, time\n"
        "subprocess.Popen(['sleep', '30'], stdout=-3, stderr=-3)\n"
        "def is_summed():\n"
        "    try:\n"
        "        path = sorted(glob.glob('kept/*.db'))[-1]\n"
        "        file = sqlite3.connect(f'file:{path}?mode=ro', uri=True)\n"
        "        return file.execute('SELECT 1 FROM passes WHERE processes = 2').fetchone()\n"
        "    except (IndexError, sqlite3.OperationalError):\n"
        "        return None\n"
        "while not is_summed(): time.sleep(0.02)"
    )
    words = ("--runs", "2", "--keep", "kept", "--", sys.executable, "-I", "-S", "-c", script)
    done = check(folder, *words)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 process it started is still running and no longer recorded: " in done.stdout
    for file in (folder / "kept").iterdir():
        assert one(file, "SELECT count(*) FROM images WHERE command_line = 'sleep 30'") == (1,)


@pytest.mark.parametrize(("number", "runs"), [(signal.SIGINT, "1"), (signal.SIGTERM, "3")])
def test_signals_are_the_commands(folder: Path, number: signal.Signals, runs: str) -> None:
    """The command gets it. It is launched no more: fewer runs than asked for are no pass."""
    script = (
        "import signal, sys, time\n"
        f"signal.signal({int(number)}, lambda *_: sys.exit(0))\n"
        "time.sleep(0.3)\n"
        "open('ready', 'w').close()\n"
        "time.sleep(60)"
    )
    words = ("check", "--runs", runs, "--", sys.executable, "-I", "-S", "-c", script)
    started = subprocess.Popen(
        command("memory-watcher", *words),
        cwd=folder,
        env=environment(TMPDIR=str(folder / "temporary")),
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    wait_until((folder / "ready").exists, "the command")
    started.send_signal(number)
    out, _ = started.communicate(timeout=PATIENCE)
    lines = out.decode().splitlines()
    if runs == "1":
        said = f"The command was asked to end by {number.name}."
        assert (started.returncode, lines[1]) == (0, said)
        assert lines[0].startswith("1 budget within")
    else:
        said = f"Launched 1 of 3 times: stopped by {number.name}."
        assert (started.returncode, lines[:2]) == (2, ["Nothing was judged.", said])


def test_interrupted_command(folder: Path) -> None:
    """A command that a signal ends has failed, with a shell's exit code."""
    started = subprocess.Popen(
        command("memory-watcher", "check", "--runs", "3", "--", "sh", "-c", ">ready; sleep 60"),
        cwd=folder,
        env=environment(TMPDIR=str(folder / "temporary")),
        start_new_session=True,
    )
    wait_until((folder / "ready").exists, "the command")
    started.send_signal(signal.SIGTERM)
    assert started.wait(PATIENCE) == 143


def test_recorder_that_is_killed(folder: Path) -> None:
    """As by the OOM killer: 2, by what it was, and where the recording is, which is kept."""
    started = subprocess.Popen(
        command("memory-watcher", "check", "--", "sh", "-c", "echo $PPID >pid; mv pid ready; cat"),
        cwd=folder,
        env=environment(TMPDIR=str(folder / "temporary")),
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    wait_until((folder / "ready").exists, "the command")
    os.kill(int((folder / "ready").read_text()), signal.SIGKILL)
    _, said = started.communicate(timeout=PATIENCE)
    assert started.returncode == 2
    assert b"ended early (signal 9); nothing was judged" in said
    assert b"what was recorded stays in" in said
    assert "sh-1.db" in kept(folder)


def test_recording_that_cannot_be_written(folder: Path) -> None:
    """The command is not launched if its recording cannot even be begun."""
    (folder / "file").touch()
    done = check(folder, "--keep", "file", "--", "touch", "launched")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert not (folder / "launched").exists()
