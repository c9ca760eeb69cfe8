"""What is written and read back is equal; intervals mean the same as one row per tick."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from unittest import mock

from hypothesis import given, settings
from hypothesis import strategies as st

from memory_watcher.store.recording import Recording
from memory_watcher.store.schema import STILL_VALID
from memory_watcher.store.write import layouts, remembered
from memory_watcher.store.writer import Writer
from tests.unit.store.flat import KI, RUNS, Driver, Entry, Flat, Row, Run, Step, write

SQL = dict[str, object]


@contextmanager
def limits(keyframe_rows: int, most: int) -> Iterator[Path]:
    """A folder, with keyframes and forgetting coming as early as asked for."""
    with (
        tempfile.TemporaryDirectory() as folder,
        mock.patch.object(layouts, "KEYFRAME_ROWS_PER_MAPPING", keyframe_rows),
        mock.patch.object(remembered, "REMEMBERED", most),
    ):
        yield Path(folder)


LIMITS = st.tuples(st.sampled_from([0, 1, 2, 4, 1000]), st.sampled_from([0, 1, 4096]))


def connect(path: Path) -> sqlite3.Connection:
    """Open for plain SQL, as a user would; names need not be valid UTF-8."""
    connection = sqlite3.connect(f"file:{path}?immutable=1", uri=True)
    connection.text_factory = lambda text: text.decode("utf-8", "surrogateescape")
    connection.row_factory = sqlite3.Row
    return connection


def check_read_back(path: Path, flat: Flat) -> None:
    """Recording answers exactly what was given."""
    with Recording(path) as recording:
        processes = {process.id: process for process in recording.processes()}
        assert {number: process.key for number, process in processes.items()} == flat.keys
        assert {number: process.name for number, process in processes.items()} == flat.names
        assert {
            number: process.end_tick for number, process in processes.items() if process.ended
        } == flat.ended
        for number in processes:
            rows = [row for row in flat.rows if row.process_id == number]
            measurements = list(recording.measurements(number))
            assert len(measurements) == len(rows)
            for row, found in zip(rows, measurements, strict=True):
                assert (found.tick, found.time, found.state) == (row.tick, row.time_ns, row.state)
                assert (found.reading, found.totals) == (row.reading, row.totals)
                assert found.rollup_pss == row.rollup_pss
                if row.layout is not None:
                    layout = recording.layout(found.id)
                    assert layout.state == row.state
                    entries = [(entry.mapping, entry.usage) for entry in layout]
                    assert Counter(entries) == Counter(row.layout)
                    assert [entry[0] for entry in entries] == sorted(
                        entry[0] for entry in row.layout
                    )


@settings(max_examples=60, deadline=None)
@given(RUNS, LIMITS)
def test_what_is_written_is_read_back(runs: list[Run], limit: tuple[int, int]) -> None:
    """Layouts, states, figures, ends, of several processes, over several runs on one file."""
    with limits(*limit) as folder:
        flat = write(str(folder / "a.db"), runs)
        assert [*os.listdir(folder)] == ["a.db"]
        check_read_back(folder / "a.db", flat)


# -- plain SQL ----------------------------------------------------------------------------------

RULE = """
SELECT m."start", m."end", m.perms, m."offset", m.dev, m.inode, p.pathname,
       u.rss, u.pss, u.private_clean, u.private_dirty, d.private_hugetlb, d.swap, d.vm_flags,
       d.other
FROM usages AS u JOIN mappings AS m ON m.id = u.mapping_id JOIN paths AS p ON p.id = m.path_id
JOIN details AS d ON d.id = u.detail_id
WHERE u.process_id = :process_id AND u.first_tick <= :tick AND u.last_tick >= :tick
"""


def signed(address: int) -> int:
    return address - 2**64 if address >= 2**63 else address


def flat_columns(entry: Entry) -> tuple[object, ...]:
    mapping, usage = entry
    return (
        *(signed(mapping.start), signed(mapping.end), *mapping[2:]),
        *(usage.rss, usage.pss, usage.private_clean, usage.private_dirty),
        *(usage.private_hugetlb, usage.swap, usage.vm_flags, usage.other),
    )


def check_rule(path: Path, flat: Flat) -> None:
    """Rows whose interval holds a tick are the layout of that tick, and nothing else."""
    with closing(connect(path)) as database:
        for row in flat.rows:
            if row.layout is not None:
                given = {"process_id": row.process_id, "tick": row.tick}
                found = [tuple(each) for each in database.execute(RULE, given)]
                assert Counter(found) == Counter(map(flat_columns, row.layout))


@settings(max_examples=40, deadline=None)
@given(RUNS, LIMITS)
def test_rule_for_plain_sql(runs: list[Run], limit: tuple[int, int]) -> None:
    """`first_tick <= t AND last_tick >= t` gives the layout of t; no interval is left open."""
    with limits(*limit) as folder:
        flat = write(str(folder / "a.db"), runs)
        check_rule(folder / "a.db", flat)
        with closing(connect(folder / "a.db")) as database:
            (left,) = database.execute(
                "SELECT count(*) FROM usages WHERE last_tick = ? OR last_tick < first_tick",
                (STILL_VALID,),
            ).fetchone()
            assert left == 0


def kib(size: int | None) -> int | None:
    return None if size is None else size // KI


def local(time_ns: int, zone: timezone) -> str:
    """ISO 8601 with milliseconds, cut."""
    moment = datetime.fromtimestamp(time_ns // 10**9, zone)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{time_ns % 10**9 // 10**6:03d}"


@contextmanager
def zone_of_nepal() -> Iterator[timezone]:
    """UTC+5:45, as a POSIX name, which needs no data base."""
    with mock.patch.dict(os.environ, TZ="NPT-5:45"):
        time.tzset()
        yield timezone(timedelta(hours=5, minutes=45))
    time.tzset()


def original_measurement(number: int, row: Row, zone: timezone) -> SQL:
    """A row of the original's table, computed from the flat one."""
    assert row.totals is not None
    return {
        "id": number,
        "process_id": row.process_id,
        "time": local(row.time_ns, zone),
        "rss_sum": kib(row.totals.rss),
        "pss_sum": kib(row.totals.pss),
        "oom_adj": None,
        "oom_score": row.reading.oom_score,
        "oom_score_adj": row.reading.oom_score_adj,
        "statm_size": kib(row.reading.size),
        "statm_resident": kib(row.reading.resident),
        "statm_shared": kib(row.reading.shared),
        "statm_text": kib(row.reading.text),
        "statm_lib": 0,
        "statm_data": kib(row.reading.data),
        "statm_dt": 0,
    }


def shown(name: str) -> str:
    r"""How the views write a name: bytes that are no UTF-8 as \xNN."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def check_originals_tables(path: Path, flat: Flat, zone: timezone) -> None:
    with closing(connect(path)) as database:
        assert [dict(row) for row in database.execute("SELECT * FROM process ORDER BY id")] == [
            {
                "id": number,
                "pid": key.pid,
                "start_time": key.start_time,
                "name": shown(flat.names[number]),
            }
            for number, key in sorted(flat.keys.items())
        ]
        found = [dict(row) for row in database.execute("SELECT * FROM measurement ORDER BY id")]
        # A reading's number counts those without a layout too.
        with_layout = [(n, row) for n, row in enumerate(flat.rows, 1) if row.layout is not None]
        assert found == [original_measurement(number, row, zone) for number, row in with_layout]
        joined = """SELECT d.measurement_id, r."from", r."to", r.permission, r.name, d.rss, d.pss
                    FROM data AS d JOIN memory_range AS r ON r.id = d.range_id"""
        assert Counter(tuple(row) for row in database.execute(joined)) == Counter(
            (
                *(number, signed(mapping.start), signed(mapping.end), mapping.perms),
                *(shown(mapping.pathname), kib(usage.rss), kib(usage.pss)),
            )
            for number, row in with_layout
            for mapping, usage in row.layout or []
        )
        check_system_memory(database, flat, zone)


def check_system_memory(database: sqlite3.Connection, flat: Flat, zone: timezone) -> None:
    expected = []
    known: dict[str, int] = {}
    for tick, time_ns in flat.tick_times.items():
        known.update(flat.memory[tick])
        expected.append(
            (local(time_ns, zone), kib(known.get("MemTotal")), kib(known.get("MemFree")))
        )
    found = database.execute("SELECT time, mem_total, mem_free FROM system_memory")
    assert [tuple(row) for row in found] == expected


@settings(max_examples=40, deadline=None)
@given(RUNS, LIMITS)
def test_originals_tables(runs: list[Run], limit: tuple[int, int]) -> None:
    """The views under the original's names show its columns and units: KiB and local time."""
    with limits(*limit) as folder, zone_of_nepal() as zone:
        flat = write(str(folder / "a.db"), runs)
        check_originals_tables(folder / "a.db", flat, zone)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 4_000_000_000_000_000_000))
def test_local_time_in_sql(time_ns: int) -> None:
    """The views' time is the millisecond that `format_time` shows, never the next one."""
    from memory_watcher.store import schema

    with zone_of_nepal() as zone, closing(sqlite3.connect(":memory:")) as database:
        expression = schema._LOCAL_TIME.format("?")
        (found,) = database.execute(f"SELECT {expression}", (time_ns,)).fetchone()
        assert found == local(time_ns, zone)


def columns(database: sqlite3.Connection, view: str) -> list[str]:
    return [row[1] for row in database.execute(f"PRAGMA table_info({view})")]


def test_columns_of_the_originals_tables(tmp_path: Path) -> None:
    """The names that scripts written for the original ask for."""
    write(str(tmp_path / "a.db"), [[]])
    with closing(connect(tmp_path / "a.db")) as database:
        assert columns(database, "process") == ["id", "pid", "start_time", "name"]
        assert columns(database, "memory_range") == [
            *("id", "process_id", "from", "to", "permission", "name"),
        ]
        assert columns(database, "data") == ["range_id", "measurement_id", "rss", "pss"]
        assert columns(database, "measurement") == [
            *("id", "process_id", "time", "rss_sum", "pss_sum"),
            *("oom_adj", "oom_score", "oom_score_adj", "statm_size", "statm_resident"),
            *("statm_shared", "statm_text", "statm_lib", "statm_data", "statm_dt"),
        ]
        assert columns(database, "system_memory") == [
            *("time", "mem_total", "mem_free", "mem_available", "buffers", "cached"),
            *("swap_cache", "swap_total", "swap_free", "anon_pages", "mapped", "shmem"),
            "s_reclaimable",
        ]


# -- killed -------------------------------------------------------------------------------------


def copy_as_left(path: Path, folder: Path) -> Path:
    """What lies there if the recorder is killed now."""
    folder.mkdir()
    for name in (path.name, f"{path.name}-wal"):
        if (path.parent / name).exists():
            shutil.copy(path.parent / name, folder / name)
    return folder / path.name


@settings(max_examples=25, deadline=None)
@given(RUNS.filter(lambda runs: bool(runs[0])), LIMITS, st.integers(0, 6), st.booleans())
def test_killed_recorder(
    runs: list[Run], limit: tuple[int, int], ticks: int, uncommitted: bool
) -> None:
    """Killed at any tick: the file opens and holds what was committed, to the last figure.

    The next run ends what the killed one left open, then adds its own.
    """
    with limits(*limit) as folder:
        path = folder / "a.db"
        driver = Driver()
        writer = Writer(str(path))
        committed = driver.flat.copy()
        for number, _ in enumerate(driver.run(writer, runs[0])):
            if number <= ticks:
                writer.commit()
                committed = driver.flat.copy()
            elif not uncommitted:
                break
        killed = copy_as_left(path, folder / "killed")
        assert writer.close(None)
        check_read_back(killed, committed)
        check_next_run(killed, committed, runs)


def check_next_run(path: Path, committed: Flat, runs: list[Run]) -> None:
    driver = Driver()
    driver.flat = committed
    driver._starts.update({1: 100, 2: 100})  # other processes: those of the killed run are gone
    writer = Writer(str(path))
    for _ in driver.run(writer, runs[-1]):
        writer.commit()
    assert writer.close("SIGINT")
    check_read_back(path, driver.flat)
    check_rule(path, driver.flat)


def test_uncommitted_is_lost_and_nothing_else(tmp_path: Path) -> None:
    """A close without a reason (an error) takes back what was not committed."""
    step = Step("new", [2, 9])
    driver = Driver()
    writer = Writer(str(tmp_path / "a.db"))
    ticks = driver.run(writer, [([step], {})] * 3)
    committed = Flat()
    for number, _ in enumerate(ticks):
        if number == 1:
            writer.commit()
            committed = driver.flat.copy()
    assert writer.close(None)
    check_read_back(tmp_path / "a.db", committed)
    with Recording(tmp_path / "a.db") as recording:
        (run,) = recording.runs()
        assert (run.last_tick, run.end_reason) == (None, None)
