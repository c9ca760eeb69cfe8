"""A recording file opened for reading only: nothing beside it is created, nothing in it changed.

How SQLite is asked to open the file depends on what lies beside it (see `beside`):

    no -wal, or an empty one      closed cleanly: immutable=1. mode=ro would create -wal and -shm
                                  for a file in WAL mode and leave them there, and would fail in a
                                  folder that cannot be written.
    -wal, and a recorder of this  mode=ro. SQLite reads what is committed in -wal, and takes the
    user's or root's lives        locks that keep the recorder from moving pages under the reader.
    -wal otherwise                its recorder was killed, or is a stranger's: mode=ro without locks
                                  and with the index of -wal in memory of our own. Nothing is made
                                  beside the file, and nothing is mapped that others can cut short.

Without locks, a recorder that comes (or is there) must be noticed: before and after each query the
times of the files are looked at, and the query is asked again of a file opened anew. Therefore each
query is read to its end at once; long answers are asked for in pages. That also keeps a reader from
holding a transaction open, which would make a recorder's -wal grow for as long as it reads.

The file may be anybody's. Its tables must be ours (`contents`), its views are never asked: those
that are needed are made anew, for this connection alone. `guard` refuses all else.
"""

from __future__ import annotations

import enum
import os
import sqlite3
import stat
import time
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from ..errors import (
    TOO_MANY_FILES,
    Damaged,
    NotARecording,
    RecordingNotFound,
    StoreError,
    no_file_can_be_opened,
)
from ..message import Named, Setting
from . import beside, schema
from .contents import Contents, check
from .guard import Guard
from .shapes import check_shapes

Row = tuple[Any, ...]
_T = TypeVar("_T")

_LARGEST = 2**63 - 1
_INF = float("inf")
_URI_SAFE = frozenset(b"/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
#: How often a query is asked again because somebody wrote meanwhile.
_ATTEMPTS = 10
#: A file's time of change is no finer than this: what was written since may not show.
_CLOCK_NS = 20_000_000


class _Mode(enum.Enum):
    """How SQLite opens the file."""

    IMMUTABLE = "immutable=1"
    LOCKING = "mode=ro"
    ALONE = "mode=ro&vfs=unix-none"


class ReadOnlyDatabase:
    """One SQLite file, read in complete queries.

    Raises RecordingNotFound, NotARecording, NewerRecording, Damaged, or StoreError (no permission).
    """

    def __init__(self, path: str | os.PathLike[str], alone: bool = False) -> None:
        """`alone`: whoever opens it holds the recorder's lock, so nobody else writes."""
        self.path = os.fspath(path)
        self._alone = alone
        # SQLite looks for -wal beside the file that a symbolic link leads to.
        self._real_path = beside.real_path(self.path)
        self._connection: sqlite3.Connection | None = None
        self._guard: Guard | None = None
        self._mode = _Mode.IMMUTABLE
        self._seen = beside.State((), (), b"")
        self.contents: Contents
        self._open()

    def close(self) -> None:
        """Close the file; closing twice is allowed."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def rows(self, sql: str, *parameters: int | str) -> list[Row]:
        """All rows of a query; whole numbers that SQLite cannot hold stand for its largest.

        Raises Damaged, StoreError if the file is unreadable.
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

    def has_table(self, name: str) -> bool:
        """Whether the file has one of our tables: older versions lack some."""
        return name in self.contents.tables

    def columns(self, table: str) -> frozenset[str]:
        """The columns that a table of this file has: one of an earlier format has fewer."""
        return self.contents.columns(table)

    def told(self, table: str, columns: Iterable[str], alias: str = "") -> str:
        """SQL for these columns of a table; NULL for those that this file does not have."""
        there = self.columns(table)
        return ", ".join(
            f"{alias}{name}" if name in there else f"NULL AS {name}" for name in columns
        )

    def is_cut_off(self) -> bool:
        """Whether the file says that it had a -wal when it was last written, and none is there."""
        return self._mode is _Mode.IMMUTABLE and beside.is_in_wal_mode(self._real_path)

    def inspect(self, ask: Callable[[sqlite3.Connection], _T], seconds: float = _INF) -> _T:
        """Let the whole file be checked, by PRAGMAs that `guard` else refuses.

        Raises Damaged, also when it takes more CPU time than `seconds`, StoreError.
        """
        assert self._guard is not None
        self._guard.allow_checking(self.contents.tables)
        try:
            return self._consistently(ask, seconds)
        finally:
            if self._connection is not None:
                self._allow_reading()

    def quick_check(self, seconds: float) -> str | None:
        """What is damaged in the structure of the file, as far as that is found in this time.

        Raises StoreError.
        """
        names = [f"('{name}')" for name in sorted(self.contents.tables)]

        def ask(connection: sqlite3.Connection) -> str | None:
            for which in names if self.contents.extra else ["(1)"]:
                try:
                    found = connection.execute(f"PRAGMA quick_check{which}").fetchone()
                except sqlite3.DatabaseError as error:
                    return None if "interrupted" in str(error) else str(error)
                if found != ("ok",):
                    return str(found[0]).splitlines()[-1] if found else "nothing to check"
            return None

        return self.inspect(ask, seconds)

    def _consistently(
        self, ask: Callable[[sqlite3.Connection], _T], seconds: float | None = None
    ) -> _T:
        for _ in range(_ATTEMPTS):
            connection = self._current()
            try:
                answer = self._timed(ask, connection, seconds)
            except sqlite3.Error as error:
                # A file that changed under a connection without locks can look damaged.
                if not self._overtaken():
                    raise self._explained(error) from None
            else:
                if not self._overtaken():
                    return answer
        raise StoreError(
            f"{self.path}: it is written to faster than it can be read; copy it, and read the copy"
        )

    def _timed(
        self,
        ask: Callable[[sqlite3.Connection], _T],
        connection: sqlite3.Connection,
        seconds: float | None,
    ) -> _T:
        assert self._guard is not None
        self._guard.start(seconds)
        try:
            return ask(connection)
        finally:
            self._guard.stop()

    def _current(self) -> sqlite3.Connection:
        """The connection, anew if somebody wrote since it was opened."""
        if self._connection is None:
            raise StoreError(f"{self.path}: the recording is closed")
        if self._mode is not _Mode.LOCKING and beside.state(self._real_path) != self._seen:
            self.close()
            self._open()
        return self._connection

    def _overtaken(self) -> bool:
        """Whether somebody wrote in a way that a connection without locks does not see."""
        return self._mode is not _Mode.LOCKING and not beside.is_still_valid(
            self._seen, beside.state(self._real_path)
        )

    def _explained(self, error: sqlite3.Error) -> StoreError:
        """What an error says: the disk or the system failed, or the file is damaged."""
        if no_file_can_be_opened():
            return StoreError(f"{self.path}: cannot be read ({TOO_MANY_FILES})")
        if "interrupted" in str(error):
            return Damaged(f"{self.path}: damaged: it has more rows than there is room for in it")
        if isinstance(error, sqlite3.OperationalError) and "no such" not in str(error):
            return StoreError(f"{self.path}: cannot be read ({error})")
        return Damaged(f"{self.path}: damaged: cannot be read ({error})")

    def _open(self) -> None:
        self._refuse_other_files()
        self._mode = self._mode_of_opening()
        self._seen = beside.state(self._real_path)
        if self._mode is _Mode.ALONE and self._seen.file:
            age = time.time_ns() - self._seen.file[3]
            if 0 <= age < _CLOCK_NS:
                time.sleep((_CLOCK_NS - age) / 1e9)
        uri = f"{uri_of(self._real_path)}?{self._mode.value}"
        try:
            # No implicit transactions: each query sees what is committed when it is asked.
            connection = sqlite3.connect(uri, uri=True, isolation_level=None)
        except sqlite3.Error as error:
            raise self._explained(error) from None
        try:
            self._prepare(connection)
        except BaseException:
            connection.close()
            raise

    def _mode_of_opening(self) -> _Mode:
        beside.refuse_of_another_user(self._real_path, self.path)
        if beside.has_hot_journal(self._real_path):
            raise StoreError(
                f"{self.path}: it was being changed when its recorder was killed, and"
                f" {self.path}-journal is needed to undo that: keep both, and ask a repaired copy",
                Named(Setting.REPAIR, "", " ({})"),
            )
        if not beside.has_wal(self._real_path):
            return _Mode.IMMUTABLE
        if self._alone or not beside.is_trusted(self._real_path):
            return _Mode.ALONE
        return _Mode.LOCKING if beside.is_being_recorded(self._real_path) else _Mode.ALONE

    def _prepare(self, connection: sqlite3.Connection) -> None:
        """Look at the schema, and make the views that are asked; only then is it used."""
        connection.text_factory = decode_text
        try:
            if self._mode is _Mode.ALONE:
                # Before anything is read: then SQLite keeps the index of -wal in its own memory.
                connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._guard = Guard(connection, os.stat(self._real_path).st_size)
            self._guard.start()
            self.contents = check(connection, self.path)
            for name, select in self._asked_views().items():
                connection.execute(f"CREATE TEMP VIEW {name} AS {select}")
        except NotARecording as error:
            raise self._of_what_is_missing() or error from None
        except OSError as error:
            raise StoreError(f"{self.path}: cannot be read ({error.strerror})") from None
        except sqlite3.OperationalError as error:
            raise self._explained(error) from None
        except sqlite3.Error as error:
            missing = self._of_what_is_missing()
            raise missing or Damaged(f"{self.path}: damaged: cannot be read ({error})") from None
        self._connection = connection
        self._allow_reading()

    def _allow_reading(self) -> None:
        assert self._guard is not None
        self._guard.allow_reading(
            tables=self.contents.tables.keys() | {"sqlite_master"},
            views=self._asked_views(),
            refused=self.contents.views,
        )

    def _asked_views(self) -> dict[str, str]:
        """Those that are made for this connection alone: they go before what the file has.

        Older versions have some of them as tables.
        """
        views = schema.READ_VIEWS.items()
        asked = {name: select for name, select in views if not self.has_table(name)}
        table = "usages" if self.has_table("usages") else "usage_rows"
        asked["usages"] = schema.usages_as_read(self.columns(table), table)
        return asked

    def _of_what_is_missing(self) -> StoreError | None:
        """Why a file that is a recording's does not look like one."""
        if not self.is_cut_off():
            return None
        return StoreError(
            f"{self.path}: its -wal file is missing, and the recording cannot be read without it:"
            f" copy {self.path}-wal along with it"
        )

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
        if status.st_size == 0:  # whatever -wal is beside it: SQLite would remove that
            # Those of proc have no size, and are not empty.
            is_kernels = os.path.realpath(self._real_path).startswith(("/proc/", "/sys/"))
            what = "a file of the kernel" if is_kernels else "an empty file"
            raise NotARecording(f"{self.path}: {what}, not a recording")
        if not beside.starts_as_sqlite(self._real_path) and not beside.has_wal(self._real_path):
            raise NotARecording(f"{self.path}: not a recording (no SQLite database)")


def uri_of(path: str) -> str:
    """A path as a SQLite URI, percent-encoded; urllib would take 5 ms to import."""
    # Else what follows two slashes at the beginning would be the name of a host.
    return ("file://" if path.startswith("/") else "file:") + "".join(
        chr(byte) if byte in _URI_SAFE else f"%{byte:02X}" for byte in os.fsencode(path)
    )


def decode_text(text: bytes) -> str:
    """Names are the kernel's bytes, which need not be valid UTF-8."""
    return text.decode("utf-8", "surrogateescape")


def _clamp(number: int) -> int:
    return max(-_LARGEST - 1, min(number, _LARGEST))
