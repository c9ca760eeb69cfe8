"""Writes an output file whole or not at all."""

from __future__ import annotations

import contextlib
import os

from ..errors import CannotWrite


def write_whole(path: str, data: bytes) -> None:
    """Write a file; one that was there before is kept until the new one is complete.

    It is readable by its owner only, as recordings are. Devices and pipes are written to directly.

    Raises CannotWrite.
    """
    try:
        if os.path.exists(path) and not os.path.isfile(path):
            with open(path, "wb") as file:
                file.write(data)
        else:
            _replace(path, data)
    except OSError as error:
        raise CannotWrite(f"{path}: cannot write: {error.strerror}") from None


def _replace(path: str, data: bytes) -> None:
    unfinished = f"{path}.{os.getpid()}.part"
    try:
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "wb") as file:
            file.write(data)
        os.replace(unfinished, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(unfinished)
        raise
