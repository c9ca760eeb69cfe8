"""The processes of a recording beside the one that is recorded."""

from __future__ import annotations

import os
import time
from contextlib import closing
from typing import Any

from ..errors import SourceError
from ..model import LayoutState
from ..procfs.process import has_ended
from ..procfs.source import ProcSource
from ..recorded import RecordedProcess
from ..store.recording import Recording
from ..units import SECOND

#: So many processes are told.
_MOST_PROCESSES = 1000


def processes(source: ProcSource, path: str, pid: int) -> list[dict[str, Any]]:
    """The processes beside the recorded one: `pid`, `name`, when it started, was last seen alive.

    Times are UTC nanoseconds; the start is known to 10 ms. `lives`: it does now.
    """
    # Of what the kernel counts from its boot on; the machine's sleep counts.
    boot_ns = time.time_ns() - time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    per_second = os.sysconf("SC_CLK_TCK")
    with Recording(path) as recording:
        return [
            {
                "pid": process.pid,
                "name": process.name,
                "started": boot_ns + process.start_time * SECOND // per_second,
                "last": _last_alive(recording, process),
                "lives": _lives(source, process),
            }
            for process in recording.processes()[:_MOST_PROCESSES]
            if process.pid != pid
        ]


def _last_alive(recording: Recording, process: RecordedProcess) -> int | None:
    """The last of its readings may be of its end, which is seen late on a busy machine."""
    for row in reversed(recording.reading_rows(process.id)):
        if not LayoutState(row.state).has_ended:
            return recording.axis.wall(row.time)
    return None


def _lives(source: ProcSource, process: RecordedProcess) -> bool:
    try:
        files = source.open_process(process.pid, keep_open=False)
        with closing(files):
            stat = files.stat()
    except SourceError:
        return False
    return stat.start_time == process.start_time and not has_ended(stat.state)
