"""Pulses: what tells whether the memory of a process stood still, before and after a round.

Nearly all processes of a machine sleep. What one of them showed when it was last looked at stands
if it has not run since: so its pulse is known without reading and parsing it anew.
"""

from __future__ import annotations

import time
from typing import NamedTuple

from ..errors import NoSuchProcess
from ..procfs.process_files import ProcessFiles
from ..procfs.resting import Still
from ..units import SECOND
from .boundary import supervised
from .clock import Time

#: What was on a CPU when schedstat was read, and still is, shows there by now: the kernel counts at
#: each of its ticks (1 to 10 ms), and once a second where a CPU has none (nohz_full).
_SHOWS_NS = 2 * SECOND


class Pulse(NamedTuple):
    """What tells whether a process's memory stood still; bytes, and a count of minor faults."""

    resident: int
    shared: int
    faults: int
    is_forked: bool  # it still runs what its parent ran

    @property
    def private(self) -> int:
        """What is nobody else's, but for what is still as a fork left it."""
        return self.resident - self.shared


class _Known(NamedTuple):
    still: Still
    since_ns: int  # when it was seen first
    pulse: Pulse

    def proves(self, now_ns: int) -> bool:
        """Whether the pulse stands if both files still say the same."""
        return self.still.name == "stat" or now_ns - self.since_ns >= _SHOWS_NS


class Pulses:
    """Takes pulses, and remembers them with what told that the process stood still."""

    def __init__(self, time: Time = time) -> None:
        self._time = time
        self._known: dict[int, _Known] = {}

    @supervised
    def take(self, process_id: int, files: ProcessFiles) -> Pulse:
        """The pulse of now: 5 us of what sleeps, else 20.

        Raises NoSuchProcess, also of a process that has let go of its memory.
        """
        known, now = self._known.get(process_id), self._time.monotonic_ns()
        if known is not None and known.proves(now) and files.is_as(known.still):
            return known.pulse
        still = files.still()  # before the others: if it runs now, that will show
        pulse = take_pulse(files)
        # Its only thread, which lives, is what schedstat tells of.
        if still is None or (still.name == "schedstat" and not files.has_one_thread):
            self._known.pop(process_id, None)
        else:
            since_ns = known.since_ns if known is not None and known.still == still else now
            self._known[process_id] = _Known(still, since_ns, pulse)
        return pulse

    def forget(self, process_id: int) -> None:
        """It has ended."""
        self._known.pop(process_id, None)


@supervised
def take_pulse(files: ProcessFiles) -> Pulse:
    """Read statm and stat: 15 us.

    Raises NoSuchProcess, also of a process that has let go of its memory.
    """
    stat = files.stat()
    statm = files.statm()
    files.has_one_thread = stat.threads == 1
    if stat.has_ended or statm.size == 0:
        files.has_one_thread = False
        if not files.follow_living_thread():
            raise NoSuchProcess(f"process {files.pid}: it has exited")
        statm = files.statm()
    sizes = statm.resident or 0, statm.shared or 0
    return Pulse(*sizes, stat.minor_faults or 0, stat.has_not_called_exec)
