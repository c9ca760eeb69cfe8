"""The one transaction in which all parts of a writer write."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..connection import WritableFile

#: Rows that are kept until the next commit, at most: the first tick of a large machine has many.
_MOST_KEPT = 2_000


class Transaction:
    """Begins when something is written, and is committed by the writer; parts never commit.

    What nobody asks the file about is kept until the commit, then handed over in the order it came:
    with the caches as cold as a tick finds them SQLite takes half as long again for the same rows.

    `tick`, `run` and `machine` are the numbers that rows written now bear. What SQLite raises goes
    through: the writer explains it.
    """

    def __init__(self, file: WritableFile) -> None:
        self._connection = file.connection
        self._kept: list[tuple[str, Sequence[tuple[object, ...]]]] = []
        self._rows = 0  # of them
        self.tick: int = self._last_tick()
        self.run = 0
        self.machine = 0

    def _last_tick(self) -> int:
        (last,) = self._connection.execute("SELECT max(id) FROM ticks").fetchone()
        return last or 0

    def begin(self) -> None:
        """Begin, if it has not begun."""
        if not self._connection.in_transaction:
            self._connection.execute("BEGIN IMMEDIATE")

    def end(self) -> None:
        """Commit at the beginning or end of a run, whatever file is there now."""
        self.flush()
        self._connection.execute("COMMIT")

    def flush(self) -> None:
        """Hand over to SQLite what is kept."""
        if self._kept:
            self.begin()
            kept, self._kept, self._rows = self._kept, [], 0
            for sql, rows in kept:
                self._connection.executemany(sql, rows)

    def later(self, sql: str, *parameters: object) -> None:
        """Write, at the latest before the commit."""
        self.each_later(sql, [parameters])

    def each_later(self, sql: str, rows: Sequence[tuple[object, ...]]) -> None:
        """Write once for each row of parameters, at the latest before the commit."""
        if rows:
            self._kept.append((sql, rows))
            self._rows += len(rows)
            if self._rows > _MOST_KEPT:
                self.flush()

    def execute(self, sql: str, *parameters: object) -> int:
        """Write at once; returns the number of the row that was inserted last."""
        self.flush()
        return self._connection.execute(sql, parameters).lastrowid or 0

    def rows(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        """What the file holds, with all that was written."""
        self.flush()
        return self._connection.execute(sql, parameters).fetchall()

    def row(self, sql: str, *parameters: object) -> tuple[Any, ...] | None:
        """The first row of what the file holds, if any."""
        self.flush()
        found: tuple[Any, ...] | None = self._connection.execute(sql, parameters).fetchone()
        return found

    def number(self, find: str, insert: str, *parameters: object) -> int:
        """The number of a row that is there once: found, or inserted with the same parameters."""
        row = self.row(find, *parameters)
        return int(row[0]) if row else self.execute(insert, *parameters)

    def size(self) -> int:
        """Bytes of the file with all that was written so far, whatever file it is in."""
        self.flush()
        (pages,) = self._connection.execute("PRAGMA page_count").fetchone()
        (page_size,) = self._connection.execute("PRAGMA page_size").fetchone()
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
