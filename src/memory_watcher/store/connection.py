"""Opens and locks recording files: one recorder at a time, readers whenever they like."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import sqlite3
import stat
from collections.abc import Iterator
from urllib.parse import quote

from ..errors import (
    TOO_MANY_FILES,
    CannotWrite,
    NotARecording,
    RecordingBusy,
    no_file_can_be_opened,
)
from . import schema

#: Larger recordings are left as they were written, bytes.
_LARGEST_PACKED = 128 << 20


@contextlib.contextmanager
def explained(path: str) -> Iterator[None]:
    """Turn SQLite's errors at writing into CannotWrite, with what can be done about it."""
    try:
        yield
    except sqlite3.Error as error:
        reason = str(error)
        if no_file_can_be_opened():
            reason = TOO_MANY_FILES
        elif "full" in reason:
            reason = "the disk is full"
        elif "locked" in reason:
            reason = "another program keeps it locked for writing"
        raise CannotWrite(f"{path}: cannot write: {reason}; what was committed is kept") from error


class WriteLock:
    """The right to write to a recording, as a lock on the file itself: it ends with the process."""

    def __init__(self, path: str) -> None:
        """Creates the file, readable by its owner only, if there is none.

        Raises RecordingBusy, CannotWrite.
        """
        if not path:
            raise CannotWrite("--database-file: the name is empty")
        try:
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise CannotWrite(f"{path}: cannot write: {_reason(error, path)}") from None
        if not stat.S_ISREG(os.fstat(self._descriptor).st_mode):
            os.close(self._descriptor)
            raise CannotWrite(f"{path}: cannot write: it is no regular file")
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._descriptor)
            if error.errno == errno.EWOULDBLOCK:
                raise RecordingBusy(
                    f"{path}: another recorder is writing to it; name another --database-file"
                ) from None
            raise CannotWrite(f"{path}: cannot lock: {error.strerror}") from None

    def release(self) -> None:
        """Give it back. Only after SQLite's own descriptors: closing drops the process's locks."""
        os.close(self._descriptor)


def _reason(error: OSError, path: str) -> str:
    folder = os.path.dirname(path) or "."
    if error.errno == errno.ENOENT:
        return f"there is no folder {folder}"
    if error.errno == errno.EISDIR:
        return "it is a folder"
    return os.strerror(error.errno or 0)


def connect_for_writing(path: str) -> sqlite3.Connection:
    """Open a recording, laying out an empty file; anything else than a recording stays untouched.

    Raises NotARecording, NewerRecording, CannotWrite.
    """
    if os.path.getsize(path) > 0:
        _refuse_other_formats(path)
        _check_untouched(path)
    # A path that begins with "file:" is a path too: hence the absolute form.
    with explained(path):
        connection = sqlite3.connect(os.path.abspath(path), isolation_level=None)
    try:
        with explained(path):
            is_blank = _is_blank(connection)
            if not is_blank:
                schema.check(connection, path)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            if is_blank:
                schema.create(connection)
            else:
                schema.migrate(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _refuse_other_formats(path: str) -> None:
    """SQLite takes very short files for empty databases."""
    with open(path, "rb") as file:
        if file.read(16) != b"SQLite format 3\0":
            raise NotARecording(f"{path}: not a recording (no SQLite database)")


def _check_untouched(path: str) -> None:
    """Refuse other files by a connection that cannot write.

    Closing one that can would fold a -wal file that another program left into its database.
    """
    connection = sqlite3.connect(f"file:{quote(os.path.abspath(path))}?mode=ro", uri=True)
    try:
        if not _is_blank(connection):
            schema.check(connection, path)
    except sqlite3.OperationalError:
        pass  # what an interrupted program left is to be mended first: the next connection does
    finally:
        connection.close()


def _is_blank(connection: sqlite3.Connection) -> bool:
    """Whether nothing was ever stored: a new file, or a recorder was killed while it laid it out.

    Raises sqlite3.OperationalError if that cannot be told by reading alone.
    """
    try:
        tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        application = connection.execute("PRAGMA application_id").fetchone()
        version = connection.execute("PRAGMA user_version").fetchone()
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError:
        return False  # no SQLite file
    return bool(tables == application == version == (0,))


def why_wal_is_kept(path: str) -> str | None:
    """Try once more to fold a -wal file in, after `fold_wal` could not; tells what stands against.

    None if nothing does (any more).
    """
    wal = f"{path}-wal"
    if not os.path.exists(wal):
        return None
    try:
        with contextlib.closing(sqlite3.connect(os.path.abspath(path), timeout=0.2)) as connection:
            busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except sqlite3.Error as error:
        reason = str(error)
        if "locked" not in reason:
            reason = "the disk is full" if "full" in reason else reason
            return (
                f"{path}: cannot put all into the one file: {reason}; keep its -wal file: it holds"
                " the rest"
            )
        busy = 1
    if busy or os.path.exists(wal):
        return f"a reader still has {path} open: keep its -wal file"
    return None


def fold_wal(connection: sqlite3.Connection) -> bool:
    """Put everything into the one file; False if that failed: `why_wal_is_kept` tells why.

    The journal mode goes back to DELETE, so that the file can be read from read-only media.
    """
    try:
        # A reader may hold on for hours: do not wait for it as long as for another writer.
        connection.execute("PRAGMA busy_timeout = 200")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (mode,) = connection.execute("PRAGMA journal_mode = DELETE").fetchone()
    except sqlite3.Error:
        return False
    if mode != "delete":
        return False
    _pack(connection)
    return True


def _pack(connection: sqlite3.Connection) -> None:
    """Fill the pages that inserts in the middle of a tree left half empty: a fifth of the file.

    Not for very large files: it takes 10 ms a megabyte, and as much free disk as the file.
    """
    with contextlib.suppress(sqlite3.Error):
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        (page_size,) = connection.execute("PRAGMA page_size").fetchone()
        if pages * page_size <= _LARGEST_PACKED:
            connection.execute("VACUUM")
