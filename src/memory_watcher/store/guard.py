"""What SQLite may do with a file that somebody else may have made: read and write our tables.

A schema is part of a file, and SQLite runs what stands in it: views when they are asked, triggers
when something is written. So every connection has an authorizer that allows what this program's
own statements need and nothing else, limits of length, and a deadline.
"""

from __future__ import annotations

import sqlite3
import sys
import time
from collections.abc import Callable, Collection

#: Functions of this program's own statements.
_FUNCTIONS = frozenset(
    (
        *("abs", "avg", "coalesce", "count", "ifnull", "iif", "length", "max", "min", "nullif"),
        *("instr", "lower", "upper", "round", "substr", "trim", "replace", "group_concat", "rank"),
        *("sum", "total", "typeof", "first_value", "last_value", "lag", "lead", "row_number"),
    )
)
#: What ALTER TABLE ADD COLUMN and DROP TABLE call on their way, and our own steps.
_FUNCTIONS_OF_DDL = frozenset(
    ("printf", "substr", "like", "sqlite_rename_table", "sqlite_fail", "escaped_text")
)

#: Bytes of one value: command lines are the longest, and a program's own may have 2 MB.
_LONGEST = 64 << 20
_LONGEST_SQL = 1 << 20
#: How many instructions of SQLite's pass between two looks at the clock: some milliseconds.
_INSTRUCTIONS = 200_000
#: CPU seconds that a query may take, whatever the size of the file, and for each MB of it. A query
#: that reads all of a recording takes a tenth of the second.
_SECONDS = 6.0
_SECONDS_PER_MB = 0.5

#: Before anything of the schema is looked at.
_PRAGMAS = ("trusted_schema = OFF", "cell_size_check = ON", "mmap_size = 0", "foreign_keys = OFF")


class Guard:
    """Watches over one connection."""

    def __init__(self, connection: sqlite3.Connection, size: int) -> None:
        """Take precautions that need no knowledge of the schema; `size` is the file's, bytes."""
        self._connection = connection
        self._seconds = _SECONDS + _SECONDS_PER_MB * (size >> 20)
        self._until = float("inf")
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
        if sys.version_info >= (3, 11):
            connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST)
            connection.setlimit(sqlite3.SQLITE_LIMIT_SQL_LENGTH, _LONGEST_SQL)
            connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
            connection.setlimit(sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH, 1)
        if sys.version_info >= (3, 12):
            connection.setconfig(sqlite3.SQLITE_DBCONFIG_DEFENSIVE, True)
            connection.setconfig(sqlite3.SQLITE_DBCONFIG_ENABLE_TRIGGER, False)
        connection.set_progress_handler(self._is_late, _INSTRUCTIONS)

    def start(self, seconds: float | None = None) -> None:
        """Begin to count the CPU time of what is asked next."""
        self._until = time.thread_time() + (self._seconds if seconds is None else seconds)

    def stop(self) -> None:
        """Let what comes next take as long as it takes."""
        self._until = float("inf")

    def _is_late(self) -> bool:
        return time.thread_time() > self._until

    def allow_reading(
        self, tables: Collection[str], views: Collection[str], refused: Collection[str]
    ) -> None:
        """Allow SELECT from tables of the file, also through `views`, which are ours (TEMP).

        What views of the file itself would read is `refused`.
        """
        refuses = (frozenset(refused) | frozenset(tables)) - frozenset(views)
        self._connection.set_authorizer(_reading(frozenset(tables) | frozenset(views), refuses))

    def allow_checking(self, tables: Collection[str]) -> None:
        """Allow the PRAGMAs that check a file, and SELECT from its tables."""
        reading = _reading(frozenset(tables) | {"sqlite_master"}, frozenset(tables))

        def authorize(action: int, what: str | None, *others: str | None) -> int:
            if action == sqlite3.SQLITE_PRAGMA and what in _PRAGMAS_OF_CHECKING:
                return sqlite3.SQLITE_OK
            return reading(action, what, *others)

        self._connection.set_authorizer(authorize)

    def allow_writing(self, tables: Collection[str]) -> None:
        """Allow SELECT, INSERT, UPDATE and DELETE on tables of the file, and transactions."""
        self._connection.set_authorizer(_writing(frozenset(tables)))

    def allow_building(self) -> None:
        """Allow to make and drop tables and views as well: for statements of ours alone."""
        self._connection.set_authorizer(_build)

    def allow_all(self) -> None:
        """Allow everything: for VACUUM, once nothing in the schema is anybody else's."""
        if sys.version_info >= (3, 11):
            self._connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 1)
        self._connection.set_authorizer(_allow)


_Authorizer = Callable[[int, str | None, str | None, str | None, str | None], int]


def _allow(*_: object) -> int:
    return sqlite3.SQLITE_OK


def _reading(readable: frozenset[str], refuses: frozenset[str]) -> _Authorizer:
    def authorize(
        action: int, what: str | None, detail: str | None, _: str | None, source: str | None
    ) -> int:
        # `source` is the view or trigger (or the WITH of ours) that asks.
        if source in refuses:
            return sqlite3.SQLITE_DENY
        if (
            action == sqlite3.SQLITE_SELECT
            or (action == sqlite3.SQLITE_READ and what in readable)
            or (action == sqlite3.SQLITE_FUNCTION and detail in _FUNCTIONS)
        ):
            return sqlite3.SQLITE_OK
        return sqlite3.SQLITE_DENY

    return authorize


def _writing(tables: frozenset[str]) -> _Authorizer:
    reading = _reading(tables, tables)
    changes = (sqlite3.SQLITE_INSERT, sqlite3.SQLITE_UPDATE, sqlite3.SQLITE_DELETE)

    def authorize(
        action: int, what: str | None, detail: str | None, base: str | None, source: str | None
    ) -> int:
        if action == sqlite3.SQLITE_TRANSACTION:
            return sqlite3.SQLITE_OK
        if action == sqlite3.SQLITE_PRAGMA and what in _PRAGMAS_OF_WRITING:
            return sqlite3.SQLITE_OK
        if action in changes and what in tables and source is None:
            return sqlite3.SQLITE_OK
        return reading(action, what, detail, base, source)

    return authorize


_PRAGMAS_OF_WRITING = frozenset(
    (
        *("busy_timeout", "journal_mode", "synchronous", "user_version", "wal_checkpoint"),
        *("page_count", "page_size", "application_id"),
    )
)
_PRAGMAS_OF_CHECKING = frozenset(("integrity_check", "quick_check", "foreign_key_check"))
_BUILDING = frozenset(
    (
        *(sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_TRANSACTION),
        *(sqlite3.SQLITE_INSERT, sqlite3.SQLITE_UPDATE, sqlite3.SQLITE_DELETE),
        *(sqlite3.SQLITE_CREATE_TABLE, sqlite3.SQLITE_CREATE_INDEX, sqlite3.SQLITE_CREATE_VIEW),
        *(sqlite3.SQLITE_DROP_TABLE, sqlite3.SQLITE_DROP_INDEX, sqlite3.SQLITE_DROP_VIEW),
        *(sqlite3.SQLITE_ALTER_TABLE, sqlite3.SQLITE_REINDEX),
    )
)


def _build(
    action: int, what: str | None, detail: str | None, _: str | None, source: str | None
) -> int:
    if source is not None:
        return sqlite3.SQLITE_DENY
    if (
        action in _BUILDING
        or (action == sqlite3.SQLITE_PRAGMA and what in _PRAGMAS_OF_WRITING)
        or (action == sqlite3.SQLITE_FUNCTION and detail in _FUNCTIONS | _FUNCTIONS_OF_DDL)
    ):
        return sqlite3.SQLITE_OK
    return sqlite3.SQLITE_DENY
