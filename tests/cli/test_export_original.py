"""memory-watcher export original: what the original's scripts find, and what an import gives."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from memory_watcher.model import LayoutState, Reading, Usage
from memory_watcher.render.escape import escape
from memory_watcher.store.recording import Recording
from tests.exports import HOSTILE, PID, hard_recording, peak
from tests.programs import run
from tests.recordings import KI, MI, SECOND, START, RecordingBuilder, mapping

SAMPLES = sorted((Path(__file__).parents[1] / "data" / "original").glob("2021*.sql"))
#: A quiet layout, a torn one, the peak.
MOMENTS = {1: "2018-08-17T13:58:03.942", 2: "2018-08-17T13:58:04.942", 3: "2018-08-17T13:58:05.942"}
SUMS = "rss_sum, pss_sum, statm_size, statm_resident, statm_shared, statm_text, statm_data"


@pytest.fixture(name="path", scope="module")
def hard(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return hard_recording(tmp_path_factory.mktemp("export") / "hard.db")


@pytest.fixture(name="old", scope="module")
def hard_exported(path: Path) -> Path:
    return exported(path)


def exported(path: Path, *options: str) -> Path:
    """A recording as a database of the original's, with times in UTC."""
    out = path.with_name(f"{path.stem}.{len(options)}.old.db")
    done = run(
        "memory-watcher", "export", "original", path, "-o", out, "--timezone", "UTC", *options
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert done.stderr.endswith("; time zone: UTC\n")
    return out


def imported(path: Path) -> Path:
    out = path.with_suffix(".new.db")
    done = run("memory-watcher", "import", path, "-o", out, "--timezone", "UTC")
    assert done.returncode == 0, done.stderr
    return out


def asked(path: Path, sql: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql).fetchall()


def test_the_tables_are_those_of_2021(old: Path) -> None:
    """Names, order and types of all columns, the index, and no mark of another program."""
    with closing(sqlite3.connect(":memory:")) as sample:
        sample.executescript(SAMPLES[0].read_text())
        tables = [
            name for (name,) in sample.execute("SELECT name FROM sqlite_master WHERE sql > ''")
        ]
        for name in tables:
            columns = f"SELECT name, type, \"notnull\", pk FROM pragma_table_info('{name}')"
            assert asked(old, columns) == sample.execute(columns).fetchall()
    assert {name for (name,) in asked(old, "SELECT name FROM sqlite_master WHERE sql > ''")} == {
        *tables
    }
    assert asked(old, "PRAGMA user_version") == asked(old, "PRAGMA application_id") == [(0,)]
    assert asked(old, "PRAGMA integrity_check") == [("ok",)]
    assert asked(old, "PRAGMA foreign_key_check") == []


@pytest.mark.parametrize("tick", MOMENTS)
def test_each_moment_has_the_figures_of_memory_peak(path: Path, old: Path, tick: int) -> None:
    """In KiB: the sums, and each mapping's RSS and PSS under its name."""
    shown = peak(path, "--by", "mapping", "--measurement-time", f"#{tick}")
    (number, *sums), *more = asked(
        old, f"SELECT id, rss_sum, pss_sum FROM measurement WHERE time = '{MOMENTS[tick]}'"
    )
    assert more == []
    totals = shown["measurement"]["totals"]
    assert sums == [totals["rss"] // KI, totals["pss"] // KI]
    rows = asked(
        old,
        "SELECT d.rss, d.pss FROM data AS d JOIN memory_range AS r ON r.id = d.range_id"
        f" WHERE d.measurement_id = {number}",
    )
    figures = [each["figures"] for each in shown["groups"]]
    assert sorted(rows) == sorted((each["rss"] // KI, each["pss"] // KI) for each in figures)


def test_its_own_peak_is_that_of_memory_peak(path: Path, old: Path) -> None:
    """As the original asks: the measurement with the highest sum."""
    totals = peak(path)["measurement"]["totals"]
    for figure in ("rss", "pss"):
        ((highest, time),) = asked(
            old, f"SELECT {figure}_sum, time FROM measurement ORDER BY {figure}_sum DESC LIMIT 1"
        )
        assert (highest, time) == (totals[figure] // KI, MOMENTS[3])


def test_names_and_addresses(old: Path) -> None:
    """Names are whole, valid UTF-8, and the gate above 2^63 has its address as SQLite holds it."""
    names = {name for (name,) in asked(old, "SELECT name FROM memory_range")}
    for name in HOSTILE:
        assert name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace") in names
    ((start, end, perms),) = asked(
        old, 'SELECT "from", "to", permission FROM memory_range WHERE name = \'[vsyscall]\''
    )
    assert (start, end, perms) == (-10 * MI, -10 * MI + 4 * KI, "--xp")
    assert asked(old, "SELECT pid, start_time, typeof(start_time) FROM process") == [
        (PID, "100", "text")
    ]


def test_the_way_there_and_back(path: Path, old: Path) -> None:
    """An import has the figures that the original had, at the same times; the torn layout, too."""
    new = imported(old)
    done = run("memory-watcher", "verify", new)
    assert done.stdout == f"{new}: all is as it was written\n"
    here, there = peak(path, "--by", "mapping"), peak(new, "--by", "mapping")
    for figure in ("rss", "pss"):
        assert there["measurement"]["totals"][figure] == here["measurement"]["totals"][figure]
        told = [[each["figures"][figure] for each in shown["groups"]] for shown in (here, there)]
        assert sorted(told[0]) == sorted(told[1])
    assert {each["figures"]["swap"] for each in there["groups"]} == {None}
    with Recording(path) as one, Recording(new) as other:
        before, after = (list(each.measurements(each.process().id)) for each in (one, other))
    with_layout = [each for each in before if each.has_layout]
    assert len(with_layout) == len(after) == 4
    for a, b in zip(with_layout, after, strict=True):
        assert a.time == b.time
        assert (a.reading.size, a.reading.resident) == (b.reading.size, b.reading.resident)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_a_sample_comes_back_as_it_was(sample: Path, tmp_path: Path) -> None:
    """Imported and exported: the same rows, but for ids, which are other hashes."""
    first = tmp_path / "first.db"
    with closing(sqlite3.connect(first)) as connection:
        connection.executescript(sample.read_text())
    last = exported(imported(first))
    for sql in (
        "SELECT pid, start_time, name FROM process ORDER BY 1",
        f"SELECT time, {SUMS} FROM measurement ORDER BY 1, 2, 3",
        'SELECT p.pid, r."from" % 1000000007, r.permission, r.name FROM memory_range AS r'
        " JOIN process AS p ON p.id = r.process_id WHERE r.name != '[vsyscall]' ORDER BY 1, 2, 3",
        "SELECT m.time, d.rss, d.pss FROM data AS d JOIN measurement AS m"
        " ON m.id = d.measurement_id ORDER BY 1, 2, 3",
        "SELECT * FROM system_memory ORDER BY 1",
    ):
        assert asked(last, sql) == asked(first, sql), sql


def test_what_could_not_be_read_is_a_row_of_zeros_and_what_was_not_wanted_is_none(
    tmp_path: Path,
) -> None:
    """As the original wrote it; an import tells them apart again. A skipped layout is no zero."""
    builder = RecordingBuilder(tmp_path / "a.db")
    process, kernel = builder.process(7, start_time=7), builder.process(8, start_time=8)
    for state in (LayoutState.UNREADABLE, LayoutState.NOT_TAKEN, LayoutState.GONE):
        builder.tick()
        told = Reading() if state is LayoutState.GONE else Reading(size=8 * KI, resident=4 * KI)
        builder.reading(process, told, state=state)
        builder.reading(kernel, state=LayoutState.KERNEL_THREAD)
    old = exported(builder.close())
    rows = asked(
        old,
        "SELECT p.pid, m.rss_sum, m.statm_resident FROM measurement AS m"
        " JOIN process AS p ON p.id = m.process_id ORDER BY 1, m.time",
    )
    assert rows == [(7, 0, 4), (7, 0, 0), (8, 0, 0), (8, 0, 0), (8, 0, 0)]
    with Recording(imported(old)) as recording:
        states = {
            each.pid: [found.state for found in recording.measurements(each.id)]
            for each in recording.processes()
        }
    assert states == {
        7: [LayoutState.UNREADABLE, LayoutState.GONE],
        8: [LayoutState.KERNEL_THREAD] * 3,
    }


def test_two_measurements_in_one_millisecond(tmp_path: Path) -> None:
    """Both are there: the second is said to be a millisecond later, for a time is unique there."""
    builder = RecordingBuilder(tmp_path / "a.db")
    process = builder.process(7)
    for number in range(3):
        builder.tick(START + number)
        builder.layout(process, [(mapping(0x1000), Usage(rss=(number + 1) * KI, pss=KI))])
    old = exported(builder.close())
    assert asked(old, "SELECT substr(time, 18), rss_sum FROM measurement ORDER BY 1") == [
        *(("03.942", 1), ("03.943", 2), ("03.944", 3)),
    ]
    with Recording(imported(old)) as recording:
        found = recording.measurements(recording.process().id)
        assert [each.totals and each.totals.rss for each in found] == [KI, 2 * KI, 3 * KI]


def test_all_that_a_tick_read_bears_its_time(tmp_path: Path) -> None:
    """As there: else who is read first would seem to have ended before who is read last."""
    builder = RecordingBuilder(tmp_path / "a.db")
    processes = [builder.process(pid, start_time=pid) for pid in (7, 8)]
    for _ in range(2):
        builder.tick()
        for delay, process in enumerate(processes, 1):
            entries = [(mapping(0x1000), Usage(rss=KI, pss=KI))]
            builder.layout(process, entries, delay_ns=delay * SECOND // 10)
    with Recording(imported(exported(builder.close()))) as recording:
        assert len(recording.tick_rows()) == 2
        assert {each.pid: each.end_tick for each in recording.processes()} == {7: None, 8: None}


def test_times_are_of_the_zone_that_is_named(path: Path, tmp_path: Path) -> None:
    """And without one of this machine's, which is said."""
    out = tmp_path / "a.db"
    done = run("memory-watcher", "export", "original", path, "-o", out, TZ="Asia/Tokyo")
    assert done.stderr.endswith("; time zone: this machine's; --timezone chooses another\n")
    assert asked(out, "SELECT min(time) FROM measurement") == [("2018-08-17T22:58:03.942",)]
    done = run("memory-watcher", "export", "csv", path, "--timezone", "UTC")
    assert "--timezone has no effect on csv" in done.stderr
    done = run("memory-watcher", "export", "original", path, "-o", out, "--timezone", "Nowhere")
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)


def test_redacted(path: Path) -> None:
    """No name, and no start time, which can tell a machine."""
    old = exported(path, "--redact")
    data = old.read_bytes()
    for word in ("srv", "HYPERLINK", "secret", "cmd", "libc", "server"):
        assert word.encode() not in data, word
    assert asked(old, "SELECT start_time FROM process") == [("1",)]
    names = {name for (name,) in asked(old, "SELECT name FROM memory_range")}
    assert "[heap]" in names
    assert len(names) == len(HOSTILE) + 5


def test_a_disk_that_fills_leaves_nothing(path: Path, tmp_path: Path) -> None:
    """One line; an earlier file stays, and no part of a new one is left."""
    out = tmp_path / "out.db"
    out.write_text("before")
    done = run(
        *("memory-watcher", "export", "original", path, "-o", out),
        before=["prlimit", "--fsize=9000"],
    )
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert done.stderr.startswith(f"memory-watcher export: {out}: cannot write: ")
    assert out.read_text() == "before"
    assert [each.name for each in tmp_path.iterdir()] == ["out.db"]


def test_names_of_programs_are_escaped(tmp_path: Path) -> None:
    r"""What is no UTF-8 is \xNN."""
    builder = RecordingBuilder(tmp_path / "a.db")
    builder.process(7, "a\udcffb")
    builder.tick()
    builder.reading(1, state=LayoutState.KERNEL_THREAD)
    old = exported(builder.close())
    assert asked(old, "SELECT name FROM process") == [(escape("a\udcffb"),)]
