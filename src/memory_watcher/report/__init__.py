"""The HTML report: one self-contained file with the whole history of a recording.

    write_report(recording, "report.html")

The page itself is written in TypeScript and lives in web/; the build of this package bundles it.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Sequence

from ..errors import CannotWrite, SelectionError
from ..render.escape import escape
from ..store.recording import Recording
from ..store.results import RecordedProcess
from .columns import pack
from .contents import contents
from .page import page
from .ticks import read_what_fits

__all__ = ["report_text", "write_report"]


def report_text(recording: Recording, processes: Sequence[RecordedProcess]) -> str:
    """Make the page of these processes, as text.

    Raises SelectionError if there are none.
    """
    if not processes:
        raise SelectionError(f"{recording.path}: the recording holds no process")
    held = read_what_fits(recording, processes)
    header, columns = contents(recording, held, time.time_ns())
    name = escape(os.path.basename(recording.path))
    title = f"{_who(processes)} · {name}"
    return page(title, pack({**header, "file": name, "title": title}, columns))


def write_report(
    recording: Recording, path: str, processes: Sequence[RecordedProcess] | None = None
) -> int:
    """Write the report of these processes (all by default); returns its size in bytes.

    A file that could not be written whole is removed, and one that was there before is kept.

    Raises CannotWrite, SelectionError.
    """
    text = report_text(recording, recording.processes() if processes is None else processes)
    data = text.encode()
    try:
        if os.path.exists(path) and not os.path.isfile(path):
            return _write(path, data)  # /dev/stdout and the like
        return _replace(path, data)
    except OSError as error:
        raise CannotWrite(f"{path}: cannot write: {error.strerror}") from None


def _replace(path: str, data: bytes) -> int:
    """Write beside it first: whatever happens, there is never half a report."""
    unfinished = f"{path}.{os.getpid()}.part"
    try:
        # Readable by its owner only, as the recording: it holds address layouts.
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "wb") as file:
            file.write(data)
        os.replace(unfinished, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(unfinished)
        raise
    return len(data)


def _write(path: str, data: bytes) -> int:
    with open(path, "wb") as file:
        return file.write(data)


def _who(processes: Sequence[RecordedProcess]) -> str:
    if len(processes) == 1:
        return f"{escape(processes[0].name)} ({processes[0].pid})"
    return f"{len(processes)} processes"
