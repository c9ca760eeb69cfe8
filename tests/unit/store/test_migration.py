"""Recordings of older versions are read as they are, and migrated when a recorder adds to them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from itertools import groupby
from pathlib import Path

import pytest

from memory_watcher.errors import CannotWrite
from memory_watcher.model import MappingUsage, Tick
from memory_watcher.store import schema
from memory_watcher.store.recording import Recording
from memory_watcher.store.verify import findings
from memory_watcher.store.writer import Writer
from tests.captures import parse
from tests.unit.store.flat import MACHINE

DATA = Path(__file__).parents[2] / "data"
#: What the old recording was loaded from; the first has no Pss_Dirty.
CAPTURES = ("2.6.32", "5.4-arm32")


@pytest.fixture(name="old")
def recording_of_version_1(tmp_path: Path) -> Path:
    return recording_of_version(1, tmp_path)


@pytest.fixture(name="tree")
def recording_of_version_2(tmp_path: Path) -> Path:
    return recording_of_version(2, tmp_path)


def recording_of_version(version: int, folder: Path) -> Path:
    path = folder / "old.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript((DATA / "recordings" / f"version-{version}.sql").read_text())
    return path


def as_values(entries: list[MappingUsage]) -> list[tuple[object, ...]]:
    return sorted((entry.mapping, entry.usage) for entry in entries)


def layouts(path: Path) -> list[list[tuple[object, ...]]]:
    with Recording(path) as recording:
        (process,) = recording.processes()
        return [
            as_values(list(recording.layout(measurement.id)))
            for measurement in recording.measurements(process.id)
        ]


def captured() -> list[list[tuple[object, ...]]]:
    return [as_values(parse((DATA / "proc" / name / "smaps").read_bytes())) for name in CAPTURES]


def add_to(path: Path) -> None:
    """As a recorder of today does."""
    writer = Writer(str(path))
    writer.start_run(MACHINE, None, ["test"])
    writer.tick(Tick(time_ns=1, monotonic_ns=None, late_ns=None))
    writer.close("loaded")


def test_read_as_it_is(old: Path) -> None:
    """Its layouts are those that were loaded, and the file stays as it is."""
    before = old.read_bytes()
    assert layouts(old) == captured()
    assert old.read_bytes() == before


def test_migrated_when_it_is_added_to(old: Path) -> None:
    """A recorder makes it one of the present version, in which every figure is what it was."""
    add_to(old)
    assert layouts(old) == captured()
    assert_laid_out_as_new(old)


def columns_of(path: Path) -> dict[str, str]:
    """The columns of all tables and views, for SQL."""
    with closing(sqlite3.connect(path)) as connection:
        names = connection.execute(
            "SELECT m.name, c.name FROM sqlite_master AS m, pragma_table_info(m.name) AS c"
            " WHERE m.type IN ('table', 'view') ORDER BY m.name, c.cid"
        ).fetchall()
    return {
        table: ", ".join(f'"{column}"' for _, column in rows)
        for table, rows in groupby(names, lambda row: row[0])
    }


def contents(
    path: Path, columns: dict[str, str] | None = None
) -> dict[str, list[tuple[object, ...]]]:
    """All rows of all tables and views, but those that a recorder of today adds.

    Only these columns of them, if given: later formats have more.
    """
    columns = columns or {}
    with closing(sqlite3.connect(path)) as connection:
        tables = connection.execute(
            "SELECT name FROM sqlite_master WHERE type IN ('table', 'view')"
            " AND name NOT IN ('ticks', 'runs', 'machines')"
        ).fetchall()
        return {
            name: connection.execute(f'SELECT {columns.get(name, "*")} FROM "{name}"').fetchall()
            for (name,) in tables
        }


def test_tree_of_version_2(tree: Path) -> None:
    """Processes, images, layouts, fast readings, stacks and cgroup stay what they were.

    There are no passes, for nobody took any. Command lines stand in a table of their own, paths of
    what was executed among the others.
    """
    columns = columns_of(tree)
    before = contents(tree)
    add_to(tree)
    after = contents(tree, columns)
    assert {name: after.pop(name) for name in ("passes", "rollups", "group_marks")} == {
        "passes": [],
        "rollups": [],
        "group_marks": [],
    }
    assert after.pop("escaped_texts") == []
    assert after.pop("build_ids") == []
    assert after.pop("file_marks") == []
    assert after.pop("containers") == []
    assert after.pop("runtime_reports") == []
    for name in ("local_times_of_measurements", "local_times_of_ticks"):
        assert after.pop(name)
    lines = [line for (_, line) in after.pop("command_lines")]
    assert len(lines) == len(set(lines))
    assert set(lines) == {line for _, _, _, line, _ in before["images"]} - {None}
    assert len(after.pop("image_rows")) == len(before["images"])
    paths, added = before.pop("paths"), after.pop("paths")
    assert added[: len(paths)] == paths
    executed = {exe for *_, exe in before["images"] if exe} - {path for _, path in paths}
    assert {path for _, path in added[len(paths) :]} == executed
    assert after == before
    for name, rows in (("processes", 2), ("fast_readings", 2), ("stack_pointers", 2), ("exits", 2)):
        assert len(before[name]) == rows
    assert_laid_out_as_new(tree)


def test_command_lines_of_version_2(tree: Path) -> None:
    """Images that are alike share a command line; bytes that are no UTF-8 stay; NULL stays NULL."""
    with closing(sqlite3.connect(tree)) as connection:
        connection.executemany(
            "INSERT INTO images VALUES (1, ?, 'x', CAST(? AS TEXT), CAST(? AS TEXT))",
            [(901, b"b\xff", b"/b\xfe"), (902, b"", None), (903, None, b"/b\xfe")]
            + [(tick, b"ab"[tick % 2 : tick % 2 + 1], b"/b\xfe") for tick in range(910, 930)],
        )
        connection.commit()
    with Recording(tree) as recording:
        before = [process.images for process in recording.processes()]
    add_to(tree)
    with Recording(tree) as recording:
        assert [process.images for process in recording.processes()] == before
    with closing(sqlite3.connect(tree)) as connection:
        connection.text_factory = bytes
        lines = [line for (line,) in connection.execute("SELECT command_line FROM command_lines")]
        (paths,) = connection.execute(
            "SELECT count(*) FROM paths WHERE pathname = CAST(? AS TEXT)", (b"/b\xfe",)
        ).fetchone()
    assert len(lines) == len(set(lines)) == 6
    assert {b"b\xff", b"", b"a", b"b"} < set(lines)
    assert paths == 1
    assert not list(findings(str(tree)))


def assert_laid_out_as_new(path: Path) -> None:
    """The same version, tables and views as one that is made today, with the same columns."""
    with closing(sqlite3.connect(path)) as connection, closing(sqlite3.connect(":memory:")) as new:
        assert connection.execute("PRAGMA user_version").fetchone() == (schema.VERSION,)
        schema.create(new)
        for name, kind in new.execute(
            "SELECT name, type FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'"
        ).fetchall():
            columns = f'SELECT name FROM pragma_table_info("{name}")'
            assert connection.execute(columns).fetchall() == new.execute(columns).fetchall()
            assert connection.execute(
                "SELECT type FROM sqlite_master WHERE name = ?", (name,)
            ).fetchone() == (kind,)


def test_what_the_user_added_stays(old: Path) -> None:
    """Tables, indices and views of one's own, whatever their names, are there afterwards.

    Their text stays as it is, and they answer as before.
    """
    with closing(sqlite3.connect(old)) as connection:
        connection.executescript(
            """
            CREATE VIEW "my ""quoted"" view" AS SELECT sum(pss_dirty) AS sum FROM usages;
            CREATE VIEW other AS SELECT count(*) FROM layouts;
            CREATE TABLE notes (what TEXT);
            CREATE INDEX readings_by_pss ON readings (pss DESC, tick);
            INSERT INTO notes VALUES ('mine');
            """
        )
        sql = "SELECT name, sql FROM sqlite_master WHERE name IN ('other', 'readings_by_pss')"
        before = connection.execute(sql).fetchall()
        (dirty,) = connection.execute('SELECT * FROM "my ""quoted"" view"').fetchone()
    add_to(old)
    with closing(sqlite3.connect(old)) as connection:
        assert connection.execute(sql).fetchall() == before
        assert connection.execute('SELECT * FROM "my ""quoted"" view"').fetchone() == (dirty,)
        assert connection.execute("SELECT * FROM notes").fetchall() == [("mine",)]


def test_a_trigger_of_the_user_is_refused(old: Path) -> None:
    """It would run at each tick: the recorder says so, names it, and changes nothing."""
    with closing(sqlite3.connect(old)) as connection:
        connection.executescript(
            """
            CREATE TABLE notes (what TEXT);
            CREATE TRIGGER noted AFTER INSERT ON ticks BEGIN INSERT INTO notes VALUES (1); END;
            """
        )
    before = old.read_bytes()
    with pytest.raises(CannotWrite, match="the trigger 'noted' would run"):
        add_to(old)
    assert old.read_bytes() == before
    assert layouts(old) == captured()


def test_nothing_happens_by_halves(old: Path) -> None:
    """What cannot be migrated is told, and stays a recording of version 1 that can be read."""
    with closing(sqlite3.connect(old)) as connection:
        connection.execute("CREATE TABLE usage_rows (taken)")
        connection.commit()
    with pytest.raises(CannotWrite, match="usage_rows"):
        add_to(old)
    assert layouts(old) == captured()
