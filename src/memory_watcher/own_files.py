"""Files that this program writes are its user's own: see docs/security.md.

In a folder that others can write to, a name may be a link to somewhere else, a pipe that never
answers, or a file that another user keeps open. None of these is opened, followed or overwritten.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

#: A file that is looked into is never waited for, and is never what a link leads to.
SAFELY = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY


#: What SQLite keeps beside a recording, by its name.
BESIDE = ("-wal", "-shm", "-journal")


def refusal(status: os.stat_result) -> str | None:
    """Why a file must not be written to; None for a regular file of this user."""
    mode = status.st_mode
    if stat.S_ISLNK(mode):
        return "it is a symbolic link; name the file itself"
    if stat.S_ISDIR(mode):
        return "it is a folder"
    if not stat.S_ISREG(mode):
        return "it is not a regular file"
    if status.st_uid != os.geteuid():
        return f"it belongs to another user (uid {status.st_uid}); choose another file"
    return None


def reason(error: OSError, path: str) -> str:
    """What an error of the system means for the one who named the file."""
    if not path:
        return "the name is empty"
    folder = os.path.dirname(path) or "."
    if isinstance(error, FileNotFoundError):
        return f"no folder {folder}; create it, or choose another"
    if isinstance(error, IsADirectoryError):
        return "it is a folder"
    return os.strerror(error.errno) if error.errno else str(error)


def read_small(path: str, most: int) -> bytes:
    """Read a regular file of at most so many bytes, which a link may lead to; never wait for it.

    Raises FileNotFoundError, OSError; ValueError for what is no name of a file.
    """
    _require_regular(os.stat(path))  # before it is opened: a device may act on that
    descriptor = os.open(path, os.O_RDONLY | SAFELY & ~os.O_NOFOLLOW)
    with open(descriptor, "rb") as file:
        _require_regular(os.fstat(descriptor))
        data = file.read(most + 1)
    if len(data) > most:
        raise NotRegular(f"it is larger than {most >> 20} MiB; name another file")
    return data


def _require_regular(status: os.stat_result) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(status.st_mode):
        raise NotRegular("it is not a regular file; save what it gives to one, and name that")


def make_private(descriptor: int) -> None:
    """Let nobody else read an open file, as far as its filesystem knows of users."""
    if stat.S_IMODE(os.fstat(descriptor).st_mode) != 0o600:
        with contextlib.suppress(PermissionError, NotImplementedError):
            os.fchmod(descriptor, 0o600)


#: By so many bytes a new database's path may be longer than its name until it is complete.
ROOM_TO_GROW = 24
#: Of a name that is longer only so many bytes are in that of its unfinished file.
_LONGEST_PART = 200


def _part_of(path: str) -> str:
    """A name beside a file, which nobody can guess.

    Raises NotOwn for a name by which SQLite would take the file for a part of a recording.
    """
    for suffix in BESIDE:
        if path.endswith(suffix) and os.path.lexists(path.removesuffix(suffix)):
            raise NotOwn(f"a {suffix} file belongs to the recording beside it; choose another file")
    folder, name = os.path.split(path)
    short = os.fsdecode(os.fsencode(name)[:_LONGEST_PART])  # names have 255 bytes at most
    return os.path.join(folder, f"{short}.{os.urandom(4).hex()}.part")


def _new(name: str, folder: int | None = None) -> int:
    return os.open(name, os.O_RDWR | os.O_CREAT | os.O_EXCL | SAFELY, 0o600, dir_fd=folder)


def times_open(descriptor: int) -> int:
    """How often this process has the very file open: once more after SQLite opened it by its name.

    Else the name led SQLite to another file: who may write to a folder can exchange what is in it
    for a link to elsewhere.
    """
    try:
        numbers = [int(name) for name in os.listdir("/proc/self/fd")]
    except FileNotFoundError:  # no /proc
        numbers = list(range(1024))
    mine = os.fstat(descriptor)
    found = 0
    for number in numbers:
        with contextlib.suppress(OSError):
            found += os.path.samestat(os.fstat(number), mine)
    return found


class NewDatabase(NamedTuple):
    """An empty file for SQLite in a folder of its own, both open; `name` is how SQLite opens it."""

    name: str
    descriptor: int
    folder: int

    def give_name(self, path: str) -> None:
        """Give the complete file its name; nothing is replaced.

        Raises FileExistsError, OSError.
        """
        part = os.path.basename(self.name)
        try:
            os.link(part, path, src_dir_fd=self.folder)  # unlike rename, it replaces nothing
        except OSError as error:
            if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK):
                raise
            if os.path.lexists(path):  # a filesystem without links
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), path) from None
            self.replace(path)

    def replace(self, path: str) -> None:
        """Give the complete file its name, and take it from another. Raises OSError."""
        os.replace(os.path.basename(self.name), path, src_dir_fd=self.folder)


@contextlib.contextmanager
def new_database(path: str) -> Iterator[NewDatabase]:
    """Make an empty file for SQLite, to get the name `path` once it is complete.

    It has a folder of its own: else who sees it grow could put a -journal beside it, which SQLite
    would obey. Both are removed at the end, and nothing else, whatever the names stand for by then.

    Raises OSError.
    """
    folder = _part_of(path)
    os.mkdir(folder, 0o700)
    try:
        inside = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | SAFELY)
        try:
            name = "recording"
            descriptor = _new(name, inside)
            try:
                yield NewDatabase(os.path.join(folder, name), descriptor, inside)
            finally:
                os.close(descriptor)
                for suffix in ("", *BESIDE):
                    with contextlib.suppress(OSError):
                        os.unlink(f"{name}{suffix}", dir_fd=inside)
        finally:
            os.close(inside)
    finally:
        with contextlib.suppress(OSError):
            os.rmdir(folder)


def sync_folder(path: str) -> None:
    """Make sure that a file's new name outlives a loss of power, where folders can be synced."""
    with contextlib.suppress(OSError):
        descriptor = os.open(os.path.dirname(path) or ".", os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def replace_whole(path: str, data: bytes) -> None:
    """Write a file whole or not at all; an earlier one is kept until then.

    Raises OSError; PermissionError with the reason if the name stands for what must not be written.
    """
    with whole_file(path) as file:
        file.write(data)


@contextlib.contextmanager
def whole_file(path: str) -> Iterator[BinaryIO]:
    """The same for what is written in pieces: it gets its name at the end, and after an error none.

    Raises OSError, as replace_whole.
    """
    with contextlib.suppress(FileNotFoundError):
        if (why := refusal(os.lstat(path))) is not None:
            raise NotOwn(why)
    part = _part_of(path)
    descriptor = _new(part)
    try:
        with open(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(descriptor)
        os.replace(part, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(part)
        raise


class NotRegular(OSError):
    """A file that is to be read is a pipe, a device or a folder, or far too large."""


class NotOwn(OSError):
    """A name stands for what must not be written: a link, a pipe, another user's file."""
