"""Frozen steps from each version to the next, each with the DDL of its day.

A step is a module with STATEMENTS, which are executed one at a time, in one transaction with all
other steps; nothing of a file's own schema is ever among them. Views are no part of a step: they
hold nothing, and today's are made after the last one. A released step is never changed again.

Readers take a column that a file lacks as not told, so no reader needs a step. In `usage_rows` not
told is -1, and NULL the same as rss: a step that adds a column there has to set it to -1.

A step also tells which tables of the older version are not those of the newer one: BEFORE maps
their names to their DDL, None standing for a table that the older version does not have; ADDED has
the columns, all INTEGER, that it lacks at the end of others: SQLite adds a column there, so in
schema.TABLES, too, a new one stands last, whatever the order of the model.
"""

from __future__ import annotations

import importlib
import sqlite3
from typing import Protocol, cast

from .. import schema
from ..ddl import statements
from ..escaping import allow_escaping
from ..steps import Steps, silently


class Step(Protocol):
    """What a step's module offers."""

    STATEMENTS: tuple[str, ...]
    BEFORE: dict[str, str | None]
    ADDED: tuple[tuple[str, str], ...]


def steps_from(version: int) -> list[Step]:
    """The steps that bring a recording of a version to today's."""
    return [
        cast(Step, importlib.import_module(f".v{each}_to_v{each + 1}", __name__))
        for each in range(version, schema.VERSION)
    ]


def migrate(
    connection: sqlite3.Connection, version: int, own_views: list[str], tell: Steps = silently
) -> None:
    """Bring a recording of an older version to today's, in one transaction.

    `own_views` are those of the file that bear the names of ours. Views of a user's own stay as the
    text that they are.
    """
    if version == schema.VERSION:
        return
    allow_escaping(connection)
    connection.execute("BEGIN IMMEDIATE")
    try:
        for name in own_views:
            connection.execute(f"DROP VIEW {name}")
        steps = [statement for step in steps_from(version) for statement in step.STATEMENTS]
        for number, statement in enumerate(steps, 1):
            tell("migration step", number, len(steps))
            connection.execute(statement)
        for statement in statements(schema.VIEWS):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {schema.VERSION}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
