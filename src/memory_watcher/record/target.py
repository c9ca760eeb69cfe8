"""One process that is being recorded."""

from __future__ import annotations

from ..model import FastReading
from ..procfs.process_files import ProcessFiles
from .sampler import ProcessSampler
from .throttle.schedule import LayoutSchedule


class Target:
    """A process being recorded: where it is read, when, and its number in the recording."""

    __slots__ = (
        *("bare_ns", "fast", "fast_ns", "fast_since_ns", "process_id", "read_fast"),
        *("is_changing", "sampler", "schedule", "since_ns"),
    )

    def __init__(
        self, sampler: ProcessSampler, schedule: LayoutSchedule, process_id: int, since_ns: int
    ) -> None:
        """`since_ns` is when it came in, by the monotonic clock."""
        self.sampler = sampler
        self.read_fast = sampler.files.fast_reading
        self.schedule = schedule
        self.process_id = process_id
        self.bare_ns = 0  # CPU time of merely reading its last layout
        self.fast: FastReading | None = None  # the last one, of a pass or of a tick
        self.since_ns = self.fast_ns = since_ns
        self.is_changing = False  # whether the last fast pass found other figures
        self.fast_since_ns: int | None = None  # time since the one before, if it was not stored

    @property
    def files(self) -> ProcessFiles:
        """Where it is read."""
        return self.sampler.files

    @property
    def parent_pid(self) -> int | None:
        """Who started it, as far as is known."""
        return self.sampler.facts.parent_pid

    @property
    def layout_cost_ns(self) -> int:
        """What its next layout is expected to cost; nothing is known of the first one."""
        return self.schedule.expected_ns(self.bare_ns)

    @property
    def pid(self) -> int:
        """Its number on its machine."""
        return self.sampler.files.pid
