"""Recordings whose schema was made by somebody else: nothing of it is run, by whoever opens it."""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from memory_watcher.errors import StoreError
from memory_watcher.model import Tick, Usage
from memory_watcher.store.recording import Recording
from memory_watcher.store.repair import repair
from memory_watcher.store.verify import findings
from memory_watcher.store.writer import Writer
from tests.recordings import KI, RecordingBuilder, mapping
from tests.unit.store.flat import MACHINE

FOREVER = "WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT"
ELSEWHERE = "elsewhere.db"

#: Plain SQL that is run on a good recording: objects that SQLite itself accepts.
ADDED = {
    "a harmless view": "CREATE VIEW mine AS SELECT count(*) FROM readings",
    "an endless view": f"CREATE VIEW mine AS {FOREVER} count(*) FROM n",
    "a view with a large value": "CREATE VIEW mine AS SELECT zeroblob(1000000000)",
    "a view that calls fts3_tokenizer": "CREATE VIEW mine AS SELECT fts3_tokenizer('x', x'00')",
    "a view that loads code": "CREATE VIEW mine AS SELECT load_extension('/tmp/x.so')",
    "a view of another's schema": "CREATE VIEW mine AS SELECT * FROM sqlite_master",
    "a view of a PRAGMA": "CREATE VIEW mine AS SELECT * FROM pragma_database_list",
    "a view that asks itself": "CREATE VIEW mine AS SELECT * FROM mine",
    "a plain table": "CREATE TABLE notes (what TEXT)",
    "a table that computes": "CREATE TABLE notes (a, b AS (zeroblob(100000000)))",
    "a table that checks": "CREATE TABLE notes (a CHECK (randomblob(1000000) IS NOT NULL))",
    "a plain index": "CREATE INDEX mine ON readings (pss)",
    "an index that computes": "CREATE INDEX mine ON readings (abs(pss))",
    "an index of some rows": "CREATE INDEX mine ON readings (pss) WHERE pss > 0",
    "an index with a function": "CREATE INDEX mine ON readings (hex(zeroblob(100000)))",
    "a trigger on ticks": "CREATE TRIGGER mine AFTER INSERT ON ticks BEGIN SELECT 1; END",
    "an endless trigger": "CREATE TRIGGER mine AFTER INSERT ON ticks BEGIN"
    " INSERT INTO paths (pathname) WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n)"
    " SELECT x FROM n; END",
    "a trigger that deletes": "CREATE TRIGGER mine BEFORE UPDATE ON runs BEGIN"
    " DELETE FROM readings; END",
    "a trigger that aborts": "CREATE TRIGGER mine BEFORE INSERT ON runs BEGIN"
    " SELECT raise(ABORT, 'no\x1b[31m'); END",
    "a trigger on a view": "CREATE TRIGGER mine INSTEAD OF INSERT ON layouts BEGIN SELECT 1; END",
    "a virtual table": "CREATE VIRTUAL TABLE mine USING fts3(x)",
    "a tree of rectangles": "CREATE VIRTUAL TABLE mine USING rtree(id, a, b)",
    "statistics": "ANALYZE",
}

#: Text that is put into sqlite_master itself: the name, the type, and the SQL of one more row.
WRITTEN = {
    "a second statement": ("view", "CREATE VIEW mine AS SELECT 1; ATTACH 'elsewhere.db' AS e"),
    "a statement that attaches": ("view", "ATTACH 'elsewhere.db' AS e"),
    "a table from a query": ("table", f"CREATE TABLE mine AS {FOREVER} x FROM n"),
    "no SQL at all": ("table", "CREATE TABLE"),
    "escapes": ("view", "CREATE VIEW \x1b]0;title\x07"),
    "lines": ("view", "CREATE VIEW broken\nAS\nSELECT"),
    "an unknown module": ("table", "CREATE VIRTUAL TABLE mine USING nothing(x)"),
    "an unknown collation": ("table", "CREATE TABLE mine (x TEXT COLLATE nothing)"),
    "a type that is none": ("thing", "CREATE TABLE mine (x)"),
    "very long": ("view", "CREATE VIEW mine AS SELECT " + "1 + " * 200_000 + "1"),
    "very deep": ("view", "CREATE VIEW mine AS SELECT " + "(" * 5000 + "1" + ")" * 5000),
    "a comment without an end": ("view", "CREATE VIEW mine AS SELECT 1 /*"),
}

#: What takes the place of one of ours.
REPLACED = {
    "a view of itself in place of a table": (
        "runs",
        "view",
        "CREATE VIEW runs AS SELECT * FROM runs",
    ),
    "an endless view in place of a table": (
        "readings",
        "view",
        f"CREATE VIEW readings AS {FOREVER} x AS id, x AS process_id, x AS tick FROM n",
    ),
    "an endless view in place of ours": (
        "layouts",
        "view",
        f"CREATE VIEW layouts AS {FOREVER} x FROM n",
    ),
    "an endless view under the name that is asked": (
        "usages",
        "view",
        f"CREATE VIEW usages AS {FOREVER} x AS process_id, x AS first_tick FROM n",
    ),
    "a table that computes its figures": (
        "paths",
        "table",
        "CREATE TABLE paths (id INTEGER PRIMARY KEY, pathname TEXT AS (hex(zeroblob(90000000))))",
    ),
    "a table with fewer columns": ("runs", "table", "CREATE TABLE runs (id INTEGER PRIMARY KEY)"),
    "a table with a default": (
        "exits",
        "table",
        "CREATE TABLE exits (process_id INTEGER PRIMARY KEY DEFAULT (randomblob(9)))",
    ),
    "a virtual table in place of a table": (
        "image_rows",
        "table",
        "CREATE VIRTUAL TABLE image_rows USING fts3(x)",
    ),
    "a table in place of a view": ("layouts", "table", "CREATE TABLE layouts (x)"),
    "a table that is gone": ("readings", "", ""),
}

ALL = (*ADDED, *WRITTEN, *REPLACED)


@pytest.fixture(name="good", scope="module")
def make_good_recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    builder = RecordingBuilder(tmp_path_factory.mktemp("good") / "good.db")
    process = builder.process(4711)
    for _ in range(3):
        builder.tick()
        builder.layout(process, [(mapping(0x1000), Usage(rss=4 * KI, pss=4 * KI))])
    return builder.close()


@pytest.fixture(name="file")
def copy_recording(good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of it, in a folder that is the present one and holds nothing else."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(good, tmp_path / "a.db")
    started = time.thread_time()
    yield tmp_path / "a.db"
    assert time.thread_time() - started < 10
    assert not (tmp_path / ELSEWHERE).exists()


def make_hostile(path: Path, what: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        if what in ADDED:
            connection.execute(ADDED[what])
            return
        connection.execute("PRAGMA writable_schema = ON")
        if what in WRITTEN:
            kind, sql = WRITTEN[what]
            name = "mine\x1b[2J\nsecond line" if what in ("escapes", "lines") else "mine"
            connection.execute(
                "INSERT INTO sqlite_master VALUES (?, ?, ?, 0, ?)", (kind, name, name, sql)
            )
            return
        name, kind, sql = REPLACED[what]
        if kind == "":
            connection.execute("DELETE FROM sqlite_master WHERE name = ?", (name,))
            return
        connection.execute(
            "UPDATE sqlite_master SET type = ?, sql = ?,"
            " rootpage = CASE WHEN ? = 'view' THEN 0 ELSE ifnull(rootpage, 2) END WHERE name = ?",
            (kind, sql, kind, name),
        )


def read_all(path: Path) -> int:
    """Ask everything; returns how many layouts there are."""
    with Recording(path) as recording:
        recording.selection()
        recording.runs()
        found = 0
        for process in recording.processes():
            for measurement in recording.measurements(process.id):
                assert recording.layout(measurement.id).totals.rss == 4 * KI
                found += 1
        return found


def add_to(path: Path) -> None:
    writer = Writer(str(path))
    writer.start_run(MACHINE, 100, ["test"])
    writer.tick(Tick(time_ns=2**61, monotonic_ns=1, late_ns=0))
    writer.close("SIGINT")


@pytest.mark.parametrize("what", ALL)
def test_read(file: Path, what: str) -> None:
    """All layouts are read, or it is refused with one reason; the file stays as it is."""
    make_hostile(file, what)
    before = file.read_bytes()
    try:
        assert read_all(file) == 3
    except StoreError as error:
        assert what not in ADDED, error
    assert os.listdir(file.parent) == [file.name]
    assert file.read_bytes() == before


@pytest.mark.parametrize("what", ALL)
def test_add(file: Path, what: str) -> None:
    """A recorder adds its tick without running anything, or refuses and changes nothing."""
    make_hostile(file, what)
    before = file.read_bytes()
    try:
        add_to(file)
    except StoreError as error:
        assert str(file) in str(error)
        assert file.read_bytes() == before
    else:
        assert read_all(file) == 3
        with Recording(file) as recording:
            assert [run.end_reason for run in recording.runs()] == ["killed", "SIGINT"]
    assert os.listdir(file.parent) == [file.name]


@pytest.mark.parametrize("what", ALL)
def test_verify_and_repair(file: Path, what: str) -> None:
    """Both end; what is repaired has every layout again, and nothing of the other's schema."""
    make_hostile(file, what)
    before = file.read_bytes()
    try:
        list(findings(str(file)))
    except StoreError as error:
        assert str(file) in str(error)
    saved = file.parent / "saved.db"
    repair(str(file), str(saved))
    assert list(findings(str(saved))) == []
    with closing(sqlite3.connect(saved)) as connection:
        assert (
            connection.execute(
                "SELECT name FROM sqlite_master WHERE name LIKE 'mine%' OR name = 'notes'"
            ).fetchall()
            == []
        )
    if what in ADDED or what in WRITTEN:
        assert read_all(saved) == 3
    assert file.read_bytes() == before


REFUSED = [what for what in ADDED if "trigger" in what or "computes" in what or "virtual" in what]


@pytest.mark.parametrize("what", [what for what in REFUSED if what != "a table that computes"])
def test_refused_in_words(file: Path, what: str) -> None:
    """What would run when something is written is named, with what can be done."""
    make_hostile(file, what)
    with pytest.raises(StoreError, match=r"'mine' .*; remove it from the file, or record into"):
        add_to(file)


def test_old_formats(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A migration takes no text of the file's: what stands behind a view is not run."""
    monkeypatch.chdir(tmp_path)
    data = Path(__file__).parents[2] / "data" / "recordings"
    for version in (1, 2):
        path = tmp_path / f"v{version}.db"
        with closing(sqlite3.connect(path)) as connection:
            connection.executescript((data / f"version-{version}.sql").read_text())
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("PRAGMA writable_schema = ON")
            for name in ("process", "data"):
                connection.execute(
                    "UPDATE sqlite_master SET sql = sql || ?  WHERE name = ?",
                    (f"; ATTACH '{ELSEWHERE}' AS e; CREATE TABLE e.t (x)", name),
                )
        add_to(path)
        assert list(findings(str(path))) == []
        assert sorted(os.listdir(tmp_path)) == [f"v{n}.db" for n in range(1, version + 1)]
