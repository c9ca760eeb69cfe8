"""What the schema of a file holds: which of it is ours, and what is somebody else's.

A schema is text that comes with a file. Here it is only compared with what this program writes.
"""

from __future__ import annotations

import functools
import sqlite3
from collections.abc import Container, Iterable
from dataclasses import dataclass
from typing import NamedTuple

from ..errors import Damaged, NewerRecording, NotARecording
from ..message import Named, Setting
from . import schema
from .ddl import declared, normal, statements, tokens
from .migrations import steps_from
from .original_tables import is_original

#: Tables that recordings of version 1, which was in development, may lack.
_MAY_LACK = frozenset(
    (
        *("fast_readings", "stack_pointers", "elf_segments", "selections", "exits"),
        *("cgroups", "cgroup_fields", "cgroup_readings", "layout_states"),
    )
)
#: What a name is allowed to be when it is shown in an error.
_SHOWN = 60


class _Object(NamedTuple):
    """A row of sqlite_master."""

    kind: str
    name: str
    table: str
    sql: str | None


@dataclass(frozen=True, slots=True)
class Contents:
    """The schema of a recording, compared with what this program writes.

    `tables` are ours, with their SQL; `views` are all views of the file, also with their SQL,
    `own_views` those with the names of ours. `refused` tells in words what a recorder must not
    touch, None if there is nothing; `extra` what else is not ours: plain tables, indices and views
    of a user's own.
    """

    version: int
    tables: dict[str, str]
    views: dict[str, str]
    own_views: tuple[str, ...]
    refused: str | None
    extra: tuple[str, ...]

    def columns(self, table: str) -> frozenset[str]:
        """The columns of one of our tables; none if the file does not have it."""
        return _columns(self.tables[table]) if table in self.tables else frozenset()


@functools.cache
def _columns(table: str) -> frozenset[str]:
    """The columns that a statement declares: thousands of questions ask for the same."""
    return frozenset(declared(table))


def check(connection: sqlite3.Connection, path: str) -> Contents:
    """Compare the schema of a file with ours; nothing is modified, nothing in it is run.

    Raises NotARecording, NewerRecording, Damaged.
    """
    version = _version(connection, path)
    objects = [
        _Object(_text(kind) or "", _text(name) or "", _text(table) or "", _text(sql))
        for kind, name, table, sql in connection.execute(
            "SELECT type, name, tbl_name, sql FROM sqlite_master"
        )
    ]
    by_name = {one.name: one for one in objects if one.kind in ("table", "view")}
    ours = tables_of(version)
    for name in ours:
        found = by_name.get(name)
        if found is None:
            if version == 1 and name in _MAY_LACK:
                continue
            raise Damaged(f"{path}: damaged: the table {name} is missing")
        if found.kind != "table" or not _is_ours(found, version):
            what = "it is a view" if found.kind == "view" else "it is defined otherwise"
            raise Damaged(
                f"{path}: damaged, or made by another program: {name} is no table of a"
                f" recording ({what})"
            )
    tables = {name: by_name[name].sql or "" for name in ours if name in by_name}
    return _contents(version, tables, objects)


def _names_of_tables(connection: sqlite3.Connection) -> frozenset[str]:
    rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    return frozenset(str(_text(name)) for (name,) in rows)


def _version(connection: sqlite3.Connection, path: str) -> int:
    try:
        (application_id,) = connection.execute("PRAGMA application_id").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError as error:
        raise NotARecording(f"{path}: not a recording ({error})") from None
    if application_id != schema.APPLICATION_ID or version < 1:
        if is_original(_names_of_tables(connection)):
            raise NotARecording(
                f"{path}: recorded by the original memory-watcher; import it",
                Named(Setting.IMPORT, "", f": {{}} {path} -o NEW.db"),
            )
        raise NotARecording(f"{path}: a SQLite database, but not a memory-watcher recording")
    if version > schema.VERSION:
        raise NewerRecording(
            f"{path}: written by a newer memory-watcher (format {version}, this one reads up to"
            f" {schema.VERSION}); use that version or newer"
        )
    return int(version)


def _text(value: object) -> str | None:
    """Names and SQL as text, whatever a damaged schema has in their place."""
    if value is None or isinstance(value, str):
        return value
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _contents(version: int, ours: dict[str, str], objects: Iterable[_Object]) -> Contents:
    views: dict[str, str] = {}
    own_views: list[str] = []
    extra: list[str] = []
    refused = None
    for one in objects:
        if one.kind == "view":
            views[one.name] = one.sql or ""
            if one.name in _OWN_VIEWS:
                own_views.append(one.name)
                continue
        elif (one.kind == "table" and one.name in ours) or _is_known(one, ours):
            continue
        extra.append(f"{one.kind} {_shown(one.name)}")
        if (why := _why_refused(one)) is not None:
            refused = refused or f"the {one.kind} {_shown(one.name)} {why}"
    return Contents(version, ours, views, tuple(own_views), refused, tuple(extra))


def _is_known(one: _Object, ours: Container[str]) -> bool:
    """Whether an object is ours, or SQLite's own: the index of a UNIQUE, what ANALYZE found."""
    if one.kind == "index":
        return (one.sql is None and one.table in ours) or (
            one.sql is not None and normal(one.sql) in _todays_sql()
        )
    return one.kind == "table" and one.name in ("sqlite_stat1", "sqlite_stat4", "sqlite_sequence")


def _why_refused(one: _Object) -> str | None:
    """Why a recorder does not write to a file with this in it; None for what it need not touch."""
    words = tokens(one.sql or "")
    if one.kind == "view":
        return "has the name of a table" if one.name in tables_of(schema.VERSION) else None
    if one.kind == "index":
        plain = all(word.isidentifier() or word[0] in '",()`[' for word in words[3:])
        if plain and "WHERE" not in map(str.upper, words) and words.count("(") <= 1:
            return None
        return "computes something whenever a row is written"
    if one.kind == "table":
        if one.name in tables_of(schema.VERSION) or one.name in _OWN_VIEWS:
            return "has the name of one of ours"
        return None if [word.upper() for word in words[:2]] == ["CREATE", "TABLE"] else "is virtual"
    return "would run whenever a row is written"


def _shown(name: str) -> str:
    return repr(name if len(name) <= _SHOWN else name[:_SHOWN] + "…")


# -- what this program writes ---------------------------------------------------------------------

#: The views of any version; usages and mappings are tables in version 1, images in 1 and 2.
_OWN_VIEWS = frozenset(
    (
        *("mappings", "usages", "layouts", "process", "memory_range", "measurement", "data"),
        *("system_memory", "images", *schema.view_names()),
    )
)


@functools.cache
def _todays_sql() -> dict[str, str]:
    """What today's schema makes, by its statements' normal form -> name."""
    found = {}
    for statement in statements(schema.TABLES):
        words = tokens(statement)
        found[normal(statement)] = words[3] if words[1] == "UNIQUE" else words[2]
    return found


@functools.cache
def _tables() -> dict[str, str]:
    """Today's tables: name -> normal form."""
    return {name: sql for sql, name in _todays_sql().items() if sql.startswith("CREATE TABLE ")}


@functools.cache
def _known(version: int) -> dict[str, frozenset[str]]:
    """The tables of a version: name -> the normal forms that it may have.

    A step that is not taken yet tells what its tables were before it.
    """
    found = {name: {sql} for name, sql in _tables().items()}
    for step in reversed(steps_from(version)):
        for name, column in step.ADDED:
            found[name] = {sql.replace(f" , {column} INTEGER", "") for sql in found[name]}
        for name, before in step.BEFORE.items():
            if before is None:
                found.pop(name, None)
            else:
                found[name] = {normal(before)}
    if version > 1:
        # Development versions migrated by renaming: the reference to the old table stayed.
        usages = found["usage_rows"]
        usages |= {sql.replace("mapping_rows ( id )", "mappings ( id )") for sql in usages}
    return {name: frozenset(forms) for name, forms in found.items()}


@functools.cache
def tables_of(version: int) -> frozenset[str]:
    """The names of the tables of a version."""
    if version == schema.VERSION:
        return frozenset(schema.table_names())
    return frozenset(_known(version))


def table_sql(version: int) -> dict[str, str]:
    """Statements that make the tables of a version: by name, in their normal form."""
    return {name: min(forms) for name, forms in _known(version).items()}


@functools.cache
def _view_forms() -> frozenset[str]:
    """The normal forms of today's views."""
    return frozenset(map(normal, statements(schema.VIEWS)))


def is_own_view(sql: str) -> bool:
    """Whether a view is one that a recorder makes."""
    return normal(sql) in _view_forms()


def is_own_table(name: str, sql: str, version: int) -> bool:
    """Whether a table of this name is one that a recorder of that version makes."""
    return normal(sql) in _known(version).get(name, ())


def _is_ours(table: _Object, version: int) -> bool:
    if table.sql is None:
        return False
    if version == schema.VERSION and f"\n{table.sql};\n" in schema.TABLES:
        return True
    return normal(table.sql) in _known(version)[table.name]
