"""Saves what can be read of a damaged recording into a new one.

The new one has tables of its own: of the old file only rows are taken. What a row refers to must be
there; a layout that does not add up to its sums any more is left out, its cheap figures stay.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from ..errors import CannotWrite, NotARecording, StoreError
from ..model import LayoutState
from ..own_files import ROOM_TO_GROW, NewDatabase, new_database, reason, sync_folder
from . import beside, schema
from .connection import connect_new, explained
from .contents import is_own_table, table_sql
from .ddl import declared, references, statements
from .escaping import escape_all
from .guard import Guard
from .migrations import migrate
from .readonly import ReadOnlyDatabase, decode_text, uri_of
from .steps import Steps, silently
from .verify import wrong_layouts

#: After a row that cannot be read, this many others are tried, each twice as far away.
_JUMPS = 40
#: Rows that are stored at once.
_BATCH = 1000
#: CPU seconds for one table, and for each MB of the file.
_SECONDS, _SECONDS_PER_MB = 20.0, 1.0
#: What reading damage raises. Python cannot decode what SQLite says of a name that is no UTF-8.
_UNREADABLE = (sqlite3.Error, OverflowError, UnicodeDecodeError)


class Saved(NamedTuple):
    """What became of a recording: rows by table, rows left out, layouts left out."""

    rows: dict[str, int]
    left_out: int
    layouts_left_out: int


def repair(path: str, new: str, tell: Steps = silently) -> Saved:
    """Write what can be read of a recording to a new file; `tell` is told how far it is.

    Raises RecordingNotFound, NotARecording, CannotWrite.
    """
    if os.path.lexists(new):
        raise CannotWrite(f"{new}: it is there already; name a file that is not")
    beside.refuse_leftovers(new)
    beside.refuse_long_path(new, new, ROOM_TO_GROW)
    try:
        with new_database(os.path.abspath(new)) as part:
            with _readable(path) as source:
                saved = _copy(path, source, part, new, tell)
            os.fsync(part.descriptor)
            part.give_name(new)
    except FileExistsError:
        raise CannotWrite(f"{new}: it is there already; name a file that is not") from None
    except OSError as error:
        raise CannotWrite(f"{new}: cannot write: {reason(error, new)}") from None
    sync_folder(new)
    return saved


# -- reading what can be read ---------------------------------------------------------------------


@contextlib.contextmanager
def _readable(path: str) -> Iterator[sqlite3.Connection]:
    """A connection to the file that changes nothing; an interrupted change is undone in a copy."""
    real = beside.real_path(path)
    if not beside.starts_as_sqlite(real):
        ReadOnlyDatabase(path).close()  # tells what it is instead
        raise NotARecording(f"{path}: not a recording (no SQLite database)")
    beside.refuse_of_another_user(real, path)
    if not beside.has_hot_journal(real):
        mode = "mode=ro&vfs=unix-none" if beside.has_wal(real) else "immutable=1"
        with contextlib.closing(_connect(f"{uri_of(real)}?{mode}", path)) as connection:
            yield connection
        return
    with tempfile.TemporaryDirectory() as folder:  # nobody else's to look into
        copy = os.path.join(folder, "copy.db")
        shutil.copyfile(real, copy)
        shutil.copyfile(f"{real}-journal", f"{copy}-journal", follow_symlinks=False)
        # Of the copy: nobody changes that any more.
        if beside.has_strange_journal(copy):
            raise StoreError(f"{path}-journal: not left by a recorder; remove it")
        with contextlib.closing(_connect(uri_of(copy), path)) as connection:
            yield connection


def _connect(uri: str, path: str) -> sqlite3.Connection:
    try:
        connection = sqlite3.connect(uri, uri=True, isolation_level=None)
    except sqlite3.Error as error:
        raise StoreError(f"{path}: cannot be opened ({error})") from None
    connection.text_factory = decode_text
    if "vfs=" in uri:
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    return connection


def _tables(path: str, source: sqlite3.Connection) -> tuple[int, list[str]]:
    """The version of the recording, and which of its tables can be trusted to be tables."""
    try:
        objects = source.execute("SELECT type, name, sql FROM sqlite_master").fetchall()
    except _UNREADABLE:
        # What cannot be understood of the schema is passed over, but not as long as it is defended.
        if sys.version_info >= (3, 12):
            source.setconfig(sqlite3.SQLITE_DBCONFIG_DEFENSIVE, False)
        source.execute("PRAGMA writable_schema = ON")
        try:
            objects = source.execute("SELECT type, name, sql FROM sqlite_master").fetchall()
        except _UNREADABLE as error:
            raise NotARecording(f"{path}: nothing can be read of it ({error})") from None
    names = Counter(name.lower() for _, name, _ in objects if isinstance(name, str))
    there = {
        name: sql
        for kind, name, sql in objects
        if kind == "table" and isinstance(name, str) and isinstance(sql, str)
        # Of two things by one name nobody knows which is asked.
        if names[name.lower()] == 1
    }
    found = {
        version: [
            name for name in table_sql(version) if is_own_table(name, there.get(name, ""), version)
        ]
        for version in range(1, schema.VERSION + 1)
    }
    # Damage may have taken the version and some tables: most of the others tell which it was.
    version = max(found, key=lambda version: len(found[version]))
    if len(found[version]) > len(table_sql(version)) // 2:
        return version, found[version]
    raise NotARecording(f"{path}: not a memory-watcher recording, or nothing is left of it")


def _rows(source: sqlite3.Connection, table: str, key: list[str], columns: str) -> Iterator[tuple]:  # type: ignore[type-arg]
    """All rows of a table that can be read: forward, over gaps, and from the end backward."""
    keys = ", ".join(key)
    first = key[0]
    last: int | None = None
    gap = 0
    for _ in range(_JUMPS):
        where = "" if last is None else f"WHERE {first} >= {last + gap}"
        try:
            for row in source.execute(
                f"SELECT {first}, {columns} FROM {table} {where} ORDER BY {keys}"
            ):
                if isinstance(row[0], int):
                    last, gap = row[0], 0
                yield row[1:]
            return
        except _UNREADABLE:
            last = -(2**62) if last is None else last
            gap = gap * 2 or 1
    backward = ", ".join(f"{column} DESC" for column in key)
    with contextlib.suppress(*_UNREADABLE):
        for row in source.execute(f"SELECT {columns} FROM {table} ORDER BY {backward}"):
            yield row


# -- writing it -----------------------------------------------------------------------------------


def _copy(path: str, source: sqlite3.Connection, part: NewDatabase, new: str, tell: Steps) -> Saved:
    guard = Guard(source, 0)
    version, found = _tables(path, source)
    guard.allow_reading(tables=found, views=(), refused=())
    seconds = _SECONDS + _SECONDS_PER_MB * (os.stat(path).st_size >> 20)
    with explained(new), contextlib.closing(connect_new(part)) as target:
        target.execute("BEGIN")
        sqls = table_sql(version)
        for sql in sqls.values():
            target.execute(sql)
        rows, left_out = {}, 0
        for number, name in enumerate(found, 1):
            tell("table", number, len(found))
            if name == "escaped_texts":
                continue  # made anew, from what is saved
            guard.start(seconds)
            rows[name], lost = _copy_table(source, target, name, sqls[name])
            left_out += lost
        left_out += _clean(target, sqls, version)
        _describe(target, version)
        target.execute("COMMIT")
        migrate(target, version, [], tell)
        if version == schema.VERSION:
            for statement in statements(schema.VIEWS):
                target.execute(statement)
        for statement in statements(schema.TABLES):
            if statement.startswith("CREATE UNIQUE INDEX"):
                target.execute(statement)
        escape_all(target)
        return Saved(rows, left_out, _leave_out_layouts(target, part.name, tell))


def _copy_table(
    source: sqlite3.Connection, target: sqlite3.Connection, name: str, sql: str
) -> tuple[int, int]:
    """Copy the rows of a table; returns how many came, and how many were not a recorder's."""
    types = {
        column: int if declared_type == "INTEGER" else str
        for column, declared_type in declared(sql).items()
    }
    columns = ", ".join(f'"{column}"' for column in types)
    marks = ", ".join("?" if kind is int else "CAST(? AS TEXT)" for kind in types.values())
    insert = f"INSERT OR IGNORE INTO {name} VALUES ({marks})"
    batch: list[tuple[object, ...]] = []
    wrong = 0
    for row in _rows(source, name, _key(sql), columns):
        if any(
            v is not None and type(v) is not t for v, t in zip(row, types.values(), strict=True)
        ):
            wrong += 1
            continue
        batch.append(
            tuple(v.encode("utf-8", "surrogateescape") if isinstance(v, str) else v for v in row)
        )
        if len(batch) == _BATCH:
            target.executemany(insert, batch)
            batch.clear()
    target.executemany(insert, batch)
    (count,) = target.execute(f"SELECT count(*) FROM {name}").fetchone()
    return count, wrong


def _key(sql: str) -> list[str]:
    """The columns that a table is ordered by."""
    if "WITHOUT ROWID" not in sql:
        return ["rowid"]
    inside = sql[sql.index("PRIMARY KEY (") + len("PRIMARY KEY (") :]
    return [word.strip() for word in inside[: inside.index(")")].split(",")]


#: What tells little of itself is made up from what refers to it, without saying what is not known.
_STAND_INS = (
    "INSERT OR IGNORE INTO machines (id) SELECT machine_id FROM processes"
    " UNION SELECT machine_id FROM runs",
    "INSERT OR IGNORE INTO runs (id, machine_id, first_tick, command_line, version)"
    " SELECT run_id, (SELECT min(id) FROM machines), min(id), '', '' FROM ticks"
    " WHERE EXISTS (SELECT 1 FROM machines) GROUP BY run_id",
)


def _clean(target: sqlite3.Connection, sqls: dict[str, str], version: int) -> int:
    """Delete rows that refer to others that are not there, and what contradicts itself."""
    usages, mappings = ("usages", "mappings") if version == 1 else ("usage_rows", "mapping_rows")
    for sql in _untold(sqls["image_rows"]) if "image_rows" in sqls else ():
        target.execute(sql)
    deletions = [
        f"DELETE FROM {table} WHERE {column} IS NOT NULL"
        f" AND {column} NOT IN (SELECT {'tick' if parent == 'passes' else 'id'} FROM {parent})"
        for table, sql in sqls.items()
        for column, parent in references(sql)
        if parent in sqls and parent != "layout_states"
    ]
    deletions += [
        f"DELETE FROM {usages} WHERE last_tick < first_tick OR NOT EXISTS (SELECT 1 FROM {mappings}"
        f" AS m WHERE m.id = mapping_id AND m.process_id = {usages}.process_id)",
        f"DELETE FROM readings WHERE layout_state NOT IN {schema.STATES}",
    ]
    for sql in _STAND_INS:
        target.execute(sql)
    deleted = 0
    for _ in range(10):
        changed = sum(target.execute(sql).rowcount for sql in deletions)
        deleted += changed
        if not changed:
            break
    target.execute(
        "UPDATE readings SET keyframe = NULL"
        f" WHERE keyframe > tick OR layout_state NOT IN {schema.STATES_WITH_LAYOUT}"
    )
    _drop_layouts(target, f"keyframe IS NULL AND layout_state IN {schema.STATES_WITH_LAYOUT}")
    return deleted


def _untold(image_rows: str) -> Iterator[str]:
    """Statements by which an image keeps its name, though its command line or path is lost."""
    for column, parent in references(image_rows):
        if parent != "processes":
            yield (
                f"UPDATE image_rows SET {column} = NULL"
                f" WHERE {column} NOT IN (SELECT id FROM {parent})"
            )


def _drop_layouts(target: sqlite3.Connection, where: str) -> int:
    sums = ", ".join(f"{name} = NULL" for name in ("keyframe", *schema.TOTALS_COLUMNS))
    return target.execute(
        f"UPDATE readings SET layout_state = {int(LayoutState.UNREADABLE)}, {sums} WHERE {where}"
    ).rowcount


def _describe(target: sqlite3.Connection, version: int) -> None:
    target.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
    target.execute(f"PRAGMA user_version = {version}")
    for state in LayoutState:
        target.execute(
            "INSERT OR REPLACE INTO layout_states VALUES (?, ?, ?)",
            (int(state), state.label, state.meaning),
        )


def _leave_out_layouts(target: sqlite3.Connection, part: str, tell: Steps) -> int:
    """What does not add up any more is no layout: a wrong figure is never shown."""
    database = ReadOnlyDatabase(part)
    try:
        wrong = list(wrong_layouts(database, tell))
    finally:
        database.close()
    target.execute("BEGIN")
    for number in wrong:
        _drop_layouts(target, f"id = {number}")
    target.execute("COMMIT")
    return len(wrong)
