"""What a recorder tells, and to whom: a writer, or a view of what is going on now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from ..model import (
    FastReading,
    Member,
    Pass,
    ProcessFacts,
    Sample,
    SystemMemory,
    Tick,
)


class Sink(Protocol):
    """Takes what a recorder reads. store.writer.Writer says what the figures are."""

    def tick(self, tick: Tick) -> int:
        """Begin a tick, to which all that is told next belongs."""

    def unchanged(self, processes: int) -> None:
        """How many processes this tick did not read, because nothing showed a change."""

    def too_slow(self) -> None:
        """One more process was not read at this tick: its layout would hold it up for too long."""

    def add_process(self, facts: ProcessFacts) -> int:
        """Take in a process; returns the number under which the others know it."""

    def sample(self, process_id: int, sample: Sample, delay_ns: int | None) -> None:
        """All that this tick found in a process, read from `delay_ns` after it began."""

    def end_process(self, process_id: int) -> None:
        """It was found to have ended."""

    def fast_reading(
        self, process_id: int, time_ns: int, since_ns: int, reading: FastReading
    ) -> None:
        """Figures read between two layouts."""

    def take_pass(self, sums: Pass, members: dict[int, Member]) -> None:
        """Sums over all members of the group at this tick, and the members by process id."""

    def group_mark(self, time_ns: int, private: int, processes: int) -> None:
        """The highest sum of private memory seen between two passes."""

    def system_memory(self, changes: SystemMemory) -> None:
        """The fields of meminfo that changed at this tick."""

    def cgroup(self, version: int, path: str) -> int:
        """Take in a control group; returns the number under which the others know it."""

    def cgroup_figures(self, cgroup_id: int, changes: Mapping[str, int]) -> None:
        """The figures of a cgroup that changed at this tick, by their names in metrics.CGROUP.

        -1: there is no such limit, or the figure could not be read any more.
        """

    def commit(self) -> None:
        """Make everything so far safe."""
