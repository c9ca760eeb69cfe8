"""`memory-watcher record -- COMMAND`: the command is as it would be alone, and all recorded."""

from __future__ import annotations

import json
import os
import pty
import resource
import signal
import sqlite3
import stat
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

import memory_watcher
from memory_watcher.model import LayoutState

from ..programs import PATIENCE, command, environment, one, rows, run, wait_until

pytestmark = pytest.mark.live

MI = 1 << 20
PYTHON = [sys.executable, "-I", "-S", "-c"]


@pytest.fixture(name="file")
def recording_file(tmp_path: Path) -> Path:
    return tmp_path / "launched.db"


def launch(
    file: Path, *words: str, options: tuple[str, ...] = (), stdin: bytes = b""
) -> subprocess.CompletedProcess[str]:
    """Record a command to its end."""
    return run("memory-watcher", "record", "-o", file, *options, "--", *words, stdin=stdin)


@pytest.mark.parametrize(
    ("script", "code"),
    [("exit 0", 0), ("exit 1", 1), ("exit 42", 42), ("kill -KILL $$", 137), ("kill -TERM $$", 143)],
)
def test_exit_code(file: Path, script: str, code: int) -> None:
    """The command's exit code is returned, 128 + n for signal n; the recording has it, too."""
    assert launch(file, "sh", "-c", script).returncode == code
    expected = (None, code - 128) if code > 128 else (code, None)
    assert one(file, "SELECT exit_code, signal FROM exits") == expected
    assert one(file, "SELECT end_reason FROM runs") == ("command ended",)
    assert one(file, "SELECT kind, description FROM selections")[0] == "command"


@pytest.mark.parametrize(
    ("name", "code", "reason"),
    [
        ("no-such-command", 127, "not found"),
        ("./no/such/file", 127, "not found"),
        ("./plain", 126, "permission"),
        ("/", 126, "folder"),
        ("./script", 126, "interpreter"),
        ("./garbage", 126, "format error"),
    ],
)
def test_command_that_cannot_be_run(tmp_path: Path, name: str, code: int, reason: str) -> None:
    """127 and 126 as a shell gives them, one line, and no recording."""
    (tmp_path / "plain").write_text("exit 0\n")
    for file, content in (
        ("script", b"#!/no/such/shell\n"),
        ("garbage", b"\x7fELF\x02\x01\x01\0\0"),
    ):
        (tmp_path / file).write_bytes(content)
        (tmp_path / file).chmod(0o755)
    there = set(os.listdir(tmp_path))
    done = run("memory-watcher", "record", "-o", "x.db", "--", name, cwd=tmp_path)
    assert done.returncode == code, done.stderr
    assert reason in done.stderr.lower()
    assert done.stderr.count("\n") == 1
    assert set(os.listdir(tmp_path)) == there


def test_script_without_interpreter(tmp_path: Path, file: Path) -> None:
    """The shell runs it, as it does everywhere."""
    script = tmp_path / "script"
    script.write_text('exit "$1"\n')
    script.chmod(0o755)
    assert launch(file, str(script), "3").returncode == 3


def test_streams_are_untouched(file: Path) -> None:
    """Stdin reaches the command, and what it writes comes out: nothing more on stdout."""
    text = os.urandom(200_000).hex().encode()
    done = launch(file, "sh", "-c", "cat; echo complaint >&2", options=("-q",), stdin=text)
    assert done.returncode == 0
    assert done.stdout == text.decode()
    assert done.stderr == "complaint\n"


def test_command_sees_no_difference(file: Path) -> None:
    """Descriptors, signal dispositions, limits, process group and environment are as without us."""
    script = (
        "import json, os, resource, signal\n"
        "status = open('/proc/self/status').read()\n"
        "print(json.dumps([sorted(map(int, os.listdir('/proc/self/fd')))[:-1],\n"
        "  status.split('SigIgn:')[1].split()[0], status.split('SigBlk:')[1].split()[0],\n"
        "  resource.getrlimit(resource.RLIMIT_NOFILE), os.getpgrp(), os.getsid(0),\n"
        "  os.getcwd(), sorted(os.environ)]))"
    )
    alone = subprocess.run(
        [*PYTHON, script], env=environment(), capture_output=True, check=True, stdin=subprocess.PIPE
    )
    recorded = launch(file, *PYTHON, script)
    assert json.loads(recorded.stdout) == json.loads(alone.stdout)


def test_first_reading_is_of_the_command(file: Path) -> None:
    """The first image is the command's own, never the recorder's copy before execve."""
    for number in range(1, 6):
        words = command("memory-watcher", "record", "-q", "-o", file, "--", "cat")
        with subprocess.Popen(words, env=environment(), stdin=subprocess.PIPE) as recorder:
            try:  # however late the recorder comes to it on a busy machine, it is there to be read
                wait_until(partial(_has_runs, file, number), "the first layout")
            finally:
                assert recorder.stdin is not None
                recorder.stdin.close()
            assert recorder.wait(PATIENCE) == 0
    assert rows(file, "SELECT name, command_line FROM images") == [("cat", "cat")] * 5
    assert _first_states(file) == [LayoutState.EXACT] * 5


def _has_runs(file: Path, number: int) -> bool:
    try:
        return len(_first_states(file)) == number
    except sqlite3.OperationalError:  # the file is not there yet, or empty
        return False


def _has_processes(file: Path, number: int) -> bool:
    try:
        return int(one(file, "SELECT count(*) FROM processes")[0]) >= number
    except sqlite3.OperationalError:
        return False


def _first_states(file: Path) -> list[int]:
    """Of each run that has a tick, the best state in the first one."""
    found = rows(
        file,
        "SELECT min(layout_state) FROM readings AS r JOIN runs ON r.tick = runs.first_tick"
        " GROUP BY runs.id",
    )
    return [state for (state,) in found]


def test_command_that_is_over_at_once(file: Path) -> None:
    """Even if nothing could be read of it, it is in the recording, with its end."""
    for _ in range(5):
        assert launch(file, "true").returncode == 0
    assert rows(file, "SELECT name FROM images") == [("true",)] * 5
    assert rows(file, "SELECT exit_code FROM exits") == [(0,)] * 5
    assert one(file, "SELECT count(*) FROM processes WHERE end_tick IS NULL") == (0,)


def test_peak_of_a_short_command(file: Path) -> None:
    """A command that is over long before the first period ends shows the memory it had."""
    script = "import time; block = b'x' * (80 << 20); time.sleep(0.4)"
    assert launch(file, *PYTHON, script).returncode == 0
    with memory_watcher.open(file) as recording:
        (process,) = recording.processes()
        peak = recording.peak(process.id)
        assert peak.totals is not None
        assert (peak.totals.pss or 0) > 80 * MI
        assert process.ended
    assert one(file, "SELECT max_rss FROM exits")[0] > 80 * MI


def test_what_it_had_at_its_very_end(file: Path) -> None:
    """96 MiB and then an end at once: no look may have seen it, but the recorder is told.

    What is said of it must be true: missed, and all of it, unless a layout shows it.
    """
    script = f"import os; block = b'x' * {96 * MI}; os._exit(0)"
    done = launch(file, sys.executable, "-c", script)
    assert done.returncode == 0, done.stderr
    pid, told = one(file, "SELECT pid, max_rss FROM exits JOIN processes ON id = process_id")
    shown = json.loads(run("memory-peak", file, "--pid", pid, "--json").stdout)
    (highest,) = one(file, "SELECT max(rss) FROM readings WHERE layout_state = 1")
    missed = shown["missed"]
    assert missed["exit_max_rss"] == told > 96 * MI
    if missed["doubt"] == "the highest layout is torn":  # it was read while it grew
        (torn,) = one(
            file, "SELECT max(rss) FROM readings WHERE layout_state = ?", LayoutState.TORN
        )
        assert missed["verdict"] == "not proven"
        assert torn > (highest or 0)
    elif told - highest > missed["tolerance"]:
        assert missed["verdict"] == "higher"
        assert abs(highest + missed["gap"] - told) <= missed["tolerance"]
        assert "RSS was up to " in done.stderr
    else:
        assert missed["verdict"] in ("nothing higher", "within tolerance")


def test_last_reading_at_exit(file: Path) -> None:
    """The last row is of the end, before the process was reaped: a zombie, without sizes."""
    launch(file, "sleep", "0.1")
    last = rows(file, "SELECT layout_state, resident FROM readings ORDER BY id DESC LIMIT 1")
    assert last == [(LayoutState.ZOMBIE, None)]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT])
def test_signals_are_passed_on(file: Path, number: signal.Signals) -> None:
    """A signal to the recorder reaches the command, whose answer decides; recording goes on."""
    script = (
        "import os, signal, time\n"
        f"signal.signal({int(number)}, lambda *_: (os.write(1, b'caught\\n'), os._exit(5)))\n"
        "os.write(1, b'ready\\n')\n"
        "while True: time.sleep(1)"
    )
    # Without a terminal nobody but the recorder can tell the command.
    with subprocess.Popen(
        command("memory-watcher", "record", "-o", file, "--", *PYTHON, script),
        env=environment(),
        stdout=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(number)
        assert process.stdout.read() == b"caught\n"
        assert process.wait(PATIENCE) == 5
    assert one(file, "SELECT exit_code, signal FROM exits") == (5, None)


def test_ctrl_c_reaches_the_command_once(file: Path) -> None:
    """From the terminal SIGINT goes to both; the recorder leaves it to the command."""
    script = (
        "import signal, sys, time\n"
        "seen = []\n"
        "signal.signal(signal.SIGINT, lambda *_: seen.append(1))\n"
        "print('ready', flush=True)\n"
        "while not seen: time.sleep(0.01)\n"
        "time.sleep(0.3)\n"
        "print('times', len(seen), flush=True)"
    )
    pid, terminal = pty.fork()
    if pid == 0:
        words = command("memory-watcher", "record", "-q", "-o", file, "--", *PYTHON, script)
        os.execve(words[0], words, environment())
    said = b""

    def read() -> bytes:
        nonlocal said
        try:
            said += os.read(terminal, 4096)
        except OSError:  # the other end was closed
            return said
        return said

    try:
        wait_until(lambda: b"ready" in read(), "the command")
        os.write(terminal, b"\x03")
        wait_until(lambda: b"times" in read(), "the command's answer")
        _, status = os.waitpid(pid, 0)
    finally:
        os.close(terminal)
    assert b"times 1" in said
    assert os.waitstatus_to_exitcode(status) == 0
    assert one(file, "SELECT end_reason FROM runs") == ("command ended",)


def test_duration(file: Path) -> None:
    """After it the recording is complete and closed; the command goes on, and is waited for."""
    script = ("sh", "-c", "read line; echo done; exit 4")
    words = command(
        "memory-watcher", "record", "-o", file, "--duration", "0.3", "-q", "--", *script
    )
    with subprocess.Popen(
        words, env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as recorder:
        wait_until(lambda: _end_reason(file) == "duration", "the end of the recording")
        ticks = one(file, "SELECT count(*), max(time_ns) FROM ticks")
        out, _ = recorder.communicate(timeout=PATIENCE)
    assert (recorder.returncode, out) == (4, b"done\n")
    assert _end_reason(file) == "duration"
    assert one(file, "SELECT count(*), max(time_ns) FROM ticks") == ticks


def _end_reason(file: Path) -> str | None:
    try:
        found = rows(file, "SELECT end_reason FROM runs")
    except sqlite3.OperationalError:  # the file is not there yet, or empty
        return None
    return found[0][0] if found else None


def test_full_disk(tmp_path: Path) -> None:
    """The recorder fails with its message; the command goes on, and its exit code is returned."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small file system")
    small = tmp_path / "small"
    small.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(small)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("mounting is not allowed here")
    script = (
        "import os, time\n"
        "end = time.time() + 2\n"
        "while time.time() < end: block = os.urandom(1 << 20) * 9\n"
        "print('done'); raise SystemExit(6)"
    )
    try:
        done = launch(small / "full.db", *PYTHON, script, options=("--period", "5ms"))
    finally:
        subprocess.run(["umount", str(small)], check=True)
    assert (done.returncode, done.stdout) == (6, "done\n"), done.stderr
    assert "the command goes on" in done.stderr
    assert "Traceback" not in done.stderr


def test_recording_that_cannot_be_made(tmp_path: Path) -> None:
    """The command is not even started."""
    marker = tmp_path / "ran"
    done = launch(tmp_path / "no" / "x.db", "touch", str(marker))
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert not marker.exists()


def test_file_name(tmp_path: Path) -> None:
    """{name}, {pid} and {time} are filled in; other braces stay."""
    output = ("-q", "--output", "{name}-{pid}-{time}-{x}.db")
    done = run("memory-watcher", "record", *output, "--", "sh", "-c", "echo $$", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (name,) = os.listdir(tmp_path)
    command_name, pid, date, clock, rest = name.split("-")
    assert (command_name, pid, rest) == ("sh", done.stdout.strip(), "{x}.db")
    assert (len(date), len(clock)) == (8, 6)
    assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["--"], "no command"),
        (["-p", "1", "--", "true"], "cannot be combined"),
        (["--name", "x", "--", "true"], "cannot be combined"),
        (["--wait", "--", "true"], "--wait"),
        (["--wait-all"], "--wait-all"),
        (["--children"], "--children"),
        (["--proc", "/", "--", "true"], "/"),
        (["./server", "--port", "80"], "--"),
        (["true"], "put -- in front"),
        (["--duration", "soon", "--", "true"], "--duration"),
    ],
)
def test_wrong_usage(tmp_path: Path, arguments: list[str], part: str) -> None:
    """Contradictions are usage errors that say what to do; nothing is run, nothing written."""
    done = run("memory-watcher", "record", *arguments, cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert part in done.stderr
    assert done.stderr.count("\n") == 1
    assert os.listdir(tmp_path) == []


def test_fork_bomb(file: Path) -> None:
    """400 processes at once, in turns: the recorder lives on, and gives its descriptors back."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    script = "exec 3<&0; for i in $(seq 400); do cat <&3 & done; wait; exit 9"
    options = ("-o", str(file), "--max-cpu", "0")
    words = command("memory-watcher", "record", *options, "--", "sh", "-c", script)
    with subprocess.Popen(
        words, env=environment(), text=True, stdin=subprocess.PIPE, stderr=subprocess.PIPE
    ) as recorder:
        try:  # they live until all have been seen, however long that takes
            wait_until(partial(_has_processes, file, 401), "all processes")  # seq may be too short
        finally:
            said = recorder.communicate()[1]
    assert recorder.returncode == 9, said
    assert "Traceback" not in said
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == limit
