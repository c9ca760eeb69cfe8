"""memory-watcher import: databases of the original become recordings, whole or not at all."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from memory_watcher.model import LayoutState
from memory_watcher.store.recording import Recording
from tests.programs import run

KI = 1024
SAMPLES = sorted((Path(__file__).parents[1] / "data" / "original").glob("*.sql"))
SECOND = 1_000_000_000
SCHEMA_2021 = """
CREATE TABLE process (id UNSIGNED BIG INT PRIMARY KEY, pid INTEGER, start_time, name TEXT);
CREATE TABLE memory_range (id UNSIGNED BIG INT PRIMARY KEY, process_id UNSIGNED BIG INT,
    "from" INTEGER, "to" INTEGER, permission TEXT, name TEXT);
CREATE TABLE measurement (id UNSIGNED BIG INT PRIMARY KEY, process_id UNSIGNED BIG INT,
    time datetime, rss_sum INTEGER, pss_sum INTEGER, oom_adj INTEGER, oom_score INTEGER,
    oom_score_adj INTEGER, statm_size INTEGER, statm_resident INTEGER, statm_shared INTEGER,
    statm_text INTEGER, statm_lib INTEGER, statm_data INTEGER, statm_dt INTEGER);
CREATE TABLE data (range_id UNSIGNED BIG INT, measurement_id UNSIGNED BIG INT, rss INTEGER,
    pss INTEGER);
INSERT INTO process VALUES (1, 7, '100', 'server'), (2, 8, '50', 'kthreadd');
INSERT INTO memory_range VALUES (11, 1, 4096, 12288, 'rw-p', ''),
    (12, 1, 65536, 69632, 'r--p', '/a');
"""
ROW = "INSERT INTO measurement VALUES ({}, {}, '{}', {}, {}, 5, 5, 5, {}, {}, 0, 0, 0, 0, 0);"


def original(folder: Path, script: str, name: str = "measurement.db") -> Path:
    """Make a database of the original's."""
    path = folder / name
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(script)
    return path


def measured(number: int, process: int, time: str, size: int, statm: int | None = None) -> str:
    """A measurement whose mappings come to `size` KiB."""
    resident = size if statm is None else statm
    row = ROW.format(number, process, time, size, size, resident and resident + 8, resident)
    data = f"INSERT INTO data VALUES (11, {number}, {size}, {size});" if size else ""
    return row + data


def imported(path: Path, *options: str) -> Path:
    """Import a file as recorded in UTC."""
    out = path.with_name(f"imported-{len(os.listdir(path.parent))}.db")
    done = run("memory-watcher", "import", path, "-o", out, "--timezone", "UTC", *options)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    return out


def asked(path: Path, sql: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql).fetchall()


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_the_peak_is_that_of_the_original(sample: Path, tmp_path: Path) -> None:
    """Of each process the highest PSS, with its time, its RSS and every mapping of that moment."""
    old = original(tmp_path, sample.read_text())
    new = imported(old)
    has_processes = "2021" in sample.stem
    for pid, process in asked(old, "SELECT pid, id FROM process") if has_processes else [(1, 0)]:
        of = f"WHERE process_id = {process}" if has_processes else ""
        ((number, time, rss, pss),) = asked(
            old,
            f"SELECT id, time, rss_sum, pss_sum FROM measurement {of} ORDER BY pss_sum DESC, time"
            " LIMIT 1",
        )
        done = run("memory-peak", new, "-p", str(pid), "--by", "mapping", "--json", TZ="UTC")
        shown = json.loads(done.stdout)
        assert shown["measurement"]["time"] == time
        assert shown["measurement"]["totals"]["pss"] == pss * KI
        assert shown["measurement"]["totals"]["rss"] == rss * KI
        ranges = "memory_range" if has_processes else "range"
        expected = asked(
            old,
            f"SELECT d.pss * {KI}, d.rss * {KI} FROM data AS d JOIN {ranges} AS r"
            f" ON r.id = d.range_id WHERE measurement_id = {number}",
        )
        groups = [(each["bytes"], each["figures"]["rss"]) for each in shown["groups"]]
        assert sorted(groups) == sorted(expected)
        assert {each["figures"]["swap"] for each in shown["groups"]} == {None}


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_every_measurement_comes_back(sample: Path, tmp_path: Path) -> None:
    """The original's own tables, as views of the new file, say what they said; scripts go on."""
    old = original(tmp_path, sample.read_text())
    new = imported(old)
    statm = "statm_size, statm_resident, statm_shared, statm_text, statm_data"
    columns = "rss_sum, pss_sum" + ("" if "2018-08" in sample.stem else f", {statm}")
    order = "ORDER BY time, pss_sum"
    sums = f"SELECT {columns} FROM measurement {order}"
    assert asked(new, sums) == asked(old, sums)
    mappings = "SELECT rss, pss FROM data ORDER BY rss, pss"
    assert asked(new, mappings) == asked(old, mappings)
    done = run("memory-watcher", "verify", new)
    assert done.stdout == f"{new}: all is as it was written\n"


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_only_what_changed_is_stored(sample: Path, tmp_path: Path) -> None:
    """Unlike the original, which has a row for each mapping and measurement."""
    new = imported(original(tmp_path, sample.read_text()))
    (rows,), (all_rows,) = (
        asked(new, f"SELECT count(*) FROM {table}")[0] for table in ("usage_rows", "data")
    )
    assert rows < all_rows / 2


def test_machine_memory(tmp_path: Path) -> None:
    """What /proc/meminfo said is there in bytes, at the tick of its time."""
    old = original(tmp_path, next(s for s in SAMPLES if "two" in s.stem).read_text())
    with Recording(imported(old)) as recording:
        ticks = recording.tick_rows()
        first = recording.system_memory(ticks[0].tick)
    ((available,),) = asked(old, "SELECT mem_available FROM system_memory ORDER BY time LIMIT 1")
    assert first is not None
    assert first.available == available * KI


def test_it_is_not_said_how_long_a_pass_took(tmp_path: Path) -> None:
    """The original does not tell: no `within 0 ms`, and null in JSON."""
    new = imported(original(tmp_path, next(s for s in SAMPLES if "two" in s.stem).read_text()))
    shown = run("memory-peak", new)
    assert "their layouts, all 2 processes read\n" in shown.stdout
    assert "0 ms" not in shown.stdout
    assert json.loads(run("memory-peak", new, "--json").stdout)["pass"]["wall_ns"] is None


def states(path: Path) -> dict[int, list[LayoutState]]:
    with Recording(path) as recording:
        return {
            process.pid: [each.state for each in recording.measurements(process.id)]
            for process in recording.processes()
        }


def test_rows_of_zeros_are_not_memory_of_zero(tmp_path: Path) -> None:
    """A kernel thread, an end, and mappings that could not be read are told as what they are."""
    script = SCHEMA_2021 + "".join(
        [
            measured(101, 1, "2021-01-01T00:00:00.000", 8),
            measured(102, 1, "2021-01-01T00:00:01.000", 0, statm=8),
            measured(103, 1, "2021-01-01T00:00:02.000", 0, statm=0),
            measured(201, 2, "2021-01-01T00:00:00.000", 0, statm=0),
            measured(202, 2, "2021-01-01T00:00:01.000", 0, statm=0),
        ]
    )
    path = imported(original(tmp_path, script))
    assert states(path) == {
        7: [LayoutState.UNCHECKED, LayoutState.UNREADABLE, LayoutState.GONE],
        8: [LayoutState.KERNEL_THREAD, LayoutState.KERNEL_THREAD],
    }
    readings = asked(path, "SELECT resident, rss, oom_score FROM readings ORDER BY process_id, id")
    assert (None, None, None) in readings
    assert all(0 not in row for row in readings)
    assert {row[2] for row in readings} == {None}, "which of three figures it is, nobody knows"


def test_a_process_that_is_measured_no_more_has_ended(tmp_path: Path) -> None:
    """The others go on: it ended at the next tick. Who is measured to the last did not."""
    script = SCHEMA_2021 + "".join(
        [
            measured(101, 1, "2021-01-01T00:00:00.000", 8),
            measured(201, 2, "2021-01-01T00:00:00.000", 8),
            measured(202, 2, "2021-01-01T00:00:01.000", 8),
        ]
    )
    with Recording(imported(original(tmp_path, script))) as recording:
        assert {each.pid: each.end_tick for each in recording.processes()} == {7: 2, 8: None}


def test_mappings_that_were_lost_are_noticed(tmp_path: Path) -> None:
    """The original gave two mappings one id: what lacks figures is marked as torn."""
    lost = "INSERT INTO data VALUES (99, 101, 4, 4); UPDATE measurement SET rss_sum = 12;"
    script = SCHEMA_2021 + measured(101, 1, "2021-01-01T00:00:00.000", 8) + lost
    out = tmp_path / "new.db"
    done = run("memory-watcher", "import", original(tmp_path, script), "-o", out)
    assert "1 that do not add up to their own sums (marked as torn)" in done.stderr
    assert states(out) == {7: [LayoutState.TORN]}


def test_ids_above_two_to_the_63(tmp_path: Path) -> None:
    """They are REAL in its files: processes, mappings and measurements still find each other."""
    script = SCHEMA_2021.replace("(1, 7,", "(18446744073709551000, 7,").replace(
        "(11, 1,", "(18446744073709551000, 18446744073709551000,"
    )
    script += ROW.format(
        "18446744073709551000", "18446744073709551000", "2021-01-01T00:00:00.000", 8, 8, 8, 8
    )
    script += "INSERT INTO data VALUES (18446744073709551000, 18446744073709551000, 8, 8);"
    assert states(imported(original(tmp_path, script))) == {7: [LayoutState.EXACT]}


def test_times_get_a_zone(tmp_path: Path) -> None:
    """Local times are of the zone that is named, summer time or not."""
    times = ["01:00:00.000", "02:00:00.000", "03:00:00.000"]
    script = SCHEMA_2021 + "".join(
        measured(100 + at, 1, f"2021-10-31T{time}", 8) for at, time in enumerate(times)
    )
    out = tmp_path / "new.db"
    path = original(tmp_path, script)
    done = run("memory-watcher", "import", path, "-o", out, "--timezone", "Europe/Prague")
    assert done.returncode == 0, done.stderr
    (first, *_, last) = asked(out, "SELECT time_ns FROM ticks ORDER BY time_ns")
    # 01:00 of summer time is 23:00 UTC, 03:00 of winter time is 02:00 UTC.
    assert first[0] == 1_635_634_800 * SECOND
    assert last[0] == 1_635_645_600 * SECOND
    with Recording(out) as recording:
        found = [each.time for each in recording.measurements(recording.process().id)]
    assert found == sorted(found)


def test_a_file_of_2018_bears_the_pid_in_its_name(tmp_path: Path) -> None:
    """`measurement.PID.db`; -p and --name say better."""
    sample = SAMPLES[0].read_text()
    path = original(tmp_path, sample, "measurement.4711.db")
    with Recording(imported(path)) as recording:
        assert recording.process().pid == 4711
    with Recording(imported(path, "-p", "5", "--name", "server")) as recording:
        assert (recording.process().pid, recording.process().name) == (5, "server")


def test_several_files_are_runs_of_one_recording(tmp_path: Path) -> None:
    """A process of the same PID and start time is the same in all of them."""
    first = original(tmp_path, SCHEMA_2021 + measured(101, 1, "2021-01-01T00:00:00.000", 8), "a.db")
    then = original(tmp_path, SCHEMA_2021 + measured(101, 1, "2021-01-02T00:00:00.000", 9), "b.db")
    out = tmp_path / "new.db"
    done = run("memory-watcher", "import", first, then, "-o", out, "--timezone", "+02:00")
    assert done.returncode == 0, done.stderr
    with Recording(out) as recording:
        assert len(recording.runs()) == 2
        sizes = [each.totals for each in recording.measurements(recording.process().id)]
    assert [each.rss for each in sizes if each is not None] == [8 * KI, 9 * KI]


def as_view(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(
            "DROP TABLE data; CREATE VIEW data AS WITH RECURSIVE n(i) AS"
            " (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i AS range_id FROM n;"
        )


def with_text(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript("UPDATE data SET rss = 'a\x1bb'")


def with_odd_time(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript("UPDATE measurement SET time = 'yesterday\x1b'")


def cut(path: Path) -> None:
    os.truncate(path, 6000)


@pytest.mark.parametrize("damage", [as_view, with_text, with_odd_time, cut])
def test_files_of_strangers(damage: Callable[[Path], None], tmp_path: Path) -> None:
    """Whatever is in a file: one line that names it, and nothing is written."""
    path = original(tmp_path, SCHEMA_2021 + measured(101, 1, "2021-01-01T00:00:00.000", 8))
    damage(path)
    out = tmp_path / "new.db"
    done = run("memory-watcher", "import", path, "-o", out)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (1, "", 1)
    assert str(path) in done.stderr
    assert "\x1b" not in done.stderr
    assert os.listdir(tmp_path) == ["measurement.db"]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["no.db", "-o", "new.db"], 1, "No such file"),
        (["text", "-o", "new.db"], 1, "neither a database of the original"),
        (["a.db", "-o", "a.db"], 1, "it exists; choose another name with -o"),
        (["a.db", "-o", "new.db", "--timezone", "Mars/Base"], 2, "no time zone known here"),
        (["a.db", "-o", "new.db", "-p", "x"], 2, "not a PID"),
        (["a.db"], 2, "-o"),
    ],
)
def test_what_cannot_be_imported(
    arguments: list[str], code: int, said: str, tmp_path: Path
) -> None:
    """One line with the reason."""
    original(tmp_path, SCHEMA_2021, "a.db")
    (tmp_path / "text").write_text("no database at all, but long enough to look into" * 99)
    done = run("memory-watcher", "import", *arguments, cwd=tmp_path)
    assert (done.returncode, len(done.stderr.splitlines())) == (code, 1)
    assert said in done.stderr
    assert sorted(os.listdir(tmp_path)) == ["a.db", "text"]


@pytest.mark.parametrize("command", ["peak", "chart", "report", "ls", "growth"])
def test_commands_say_how_to_import(command: str, tmp_path: Path) -> None:
    """Of a file of the original's the remedy is named, as a command line to copy."""
    path = original(tmp_path, SAMPLES[0].read_text())
    done = run("memory-watcher", command, path, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr == (
        f"memory-watcher {command}: {path}: recorded by the original memory-watcher; import it:"
        f" memory-watcher import {path} -o NEW.db\n"
    )
