"""memory-record: its forms, its ends, what it says, and what it refuses."""

from __future__ import annotations

import os
import re
import select
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..live.targets import Target
from ..programs import (
    PATIENCE,
    RunningRecorder,
    command,
    environment,
    folder_state,
    one,
    recorder,
    rows,
    run,
    wait_until,
)

pytestmark = pytest.mark.live

CLOSING_LINE = (
    r"\d+ ticks.*, \d+ layouts.* in [\d.]+ m?s; {file}: [\d.]+ [KM]iB; CPU [\d.]+ m?s;"
    r" highest RSS [\d.]+ MiB, high-water mark [\d.]+ MiB\n"
)


@pytest.fixture(name="target", scope="module")
def start_target() -> Iterator[Target]:
    with Target() as target:
        yield target


@pytest.fixture(name="file")
def recording_file(tmp_path: Path) -> Path:
    return tmp_path / "run.db"


# Forms


@pytest.mark.parametrize(
    ("words", "period_ms"),
    [
        (["memory-record", "PID", "40"], 40),
        (["memory-record", "PID"], 1000),
        (["memory-record", "-p", "PID", "--period", "40"], 40),
        (["memory-record", "--pid", "PID", "--period=60ms", "-q"], 60),
        (["memory-record", "PID", "--period", "0.05s"], 50),
        (["memory-record", "-p", "PID"], 1000),
        (["memory-watcher", "record", "PID", "40"], 40),
        (["memory-watcher", "record", "-p", "PID", "-p", "PID", "--period", "1s"], 1000),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_forms(target: Target, words: list[str], period_ms: int, tmp_path: Path) -> None:
    """Each form records that process at that period, into measurement.db by default."""
    words = [str(target.pid) if word == "PID" else word for word in words]
    process = subprocess.Popen(
        command(*words), cwd=tmp_path, env=environment(), stderr=subprocess.PIPE, text=True
    )
    with process:
        running = RunningRecorder(process, tmp_path / "measurement.db")
        try:
            running.wait_for_handlers()
            wait_until(running.file.exists, "the recording")
            code, said = running.stop()
        finally:
            process.kill()
    assert code == 0, said
    assert [path.name for path in tmp_path.iterdir()] == ["measurement.db"]
    assert rows(running.file, "SELECT period_ns FROM runs") == [(period_ms * 1_000_000,)]
    assert rows(running.file, "SELECT pid FROM processes") in ([(target.pid,)], [])


def test_another_proc(target: Target, file: Path, tmp_path: Path) -> None:
    """PROCFS names another proc filesystem, --proc goes before it, an empty PROCFS is none."""
    proc = tmp_path / "proc"
    proc.symlink_to("/proc")
    cases: list[tuple[list[str], str]] = [
        ([], str(proc)),
        (["--proc", str(proc)], str(tmp_path)),
        ([], ""),
    ]
    for arguments, variable in cases:
        with recorder(file, target.pid, "20", *arguments, PROCFS=variable) as recording:
            recording.wait_for_handlers()
            code, said = recording.stop()
        assert code == 0, said
    refused = run("memory-record", str(target.pid), "20", cwd=tmp_path, PROCFS=str(tmp_path))
    assert (refused.returncode, refused.stderr) == (
        1,
        f"memory-record: {tmp_path}: not a proc filesystem (--proc, PROCFS)\n",
    )


# Ends


@pytest.mark.parametrize(
    "number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT], ids=lambda n: n.name
)
def test_signals(target: Target, file: Path, number: signal.Signals) -> None:
    """Each of these ends it with exit code 0 and a closing line; all is in the one file."""
    with recorder(file, "-p", target.pid, "--period", "20", "--max-cpu", "0") as recording:
        recording.wait_for_ticks(1)
        assert {path.name for path in file.parent.iterdir()} > {file.name}, "-wal, -shm"
        code, said = recording.stop(number)
    assert code == 0
    assert re.fullmatch(CLOSING_LINE.format(file=re.escape(str(file))), said), said
    assert [path.name for path in file.parent.iterdir()] == [file.name]
    assert file.read_bytes()[18:20] == b"\1\1", "readable from read-only media: not in WAL mode"
    last, reason, cpu, rss = one(file, "SELECT last_tick, end_reason, cpu_ns, peak_rss FROM runs")
    assert reason == number.name
    assert (last,) == one(file, "SELECT max(id) FROM ticks")
    assert (last,) == one(file, "SELECT count(*) FROM readings WHERE keyframe IS NOT NULL")
    assert re.match(rf"{last} ticks(?: \(\d+ skipped, overloaded\))?, {last} layouts", said), said
    assert cpu > 0
    assert rss > 2**20


def test_signal_at_once(target: Target, file: Path) -> None:
    """A signal before the first tick is no error either."""
    with recorder(file, "-p", target.pid) as recording:
        recording.wait_for_handlers()
        code, said = recording.stop(signal.SIGTERM)
    assert code == 0
    assert said.count("\n") == 1
    assert "Traceback" not in said
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_file_is_the_owners_alone(target: Target, file: Path) -> None:
    """The file and what lies beside it while recording can be read by nobody else."""
    before = os.umask(0)
    try:
        with recorder(file, "-p", target.pid, "--period", "20") as recording:
            recording.wait_for_ticks(1)
            modes = {path.name: path.stat().st_mode & 0o777 for path in file.parent.iterdir()}
            recording.stop()
    finally:
        os.umask(before)
    assert len(modes) > 1
    assert set(modes.values()) == {0o600}, modes
    assert file.stat().st_mode & 0o777 == 0o600


# What it says


class Terminal:
    """A terminal that a command writes to."""

    def __init__(self) -> None:
        self.master, self.slave = os.openpty()
        self.shown = b""

    def close(self) -> None:
        for descriptor in (self.master, self.slave):
            if descriptor >= 0:
                os.close(descriptor)
        self.master = self.slave = -1

    def let_go(self) -> None:
        """Leave the slave side to the command alone."""
        os.close(self.slave)
        self.slave = -1

    def read(self) -> bytes:
        """All that was shown until now."""
        while select.select([self.master], [], [], 0)[0]:
            try:
                piece = os.read(self.master, 4096)
            except OSError:  # the command has ended
                break
            self.shown += piece
        return self.shown


@pytest.fixture(name="terminal")
def open_terminal() -> Iterator[Terminal]:
    terminal = Terminal()
    try:
        yield terminal
    finally:
        terminal.close()


def test_status_line(target: Target, file: Path, terminal: Terminal) -> None:
    """On a terminal one line is rewritten while recording, and gives way to the closing line."""
    with recorder(file, "-p", target.pid, "--period", "20", stderr=terminal.slave) as recording:
        terminal.let_go()
        wait_until(lambda: terminal.read().count(b"\r") >= 2, "the status line, twice")
        running = terminal.read().decode()
        recording.process.send_signal(signal.SIGINT)
        wait_until(lambda: b"\n" in terminal.read(), "the closing line")
        recording.process.wait(PATIENCE)
    assert recording.process.returncode == 0
    assert "\n" not in running
    line = running.split("\r")[-1].removeprefix("\x1b[K")
    assert re.fullmatch(
        r"[\d.]+ m?s · \d+ ticks · RSS [\d.]+ MiB · PSS [\d.]+ MiB · \d+ mappings"
        r" · recorder [\d.]+ % CPU",
        line,
    ), line
    last = terminal.read().decode().rsplit("\r\x1b[K", 1)[-1].replace("\r\n", "\n")
    assert re.fullmatch(CLOSING_LINE.format(file=re.escape(str(file))), last), last


def test_status_line_of_several(target: Target, file: Path, terminal: Terminal) -> None:
    """With several processes it tells how many, not the figures of one of them."""
    with recorder(
        file, "-p", target.pid, "-p", os.getpid(), "--period", "20", stderr=terminal.slave
    ) as recording:
        terminal.let_go()
        wait_until(lambda: b"of 2 processes" in terminal.read(), "the status line")
        recording.process.send_signal(signal.SIGINT)
        wait_until(lambda: b"\n" in terminal.read(), "the closing line")
        recording.process.wait(PATIENCE)
    assert b"RSS" not in terminal.read().split(b"\r\x1b[K")[0]


def test_quiet(target: Target, file: Path, terminal: Terminal) -> None:
    """With --quiet nothing is said, on a terminal or elsewhere."""
    with recorder(
        file, "-p", target.pid, "--period", "20", "--quiet", stderr=terminal.slave
    ) as recording:
        recording.wait_for_ticks(1)
        recording.process.send_signal(signal.SIGINT)
        assert recording.process.wait(PATIENCE) == 0
    assert terminal.read() == b""


def test_no_status_line_elsewhere(target: Target, file: Path) -> None:
    """In a log there are whole lines only: no status line, no control characters."""
    with recorder(file, "-p", target.pid, "--period", "20") as recording:
        recording.wait_for_ticks(1)
        code, said = recording.stop()
    assert (code, said.count("\n")) == (0, 1)
    assert said.isprintable() or said[:-1].isprintable()


def test_terminal_has_gone(target: Target, file: Path, terminal: Terminal) -> None:
    """A terminal that is closed ends the recording (SIGHUP), which is as complete as ever."""
    with recorder(file, "-p", target.pid, "--period", "20", stderr=terminal.slave) as recording:
        terminal.let_go()
        wait_until(lambda: b"ticks" in terminal.read(), "the status line")
        recording.wait_for_ticks(1)
        terminal.close()
        recording.process.send_signal(signal.SIGHUP)
        assert recording.process.wait(PATIENCE) == 0
    assert rows(file, "SELECT end_reason FROM runs") == [("SIGHUP",)]
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_log_reader_has_gone(target: Target, file: Path) -> None:
    """`memory-record … 2>&1 | head`: the recording goes on, and ends well, without a reader."""
    reading, writing = os.pipe()
    with recorder(file, "-p", target.pid, "--period", "20", stderr=writing) as recording:
        os.close(writing)
        os.close(reading)
        recording.wait_for_ticks(1)
        recording.process.send_signal(signal.SIGTERM)
        assert recording.process.wait(PATIENCE) == 0
    assert rows(file, "SELECT end_reason FROM runs") == [("SIGTERM",)]


# Bad input: one line, exit code 1 or 2, nothing created or changed


@pytest.fixture(name="folder")
def make_folder(tmp_path: Path) -> Path:
    """Files of all sorts that are no place to record into, and proc roots that are none."""
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "folder").mkdir()
    (folder / "text.db").write_text("hello\n" * 1000)
    (folder / "short.db").write_text("x")
    capture = (
        b"00400000-00401000 r-xp 00000000 08:01 1     /bin/a\nSize: 4 kB\nRss: 4 kB\n"
        b"Shared_Clean: 4 kB\nShared_Dirty: 0 kB\nPrivate_Clean: 0 kB\nPrivate_Dirty: 0 kB\n"
    )
    for name, sql in (
        ("other.db", "CREATE TABLE a (b)"),
        ("newer.db", "PRAGMA user_version = 99"),
        ("good.db", "SELECT 1"),
    ):
        if name != "other.db":
            done = run("memory-load-smaps", "-", "--database-file", folder / name, stdin=capture)
            assert done.returncode == 0, done.stderr
        connection = sqlite3.connect(folder / name)
        connection.execute(sql)
        connection.commit()
        connection.close()
    (folder / "damaged.db").write_bytes((folder / "good.db").read_bytes()[:5000])
    return folder


def gone_pid() -> int:
    """A PID that nobody has: that of a process which was just reaped."""
    with subprocess.Popen(["true"]) as process:
        process.wait()
    return process.pid


PERIODS = [
    *("0", "0ms", "0.0000001", "-5", "-1s", "nan", "inf", "abc", "1e3", "1 parsec", "ms"),
    "99999999999999d",
]


@pytest.mark.parametrize(
    ("period", "classic"),
    # "-1s" in the classic form is an unknown option.
    [
        *((period, False) for period in PERIODS),
        *((period, True) for period in PERIODS if period != "-1s"),
    ],
)
def test_bad_period(target: Target, period: str, classic: bool, tmp_path: Path) -> None:
    """A period that is none is a usage error that names the option."""
    words = [str(target.pid), period] if classic else ["-p", str(target.pid), f"--period={period}"]
    done = run("memory-record", *words, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch(
        rf"memory-record: --period: '{re.escape(period)}' is (not a duration|too \w+).*\n",
        done.stderr,
    ), done.stderr
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["abc"], "'abc' is not a PID; to launch a command, put -- in front of it"),
        (["-p", "abc"], "--pid: 'abc' is not a PID"),
        (["-p", "0"], "--pid: '0' is not a PID"),
        (["-p", "-1"], "--pid: '-1' is not a PID"),
        (["-p", ""], "--pid: its value is empty; give one, or leave it out"),
        (["-p", "1.5"], "--pid: '1.5' is not a PID"),
        (["-p", "²"], "--pid: '²' is not a PID"),
        (["9" * 5000], "--pid: '9{40}…' is not a PID"),
        (["-p"], "argument -p/--pid: expected one argument .*"),
        (["1", "100", "3"], "'3': too many arguments; .*"),
        (["-p", "1", "100"], "'100': give PIDs either with -p or as the classic form"),
        (["1", "100", "--period", "5"], "'100': give the period either with --period or .*"),
        (["--nonsense"], "unrecognized arguments: --nonsense .*"),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, list) else "",
)
def test_bad_usage(words: list[str], message: str, tmp_path: Path) -> None:
    """Wrong arguments are told in one line, with exit code 2."""
    done = run("memory-record", *words, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch(f"memory-record: {message}\n", done.stderr), done.stderr
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("none/run.db", "none/run.db: cannot write: no folder none; create it, or choose another"),
        ("folder", "folder: cannot write: it is a folder"),
        ("text.db/run.db", "text.db/run.db: cannot write: Not a directory"),
        ("text.db", r"text.db: not a recording \(.*\)"),
        ("short.db", r"short.db: .*\bnot a (memory-watcher )?recording.*"),
        ("damaged.db", "damaged.db: .+"),
        ("other.db", "other.db: a SQLite database, but not a memory-watcher recording"),
        ("newer.db", r"newer.db: written by a newer memory-watcher \(format 99, .*"),
    ],
)
def test_bad_file(target: Target, folder: Path, name: str, message: str) -> None:
    """A file that cannot be a recording stays as it is, byte for byte; nothing lies beside it."""
    before = folder_state(folder)
    for words in (["-p", str(target.pid)], []):
        done = run("memory-record", *words, "--database-file", name, cwd=folder)
        assert (done.returncode, done.stdout) == (1, "")
        assert re.fullmatch(f"memory-record: {message}\n", done.stderr), done.stderr
    assert folder_state(folder) == before


@pytest.fixture(name="read_only")
def make_read_only_folder(tmp_path: Path) -> Iterator[Path]:
    """A folder that cannot be written; root can write to all but a read-only filesystem."""
    folder = tmp_path / "read only"
    folder.mkdir()
    if os.geteuid() != 0:
        folder.chmod(0o555)
        yield folder
        folder.chmod(0o755)
        return
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "ro,size=64k", "none", folder],
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip(f"root writes everywhere, and may not mount here: {mounted.stderr.decode()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


def test_read_only_folder(target: Target, read_only: Path) -> None:
    """A folder that cannot be written is told with its reason."""
    file = read_only / "run.db"
    done = run("memory-record", "-p", str(target.pid), "--database-file", file)
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(
        rf"memory-record: {re.escape(str(file))}: cannot write: "
        r"(Read-only file system|Permission denied)\n",
        done.stderr,
    ), done.stderr
    assert os.listdir(read_only) == []


@pytest.mark.parametrize("name", ["new.db", "good.db"])
def test_no_such_process(folder: Path, name: str) -> None:
    """A PID that is not there: one line, and no file, or the recording as it was."""
    before = folder_state(folder)
    pid = gone_pid()
    done = run("memory-record", str(pid), "100", "--database-file", name, cwd=folder)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"memory-record: process {pid}: no such process\n"
    assert folder_state(folder) == before


def test_no_such_process_among_others(target: Target, file: Path) -> None:
    """The PID that is not there is told, and the others are recorded."""
    pid = gone_pid()
    with recorder(file, "-p", pid, "-p", target.pid, "--period", "20") as recording:
        recording.wait_for_ticks(2)
        code, said = recording.stop()
    assert code == 0
    assert said.splitlines()[0] == f"memory-record: process {pid}: no such process"
    assert len(said.splitlines()) == 2
    assert rows(file, "SELECT pid FROM processes") == [(target.pid,)]


def write_process(folder: Path, flags: int, state: str) -> None:
    """Write the files of one process, as a proc filesystem shows them."""
    folder.mkdir(parents=True)
    fields = f"{state} 2 0 0 0 -1 {flags} 0 0 0 0 0 0 0 0 20 0 1 0 30 0 0" + " 0" * 30
    (folder / "stat").write_text(f"77 (kworker/0:1) {fields}\n")
    (folder / "statm").write_text("0 0 0 0 0 0 0\n")
    (folder / "status").write_text("Name:\tkworker/0:1\nPPid:\t2\nUid:\t0\t0\t0\t0\nThreads:\t1\n")
    for name in ("smaps", "cmdline"):
        (folder / name).write_bytes(b"")


@pytest.mark.parametrize(
    ("flags", "state", "message"),
    [
        (0x00200040, "I", "kworker/0:1 is a kernel thread: it has no memory of its own"),
        (0x00400000, "Z", r"kworker/0:1 has exited \(a zombie\): nothing to read"),
    ],
    ids=["kernel thread", "zombie"],
)
def test_no_memory_of_its_own(flags: int, state: str, message: str, tmp_path: Path) -> None:
    """What has no memory cannot be recorded alone; the line says why."""
    write_process(tmp_path / "proc" / "77", flags, state)
    (tmp_path / "proc" / "meminfo").write_text("MemFree: 1 kB\n")
    done = run("memory-record", "77", "100", "--proc", "proc", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(f"memory-record: process 77: {message}\n", done.stderr), done.stderr
    assert os.listdir(tmp_path) == ["proc"]


def test_real_kernel_thread(tmp_path: Path) -> None:
    """Kthreadd, where it can be seen (not in a container), is told as one."""
    if Path("/proc/2/comm").exists() and Path("/proc/2/comm").read_text() == "kthreadd\n":
        done = run("memory-record", "2", "100", cwd=tmp_path)
        assert (done.returncode, done.stdout) == (1, "")
        assert "kthreadd is a kernel thread" in done.stderr
        assert os.listdir(tmp_path) == []
    else:
        pytest.skip("no kernel threads can be seen here")


@pytest.mark.parametrize("by_variable", [False, True], ids=["--proc", "PROCFS"])
@pytest.mark.parametrize(
    ("root", "reason"),
    [
        ("missing", "no such directory"),
        ("text.db", "no such directory"),
        ("folder", "not a proc filesystem"),
    ],
)
def test_bad_proc_root(
    target: Target, folder: Path, root: str, reason: str, by_variable: bool
) -> None:
    """A proc root that is none is told with the two ways to name another."""
    before = folder_state(folder)
    for words in ([str(target.pid), "100"], []):
        if by_variable:
            done = run("memory-record", *words, cwd=folder, PROCFS=root)
        else:
            done = run("memory-record", *words, "--proc", root, cwd=folder)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == f"memory-record: {root}: {reason} (--proc, PROCFS)\n"
    assert folder_state(folder) == before


def test_version_loads_little() -> None:
    """--version loads nothing of what recording needs (benchmarks/ tells the time)."""
    loaded = subprocess.run(
        [
            *(command("python")[0], "-c"),
            "import sys; sys.argv = ['memory-record', '--version']\n"
            "from memory_watcher.cli import main_record; main_record()\n"
            "print(*sorted(sys.modules))",
        ],
        capture_output=True,
        text=True,
        check=True,
        env=environment(),
    ).stdout.split()
    assert "memory_watcher.cli" in loaded
    assert not {"dataclasses", "inspect", "sqlite3"}.intersection(loaded)
    below = ("memory_watcher.record", "memory_watcher.procfs", "memory_watcher.store")
    assert not [name for name in loaded if name.startswith(below)]


#: Maps, touches and unmaps all the time.
RESTLESS = """
import mmap, random, time
maps = [mmap.mmap(-1, 40960) for _ in range(300)]
while True:
    for _ in range(20):
        number = random.randrange(300)
        maps[number].close()
        maps[number] = mmap.mmap(-1, 40960)
        maps[number][0] = 1
    time.sleep(0.002)
"""


def test_max_size(file: Path) -> None:
    """It ends before the file is larger, with one line, a reason, and exit code 1."""
    most = 1 << 20
    with subprocess.Popen([sys.executable, "-c", RESTLESS]) as restless:
        try:
            done = run(
                "memory-record",
                *("-p", str(restless.pid), "--period", "10ms", "--max-cpu", "0"),
                *("--duration", "50s", "--max-size", "1M", "--quiet", "--output", str(file)),
            )
        finally:
            restless.kill()
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert f"{file}: ended at --max-size 1 MiB" in done.stderr
    assert one(file, "SELECT end_reason FROM runs") == ("max size",)
    assert most // 4 < file.stat().st_size <= most
    assert one(file, "PRAGMA integrity_check") == ("ok",)


def test_max_size_of_a_launched_command(file: Path) -> None:
    """The command goes on, unrecorded, and its exit code is returned."""
    script = RESTLESS.replace("while True:", "for _ in range(3000):") + "raise SystemExit(5)"
    done = run(
        "memory-watcher",
        *("record", "--period", "10ms", "--max-cpu", "0", "--max-size", "1M", "-o", str(file)),
        *("--", sys.executable, "-c", script),
    )
    assert done.returncode == 5, done.stderr
    assert "ended at --max-size" in done.stderr
    assert one(file, "SELECT end_reason FROM runs") == ("max size",)


@pytest.mark.parametrize("size", ["0", "1K", "x", "-5M", "1E"])
def test_max_size_that_is_none(file: Path, size: str) -> None:
    """A usage error that names the option; nothing is written."""
    done = run("memory-record", "-p", str(os.getpid()), f"--max-size={size}", "--output", file)
    assert done.returncode == 2
    assert "--max-size" in done.stderr
    assert not file.exists()
