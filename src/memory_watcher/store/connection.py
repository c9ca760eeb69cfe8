"""A recording file opened for writing: one recorder at a time, readers whenever they like.

At every instant SIGKILL leaves a file that opens: a new one is complete before it has its name, all
changes go through -wal, and the file's own pages are only ever changed by what is committed there.
There is never a -journal.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import tempfile
import threading
from collections.abc import Iterator
from typing import NoReturn

from ..errors import (
    TOO_MANY_FILES,
    CannotWrite,
    Damaged,
    NotARecording,
    RecordingMoved,
    no_file_can_be_opened,
)
from ..message import Message, Named, Setting, plain
from ..own_files import NewDatabase, NotOwn, new_database, times_open
from . import beside, schema
from .contents import Contents, check, tables_of
from .guard import Guard
from .lock import WriteLock
from .migrations import migrate
from .readonly import ReadOnlyDatabase, uri_of
from .steps import Steps, silently

#: Larger recordings are left as they were written, bytes.
_LARGEST_PACKED = 128 << 20
#: CPU seconds that looking for damage takes at most, before a recording is added to.
_QUICK_CHECK_SECONDS = 1.0
#: CPU seconds that a migration may take at least, and for each MB.
_MIGRATION_SECONDS, _MIGRATION_SECONDS_PER_MB = 30.0, 0.5


@contextlib.contextmanager
def explained(path: str) -> Iterator[None]:
    """Turn SQLite's errors at writing into CannotWrite, with what can be done about it."""
    try:
        yield
    except sqlite3.Error as error:
        raise CannotWrite(
            f"{path}: cannot write: ", *_why(error), "; what was committed is kept"
        ) from error


def _why(error: sqlite3.Error) -> Message:
    words = str(error)
    if no_file_can_be_opened():
        return (TOO_MANY_FILES,)
    # Who cannot make -shm longer is told of an I/O error.
    if "full" in words or getattr(error, "sqlite_errorname", "") == "SQLITE_IOERR_SHMSIZE":
        return ("the disk is full",)
    if "locked" in words:
        return ("another program keeps it locked for writing",)
    if "malformed" in words or isinstance(error, sqlite3.IntegrityError):
        verify = Named(Setting.VERIFY, "the command verify")
        return (f"the file is damaged ({words}); run ", verify, " for details")
    return (words,)


def connect_new(part: NewDatabase) -> sqlite3.Connection:
    """Open a new file, which is thrown away if it does not become complete: without a -journal.

    Raises NotOwn if its name stands for another file by now, to which nothing is written;
    sqlite3.Error.
    """
    uri = f"{uri_of(part.name)}?mode=rw"
    connection = sqlite3.connect(uri, uri=True, isolation_level=None)
    try:
        if times_open(part.descriptor) < 2:
            raise NotOwn("another program replaced the new file meanwhile")
        # What others put beside it later is not looked at.
        for pragma in ("locking_mode = EXCLUSIVE", "journal_mode = OFF", "synchronous = OFF"):
            connection.execute(f"PRAGMA {pragma}")
    except BaseException:
        connection.close()
        raise
    return connection


class WritableFile:
    """A recording's file, its lock and SQLite's connection to it.

    Raises NotARecording, NewerRecording, Damaged, RecordingBusy, CannotWrite.
    """

    def __init__(self, path: str, migrating: Steps = silently) -> None:
        """Opens a recording, or makes a new one; anything else than a recording stays untouched.

        `migrating` is told how far the migration of an older one is.
        """
        self.path = path
        self._migrating = migrating
        self._lock = WriteLock(path, self._lay_out)
        self.is_new = self._lock.is_new
        self._is_given_up = False
        # A path that begins with "file:" is a path too: hence the absolute form.
        self._absolute = os.path.abspath(path)
        try:
            self._look_before()
            self._lock.claim_beside()
            with explained(path):
                self.connection = self._connect()
                try:
                    self._prepare()
                except BaseException:
                    self.connection.close()
                    raise
        except BaseException:
            self._lock.give_up_beside()
            self._lock.release()
            raise

    # -- opening ----------------------------------------------------------------------------------

    def _lay_out(self, part: NewDatabase) -> None:
        """Make an empty file, which nobody knows of yet, a recording."""
        with explained(self.path), contextlib.closing(connect_new(part)) as connection:
            schema.create(connection)

    def _look_before(self) -> None:
        """Refuse other files and damaged ones by a connection that cannot write.

        Closing one that can would fold a -wal file that another program left into its database.
        """
        if self._lock.is_new:
            return
        if not self._lock.starts_as_sqlite():
            raise NotARecording(f"{self.path}: not a recording (no SQLite database)")
        if beside.has_hot_journal(self._absolute) or self._lock.is_blank():
            return  # to be undone first, or laid out: by the connection that can write
        database = ReadOnlyDatabase(self.path, alone=True)
        try:
            _refuse(database.contents, self.path)
            if (damage := database.quick_check(_QUICK_CHECK_SECONDS)) is not None:
                raise Damaged(
                    f"{self.path}: damaged ({damage}), so nothing is added to it; ",
                    Named(Setting.REPAIR, "the command repair"),
                    " saves what can be read",
                )
        finally:
            database.close()

    def _connect(self) -> sqlite3.Connection:
        """Open the locked file, and no other: to look for damage has taken up to a second.

        SQLite follows links, and would write to what one leads to that came meanwhile.
        """
        before = self._lock.times_open()
        uri = f"{uri_of(self._absolute)}?mode=rw"
        connection = sqlite3.connect(uri, uri=True, isolation_level=None)
        if self._lock.times_open() <= before:
            connection.close()
            raise CannotWrite(
                f"{self.path}: cannot write: the name leads SQLite to another file: somebody"
                " replaced it just now, or the path goes through a link in /proc"
            )
        return connection

    def _prepare(self) -> None:
        connection = self.connection
        size = os.stat(self._absolute).st_size
        guard = self._guard = Guard(connection, size)
        if _is_blank(connection):
            schema.create(connection)
        contents = check(connection, self.path)
        _refuse(contents, self.path)
        self._is_wholly_ours = not contents.extra
        (mode,) = connection.execute("PRAGMA journal_mode").fetchone()
        if mode != "wal":
            # From here SQLite changes the mode without a -journal, which a kill would leave.
            connection.execute("PRAGMA journal_mode = MEMORY")
            connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("SELECT count(*) FROM runs").fetchone()
        self._lock.hold_beside()
        if contents.version < schema.VERSION:
            guard.allow_building()
            guard.start(_MIGRATION_SECONDS + _MIGRATION_SECONDS_PER_MB * (size >> 20))
            migrate(connection, contents.version, list(contents.own_views), self._migrating)
            guard.stop()
        guard.allow_writing(tables_of(schema.VERSION))

    # -- while it is written ----------------------------------------------------------------------

    def commit(self) -> None:
        """Make everything so far safe against the end of this process.

        Raises CannotWrite; RecordingMoved if the file is not under its name any more.
        """
        self.check()
        if self.connection.in_transaction:
            with explained(self.path):
                self.connection.execute("COMMIT")

    def check(self) -> None:
        """Make sure that the file is still under its name. Raises RecordingMoved."""
        try:
            self._lock.check()
        except RecordingMoved as moved:
            self._give_up(moved)

    def _give_up(self, moved: RecordingMoved) -> NoReturn:
        """Stop, with what was committed where it can be found.

        SQLite would now remove by name what lies beside the file, which may be another recorder's:
        so its connection is never closed.
        """
        if self.connection.in_transaction:
            with contextlib.suppress(sqlite3.Error):
                self.connection.execute("ROLLBACK")
        self._guard.stop()
        self._guard.allow_all()
        _never_close(self.connection)
        self._is_given_up = True
        where = self._what_is_left()
        self._lock.remove_beside()
        raise RecordingMoved(f"{moved} while it was recorded: the recording has stopped; {where}")

    def _what_is_left(self) -> str:
        """Put all into the one file if it has a name, else save a copy; tells where it is."""
        with contextlib.suppress(sqlite3.Error):
            self.connection.execute("PRAGMA busy_timeout = 200")
            self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        if not self._lock.is_unlinked:
            return f"what was recorded is in {self._lock.present_name}"
        source = self._lock.in_proc
        for folder in (os.path.dirname(self._absolute), tempfile.gettempdir()):
            name = os.path.join(folder, os.path.basename(self._absolute))
            with contextlib.suppress(OSError, sqlite3.Error):
                return f"what was recorded is saved in {self._copy(name)} (from {source})"
        return f"what was recorded could not be saved: there is no room for it (it was {source})"

    def _copy(self, name: str) -> str:
        with new_database(name) as part:
            with contextlib.closing(connect_new(part)) as copy:
                self.connection.backup(copy)
            os.fsync(part.descriptor)
            saved = f"{name}.{os.getpid()}.saved"
            try:
                part.give_name(saved)
            except FileExistsError:
                saved = f"{name}.{os.getpid()}-{os.urandom(4).hex()}.saved"
                part.give_name(saved)
        return saved

    # -- the end ----------------------------------------------------------------------------------

    def close(self) -> str | None:
        """Put everything into the one file and let go of it; tells why a -wal is kept, if it is.

        Raises RecordingMoved if the file is not under its name any more.
        """
        if self._is_given_up:
            return None  # and the lock is held to the end, for the file is still open
        if self.connection.in_transaction:
            with contextlib.suppress(sqlite3.Error):
                self.connection.execute("ROLLBACK")
        self.check()
        why = self._fold()
        self.connection.close()
        if why is None:
            self._lock.set_wal_mode(False)
        kept = beside.has_wal(self._absolute)
        self._lock.release()
        return why if kept else None

    def remove(self) -> None:
        """Close it and leave nothing of it."""
        self.connection.close()
        self._lock.remove()
        self._lock.release()

    def _fold(self) -> str | None:
        """Leave the one file, in a mode in which it can be read from read-only media."""
        busy = (
            f"another program still has {self.path} open: keep {self.path}-wal next to it, it holds"
            " part of the recording"
        )
        connection = self.connection
        try:
            # A reader may hold on for hours: do not wait for it as long as for another writer.
            connection.execute("PRAGMA busy_timeout = 200")
            if connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
                return busy
            self._pack()
            if connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
                return busy
        except sqlite3.Error as error:
            if "locked" in str(error):
                return busy
            return (
                f"{self.path}: cannot put all into the one file: {plain(_why(error))}; keep its"
                " -wal file: it holds the rest"
            )
        return None

    def _pack(self) -> None:
        """Fill the pages that inserts in the middle of a tree left half empty: a fifth of the file.

        In one transaction of -wal: killed meanwhile, the file is as it was before. Not for very
        large files: it takes 15 ms a megabyte, and twice the file of free disk. VACUUM runs what
        stands in the schema, so that has to be ours.
        """
        (pages,) = self.connection.execute("PRAGMA page_count").fetchone()
        (page_size,) = self.connection.execute("PRAGMA page_size").fetchone()
        if pages * page_size > _LARGEST_PACKED or not self._is_wholly_ours:
            return
        self._guard.allow_all()
        with contextlib.suppress(sqlite3.Error):
            self.connection.execute("VACUUM")


def _is_blank(connection: sqlite3.Connection) -> bool:
    """Whether nothing was ever stored: an old recorder was killed while it laid out the file."""
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    application = connection.execute("PRAGMA application_id").fetchone()
    version = connection.execute("PRAGMA user_version").fetchone()
    return bool(tables == application == version == (0,))


def _refuse(contents: Contents, path: str) -> None:
    if contents.refused is not None:
        raise CannotWrite(
            f"{path}: cannot write: {contents.refused}; remove it from the file, or record into"
            " another one"
        )


def _never_close(connection: sqlite3.Connection) -> None:
    """Keep a connection open until the process has ended: a thread holds it that never returns."""
    threading.Thread(
        target=lambda _: threading.Event().wait(), args=(connection,), daemon=True
    ).start()
