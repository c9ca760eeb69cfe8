"""What a recording holds, as types: rows of ticks, readings, sums, passes.

Sizes are bytes, times UTC nanoseconds, None is what was not reported.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

from .model import LayoutState


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


class MeminfoRow(NamedTuple):
    """A change of a field of /proc/meminfo: bytes, or a count; None: it was no figure."""

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
