"""The HTML report: one self-contained file with the whole history of a recording.

    write_report(recording, "report.html")
    write_pair_report(At(before), At(after), "difference.html")

The page itself is written in TypeScript and lives in web/; the build of this package bundles it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence

from ..analysis.roles import roles_at
from ..errors import NoProcess
from ..recorded import RecordedProcess
from ..render.escape import escape
from ..render.output import write_whole
from ..store.recording import Recording
from ..store.steps import Steps, silently
from .contents import contents, first_figure
from .packing import pack
from .page import page
from .ticks import read_what_fits
from .verdicts import read_verdicts

__all__ = ["report_text", "write_report"]


def report_text(
    recording: Recording, processes: Sequence[RecordedProcess], tell: Steps = silently
) -> str:
    """Make the page of these processes, as text; `tell` is told how far it is.

    Raises SelectionError if there are none.
    """
    if not processes:
        raise NoProcess(recording.path)
    held = read_what_fits(recording, processes, tell=tell)
    verdicts = read_verdicts(recording, processes, first_figure(recording, held)["figure"], tell)
    header, columns = contents(recording, held, time.time_ns(), verdicts)
    name = escape(os.path.basename(recording.path))
    title = f"{_who(recording, processes)} · {name}"
    data = pack({**header, "file": name, "title": title}, columns)
    return page(title, {"data": data})


def write_report(
    recording: Recording,
    path: str,
    processes: Sequence[RecordedProcess] | None = None,
    tell: Steps = silently,
) -> int:
    """Write the report of these processes (all by default); returns its size in bytes.

    A file that could not be written whole is removed, and one that was there before is kept.

    Raises CannotWrite, SelectionError.
    """
    text = report_text(recording, recording.processes() if processes is None else processes, tell)
    data = text.encode()
    write_whole(path, data)
    return len(data)


def _who(recording: Recording, processes: Sequence[RecordedProcess]) -> str:
    if len(processes) == 1:
        (process,) = processes
        return f"{escape(roles_at(recording.processes())[process.id].label)} ({process.pid})"
    return f"{len(processes)} processes"
