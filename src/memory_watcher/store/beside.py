"""What lies beside a recording's file, and whether somebody writes to it: SQLite's -wal and -shm.

Nothing is opened that could be waited for, and no lock is taken: a reader that asked for one could
keep a recorder from starting.
"""

from __future__ import annotations

import os
import stat
from typing import NamedTuple

from ..errors import CannotWrite, StoreError
from ..own_files import BESIDE, SAFELY

_JOURNAL_MAGIC = bytes.fromhex("d9d505f920a163d7")
_WAL_HEADER = 32
_MAGIC = b"SQLite format 3\0"


class State(NamedTuple):
    """A file and its -wal at one instant; what is not there is ()."""

    file: tuple[int, ...]
    wal: tuple[int, ...]
    wal_header: bytes


def state(path: str) -> State:
    """Tell what changes when somebody writes: times, sizes, the header when -wal begins anew."""
    wal = f"{path}-wal"
    return State(_fingerprint(path), _fingerprint(wal), _head(wal, _WAL_HEADER))


def is_still_valid(before: State, after: State) -> bool:
    """Whether what was read between two states was consistent: -wal may have grown meanwhile."""
    return (
        before.file == after.file
        and before.wal_header == after.wal_header
        and before.wal[:2] == after.wal[:2]
        and before.wal[2:3] <= after.wal[2:3]
    )


def has_wal(path: str) -> bool:
    """Whether something may be committed that is not in the file itself."""
    return _size(f"{path}-wal") > 0 and not has_another_wal(path)


def has_another_wal(path: str) -> bool:
    """Whether a -wal lies beside a file that was closed whole: it is of another database.

    A file's header says that it has a -wal before there is one, and as long as there is.
    """
    head = _head(path, 20)
    return (head[:16], head[18:20]) == (_MAGIC, b"\1\1") and os.path.lexists(f"{path}-wal")


def has_hot_journal(path: str) -> bool:
    """Whether an interrupted change of the file itself waits to be undone."""
    return _head(f"{path}-journal", 8) == _JOURNAL_MAGIC


def has_strange_journal(path: str) -> bool:
    """Whether a -journal is none that SQLite leaves of a recording.

    One that ends in the magic number names one more file, which SQLite would remove. It does so
    whatever the first byte is, as long as that is not zero.

    Raises OSError.
    """
    try:
        with open(f"{path}-journal", "rb", opener=_opener) as file:
            head = file.read(8)
            file.seek(max(0, os.fstat(file.fileno()).st_size - 8))
            tail = file.read(8)
    except FileNotFoundError:
        return False
    is_used = head[:1] not in (b"", b"\0")
    return tail == _JOURNAL_MAGIC or (is_used and head != _JOURNAL_MAGIC)


#: SQLite's MAX_PATHNAME, bytes of a whole path.
_LONGEST_PATH = 512
_LONGEST_NAME = 255 - len("-journal")


def refuse_leftovers(path: str) -> None:
    """Refuse a name for a new file beside which parts of another recording lie.

    Raises CannotWrite.
    """
    for suffix in BESIDE:
        if os.path.lexists(f"{os.path.abspath(path)}{suffix}"):
            raise CannotWrite(
                f"{path}: cannot write: {path}{suffix} lies there, but it belongs to a recording"
                " that was moved or deleted: move it there, or remove it"
            )


def refuse_long_path(path: str, name: str, room: int = 0) -> None:
    """Refuse a path that SQLite cannot open, with `room` more bytes; `name` is the user's word.

    Raises StoreError.
    """
    length = len(os.fsencode(os.path.abspath(path)))
    if length > _LONGEST_PATH - room:
        raise StoreError(
            f"{name}: its whole path has {length} bytes; at most {_LONGEST_PATH - room} work here."
            " Use a folder with a shorter path"
        )
    of_name = len(os.fsencode(os.path.basename(path)))
    if room and of_name > _LONGEST_NAME:
        raise StoreError(
            f"{name}: its name has {of_name} bytes; at most {_LONGEST_NAME} work, because -wal and"
            " -journal files are named after it. Use a shorter name"
        )


def real_path(path: str) -> str:
    """Where a file is without symbolic links, as SQLite finds it.

    Links in /proc (root, cwd, fd) lead elsewhere than their text says: into another mount
    namespace, or to a deleted file. SQLite goes by the text, and would read another file.

    Raises StoreError.
    """
    real = os.path.realpath(path)
    refuse_long_path(real, path)
    try:
        meant = os.stat(path)
    except (OSError, ValueError):
        return real
    try:
        is_there = os.path.samestat(meant, os.stat(real))
    except OSError:
        is_there = False
    if stat.S_ISREG(meant.st_mode) and not is_there:
        raise StoreError(
            f"{path}: the path goes through a link in /proc that SQLite cannot follow: copy the"
            " file, and its -wal if there is one"
        )
    return real


def refuse_of_another_user(path: str, name: str) -> None:
    """Refuse a -wal or -journal with another owner than the file, which `name` stands for in words.

    SQLite opens both where there is a -wal, and as root gives them to the file's owner, whoever's
    they were before. It would wait for a pipe.

    Raises StoreError.
    """
    if not (has_wal(path) or has_hot_journal(path)):
        return  # then nothing beside the file is opened
    for suffix in ("-wal", "-journal"):
        try:
            found = os.lstat(f"{path}{suffix}")
            owners = os.stat(path).st_uid, found.st_uid
        except OSError:
            continue
        if not stat.S_ISREG(found.st_mode):
            raise StoreError(
                f"{name}{suffix}: it is no regular file, so not of a recording: move it away"
            )
        if owners[0] != owners[1]:
            raise StoreError(
                f"{name}{suffix}: it belongs to uid {owners[1]}, and {name} to uid {owners[0]}, so"
                " it is of another recording: move it away, or copy all of them"
            )


def starts_as_sqlite(path: str) -> bool:
    """Whether the file begins as SQLite's do."""
    return _head(path, 16) == _MAGIC


def is_in_wal_mode(path: str) -> bool:
    """Whether the file's own header says that it has a -wal while it is written."""
    head = _head(path, 20)
    return head[:16] == _MAGIC and head[18:20] == b"\2\2"


def is_being_recorded(path: str) -> bool:
    """Whether a recorder that this process can know of holds the file's lock."""
    try:
        inode = str(os.stat(path).st_ino)
        with open("/proc/locks", encoding="ascii") as locks:
            held = [line.split() for line in locks]
    except (OSError, ValueError):
        return False
    # 1: FLOCK ADVISORY WRITE 4711 fe:00:123 0 EOF; filesystems in layers have several devices.
    return any(
        words[1:2] == ["FLOCK"] and words[3] == "WRITE" and words[5].rpartition(":")[2] == inode
        for words in held
        if len(words) > 5
    )


def is_trusted(path: str) -> bool:
    """Whether nobody but this user and root can change the files: only then may memory be shared.

    Who cuts a mapped file short ends the process that reads there, by SIGBUS.
    """
    for name in (path, f"{path}-wal", f"{path}-shm"):
        try:
            found = os.lstat(name)
        except OSError:
            return False
        if (
            not stat.S_ISREG(found.st_mode)
            or found.st_uid not in (os.geteuid(), 0)
            or found.st_mode & 0o022
        ):
            return False
    return True


def _size(path: str) -> int:
    try:
        found = os.stat(path)
    except OSError:
        return 0
    return found.st_size if stat.S_ISREG(found.st_mode) else 0


def _fingerprint(path: str) -> tuple[int, ...]:
    try:
        found = os.stat(path)
    except OSError:
        return ()
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)


def _head(path: str, length: int) -> bytes:
    try:
        with open(path, "rb", opener=_opener, buffering=0) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                return b""
            return file.read(length) or b""
    except OSError:
        return b""


def _opener(path: str, flags: int) -> int:
    return os.open(path, flags | SAFELY)
