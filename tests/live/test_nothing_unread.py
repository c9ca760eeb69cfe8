"""Where nothing was read, nothing is told: NULL with a reason, never 0, and sums say what lacks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import memory_watcher
from memory_watcher.model import LayoutState
from memory_watcher.record.policy import FOR_NAMED

from ..programs import one, recorder, rows, run, wait_until
from ..rights import NOBODY
from .targets import PAGE, Target, Ticks, quiet_processes, recorded

pytestmark = pytest.mark.live

#: Without these root sees the memory of no one else; see test_permissions.
WITHOUT_RIGHTS = (
    ["setpriv", "--bounding-set", "-sys_ptrace,-perfmon,-sys_admin"] if os.geteuid() == 0 else []
)


@pytest.fixture(name="file")
def recording_file(tmp_path: Path) -> Path:
    return tmp_path / "live.db"


# A first thread that has ended while others live

#: Its second thread answers each line with one, having touched as many pages more as it says; a
#: third one waits for ever, or ends when told "end".
LEADERLESS = """
import ctypes, mmap, os, sys, threading

libc = ctypes.CDLL(None)
kept = []
ends = threading.Event()

def serve():
    for line in sys.stdin:
        if line == "end\\n":
            break
        private = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
        block = mmap.mmap(-1, int(line) * mmap.PAGESIZE, flags=private)
        for offset in range(0, len(block), mmap.PAGESIZE):
            block[offset] = 1
        kept.append(block)
        print("done", flush=True)

threading.Thread(target=ends.wait).start()
threading.Thread(target=serve).start()
print("ready", flush=True)
libc.pthread_exit(None)
"""


class Leaderless:
    """A process of which only the first thread has ended."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.pid = process.pid

    def grow(self, pages: int) -> None:
        """Let it touch so many pages more."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(f"{pages}\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "done\n"

    def end_serving_thread(self) -> None:
        """Let one of its two threads end."""
        assert self.process.stdin
        self.process.stdin.write("end\n")
        self.process.stdin.flush()
        tasks = Path(f"/proc/{self.pid}/task")
        wait_until(lambda: len(list(tasks.iterdir())) == 2, "the end of a thread")


@contextmanager
def leaderless() -> Iterator[Leaderless]:
    with subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", LEADERLESS],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        stat = Path(f"/proc/{process.pid}/stat")
        wait_until(lambda: stat.read_text().rpartition(") ")[2][0] == "Z", "the leader's end")
        assert Path(f"/proc/{process.pid}/smaps").read_bytes() == b"", "it shows nothing itself"
        try:
            yield Leaderless(process)
        finally:
            process.kill()


def test_leader_ended(file: Path) -> None:
    """Its memory is read through a living thread: layouts, high-water mark, what it gains."""
    with leaderless() as target, Ticks(file, [target.pid], policy=FOR_NAMED) as recording:
        recording.tick()
        target.grow(1000)
        recording.tick()
        target.grow(2000)
        recording.fast_pass()
        recording.tick()
    found = recorded(file, target.pid)
    assert [measurement.state for measurement, _ in found] == [LayoutState.EXACT] * 4
    rss = [measurement.totals.rss or 0 for measurement, _ in found if measurement.totals]
    assert 1000 * PAGE <= rss[1] - rss[0] <= 1100 * PAGE
    assert 2000 * PAGE <= rss[2] - rss[1] <= 2100 * PAGE
    assert [measurement.reading.resident for measurement, _ in found] == rss
    assert all(measurement.reading.high_water_mark for measurement, _ in found)
    assert rows(file, "SELECT cause FROM ticks ORDER BY id") == [
        (None,),
        (None,),
        ("peak",),
        (None,),
    ]


def test_the_thread_read_through_ends_too(file: Path) -> None:
    """Another living one is found, whichever it was."""
    with leaderless() as target, Ticks(file, [target.pid], policy=FOR_NAMED) as recording:
        recording.tick()
        target.end_serving_thread()
        recording.fast_pass()
        recording.tick()
        recording.tick()
        assert one(file, "SELECT end_tick FROM processes") == (None,)
    states = {measurement.state for measurement, _ in recorded(file, target.pid)}
    assert states == {LayoutState.EXACT}


def test_leader_ends_while_recorded(file: Path) -> None:
    """With the command: nothing is missing in between, and the end of all threads is the end."""
    script = LEADERLESS.replace("libc.pthread_exit", "input() or libc.pthread_exit").replace(
        "threading.Thread(target=serve).start()", ""
    )
    with subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin
        assert process.stdout
        process.stdout.readline()
        with recorder(file, "-p", process.pid, "--period", "50ms") as recording:
            recording.wait_for_ticks(3)
            process.stdin.write("\n")
            process.stdin.flush()
            stat = Path(f"/proc/{process.pid}/stat")
            wait_until(lambda: stat.read_text().rpartition(") ")[2][0] == "Z", "the leader's end")
            count = one(file, "SELECT count(*) FROM ticks")[0]
            recording.wait_for_ticks(count + 5)
            process.kill()
            code, said = recording.end()
    assert code == 0, said
    *during, last = [measurement for measurement, _ in recorded(file, process.pid)]
    assert all(measurement.has_layout for measurement in during)
    assert {measurement.reading.state for measurement in during} >= {"S", "Z"}
    assert last.state in (LayoutState.ZOMBIE, LayoutState.GONE)


def test_evidence_of_a_leaderless_process(file: Path) -> None:
    """Its living threads' stack pointers are found; the ended one's is not asked for in vain."""
    with leaderless() as target, Ticks(file, [target.pid]) as recording:
        for _ in range(3):
            recording.tick()
        pid = target.pid
        tids = {int(task.name) for task in Path(f"/proc/{pid}/task").iterdir()}
    found = {tid for (tid,) in rows(file, "SELECT tid FROM stack_pointers")}
    assert found == tids - {pid}


# What cannot be read


def peak(file: Path, *arguments: str | int) -> Any:
    shown = run("memory-peak", file, "--json", *map(str, arguments))
    assert shown.returncode == 0, shown.stderr
    return json.loads(shown.stdout)


@pytest.fixture(name="mixed")
def recording_with_one_unreadable(file: Path) -> tuple[Path, int, list[int]]:
    """A recording of processes of which one could not be read; its PID, and the others'."""
    with Target() as hidden, Target(WITHOUT_RIGHTS) as first, Target(WITHOUT_RIGHTS) as second:
        if os.geteuid() == 0:
            hidden.ask("become", NOBODY)
        else:
            hidden.ask("hide")
        pids = [hidden.pid, first.pid, second.pid]
        options = [option for pid in pids for option in ("-p", pid)]
        with recorder(file, *options, "--period", "50ms", before=WITHOUT_RIGHTS) as recording:
            recording.wait_for_ticks(3)
            code, said = recording.stop()
        assert code == 0, said
    return file, pids[0], pids[1:]


#: All that is computed from mappings.
SUMS = [
    *("keyframe", "mappings", "layout_size", "rss", "pss", "uss", "layout_swap", "swap_pss"),
    *("rollup_pss", "cpu_ns", "wall_ns"),
]


def test_no_permission_is_null(mixed: tuple[Path, int, list[int]]) -> None:
    """Each sum over mappings is NULL, with the reason beside it; the cheap figures are there."""
    file, hidden, _ = mixed
    found = rows(
        file,
        f"SELECT {', '.join(f'r.{name}' for name in SUMS)}, s.name, r.resident > 0, r.swap"
        " FROM readings AS r JOIN processes AS p ON p.id = r.process_id"
        " JOIN layout_states AS s ON s.id = r.layout_state WHERE p.pid = ?",
        hidden,
    )
    assert len(found) >= 3
    assert set(found) == {(*[None] * len(SUMS), "no permission", 1, 0)}
    assert (
        rows(
            file,
            "SELECT * FROM measurement WHERE process_id = (SELECT id FROM processes WHERE pid = ?)",
            hidden,
        )
        == []
    )


def test_outputs_say_so(mixed: tuple[Path, int, list[int]]) -> None:
    """memory-peak of all: a dash or null for it, and that the sum lacks one; of it alone: why."""
    file, hidden, others = mixed
    told = peak(file)
    sizes = {each["process"]["pid"]: each["bytes"] for each in told["processes"]}
    assert sizes[hidden] is None
    assert all(sizes[pid] > 0 for pid in others)
    assert told["sum"] == {"bytes": sum(sizes[pid] for pid in others), "lacking": 1}
    (entry,) = [each for each in told["processes"] if each["process"]["pid"] == hidden]
    assert entry["layout"] is None
    assert entry["reading"]["layout_state"] == "no permission"
    assert entry["reading"]["totals"] is None

    text = run("memory-peak", file).stdout
    (line,) = [line for line in text.splitlines() if f"({hidden})" in line]
    assert line.split()[-1] == "–"
    assert "The sum lacks 1 process whose PSS could not be read: no permission." in text

    alone = run("memory-peak", file, "-p", str(hidden))
    assert alone.returncode == 1
    assert alone.stdout == ""
    assert "The kernel refused to show the mappings." in alone.stderr


def test_api_gives_none(mixed: tuple[Path, int, list[int]]) -> None:
    """The Python API has None for what was not read, and a reason."""
    file, hidden, _ = mixed
    with memory_watcher.open(file) as recording:
        process = recording.process(pid=hidden)
        for measurement in recording.measurements(process.id):
            assert measurement.totals is None
            assert measurement.state is LayoutState.NO_PERMISSION
            assert measurement.reading.resident
            with pytest.raises(memory_watcher.errors.SelectionError, match="refused"):
                recording.layout(measurement.id)


def test_zombies_and_kernel_threads_have_nothing(file: Path) -> None:
    """What has no memory has no figures of memory: neither sizes nor sums, and the reason."""
    with Target() as target, quiet_processes(1) as (other,):
        zombie = target.ask("zombie")
        kernel_thread = 2 if b"kthreadd" in Path("/proc/2/stat").read_bytes() else None
        pids = [other, zombie, *([kernel_thread] if kernel_thread else [])]
        with Ticks(file, pids) as recording:
            recording.tick()
        target.ask("reap", zombie)
    columns = [*SUMS, "size", "resident", "shared", "text", "data", "high_water_mark", "swap"]
    found = rows(
        file,
        f"SELECT s.name, {', '.join(f'r.{name}' for name in columns)} FROM readings AS r"
        " JOIN layout_states AS s ON s.id = r.layout_state WHERE r.keyframe IS NULL",
    )
    assert {row[0] for row in found} == {
        "zombie",
        *(["kernel thread"] if kernel_thread else []),
    }
    for row in found:
        assert set(row[1:]) == {None}


def test_mappings_whose_figure_is_not_told(file: Path, tmp_path: Path) -> None:
    """A capture of an old kernel without Pss: null, never a part of the sum; RSS stands for it."""
    capture = tmp_path / "smaps"
    capture.write_text(
        "00400000-00452000 r-xp 00000000 08:02 173521      /usr/bin/old\n"
        "Size:                328 kB\nRss:                 100 kB\n"
        "00651000-00652000 rw-p 00051000 08:02 173521      /usr/bin/old\n"
        "Size:                  4 kB\nRss:                   4 kB\nPss:                   4 kB\n"
    )
    loaded = run("memory-load-smaps", "-p", "7", "--database-file", file, capture)
    assert loaded.returncode == 0, loaded.stderr
    told = peak(file, "--process-memory", "rss")
    assert told["sum"] == {**told["sum"], "bytes": 104 << 10, "lacking": 0}
    assert told["sum"]["figures"]["pss"] is None
    assert told["measurement"]["totals"]["pss"] is None
    instead = run("memory-peak", file)
    assert instead.returncode == 0, instead.stderr
    assert "the kernel reports no PSS; RSS is shown" in instead.stdout
    assert peak(file)["sum"] == told["sum"]
