"""The processes of a recording beside the one that is recorded."""

from __future__ import annotations

import os
import time
from typing import Any

from ..store.recording import Recording
from ..units import SECOND

#: So many processes are told.
_MOST_PROCESSES = 1000


def processes(path: str, pid: int) -> list[dict[str, Any]]:
    """The processes beside the recorded one: `pid`, `name`, when it started and was seen last.

    Times are UTC nanoseconds; the start is known to 10 ms. `lives`: it was not seen to end.
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
                "last": process.last_seen,
                "lives": not process.ended,
            }
            for process in recording.processes()[:_MOST_PROCESSES]
            if process.pid != pid
        ]
