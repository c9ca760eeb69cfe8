"""The right to write to a recording: one file under one name, held until the process ends.

The lock (flock) is on the file itself, and a second one on its -wal. SQLite finds -wal by the
file's name, so name and file must stay together: that is looked at before each commit. If they do
not, another recorder may have its own files under that name by now.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import struct
from collections.abc import Callable, Iterator
from typing import NoReturn

from ..errors import CannotWrite, NotARecording, RecordingBusy, RecordingMoved
from ..own_files import (
    BESIDE,
    ROOM_TO_GROW,
    SAFELY,
    NewDatabase,
    make_private,
    new_database,
    reason,
    refusal,
    sync_folder,
    times_open,
)
from . import beside

_ATTEMPTS = 10
#: Where SQLite's locks are: first byte and length. All of them, and that of who changes the file.
_LOCK_BYTES, _RESERVED = (0x40000000, 512), (0x40000001, 1)


class WriteLock:
    """A recording's file, locked; it was made whole if there was none."""

    def __init__(self, path: str, lay_out: Callable[[NewDatabase], None]) -> None:
        """`lay_out` writes a new recording into an empty file.

        Raises RecordingBusy, NotARecording, CannotWrite.
        """
        if not path:
            raise CannotWrite("recording: the name is empty")
        self.path = path
        self.is_new = False
        self._absolute = os.path.abspath(path)
        self._beside: dict[str, int] = {}  # suffix -> descriptor
        self._made: list[str] = []  # suffixes of what was made before SQLite came
        with self._explained():
            self._descriptor = self._open(lay_out)
            try:
                self._check_beside()
            except BaseException:
                self.release()
                raise

    # -- opening ----------------------------------------------------------------------------------

    def _open(self, lay_out: Callable[[NewDatabase], None]) -> int:
        for _ in range(_ATTEMPTS):
            try:
                descriptor = os.open(self._absolute, os.O_RDWR | SAFELY)
            except FileNotFoundError:
                self._make(lay_out)
                continue
            except OSError as error:
                raise self._cannot_open(error) from None
            try:
                if self._claim(descriptor):
                    if os.fstat(descriptor).st_size:
                        return descriptor
                    self._make(lay_out)
            except BaseException:
                os.close(descriptor)
                raise
            os.close(descriptor)
        raise RecordingBusy(f"{self.path}: another program keeps replacing it")

    def _cannot_open(self, error: OSError) -> OSError | CannotWrite:
        """What kind of file it is says more than why it cannot be opened."""
        with contextlib.suppress(OSError):
            if (why := refusal(os.lstat(self._absolute))) is not None:
                return CannotWrite(f"{self.path}: cannot write: {why}")
        return error

    def _claim(self, descriptor: int) -> bool:
        """Check and lock an open file; False if its name stands for another one by now."""
        found = os.fstat(descriptor)
        if (why := refusal(found)) is not None:
            raise CannotWrite(f"{self.path}: cannot write: {why}")
        if found.st_nlink > 1:
            raise CannotWrite(
                f"{self.path}: cannot write: the file has {found.st_nlink} names (hard links), and"
                " what lies beside it goes by one name; add to a copy"
            )
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RecordingBusy(
                f"{self.path}: another recorder is writing to this file; choose another file"
            ) from None
        return self._is_at(self._absolute, descriptor)

    def _make(self, lay_out: Callable[[NewDatabase], None]) -> None:
        """Put a new recording under the name, complete from its first instant."""
        beside.refuse_leftovers(self.path)
        beside.refuse_long_path(self.path, self.path, ROOM_TO_GROW)
        with new_database(self._absolute) as part:
            lay_out(part)
            # WAL mode from the start: to change it later takes a -journal.
            os.pwrite(part.descriptor, b"\2\2", 18)
            os.fsync(part.descriptor)
            self._give_name(part)
        sync_folder(self._absolute)
        self.is_new = True

    def _give_name(self, part: NewDatabase) -> None:
        try:
            part.give_name(self._absolute)
        except FileExistsError:
            found = os.lstat(self._absolute)
            if found.st_size == 0 and refusal(found) is None:
                part.replace(self._absolute)  # else what came meanwhile is looked at anew

    def _check_beside(self) -> None:
        """Refuse what lies beside the file if SQLite would follow it, or take it for the file's."""
        for suffix in BESIDE:
            name = f"{self._absolute}{suffix}"
            try:
                found = os.lstat(name)
            except FileNotFoundError:
                continue
            why = refusal(found) or ("it has other names, too" if found.st_nlink > 1 else None)
            if why is not None:
                raise CannotWrite(f"{self.path}{suffix}: cannot write: {why}")
            if suffix == "-wal":
                self._lock_wal(name)
                self._refuse_another_wal()
        if beside.has_strange_journal(self._absolute):
            raise NotARecording(f"{self.path}-journal: not left by a recorder; remove it")

    def _refuse_another_wal(self) -> None:
        if beside.has_another_wal(self._absolute):
            raise CannotWrite(
                f"{self.path}: cannot write: {self.path}-wal belongs to another recording, because"
                " this one was closed and left none: move it away"
            )

    def _lock_wal(self, name: str) -> None:
        """A -wal that somebody writes is of a recording that was renamed, not of this one."""
        descriptor = self._beside.get("-wal") or os.open(name, os.O_RDWR | SAFELY)
        self._beside["-wal"] = descriptor
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._beside.pop("-wal"))
            raise RecordingBusy(
                f"{self.path}: a recorder whose file was renamed is still writing to"
                f" {self.path}-wal; end it, or choose another file"
            ) from None

    def claim_beside(self) -> None:
        """Let nobody else put anything beside the file that SQLite would obey.

        Called right before SQLite opens the file: to look for damage has taken up to a second.

        Raises CannotWrite, NotARecording, RecordingBusy.
        """
        with self._explained():
            self._check_beside()
            if not beside.has_hot_journal(self._absolute) and self.set_wal_mode(True):
                for suffix in ("-wal", "-shm"):
                    self._make_beside(suffix)
                self._lock_reserved()
            self._check_beside()

    def set_wal_mode(self, wanted: bool) -> bool:
        """Say in the file's header whether it has a -wal, under the locks that SQLite takes for it.

        SQLite's own way looks for a -journal, and would play back one that somebody put there.
        False if another program has the file open, or if there is a -wal that would be lost.
        """
        version = b"\2\2" if wanted else b"\1\1"
        head = bytearray(os.pread(self._descriptor, 100, 0))
        if head[18:20] == version:
            return True
        if not _lock_bytes(self._descriptor, fcntl.F_WRLCK, _LOCK_BYTES):
            return False
        try:
            if os.path.lexists(f"{self._absolute}-wal"):
                return False
            counter = (int.from_bytes(head[24:28], "big") + 1 & 0xFFFFFFFF).to_bytes(4, "big")
            if head[92:96] == head[24:28]:
                head[92:96] = counter
            head[18:20], head[24:28] = version, counter
            os.pwrite(self._descriptor, head, 0)
            os.fsync(self._descriptor)
        finally:
            _lock_bytes(self._descriptor, fcntl.F_UNLCK, _LOCK_BYTES)
        return True

    def _make_beside(self, suffix: str) -> None:
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | SAFELY
        with contextlib.suppress(FileExistsError):
            self._beside[suffix] = os.open(f"{self._absolute}{suffix}", flags, 0o600)
            self._made.append(suffix)

    def _lock_reserved(self) -> None:
        """Seem to be changing the file itself: then no -journal is played back, by nobody.

        What goes through -wal does not need this lock.
        """
        _lock_bytes(self._descriptor, fcntl.F_WRLCK, _RESERVED)

    def give_up_beside(self) -> None:
        """Remove what was made here if SQLite has not used it: the recording was not opened."""
        made = {suffix: self._beside[suffix] for suffix in self._made if suffix in self._beside}
        if "-wal" in made and os.fstat(made["-wal"]).st_size:
            return
        for suffix, descriptor in made.items():
            if self._is_at(f"{self._absolute}{suffix}", descriptor):
                with contextlib.suppress(OSError):
                    os.unlink(f"{self._absolute}{suffix}")

    # -- while it is written ----------------------------------------------------------------------

    def hold_beside(self) -> None:
        """Take hold of what SQLite has made beside the file; nobody else may read any of it.

        Raises CannotWrite.
        """
        with self._explained():
            self._lock_reserved()
            self._lock_wal(f"{self._absolute}-wal")
            # To close a descriptor of -shm would drop SQLite's own locks: it stays open.
            if "-shm" not in self._beside:
                self._beside["-shm"] = os.open(f"{self._absolute}-shm", os.O_RDWR | SAFELY)
            shm = self._beside["-shm"]
            for descriptor in (self._descriptor, *self._beside.values()):
                make_private(descriptor)
            _allocate(shm)

    def check(self) -> None:
        """Make sure that file and -wal are still under their names. Raises RecordingMoved."""
        if not self._is_at(self._absolute, self._descriptor):
            raise RecordingMoved(self._what_became_of_it())
        wal = self._beside.get("-wal")
        if wal is not None and not self._is_at(f"{self._absolute}-wal", wal):
            raise RecordingMoved(f"{self.path}-wal was deleted, renamed or replaced")

    def _what_became_of_it(self) -> str:
        there = os.path.lexists(self._absolute)
        if os.fstat(self._descriptor).st_nlink == 0:
            return f"{self.path} was {'replaced' if there else 'deleted'}"
        return f"{self.path} was renamed"

    @property
    def is_unlinked(self) -> bool:
        """Whether the file has no name any more, and ends with the last one that has it open."""
        return os.fstat(self._descriptor).st_nlink == 0

    @property
    def present_name(self) -> str:
        """What the file is called now."""
        try:
            return os.readlink(self.in_proc)
        except OSError:
            return self.in_proc

    @property
    def in_proc(self) -> str:
        """Where the file is found as long as this process lives, whatever its name."""
        return f"/proc/{os.getpid()}/fd/{self._descriptor}"

    def times_open(self) -> int:
        """How often this process has the file open."""
        return times_open(self._descriptor)

    def starts_as_sqlite(self) -> bool:
        """Whether the file begins as SQLite's do."""
        return os.pread(self._descriptor, 16, 0) == b"SQLite format 3\0"

    def is_blank(self) -> bool:
        """Whether the file is a database in which nothing was ever stored, and has no -wal."""
        head = os.pread(self._descriptor, 108, 0)
        unset = head[60:64] == head[68:72] == bytes(4)  # PRAGMA user_version, application_id
        return unset and head[103:105] == bytes(2) and not beside.has_wal(self._absolute)

    def remove_beside(self) -> None:
        """Remove what lies beside the old name, if it is still ours."""
        for suffix, descriptor in self._beside.items():
            if self._is_at(f"{self._absolute}{suffix}", descriptor):
                with contextlib.suppress(OSError):
                    os.unlink(f"{self._absolute}{suffix}")

    def remove(self) -> None:
        """Remove the file itself, if its name still stands for it."""
        if self._is_at(self._absolute, self._descriptor):
            with contextlib.suppress(OSError):
                os.unlink(self._absolute)

    def release(self) -> None:
        """Give it back. Only after SQLite's own descriptors: closing drops the process's locks."""
        for descriptor in (*self._beside.values(), self._descriptor):
            os.close(descriptor)
        self._beside.clear()

    def _is_at(self, name: str, descriptor: int) -> bool:
        try:
            there = os.lstat(name)
        except OSError:
            return False
        held = os.fstat(descriptor)
        return (there.st_dev, there.st_ino) == (held.st_dev, held.st_ino)

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self._fail(error)
        except ValueError as error:  # a NUL byte in the name
            raise CannotWrite(f"{self.path!r}: cannot write: {error}") from None

    def _fail(self, error: OSError) -> NoReturn:
        raise CannotWrite(f"{self.path}: cannot write: {reason(error, self.path)}") from None


#: What the index of -wal takes for 130 MB of it: more than one transaction ever writes.
_INDEX = 256 << 10


def _lock_bytes(descriptor: int, kind: int, span: tuple[int, int]) -> bool:
    """Lock bytes, or let go of them; False if another has them, or if there are no such locks.

    The lock is the open file's, not the process's: so SQLite in this process meets it, too.
    """
    try:
        # struct flock: l_type, l_whence, l_start, l_len, l_pid.
        where = struct.pack("hhqqi4x", kind, os.SEEK_SET, *span, 0)
        fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, where)
    except OSError:
        return False
    return True


def _allocate(shm: int) -> None:
    """Give the shared memory its place on the disk.

    SQLite writes one byte to each 4 KiB of it. With smaller blocks the rest is allocated when it is
    first touched, and on a full disk that ends whoever touches it, by SIGBUS.
    """
    found = os.fstat(shm)
    if found.st_blocks * 512 < found.st_size:
        os.posix_fallocate(shm, 0, _INDEX)
