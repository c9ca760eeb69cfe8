"""Files that this program writes are its user's own: see docs/security.md.

In a folder that others can write to, a name may be a link to somewhere else, a pipe that never
answers, or a file that another user keeps open. None of these is opened, followed or overwritten.
"""

from __future__ import annotations

import contextlib
import os
import stat

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
        return "it is no regular file"
    if status.st_uid != os.geteuid():
        return f"it belongs to another user (uid {status.st_uid}); name another file"
    return None


def reason(error: OSError, path: str) -> str:
    """What an error of the system means for the one who named the file."""
    if not path:
        return "the name is empty"
    folder = os.path.dirname(path) or "."
    if isinstance(error, FileNotFoundError):
        return f"there is no folder {folder}"
    if isinstance(error, IsADirectoryError):
        return "it is a folder"
    return os.strerror(error.errno) if error.errno else str(error)


def make_private(descriptor: int) -> None:
    """Let nobody else read an open file, as far as its filesystem knows of users."""
    if stat.S_IMODE(os.fstat(descriptor).st_mode) != 0o600:
        with contextlib.suppress(PermissionError, NotImplementedError):
            os.fchmod(descriptor, 0o600)


def new_part(path: str) -> tuple[int, str]:
    """Make an empty file beside another, to take its place once it is complete.

    Returns its descriptor and its name, which nobody can guess. Raises OSError; NotOwn for a name
    by which SQLite would take the file for a part of the recording beside it.
    """
    for suffix in BESIDE:
        if path.endswith(suffix) and os.path.lexists(path.removesuffix(suffix)):
            raise NotOwn(f"a {suffix} file belongs to the recording beside it; name another file")
    name = f"{path}.{os.urandom(4).hex()}.part"
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | SAFELY
    return os.open(name, flags, 0o600), name


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
    with contextlib.suppress(FileNotFoundError):
        if (why := refusal(os.lstat(path))) is not None:
            raise NotOwn(why)
    descriptor, part = new_part(path)
    try:
        with open(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(descriptor)
        os.replace(part, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(part)
        raise


class NotOwn(OSError):
    """A name stands for what must not be written: a link, a pipe, another user's file."""
