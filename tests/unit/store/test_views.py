"""The views: valid UTF-8 whatever bytes a name has, typed, and in SQL that other engines take."""

from __future__ import annotations

import importlib.util
import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from memory_watcher.model import (
    Image,
    LayoutState,
    Machine,
    Mapping,
    MappingUsage,
    ProcessFacts,
    ProcessKey,
    Reading,
    Sample,
    SystemMemory,
    Tick,
    Usage,
    WholeLayout,
)
from memory_watcher.store import schema
from memory_watcher.store.recording import Recording
from memory_watcher.store.repair import repair
from memory_watcher.store.verify import findings
from memory_watcher.store.writer import Writer

KI = 1024
#: What was no UTF-8 in a name of the kernel: a byte alone, a cut character, a surrogate.
ODD = b"a\xffb\xc3 \xed\xa0\x80".decode("utf-8", "surrogateescape")
SHOWN = r"a\xffb\xc3 \xed\xa0\x80"


@pytest.fixture(name="odd")
def recording_of_odd_names(tmp_path: Path) -> Path:
    """Every text that a program chooses has bytes that are no UTF-8, beside an ordinary process."""
    path = tmp_path / "odd.db"
    writer = Writer(str(path))
    writer.start_run(Machine("boot", "host", "6.18", 4 * KI, 2), 10**9, ["test"])
    writer.tick(Tick(1_534_514_283_942_000_000, 1, 0))
    writer.system_memory(SystemMemory({"MemTotal": 8 * KI, "MemFree": None}))
    odd = Image(ODD, (ODD, "x"), f"/{ODD}")
    for pid, image in ((1, odd), (2, Image("größe", ("größe",), "/größe"))):
        number = writer.add_process(ProcessFacts(ProcessKey(pid, 1), image))
        layout = WholeLayout(
            [
                MappingUsage(
                    Mapping(0x1000, 0x3000, "rw-p", 0, 0, 0, f"/m{image.name}"),
                    Usage(rss=5 * KI, pss=3 * KI + 512, swap=0, other=f"New: {image.name}"),
                ),
                MappingUsage(
                    Mapping(2**64 - 4096, 2**64, "--xp", 0, 0, 0, "[vsyscall]"), Usage(rss=0, pss=0)
                ),
            ]
        )
        reading = Reading(size=12 * KI, resident=5 * KI, shared=KI, text=KI, data=KI)
        writer.sample(number, Sample(reading, LayoutState.UNCHECKED, layout), 5)
    writer.close("SIGINT")
    return path


def rows(path: Path, sql: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql).fetchall()


def change(path: Path, sql: str, *parameters: object) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(sql, parameters)


def assert_views_show(path: Path) -> None:
    """All text is there, with bytes that are no UTF-8 written out."""
    line = f"'{SHOWN}' x"
    assert rows(path, "SELECT name, command_line, exe FROM images") == [
        (SHOWN, line, f"/{SHOWN}"),
        ("größe", "'größe'", "/größe"),
    ]
    assert rows(path, "SELECT pathname, other FROM layouts WHERE pathname <> '[vsyscall]'") == [
        (f"/m{SHOWN}", f"New: {SHOWN}"),
        ("/mgröße", "New: größe"),
    ]
    assert rows(path, "SELECT name FROM process") == [(SHOWN,), ("größe",)]
    names = rows(path, "SELECT name FROM memory_range WHERE name <> '[vsyscall]'")
    assert names == [(f"/m{SHOWN}",), ("/mgröße",)]


def test_all_text_is_utf_8(odd: Path) -> None:
    """Python's sqlite3 raises when a text is not."""
    assert_views_show(odd)
    for view in schema.view_names():
        assert rows(odd, f"SELECT * FROM {view}")


def test_tables_keep_the_bytes(odd: Path) -> None:
    assert rows(odd, "SELECT CAST(name AS BLOB) FROM image_rows")[0] == (
        b"a\xffb\xc3 \xed\xa0\x80",
    )
    with Recording(odd) as recording:
        process = recording.processes()[0]
        measurement = recording.peak(process.id)
        assert measurement is not None
        assert process.name == ODD
        assert process.images[0].exe == f"/{ODD}"
        assert next(iter(recording.layout(measurement.id))).mapping.pathname == f"/m{ODD}"
    assert not list(findings(str(odd)))


def test_verify_and_repair(odd: Path, tmp_path: Path) -> None:
    """A form that is lost or wrong is found, and made anew."""
    change(odd, "DELETE FROM escaped_texts WHERE shown LIKE '/m%'")
    change(odd, "UPDATE escaped_texts SET shown = 'init' WHERE shown LIKE 'New: %'")
    assert list(findings(str(odd))) == [
        "texts: values of paths.pathname that the views show wrong: 1",
        "texts: values of details.other that the views show wrong: 1",
    ]
    new = tmp_path / "new.db"
    repair(str(odd), str(new))
    assert_views_show(new)
    assert not list(findings(str(new)))


def test_recordings_of_format_3(tmp_path: Path) -> None:
    """They get the forms when a recorder adds to them; they are read before as they are."""
    path = tmp_path / "old.db"
    script = Path(__file__).parents[2] / "data" / "recordings" / "version-3.sql"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(script.read_text())
    raw = b"a\xffb"
    for table, column in (
        *(("paths", "pathname"), ("command_lines", "command_line"), ("image_rows", "name")),
        ("details", "other"),
    ):
        sql = f"UPDATE {table} SET {column} = CAST(? AS TEXT) WHERE rowid = 1"
        if table == "image_rows":
            sql = sql.replace("rowid", "process_id")
        change(path, sql, raw)
    assert not list(findings(str(path)))
    writer = Writer(str(path))
    writer.start_run(Machine("boot", "host", "6.18", 4 * KI, 2), 10**9, ["test"])
    writer.close("SIGINT")
    assert rows(path, "SELECT CAST(raw AS BLOB), shown FROM escaped_texts") == [(raw, r"a\xffb")]
    assert not list(findings(str(path)))
    assert (r"a\xffb",) in rows(path, "SELECT name FROM process")


def test_in_plain_sql() -> None:
    """No engine but SQLite takes `CROSS JOIN … ON`; a computed column has a type by a CAST."""
    assert not re.search(r"CROSS\s+JOIN[^;]*?\bON\b", schema.VIEWS)
    with closing(sqlite3.connect(":memory:")) as connection:
        schema.create(connection)
        for view in schema.view_names():
            if view.startswith("local_times_of_"):
                continue  # SQLite's own functions, and nothing else
            for _, name, kind, *_ in connection.execute(f"PRAGMA table_info({view})"):
                # SQLite tells the type of what is a table's column, but before 3.41 not of a CAST.
                computed = {"to": "end"}.get(name, name)
                cast = re.search(rf' AS (BIGINT|TEXT)\) AS "?{computed}"?\b', schema.VIEWS)
                assert kind or cast, (view, name)


# -- DuckDB, if it and its scanner are there -------------------------------------------------------


@pytest.fixture(name="duck")
def duckdb_with_scanner() -> Any:
    duckdb = pytest.importorskip("duckdb")
    connection = duckdb.connect(config={"allow_unsigned_extensions": True})
    package = importlib.util.find_spec("duckdb_extension_sqlite_scanner")
    places = [str(each) for each in (package.submodule_search_locations or [])] if package else []
    for extension in (file for place in places for file in Path(place).rglob("*.duckdb_extension")):
        connection.execute(f"LOAD '{extension}'")
        return connection
    try:
        connection.execute("LOAD sqlite")
    except duckdb.Error:
        pytest.skip("DuckDB's SQLite scanner is not installed")
    return connection


@pytest.mark.parametrize(
    "view", [name for name in schema.view_names() if not name.startswith("local_times_of_")]
)
def test_duckdb_shows_the_same(odd: Path, duck: Any, view: str) -> None:
    """Numbers are numbers, and every value is the one that SQLite shows."""
    duck.execute(f"ATTACH '{odd}' AS x (TYPE sqlite, READ_ONLY)")
    answer = duck.execute(f"SELECT * FROM x.{view}")
    types = {name: str(kind) for name, kind, *_ in answer.description}
    found = answer.fetchall()
    with closing(sqlite3.connect(odd)) as connection:
        cursor = connection.execute(f"SELECT * FROM {view}")
        expected = cursor.fetchall()
        columns = [name for name, *_ in cursor.description]
    assert expected
    assert sorted(map(repr, found)) == sorted(map(repr, expected))
    for name, *values in zip(columns, *expected, strict=True):
        kinds = {type(value) for value in values} - {type(None)}
        if kinds:
            assert types[name] == ("BIGINT" if kinds == {int} else "VARCHAR"), name
