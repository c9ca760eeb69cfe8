"""What a recording holds, as types: rows of ticks, readings, sums, passes.

Sizes are bytes, times UTC nanoseconds, None is what was not reported or not read.
Named tuples rather than dataclasses: making such a class costs a sixth, and these are loaded by a
command that is over in a twentieth of a second.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, Protocol

from .model import LayoutState, Machine, ProcessKey, Reading, Totals

#: By which figure a peak is asked for: of the layout, or statm's resident.
PeakFigure = Literal["pss", "rss", "uss", "statm"]
#: Figures whose highest and lowest measurement can be found.
StoredFigure = Literal[PeakFigure, "swap", "hugetlb"]
#: By which figure the worst moment of a machine is asked for.
SystemFigure = Literal["MemAvailable", "MemAvailableComputed"]


class InstantRow(Protocol):
    """A row of one tick: a TickRow or a ReadingRow."""

    @property
    def tick(self) -> int:
        """The number of the tick."""

    @property
    def time(self) -> int:
        """Its place on the axis of the recording: see `clocks`."""

    @property
    def run_id(self) -> int:
        """The run of the recorder."""


class TickRow(NamedTuple):
    """A tick at its place on the axis; `cause` is why it was made, None for a deadline."""

    tick: int
    time: int
    run_id: int
    cause: str | None


class OwnCpuRow(NamedTuple):
    """Counters of a recorder at a tick: its CPU time and passes between ticks since its start.

    `time` is UTC; `too_slow` counts layouts left out from this tick on until the next row's.
    """

    run_id: int
    time: int
    monotonic_ns: int
    cpu_ns: int
    fast_passes: int | None
    too_slow: int


class ReadingRow(NamedTuple):
    """What a tick read of a process, without its sums.

    `state` is the number of a LayoutState: making these of hundreds of thousands would take long.
    `keyframe` is the tick of the oldest rows of its layout, None if it has none.
    """

    tick: int
    time: int
    run_id: int
    state: int
    keyframe: int | None
    resident: int | None
    high_water_mark: int | None


class StatmRow(NamedTuple):
    """What a tick read of a process's statm, bytes; `state` is the number of a LayoutState."""

    tick: int
    time: int
    run_id: int
    state: int
    resident: int | None
    shared: int | None


class MeminfoRow(NamedTuple):
    """A change of a field of /proc/meminfo: bytes, or a count; None: it was no figure."""

    tick: int
    field: str
    value: int | None


class CgroupRow(NamedTuple):
    """A change of a figure of a control group: bytes; counts under `events.`.

    None: there is no such limit, or the figure could not be read any more.
    """

    tick: int
    field: str
    value: int | None


class SumRow(NamedTuple):
    """The sums of a layout of a process."""

    tick: int
    pss: int | None
    rss: int | None
    uss: int | None
    swap: int | None


class ThreadRow(NamedTuple):
    """How many threads a process had at a reading; `state` is the number of a LayoutState."""

    tick: int
    state: int
    threads: int | None


class StoredSum(NamedTuple):
    """What a layout came to when it was read: how many mappings, and one figure's sum."""

    tick: int
    mappings: int | None
    size: int | None


class PassRow(NamedTuple):
    """One round over all living members, one right after the other: see table `passes`.

    `sums` are over the counted members; `moved` is the most they may be off. `layouts` is how many
    members' standing layouts are of this very pass.
    """

    tick: int
    time: int
    run_id: int
    wall_ns: int
    processes: int
    lacking: int
    moved: int
    layouts: int
    private: int | None
    rss: int | None
    pss: int | None
    uss: int | None
    swap_pss: int | None


class RollupRow(NamedTuple):
    """A process's figures at all passes from `first_tick` on, up to its next row or its end.

    `counted` is 0 if it shows its parent's memory, which is counted there; all None: unreadable.
    """

    process_id: int
    first_tick: int
    counted: int
    rss: int | None
    pss: int | None
    uss: int | None
    swap_pss: int | None


class GroupMark(NamedTuple):
    """The highest sum of private memory seen between two passes, where it was above both."""

    time: int
    private: int
    processes: int
    run_id: int


class LayoutRow(NamedTuple):
    """What one tick read of a process; the figures are sums over its layout.

    `cause` is why the tick was made, None for a deadline. The layout was read from `delay_ns` after
    the tick's time on, and that took `wall_ns`. `resident` is statm's, `faults` are counted since
    the process's start.
    """

    tick: int
    time: int
    run_id: int
    cause: str | None
    process_id: int
    state: LayoutState
    delay_ns: int
    wall_ns: int
    mappings: int | None
    size: int | None
    rss: int | None
    pss: int | None
    uss: int | None
    swap: int | None
    swap_pss: int | None
    resident: int | None
    faults: int | None


class RssFacts(NamedTuple):
    """What is known of the highest RSS of a process besides its layouts; bytes, nanoseconds.

    `mark` is the highest VmHWM read, `tolerance` by how much the kernel's counters may be off.
    `unseen_ns` is how long it lived on after the mark was read last, None if it was not seen
    ending; `execves` is how often a mark was given up for a new one. `max_rss` is ru_maxrss as its
    parent was told: of that `inherited` may be of what ran before its first execve, and all of it
    that of a child it waited for if it `had_children`. None: not known.
    """

    mark: int | None
    tolerance: int | None
    unseen_ns: int | None = None
    execves: int = 0
    max_rss: int | None = None
    inherited: int | None = None
    had_children: bool = False


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
    and `peak_rss` are what the recorder itself used, `policy` (JSON) how it was to record.
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
    `wall_ns` are what reading the layout cost. `keyframe` is the tick of the oldest rows of its
    layout, None without one.
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
    keyframe: int | None = None

    @property
    def has_layout(self) -> bool:
        """Whether mappings were recorded at this instant."""
        return self.totals is not None

    @property
    def told_figures(self) -> frozenset[str]:
        """Which of pss, rss, uss, swap, swap_pss the sums have; statm, if it was read."""
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


class RecordedSelection(NamedTuple):
    """What one run recorded: see table `selections` of the schema."""

    run_id: int
    kind: str
    description: str
    root_pid: int | None
    too_short: int | None


class RecordedContainer(NamedTuple):
    """What a runtime calls a container, of Kubernetes its pod and namespace; None: not found."""

    name: str | None
    pod: str | None
    namespace: str | None
    image: str | None


class RuntimeReport(NamedTuple):
    """What a process's runtime said of its memory at a time (UTC, ns), as text."""

    time: int
    source: str
    text: str


class RecordedExit(NamedTuple):
    """How a process ended: its exit code, or else the signal.

    `max_rss` (ru_maxrss, bytes) is its highest RSS, or that of a child it waited for, or of what
    ran before its first execve: that was at most `inherited` (None: not reported).
    """

    code: int | None
    signal: int | None
    max_rss: int
    inherited: int | None = None


class PeakRow(NamedTuple):
    """The highest figures of a process, bytes (`mappings`: how many); None: none was recorded."""

    rss: int | None
    pss: int | None
    high_water_mark: int | None
    swap: int | None = None
    hugetlb: int | None = None
    mappings: int | None = None


class Day(NamedTuple):
    """A day of UTC of a recording: `number` counts from 1970, times are those of its ticks."""

    number: int
    first_tick: int
    last_tick: int
    ticks: int
    first_ns: int
    last_ns: int


class DayFigures(NamedTuple):
    """What was read of a process on a day: counts, times (UTC, ns), highest figures in bytes.

    `high_water_mark` is VmHWM, which may be of a day before.
    """

    readings: int
    layouts: int
    first_ns: int
    last_ns: int
    max_rss: int | None
    high_water_mark: int | None
    max_uss: int | None
    max_swap: int | None
    max_mappings: int | None


class KeptLayout(NamedTuple):
    """The highest layout of some time; `figure` names what `size`, in bytes, is."""

    tick: int
    state: LayoutState
    size: int
    figure: str
