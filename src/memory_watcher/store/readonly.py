"""A recording file opened for reading only: nothing beside it is created, nothing in it changed.

How SQLite is asked to open the file depends on what lies beside it:

    -wal lies there               a recorder is writing, or was killed: mode=ro. SQLite reads what
                                  is committed in -wal, and takes the locks that keep a recorder
                                  from moving pages under the reader.
    no -wal, or an empty one      closed cleanly: immutable=1. mode=ro would create -wal and -shm
    without -shm                  for a file in WAL mode and leave them there, and would fail in a
                                  folder that cannot be written.
    -wal, no -shm, and the        SQLite cannot read -wal without creating -shm: refused, with the
    folder cannot be written      remedy.

An immutable file takes no locks, so a recorder that starts on it meanwhile must be noticed: before
and after each query the file's times and a new -wal are looked at, and the query is asked again
of a file opened anew. Therefore each query is read to its end at once; long answers are asked for
in pages. That also keeps a reader from holding a transaction open, which would make a recorder's
-wal grow for as long as it reads.
"""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from ..errors import (
    TOO_MANY_FILES,
    NotARecording,
    RecordingNotFound,
    StoreError,
    no_file_can_be_opened,
)
from . import schema
from .shapes import check_shapes

Row = tuple[Any, ...]
_T = TypeVar("_T")

_LARGEST = 2**63 - 1
_URI_SAFE = frozenset(b"/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")


class ReadOnlyDatabase:
    """One SQLite file, read in complete queries.

    Raises RecordingNotFound, NotARecording, NewerRecording, or StoreError (no permission).
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = os.fspath(path)
        # SQLite looks for -wal beside the file that a symbolic link leads to.
        self._real_path = os.path.realpath(self.path)
        self._connection: sqlite3.Connection | None = None
        self._seen: tuple[int, ...] = ()
        self._immutable = False
        self._columns: dict[str, frozenset[str]] = {}
        self._open()

    def close(self) -> None:
        """Close the file; closing twice is allowed."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def rows(self, sql: str, *parameters: int | str) -> list[Row]:
        """All rows of a query; whole numbers that SQLite cannot hold stand for its largest.

        Raises StoreError if the file is damaged or unreadable.
        """
        bound = [_clamp(value) if isinstance(value, int) else value for value in parameters]

        def ask(connection: sqlite3.Connection) -> list[Row]:
            cursor = connection.execute(sql, bound)
            rows = cursor.fetchall()
            check_shapes(cursor.description, rows)
            return rows

        return self._consistently(ask)

    def row(self, sql: str, *parameters: int | str) -> Row | None:
        """Return the first row of a query, or None."""
        rows = self.rows(sql, *parameters)
        return rows[0] if rows else None

    def columns(self, table: str) -> frozenset[str]:
        """The columns that a table of this file has: one of an earlier format has fewer."""
        if table not in self._columns:
            rows = self.rows("SELECT name FROM pragma_table_info(?)", table)
            self._columns[table] = frozenset(row[0] for row in rows)
        return self._columns[table]

    def told(self, table: str, columns: Iterable[str], alias: str = "") -> str:
        """SQL for these columns of a table; NULL for those that this file does not have."""
        there = self.columns(table)
        return ", ".join(
            f"{alias}{name}" if name in there else f"NULL AS {name}" for name in columns
        )

    def _consistently(self, ask: Callable[[sqlite3.Connection], list[_T]]) -> list[_T]:
        if self._connection is None:
            raise StoreError(f"{self.path}: the recording is closed")
        if self._overtaken():
            self._reopen()
        for attempt in (1, 2):
            try:
                answer = ask(self._connection)
                if not self._overtaken():
                    return answer
            except sqlite3.Error as error:
                # A file that changed under an immutable connection can look damaged.
                if attempt == 2 or not self._overtaken():
                    raise StoreError(f"{self.path}: {_trouble(error)}") from None
            self._reopen()
        return ask(self._connection)

    def _overtaken(self) -> bool:
        """Whether a recorder came to a file that was opened as one that nobody writes."""
        return self._immutable and (
            _wal_needed(self._real_path) or _fingerprint(self._real_path) != self._seen
        )

    def _reopen(self) -> None:
        self.close()
        self._open()

    def _open(self) -> None:
        self._refuse_other_files()
        wal = _wal_needed(self._real_path)
        self._immutable = not wal
        self._seen = _fingerprint(self._real_path)
        uri = f"file:{_quote(self._real_path)}?{'mode=ro' if wal else 'immutable=1'}"
        try:
            # No implicit transactions: each query sees what is committed when it is asked.
            connection = sqlite3.connect(uri, uri=True, isolation_level=None)
        except sqlite3.OperationalError as error:
            raise StoreError(f"{self.path}: cannot be opened ({_because(error)})") from None
        try:
            connection.text_factory = _decode
            self._check(connection)
        except BaseException:
            connection.close()
            raise
        self._connection = connection
        self._columns = {}  # a recorder of this version may have migrated it

    def _check(self, connection: sqlite3.Connection) -> None:
        """Refuse what is no recording; tell apart a -wal that cannot be read from a wrong file."""
        try:
            connection.execute("PRAGMA schema_version").fetchone()
        except sqlite3.OperationalError as error:
            if not self._immutable and not os.path.exists(f"{self._real_path}-shm"):
                raise StoreError(
                    f"{self.path}: its recorder was killed, and what it left in"
                    f" {self.path}-wal cannot be read in a folder that cannot be written:"
                    " copy both files to one that can"
                ) from None
            raise StoreError(f"{self.path}: cannot be read ({_because(error)})") from None
        except sqlite3.DatabaseError as error:
            raise NotARecording(f"{self.path}: not a recording ({error})") from None
        schema.check(connection, self.path)

    def _refuse_other_files(self) -> None:
        """Say clearly what SQLite would only call "unable to open database file"."""
        try:
            status = os.stat(self._real_path)
        except PermissionError:
            raise StoreError(f"{self.path}: no permission to look into its folder") from None
        except (OSError, ValueError) as error:  # ValueError: a NUL byte in the name
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise RecordingNotFound(f"{self.path}: no such recording ({reason})") from None
        if stat.S_ISDIR(status.st_mode):
            raise NotARecording(f"{self.path}: a directory, not a recording")
        if not stat.S_ISREG(status.st_mode):
            raise NotARecording(f"{self.path}: not a regular file, so not a recording")
        if not os.access(self._real_path, os.R_OK, effective_ids=True):
            raise StoreError(f"{self.path}: no permission to read it")
        if status.st_size == 0 and not _wal_needed(self._real_path):
            raise NotARecording(f"{self.path}: an empty file, not a recording")


def _trouble(error: sqlite3.Error) -> str:
    """What an error at a query says: the disk or the system failed, or the file is damaged."""
    if isinstance(error, sqlite3.OperationalError) and "no such" not in str(error):
        return f"cannot be read ({_because(error)})"
    return f"damaged: cannot be read ({error})"


def _because(error: sqlite3.Error) -> str:
    return TOO_MANY_FILES if no_file_can_be_opened() else str(error)


def _wal_needed(path: str) -> bool:
    """Whether something may be committed that is not yet in the file itself, or is being written.

    A rollback journal (a recorder killed while it created the file) is left to SQLite as well.
    """
    for suffix in ("-wal", "-journal"):
        try:
            if os.stat(path + suffix).st_size > 0:
                return True
        except OSError:
            continue
        if suffix == "-wal" and os.path.exists(f"{path}-shm"):
            return True
    return False


def _fingerprint(path: str) -> tuple[int, ...]:
    try:
        status = os.stat(path)
    except OSError:
        return ()
    return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)


def _quote(path: str) -> str:
    """Percent-encode a path for a SQLite URI; urllib would take 5 ms to import."""
    return "".join(chr(byte) if byte in _URI_SAFE else f"%{byte:02X}" for byte in os.fsencode(path))


def _decode(text: bytes) -> str:
    """Names are the kernel's bytes, which need not be valid UTF-8."""
    return text.decode("utf-8", "surrogateescape")


def _clamp(number: int) -> int:
    return max(-_LARGEST - 1, min(number, _LARGEST))
