"""`memory-watcher ls`: who was recorded, by plain SQL and by a real recording."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from memory_watcher.model import Reading, Rollup, Usage

from ..programs import run
from ..recordings import KI, RecordingBuilder, mapping


@pytest.fixture(name="file")
def recording_of_three(tmp_path: Path) -> Path:
    """A server, its worker that ended, and a shell that could not be read."""
    builder = RecordingBuilder(tmp_path / "three.db")
    server = builder.process(100, "server")
    worker = builder.process(101, "worker \x1b[31m\udcff")
    shell = builder.process(50, "bash")
    builder.execute("UPDATE processes SET parent_pid = 100 WHERE id = ?", worker)
    for size in (10, 30, 20):
        builder.tick()
        usage = Usage(rss=size * KI, pss=size * KI // 2)
        reading = Reading(resident=size * KI, high_water_mark=40 * KI)
        builder.layout(server, [(mapping(0x1000), usage)], reading)
        if size != 20:
            builder.layout(worker, [(mapping(0x1000), Usage(rss=90 * KI, pss=5 * KI))])
    builder.reading(shell)
    builder.end(worker, 3)
    builder.execute("INSERT INTO exits VALUES (?, NULL, 9, ?, NULL)", worker, 95 * KI)
    builder.execute("INSERT INTO selections VALUES (1, 'command', 'server', 100, 2)")
    builder.end_run()
    return builder.close()


def listed(file: Path, *options: str) -> Any:
    done = run("memory-watcher", "ls", file, "--json", *options)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_json(file: Path) -> None:
    """Every figure in bytes; what was not read is null; a parent is named by PID and by number."""
    answer = listed(file)
    server, worker, shell = answer["processes"]
    assert answer["too_short"] == 2
    assert (server["pid"], server["peak_rss"], server["peak_pss"]) == (100, 30 * KI, 15 * KI)
    assert (server["high_water_mark"], server["ended"], server["exit_code"]) == (
        40 * KI,
        False,
        None,
    )
    assert (worker["parent_pid"], worker["parent_id"]) == (100, server["id"])
    assert (worker["exit_signal"], worker["exit_max_rss"], worker["ended"]) == (9, 95 * KI, True)
    assert worker["name"] == "worker \x1b[31m\\xff"
    assert (shell["peak_rss"], shell["peak_pss"], shell["parent_id"]) == (None, None, None)


@pytest.mark.parametrize(
    ("column", "pids"),
    [
        ("first", [100, 101, 50]),
        ("last", [100, 50, 101]),
        ("pid", [50, 100, 101]),
        ("name", [50, 100, 101]),
        ("parent", [50, 100, 101]),
        ("rss", [101, 100, 50]),
        ("pss", [100, 101, 50]),
        ("hwm", [100, 101, 50]),
    ],
)
def test_sort(file: Path, column: str, pids: list[int]) -> None:
    """Sizes and the end from the highest, all else from the lowest; what is not known is last."""
    assert [each["pid"] for each in listed(file, "--sort", column)["processes"]] == pids


def test_sort_where_there_is_no_pss(tmp_path: Path) -> None:
    """RSS stands for PSS where the kernel reports none, and the other way round: said in a line.

    What has the figure asked for comes first, whatever its size: another figure does not compare.
    """
    builder = RecordingBuilder(tmp_path / "old.db")
    told = {10: Usage(rss=20 * KI), 11: Usage(rss=50 * KI), 12: Usage(pss=30 * KI), 13: None}
    processes = {pid: builder.process(pid) for pid in told}
    builder.tick()
    for pid, usage in told.items():
        if usage is None:
            builder.reading(processes[pid])
        else:
            builder.layout(processes[pid], [(mapping(0x1000), usage)])
    file = builder.close()
    for column, order, note in (
        ("pss", [12, 11, 10, 13], "No PSS was reported for 2: they come last, sorted by RSS."),
        ("rss", [11, 10, 12, 13], "No RSS was reported for 1: it comes last, sorted by PSS."),
    ):
        found = listed(file, "--sort", column)["processes"]
        assert [each["pid"] for each in found] == order
        assert note in run("memory-watcher", "ls", file, "--sort", column).stdout
    assert "sorted by" not in run("memory-watcher", "ls", file).stdout


def test_text(file: Path) -> None:
    """A line for each process under a line of titles; names cannot steer the terminal."""
    done = run("memory-watcher", "ls", file)
    lines = done.stdout.splitlines()
    assert lines[0].split()[:4] == ["PID", "name", "role", "parent"]
    assert "server --flag" in lines[1]
    assert "30 Ki" in lines[1]
    assert "not seen ending" in lines[1]
    assert "worker \\x1b[31m\\xff" in lines[2]
    assert "signal 9" in lines[2]
    assert lines[3].count("–") >= 3
    assert lines[-1] == "Too short to read: 2 more."
    assert "\x1b" not in done.stdout


def test_highest_sum(tmp_path: Path) -> None:
    """Of several processes that of the pass with the highest PSS; without a pass there is none."""
    builder = RecordingBuilder(tmp_path / "sums.db")
    one, two = builder.process(11), builder.process(12)
    for size in (10, 30, 20):
        builder.tick()
        builder.take_pass({one: Rollup(size * KI, size * KI, 0, 0), two: Rollup(KI, KI, 0, 0)})
    file = builder.close()
    assert listed(file)["highest_sum"]["pss"] == 31 * KI
    told = run("memory-watcher", "ls", file).stdout.splitlines()[-1]
    assert told.startswith("All together: PSS of 31 Ki at most, in the pass of 2018-08-17T")
    alone = RecordingBuilder(tmp_path / "none.db")
    alone.process(11)
    alone.process(12)
    alone.tick()
    file = alone.close()
    assert listed(file)["highest_sum"] is None
    assert "All together" not in run("memory-watcher", "ls", file).stdout


def test_peaks_at_passes(tmp_path: Path) -> None:
    """A process that only passes read has its peak; of one that shows its parent's memory none."""
    builder = RecordingBuilder(tmp_path / "rollups.db")
    one, two, three = (builder.process(pid) for pid in (11, 12, 13))
    for size in (10, 30, 20):
        builder.tick()
        figures = Rollup(2 * size * KI, size * KI, 0, 0)
        builder.take_pass({one: Rollup(KI, KI, 0, 0), two: figures, three: figures}, shared=[three])
    found = {each["pid"]: each for each in listed(builder.close())["processes"]}
    assert (found[12]["peak_pss"], found[12]["peak_rss"]) == (30 * KI, 60 * KI)
    assert found[13]["peak_pss"] is None


def test_role(tmp_path: Path) -> None:
    """What tells processes of one name apart; of a title, not the room that was left behind it."""
    builder = RecordingBuilder(tmp_path / "roles.db")
    for pid, line in enumerate(("postgres -D /data", "'postgres: \x1b[2Jwriter '" + " ''" * 50), 1):
        process = builder.process(pid, "postgres")
        builder.command_line(process, line)
    builder.tick()
    file = builder.close()
    roles = [each["role"] for each in listed(file)["processes"]]
    assert roles == ["-D /data", "postgres: \x1b[2Jwriter"]
    text = run("memory-watcher", "ls", file).stdout
    assert "postgres: \\x1b[2Jwriter" in text
    assert "''" not in text


def test_a_real_recording(tmp_path: Path) -> None:
    """A launched shell and its child: who started whom, exit code, peaks above 0."""
    file = tmp_path / "real.db"
    run("memory-watcher", "record", "-q", "-o", file, "--", "sh", "-c", "sleep 0.4; exit 5")
    found = {each["name"]: each for each in listed(file)["processes"]}
    shell, sleep = found["sh"], found["sleep"]
    assert shell["exit_code"] == 5
    assert sleep["parent_id"] == shell["id"]
    assert shell["ended"]
    assert sleep["ended"]
    assert shell["peak_rss"] >= shell["peak_pss"] > 0


def test_errors(tmp_path: Path) -> None:
    """No file, no recording, no such column: one line each."""
    (tmp_path / "text").write_text("no recording")
    for arguments, code in ((["none.db"], 1), (["text"], 1), (["none.db", "--sort", "size"], 2)):
        done = run("memory-watcher", "ls", *arguments, cwd=tmp_path)
        assert done.returncode == code
        assert done.stderr.count("\n") == 1
