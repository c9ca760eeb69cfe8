"""The one transaction in which all parts of a writer write."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..connection import WritableFile


class Transaction:
    """Begins when something is written, and is committed by the writer; parts never commit.

    `tick`, `run` and `machine` are the numbers that rows written now bear. What SQLite raises goes
    through: the writer explains it.
    """

    def __init__(self, file: WritableFile) -> None:
        self.connection = file.connection
        self.tick: int = self._last_tick()
        self.run = 0
        self.machine = 0

    def _last_tick(self) -> int:
        (last,) = self.connection.execute("SELECT max(id) FROM ticks").fetchone()
        return last or 0

    def begin(self) -> None:
        """Begin, if it has not begun."""
        if not self.connection.in_transaction:
            self.connection.execute("BEGIN IMMEDIATE")

    def end(self) -> None:
        """Commit at the beginning or end of a run, whatever file is there now."""
        self.connection.execute("COMMIT")

    def execute(self, sql: str, *parameters: object) -> int:
        """Write; returns the number of the row that was inserted last."""
        return self.connection.execute(sql, parameters).lastrowid or 0

    def execute_each(self, sql: str, rows: Iterable[tuple[object, ...]]) -> None:
        """Write once for each row of parameters."""
        self.connection.executemany(sql, rows)

    def rows(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        """What the file holds."""
        return self.connection.execute(sql, parameters).fetchall()

    def row(self, sql: str, *parameters: object) -> tuple[Any, ...] | None:
        """The first row of what the file holds, if any."""
        found: tuple[Any, ...] | None = self.connection.execute(sql, parameters).fetchone()
        return found

    def number(self, find: str, insert: str, *parameters: object) -> int:
        """The number of a row that is there once: found, or inserted with the same parameters."""
        row = self.row(find, *parameters)
        return int(row[0]) if row else self.execute(insert, *parameters)

    def size(self) -> int:
        """Bytes of the file with all that was written so far, whatever file it is in."""
        (pages,) = self.connection.execute("PRAGMA page_count").fetchone()
        (page_size,) = self.connection.execute("PRAGMA page_size").fetchone()
        return int(pages * page_size)


def insert_into(table: str, *columns: str) -> str:
    """SQL that inserts a row of these columns."""
    names = ", ".join(f'"{column}"' for column in columns)
    return f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' * len(columns))})"


def as_bytes(text: str | None) -> bytes | None:
    """For CAST(? AS TEXT): names need not be valid UTF-8, and SQLite keeps their bytes."""
    return None if text is None else text.encode("utf-8", "surrogateescape")


def signed(number: int) -> int:
    """SQLite's integers are signed; [vsyscall] and offsets of some devices lie above 2**63."""
    return number - (1 << 64) if number >= 1 << 63 else number
