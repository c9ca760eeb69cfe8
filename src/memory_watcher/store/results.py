"""What a recording answers: facts that were recorded, as frozen values.

Sizes are bytes, times are UTC nanoseconds since 1970, None is what was not reported or not read.
Named tuples rather than dataclasses: making such a class costs a sixth, and these are loaded by a
command that is over in a twentieth of a second.
"""

from __future__ import annotations

from typing import NamedTuple

from ..model import LayoutState, Machine, ProcessKey, Reading, Totals


class RecordedImage(NamedTuple):
    """What one execve (or a new name) put into a process, from `first_tick` on.

    `command_line` is quoted as for a shell; `exe` bears the kernel's ` (deleted)` if it had one.
    """

    first_tick: int
    name: str
    command_line: str | None
    exe: str | None


class RecordedProcess(NamedTuple):
    """One process of a recording; a PID alone may stand for several.

    `id` is its number in this recording, `start_time` clock ticks since boot (captures of a PID
    count up from 0, a number for each name). `parent_pid`, `uid` and `cgroup` are as when it was
    first seen. `first_seen` and `last_seen` are the times of its first and last reading, `end_tick`
    is the tick at which it was found to have ended (None: not seen ending). `images` are in order
    of time. `machine_id` numbers the machine, and its boot, on which it ran.
    """

    id: int
    pid: int
    start_time: int
    parent_pid: int | None
    uid: int | None
    cgroup: str | None
    end_tick: int | None
    first_seen: int | None
    last_seen: int | None
    images: tuple[RecordedImage, ...]
    machine_id: int = 0

    @property
    def first_tick(self) -> int | None:
        """The tick at which it was first seen."""
        return self.images[0].first_tick if self.images else None

    @property
    def key(self) -> ProcessKey:
        """PID and start time."""
        return ProcessKey(self.pid, self.start_time)

    @property
    def ended(self) -> bool:
        """Whether the recorder saw it end."""
        return self.end_tick is not None

    @property
    def name(self) -> str:
        """The last name it had; empty if none was recorded."""
        return self.images[-1].name if self.images else ""

    @property
    def command_line(self) -> str | None:
        """The last command line, quoted as for a shell."""
        return self.images[-1].command_line if self.images else None

    @property
    def exe(self) -> str | None:
        """The last executable."""
        return self.images[-1].exe if self.images else None

    def image_at(self, tick: int) -> RecordedImage | None:
        """Find what it was running at that tick; before its first tick, its first image."""
        found = self.images[0] if self.images else None
        for image in self.images:
            if image.first_tick > tick:
                break
            found = image
        return found

    def program_at(self, tick: int) -> tuple[str, str | None, str | None] | None:
        """Tell what it was running at that tick, to be compared with what others were running."""
        image = self.image_at(tick)
        return None if image is None else (image.name, image.command_line, image.exe)


class RecordedRun(NamedTuple):
    """One start of a recorder on this file.

    `started` and `ended` are the times of its first and last tick; `ended` is None, as
    `end_reason`, when it did not end cleanly. `period_ns` is None for a loaded capture. `cpu_ns`
    and `peak_rss` are what the recorder itself used, `policy` (JSON) how it was told to record.
    `lasted_ns` is from its first tick to its last, whatever happened to the wall clock.
    `max_map_count` is how many mappings the machine let a process have.
    """

    id: int
    machine: Machine
    first_tick: int
    last_tick: int | None
    started: int | None
    ended: int | None
    end_reason: str | None
    period_ns: int | None
    command_line: str
    version: str
    cpu_ns: int | None
    peak_rss: int | None
    policy: str | None
    max_map_count: int | None = None
    lasted_ns: int | None = None


class Measurement(NamedTuple):
    """One process at one instant: the cheap figures, and what is known of its layout.

    `id` is the number of the measurement, `time` when this process was read. `totals` are the sums
    over the layout, None if there is none; `Recording.layout(id)` gives the layout itself.
    `rollup_pss` is PSS without the rounding of each mapping, read now and then. `cpu_ns` and
    `wall_ns` are what reading the layout cost.
    """

    id: int
    process_id: int
    tick: int
    time: int
    state: LayoutState
    reading: Reading
    totals: Totals | None
    rollup_pss: int | None
    cpu_ns: int | None
    wall_ns: int | None

    @property
    def has_layout(self) -> bool:
        """Whether mappings were recorded at this instant."""
        return self.totals is not None

    @property
    def told_figures(self) -> frozenset[str]:
        """Which of pss, rss, uss, swap, swap_pss the sums tell; statm, if it was read."""
        figures = () if self.totals is None else self.totals._asdict().items()
        told = {figure for figure, size in figures if size is not None} - {"mappings", "size"}
        return frozenset(told | ({"statm"} if self.reading.resident is not None else set()))


class HighWaterMark(NamedTuple):
    """The kernel's own mark of the highest RSS, bytes, and the reading that first showed it.

    `since` is the time of the reading before that one: the mark rose between the two. None if
    there was none.
    """

    size: int
    tick: int
    time: int
    since: int | None = None


class FastPoint(NamedTuple):
    """RSS (statm) and high-water mark as read between two layouts, bytes; `time` UTC nanoseconds.

    `since` is how long before, in nanoseconds, they were read the last time.
    """

    time: int
    since: int
    resident: int
    high_water_mark: int | None


class ProcessMoment(NamedTuple):
    """One process as it was last seen at or before some tick.

    `latest` is its last reading; `layout` the last one with a layout, None if there is none or
    if what was found since then says why there can be none (`latest.state`).
    """

    process: RecordedProcess
    latest: Measurement
    layout: Measurement | None
