"""memory-replay as text, memory-watcher top, and what both say when they cannot."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from memory_watcher.model import LayoutState, Reading, Usage
from memory_watcher.store.recording import Recording
from tests.fakeproc import FakeProc, FakeProcess
from tests.programs import PATIENCE, command, environment, run
from tests.recordings import KI, MI, Entry, RecordingBuilder, mapping

HOSTILE = "a\x1b[31m\nb\udcff [x]"


@pytest.fixture
def builder(tmp_path: Path) -> Iterator[RecordingBuilder]:
    made = RecordingBuilder(tmp_path / "measurement.db")
    yield made
    made.close()


def layout(heap: int) -> list[Entry]:
    usage = Usage(rss=heap * KI, pss=heap * KI, private_clean=0, private_dirty=heap * KI, swap=0)
    file = mapping(0x7F00_0000_0000, 8 * MI, "r--p", HOSTILE, inode=5)
    return [
        (mapping(0x10_0000, 64 * MI, pathname="[heap]"), usage),
        (file, usage._replace(pss=7 * KI)),
    ]


@pytest.fixture
def recorded(builder: RecordingBuilder) -> Path:
    """Three measurements, the second refused, the third torn."""
    process = builder.process(77, "server")
    builder.tick()
    builder.layout(process, layout(1000), Reading(resident=3 * MI, high_water_mark=4 * MI))
    builder.tick()
    builder.reading(process, Reading(resident=5 * MI), state=LayoutState.NO_PERMISSION)
    builder.tick()
    builder.layout(process, layout(2000), state=LayoutState.TORN)
    return builder.path


def test_plain(recorded: Path) -> None:
    """Each measurement is printed in order with its figures and groups; none is left out."""
    done = run("memory-replay", recorded, "--plain", TZ="UTC")
    assert (done.returncode, done.stderr) == (0, "")
    first, second, third = re.split(r"\n\n(?=2018-)", done.stdout)
    assert first.startswith("2018-08-17T13:58:03.942  server (77)  measurement 1  exact\n")
    assert "PSS 1 007 Ki  RSS 2 000 Ki" in first
    assert "high-water mark 4 096 Ki" in first
    assert re.search(r"^heap: +1 000 Ki$", first, re.M)
    assert re.search(r"^sum of PSS: +1 007 Ki$", first, re.M)
    assert "no permission\nstatm resident 5 120 Ki  high-water mark –\n" in second
    assert "The kernel refused to show the mappings." in second
    assert "torn" in third.splitlines()[0]
    assert re.search(r"^heap: +2 000 Ki$", third, re.M)


def test_plain_when_piped(recorded: Path) -> None:
    """Into a pipe it is text even without --plain, all at once: --interval would do nothing."""
    done = run("memory-replay", "--database-file", recorded)
    assert done.stdout.count("measurement") == 3
    assert done.stdout == run("memory-replay", recorded, "--plain").stdout
    done = run("memory-replay", recorded, "--interval", "1h")
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)
    assert "--interval" in done.stderr


def test_the_default_file(recorded: Path) -> None:
    """Without a name it is measurement.db here."""
    assert run("memory-replay", cwd=recorded.parent).stdout.count("measurement") == 3


def test_names_are_escaped(recorded: Path) -> None:
    """Names cannot steer a terminal, and are whole in any encoding."""
    text = run("memory-replay", recorded).stdout
    assert "a\\x1b[31m\\x0ab\\xff [x]" in text
    assert "\x1b" not in text
    ascii_text = run("memory-replay", recorded, PYTHONIOENCODING="ascii").stdout
    assert "high-water mark \\u2013" in ascii_text


def test_agrees_with_the_recording(recorded: Path) -> None:
    """The sums printed are those of the recording."""
    text = run("memory-replay", recorded).stdout
    with Recording(recorded) as recording:
        for measurement in recording.measurements(1):
            if measurement.totals is not None and measurement.totals.pss is not None:
                kib = f"{measurement.totals.pss // KI:,}".replace(",", " ")
                assert f"PSS {kib} Ki" in text


def test_several_processes(builder: RecordingBuilder) -> None:
    """As text all are shown, a line for each, the biggest first; or the one that is chosen."""
    for pid, name in ((77, "server"), (78, "worker")):
        builder.process(pid, name)
    builder.tick()
    for process in (1, 2):
        builder.layout(process, layout(1000 * process))
    done = run("memory-replay", builder.path, "--plain")
    assert (done.returncode, done.stderr) == (0, "")
    first, processes = done.stdout.split("\n\n")
    assert first.splitlines()[0].endswith("  2 processes")
    assert first.splitlines()[1].startswith("No sum: ")  # these figures contradict each other
    assert [line.split(" (")[0] for line in processes.splitlines()] == ["worker", "server"]
    chosen = run("memory-replay", builder.path, "-p", "78").stdout
    assert "worker (78)" in chosen
    assert chosen == run("memory-replay", builder.path, "--process-id", "2").stdout


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["none.db"], 1, "memory-replay: none.db: no such recording"),
        (["."], 1, "memory-replay: .: a directory, not a recording"),
        (["measurement.db", "-p", "5"], 1, "no process with PID 5"),
        (["measurement.db", "--interval", "soon"], 2, "--interval: 'soon' is not a duration"),
        (["measurement.db", "--database-file", "other.db"], 2, "name one"),
        (["measurement.db", "-p", "x"], 2, "-p"),
    ],
    ids=str,
)
def test_replay_errors(recorded: Path, arguments: list[str], code: int, message: str) -> None:
    """What is wrong is said in one line, and nothing is printed."""
    done = run("memory-replay", *arguments, cwd=recorded.parent)
    assert (done.returncode, done.stdout) == (code, "")
    assert message in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["-p", "x"], 2, "--pid: 'x' is not a PID"),
        (["--period", "1ms"], 2, "--period must be 50ms or more"),
        (["--period", "never"], 2, "--period: 'never' is not a duration"),
        (["-p", "1", "--name", "a"], 2, "--name: use either names or PIDs"),
        ([], 2, "a terminal is needed, but input is none"),
    ],
    ids=str,
)
def test_top_errors(arguments: list[str], code: int, message: str) -> None:
    """What is wrong is said in one line."""
    done = run("memory-watcher", "top", *arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert message in done.stderr
    assert done.stderr.count("\n") == 1


def test_without_textual(recorded: Path, tmp_path: Path) -> None:
    """Without the extra a line says what to install; text needs no extra."""
    (tmp_path / "sitecustomize.py").write_text(
        "import sys, importlib.abc\n"
        "class No(importlib.abc.MetaPathFinder):\n"
        "    def find_spec(self, name, path, target=None):\n"
        "        if name.split('.')[0] in ('textual', 'rich'):\n"
        "            raise ModuleNotFoundError(name, name=name)\n"
        "sys.meta_path.insert(0, No())\n"
    )
    folder = str(tmp_path)
    assert run("memory-replay", recorded, "--plain", PYTHONPATH=folder).returncode == 0
    done = run("memory-watcher", "top", "-p", str(os.getpid()), PYTHONPATH=folder)
    assert done.returncode == 1
    assert done.stderr == (
        "memory-watcher top: the terminal UI needs textual: pip install 'memory-watcher[tui]'\n"
    )


class Terminal:
    """A command in a terminal of its own."""

    def __init__(self, name: str, *arguments: str | Path) -> None:
        self.seen = b""
        self._pid, self._terminal = pty.fork()
        if self._pid == 0:
            os.environ.update(environment(TERM="xterm-256color", LINES="24", COLUMNS="80"))
            words = command(name, *arguments)
            os.execv(words[0], words)

    def until(self, text: str) -> None:
        """Read until this was drawn."""
        deadline = time.monotonic() + PATIENCE
        while text.encode() not in re.sub(rb"\x1b\[[0-9;?]*[a-zA-Z]", b"", self.seen):
            assert time.monotonic() < deadline, (text, self.seen[-3000:])
            if select.select([self._terminal], [], [], 0.1)[0]:
                self.seen += os.read(self._terminal, 65536)

    def press(self, keys: str) -> None:
        os.write(self._terminal, keys.encode())

    def signal(self, number: int) -> None:
        os.kill(self._pid, number)

    def end(self) -> int:
        """Wait for it to end; its exit code."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if select.select([self._terminal], [], [], 0.05)[0]:
                try:
                    self.seen += os.read(self._terminal, 65536)
                except OSError:
                    break
        _, status = os.waitpid(self._pid, 0)
        os.close(self._terminal)
        return os.waitstatus_to_exitcode(status)


@pytest.mark.live
def test_top_in_a_terminal(tmp_path: Path) -> None:
    """A process is seen, q ends it with 0, and what was seen was recorded."""
    target = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        path = tmp_path / "seen.db"
        terminal = Terminal("memory-watcher", "top", "-p", str(target.pid), "-o", path)
        terminal.until(f"({target.pid})")
        terminal.until("heap")
        terminal.press("q")
        assert terminal.end() == 0
        with Recording(path) as recording:
            assert recording.process(pid=target.pid)
            assert recording.runs()[0].end_reason == "closed"
    finally:
        target.communicate(b"\n")


@pytest.mark.live
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_signals_end_it_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    """A signal ends the UI and the recording as q does; the terminal is given back."""
    path = tmp_path / "seen.db"
    terminal = Terminal("memory-watcher", "top", "-p", str(os.getpid()), "-o", path)
    terminal.until(f"({os.getpid()})")
    terminal.signal(number)
    assert terminal.end() == 0
    assert b"\x1b[?1049l" in terminal.seen
    with Recording(path) as recording:
        assert recording.runs()[0].end_reason == "closed"


@pytest.mark.live
def test_top_of_nothing_says_so() -> None:
    """A PID and a name that nobody has are told in a line, not on a screen."""
    terminal = Terminal("memory-watcher", "top", "-p", "4194304")
    assert terminal.end() == 1
    assert b"no such process" in terminal.seen
    terminal = Terminal("memory-watcher", "top", "--name", "no such name")
    assert terminal.end() == 1
    assert b"no running process matches" in terminal.seen
    assert b"--wait" not in terminal.seen, "top has no such option"
    assert b"\x1b[?1049h" not in terminal.seen


@pytest.mark.live
def test_what_top_has_to_say_is_printed_at_its_end(tmp_path: Path) -> None:
    """Once the screen is given back: by the name of the command that was called."""
    proc = FakeProc(tmp_path / "proc")
    proc.put(FakeProcess(7, "server", changed={"smaps": b"no smaps\n"}))
    proc.put(FakeProcess(8, "worker"))
    terminal = Terminal("memory-watcher", "top", "--proc", proc.root)
    terminal.until("process 7 cannot be read")
    terminal.press("q")
    assert terminal.end() == 0
    printed = terminal.seen.rpartition(b"\x1b[?1049l")[2]
    assert b"memory-watcher top: process 7 cannot be read in full now: " in printed


@pytest.mark.live
def test_replay_in_a_terminal(recorded: Path) -> None:
    """On a terminal the recording is shown; with --plain each measurement in its time."""
    terminal = Terminal("memory-replay", recorded)
    terminal.until("server (77)")
    terminal.press("q")
    assert terminal.end() == 0
    terminal = Terminal("memory-replay", recorded, "--plain", "--interval", "20")
    assert terminal.end() == 0
    assert terminal.seen.count(b"\x1b[H\x1b[2J") == 3


def test_plain_of_a_kernel_without_pss(tmp_path: Path) -> None:
    """Where the kernel reports no PSS, the lines are of RSS, and that is said."""
    text = b"".join(
        b"%x-%x rw-p 00000000 00:00 0 %s\nRss: %d kB\nShared_Clean: 0 kB\nShared_Dirty: 0 kB\n"
        b"Private_Clean: 0 kB\nPrivate_Dirty: %d kB\nSize: %d kB\n"
        % (start, start + (1 << 20), name, size, size, 1024)
        for start, name, size in ((0x10000000, b"[heap]", 700), (0x20000000, b"", 52))
    )
    assert run("memory-load-smaps", "-", cwd=tmp_path, stdin=text).returncode == 0
    done = run("memory-replay", "--plain", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "the kernel reports no PSS; RSS is shown\n" in done.stdout
    assert re.search(r"heap: +700 Ki", done.stdout)
    assert re.search(r"sum of RSS: +752 Ki", done.stdout)
