"""Writes an output file whole or not at all, or adds to one that others write to."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Callable, Iterator
from typing import BinaryIO

from ..errors import CannotWrite
from ..own_files import SAFELY, NotOwn, new_database, reason, refusal, whole_file


def write_whole(path: str, data: bytes) -> None:
    """Write a file; one that was there before is kept until the new one is complete.

    It is readable by its owner only, as recordings are. Links, pipes, devices and files of other
    users are refused: what they lead to is not this user's to write.

    /dev/stdout is the standard output of this program, which need not be opened.

    Raises CannotWrite.
    """
    with whole_output(path) as file:
        file.write(data)


@contextlib.contextmanager
def whole_output(path: str) -> Iterator[BinaryIO]:
    """The same for what is written in pieces; what comes before an error goes to no file.

    Raises CannotWrite; errors of another file that is read meanwhile are left as they are.
    """
    try:
        if path == "/dev/stdout":
            yield sys.stdout.buffer
            sys.stdout.flush()
            return
        with whole_file(path) as file:
            yield file
    except BrokenPipeError:
        raise
    except OSError as error:
        if error.filename not in (None, path) and not _is_part(error.filename, path):
            raise
        raise CannotWrite(f"{path}: cannot write: {reason(error, path)}") from None
    except ValueError as error:  # a NUL byte in the name
        if "\0" not in path:
            raise
        raise CannotWrite(f"{path!r}: cannot write: {error}") from None


@contextlib.contextmanager
def whole_folder(path: str) -> Iterator[str]:
    """Make a folder, whose name it gets when all in it is written; after an error there is none.

    Raises CannotWrite, also if the name is taken: a folder cannot be exchanged at once.
    """
    part = f"{path.rstrip('/')}.{os.urandom(4).hex()}.part"
    with _told_as(path):
        if os.path.lexists(path):
            raise CannotWrite(f"{path}: it exists; remove it, or choose another with -o")
        os.mkdir(part, 0o700)
        try:
            yield part
            os.rename(part, path)
        finally:
            shutil.rmtree(part, ignore_errors=True)


@contextlib.contextmanager
def whole_database(path: str) -> Iterator[str]:
    """The same as `write_whole` for a database, which SQLite writes by the name that is given.

    Raises CannotWrite.
    """
    if path == "/dev/stdout":
        with tempfile.TemporaryDirectory() as folder:
            name = os.path.join(folder, "database")
            with _told_as(name):
                yield name
            with open(name, "rb") as file:
                shutil.copyfileobj(file, sys.stdout.buffer)
            sys.stdout.flush()
        return
    with _told_as(path):
        with contextlib.suppress(FileNotFoundError):
            if (why := refusal(os.lstat(path))) is not None:
                raise NotOwn(why)
        with new_database(path) as database:
            yield database.name
            os.fsync(database.descriptor)
            database.replace(path)


@contextlib.contextmanager
def _told_as(path: str) -> Iterator[None]:
    """Errors of a file are told as CannotWrite of the name that it was to get."""
    try:
        yield
    except OSError as error:
        raise CannotWrite(f"{path}: cannot write: {reason(error, path)}") from None


def _is_part(name: object, path: str) -> bool:
    """Whether an error is of the file under the name that it has until it is complete."""
    return os.path.dirname(os.fsdecode(name)) == os.path.dirname(path)  # type: ignore[arg-type]


def append(path: str, most_bytes: int, text_for: Callable[[int], str]) -> None:
    """Add text to a file that others write to as well, as long as it stays within a size.

    `text_for` gets the bytes that are left of `most_bytes`. The file may belong to another user, as
    that of GitHub's runner does inside a container. What a link leads to, and what is no regular
    file, is refused.

    Raises CannotWrite.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | SAFELY, 0o600)
        with open(descriptor, "ab") as file:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise CannotWrite(f"{path}: cannot write: it is not a regular file")
            file.write(text_for(max(most_bytes - status.st_size, 0)).encode())
    except OSError as error:
        raise CannotWrite(f"{path}: cannot write: {reason(error, path)}") from None
    except ValueError as error:  # a NUL byte in the name
        raise CannotWrite(f"{path!r}: cannot write: {error}") from None
