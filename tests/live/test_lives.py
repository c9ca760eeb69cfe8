"""What happens to processes while they are recorded: start, execve, end, their PID used again."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import memory_watcher
from memory_watcher.model import LayoutState

from ..programs import one, recorder, rows, run, wait_until
from .targets import PAGE, Target, Ticks, recorded, usage_at

pytestmark = pytest.mark.live


@pytest.fixture(name="target")
def start_target() -> Iterator[Target]:
    with Target() as target:
        yield target


@pytest.fixture(name="file")
def recording_file(tmp_path: Path) -> Path:
    return tmp_path / "live.db"


def test_execve(target: Target, file: Path) -> None:
    """Execve keeps the process's row and adds an image; the memory of the old one has gone."""
    start = target.reserve(500)
    target.touch(start, 500)
    with Ticks(file, [target.pid]) as recording:
        recording.tick()
        target.ask("execute", "second image")
        recording.tick()
        recording.tick()
    with memory_watcher.open(file) as reader:
        (process,) = reader.processes()
        assert process.pid == target.pid
        assert [image.first_tick for image in process.images] == [1, 2]
        assert [
            (image.command_line or "").endswith("'second image'") for image in process.images
        ] == [False, True]
        assert (
            process.images[0].exe
            == process.images[1].exe
            == os.path.realpath(f"/proc/{process.pid}/exe")
        )
    before, after, _ = recorded(file, target.pid)
    assert before[1]
    assert after[1]
    assert usage_at(before[1], start).rss == 500 * PAGE
    assert all(entry.usage.rss != 500 * PAGE for entry in after[1])
    assert after[0].reading.high_water_mark
    assert before[0].reading.high_water_mark
    assert after[0].state is before[0].state


def test_new_name(target: Target, file: Path) -> None:
    """A program that renames itself gets an image with its new name, whatever bytes that has."""
    with Ticks(file, [target.pid]) as recording:
        recording.tick()
        target.ask("rename", "a) R (b\n")
        recording.tick()
    with memory_watcher.open(file) as reader:
        (process,) = reader.processes()
    assert [image.first_tick for image in process.images] == [1, 2]
    assert process.name == "a) R (b\n"
    assert process.images[0].command_line == process.images[1].command_line


def test_target_ends_and_is_reaped(target: Target, file: Path) -> None:
    """When the only target has gone the recorder exits with 0; its end is the last thing noted."""
    with recorder(file, "-p", target.pid, "--period", "50ms") as recording:
        recording.wait_for_ticks(3)
        target.reap()
        code, said = recording.end()
    assert code == 0, said
    assert "ticks" in said
    last, reason = one(file, "SELECT last_tick, end_reason FROM runs")
    assert reason == "targets gone"
    assert one(file, "SELECT pid, end_tick FROM processes") == (target.pid, last)
    readings = recorded(file, target.pid)
    assert [found.tick for found, _ in readings] == list(range(1, last + 1))
    assert all(layout for _, layout in readings[:-1])
    assert readings[-1][0].state in (LayoutState.GONE, LayoutState.ZOMBIE)
    assert not list(file.parent.glob("*-wal"))


def test_target_ends_and_is_not_reaped(target: Target, file: Path) -> None:
    """A target that becomes a zombie has ended; its last reading has a state, but no sizes."""
    with recorder(file, "-p", target.pid, "--period", "50ms") as recording:
        recording.wait_for_ticks(3)
        target.let_end()
        target.wait_for_zombie()
        code, said = recording.end()
    assert code == 0, said
    last, _ = recorded(file, target.pid)[-1]
    assert last.state is LayoutState.ZOMBIE
    assert (last.reading.size, last.reading.resident, last.totals) == (None, None, None)
    assert one(file, "SELECT end_tick FROM processes") == (last.tick,)


def test_reading_of_a_zombie(target: Target, file: Path) -> None:
    """One that was a zombie before it was read has the state of the kernel, and no sizes."""
    with Ticks(file, [target.pid]) as recording:
        recording.tick()
        target.let_end()
        target.wait_for_zombie()
        recording.tick()
    last, _ = recorded(file, target.pid)[-1]
    assert (last.state, last.reading.state) == (LayoutState.ZOMBIE, "Z")
    assert (last.reading.size, last.reading.resident, last.totals) == (None, None, None)


def test_one_of_two_ends(target: Target, file: Path) -> None:
    """Recording goes on with the other one, whose layouts are whole."""
    with (
        Target() as other,
        recorder(file, "-p", target.pid, "-p", other.pid, "--period", "20") as it,
    ):
        it.wait_for_ticks(1)
        other.reap()

        def end_noted() -> bool:
            return (1,) in rows(file, "SELECT end_tick > 0 FROM processes WHERE pid = ?", other.pid)

        wait_until(end_noted, "the end of one target")
        ended = one(file, "SELECT max(id) FROM ticks")[0]
        it.wait_for_ticks(ended + 5)
        code, said = it.stop()
    assert code == 0, said
    assert one(file, "SELECT end_reason FROM runs") == ("SIGINT",)
    assert len(recorded(file, target.pid)) > ended
    assert all(layout for _, layout in recorded(file, target.pid))


def test_zombie_from_the_start(target: Target, file: Path) -> None:
    """A zombie named alone is refused; named with others, it is one row with its reason."""
    zombie = target.ask("zombie")
    try:
        alone = run("memory-record", "-p", str(zombie), "--database-file", file)
        assert alone.returncode == 1
        assert "zombie" in alone.stderr
        assert alone.stderr.count("\n") == 1
        assert not file.exists()
        with recorder(file, "-p", zombie, "-p", target.pid, "--period", "20") as recording:
            recording.wait_for_ticks(2)
            code, said = recording.stop()
    finally:
        target.ask("reap", zombie)
    assert code == 0, said
    assert [found.state for found, _ in recorded(file, zombie)] == [LayoutState.ZOMBIE]
    assert all(layout for _, layout in recorded(file, target.pid))


def kernel_threads() -> set[int]:
    found = set()
    for entry in os.listdir("/proc"):
        if entry.isdecimal():
            try:
                fields = Path(f"/proc/{entry}/stat").read_bytes().rsplit(b")", 1)[1].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
            if int(fields[6]) & 0x00200000:
                found.add(int(entry))
    return found


def test_whole_machine(file: Path) -> None:
    """Without PIDs: processes that come and go are seen, and meminfo at every tick.

    Kernel threads are left out.
    """
    with recorder(file, "--period", "200ms") as recording:
        recording.wait_for_ticks(2)  # the first is over, and will take in nobody
        with Target() as target:
            wait_until(
                lambda: rows(file, "SELECT * FROM processes WHERE pid = ?", target.pid),
                "the new process in the recording",
            )
            target.reap()
            wait_until(
                lambda: rows(
                    file,
                    "SELECT * FROM processes WHERE pid = ? AND end_tick IS NOT NULL",
                    target.pid,
                ),
                "the end of the process in the recording",
            )
        code, said = recording.stop()
    assert code == 0, said
    pids = {pid for (pid,) in rows(file, "SELECT pid FROM processes")}
    assert not pids & kernel_threads()
    assert {os.getpid(), os.getppid(), recording.pid} <= pids
    with memory_watcher.open(file) as reader:
        process = reader.process(pid=target.pid)
        first = next(reader.measurements(process.id))
        assert first.tick > 1
        assert process.end_tick
        assert process.parent_pid == os.getpid()
        assert process.uid == os.getuid()
        (last_tick,) = one(file, "SELECT max(id) FROM ticks")
        total = int(Path("/proc/meminfo").read_text().split("MemTotal:")[1].split()[0]) * 1024
        for tick in range(1, last_tick + 1):
            memory = reader.system_memory(tick)
            assert memory
            assert memory.values["MemTotal"] == total
            assert 0 < (memory.values["MemFree"] or 0) <= total
    assert one(file, "SELECT count(*), count(mem_free) FROM system_memory") == (
        last_tick,
        last_tick,
    )


def spawn_as(pid: int) -> subprocess.Popen[bytes]:
    """Start a process with this PID, or skip the test where the kernel does not let us."""
    for _ in range(200):
        try:
            Path("/proc/sys/kernel/ns_last_pid").write_text(str(pid - 1))
        except OSError as error:
            pytest.skip(f"no PID can be asked for here: ns_last_pid: {error.strerror}")
        process = subprocess.Popen(["cat"], stdin=subprocess.PIPE)
        if process.pid == pid:
            return process
        with process:
            process.kill()
    pytest.skip("other processes took the PID in each of 200 attempts")


def tick_until_read(recording: Ticks, file: Path, pid: int) -> None:
    """Until the process has a layout of the last tick: beside others that come, it may wait."""

    def is_read() -> bool:
        recording.tick()
        return recorded(file, pid)[-1][1] is not None

    wait_until(is_read, "its layout")


def test_pid_used_again(file: Path) -> None:
    """A PID that comes again is another process, with rows of its own; none is mixed with it."""
    mine = [os.getpid()]
    with Target() as target, Ticks(file, mine, children=True) as recording:
        tick_until_read(recording, file, target.pid)
        start = target.reserve(700)
        target.touch(start, 700)
        tick_until_read(recording, file, target.pid)
        last = one(file, "SELECT max(id) FROM ticks")[0]
        target.reap()
        with spawn_as(target.pid) as second:
            try:
                recording.tick()
                recording.tick()
            finally:
                second.kill()
    found = rows(
        file,
        "SELECT id, start_time, end_tick FROM processes WHERE pid = ? ORDER BY id",
        target.pid,
    )
    assert [end for _, _, end in found] == [last + 1, None]
    assert found[0][1] != found[1][1]
    with memory_watcher.open(file) as reader:
        first, again = (process for process in reader.processes() if process.pid == target.pid)
        assert (len(first.images), len(again.images)) == (1, 1)
        assert again.name == "cat"
        *_, before, end = reader.measurements(first.id)
        assert (before.tick, before.has_layout) == (last, True)
        assert (end.tick, end.state, end.has_layout) == (last + 1, LayoutState.GONE, False)
        assert [found.tick for found in reader.measurements(again.id)] == [last + 1, last + 2]
        # With others that have just come, its first layout may have to wait.
        for measurement in filter(lambda found: found.has_layout, reader.measurements(again.id)):
            assert all(entry.usage.rss != 700 * PAGE for entry in reader.layout(measurement.id))


def copy_process(pid: int, folder: Path, start_time: int) -> None:
    """Copy what /proc tells of a process, as of one that started at another time."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("stat", "statm", "status", "smaps", "cmdline", "oom_score", "oom_score_adj"):
        (folder / name).write_bytes(Path(f"/proc/{pid}/{name}").read_bytes())
    begin, rest = (folder / "stat").read_bytes().rsplit(b") ", 1)
    fields = rest.split()
    fields[19] = str(start_time).encode()
    (folder / "stat").write_bytes(begin + b") " + b" ".join(fields) + b"\n")


def test_pid_used_again_over_a_network(target: Target, file: Path, tmp_path: Path) -> None:
    """A held folder of sshfs is but a path: the start time tells that another process is there."""
    root = tmp_path / "proc"
    copy_process(target.pid, root / "77", 1000)
    (root / "meminfo").write_text("MemFree: 10 kB\n")
    with Ticks(file, root=str(root)) as recording:
        recording.tick()
        target.touch(target.reserve(30), 30)
        copy_process(target.pid, root / "77", 2000)
        recording.tick()
        recording.tick()
    assert rows(file, "SELECT pid, start_time, end_tick FROM processes ORDER BY id") == [
        (77, 1000, 2),
        (77, 2000, None),
    ]
    assert rows(file, "SELECT process_id, tick, keyframe > 0 FROM readings ORDER BY id") == [
        (1, 1, 1),
        (1, 2, None),
        (2, 2, 1),
        (2, 3, 1),
    ]
