"""Writes an output file whole or not at all."""

from __future__ import annotations

import sys

from ..errors import CannotWrite
from ..own_files import reason, replace_whole


def write_whole(path: str, data: bytes) -> None:
    """Write a file; one that was there before is kept until the new one is complete.

    It is readable by its owner only, as recordings are. Links, pipes, devices and files of other
    users are refused: what they lead to is not this user's to write.

    /dev/stdout is the standard output of this program, which need not be opened.

    Raises CannotWrite.
    """
    try:
        if path == "/dev/stdout":
            sys.stdout.buffer.write(data)
            sys.stdout.flush()
            return
        replace_whole(path, data)
    except OSError as error:
        raise CannotWrite(f"{path}: cannot write: {reason(error, path)}") from None
    except ValueError as error:  # a NUL byte in the name
        raise CannotWrite(f"{path!r}: cannot write: {error}") from None
