"""One recorder, several sinks: a recording and a view of what is going on."""

from __future__ import annotations

from collections.abc import Mapping

from ..model import (
    FastReading,
    Member,
    Pass,
    ProcessFacts,
    Sample,
    SystemMemory,
    Tick,
)
from .sink import Sink


class Tee(Sink):
    """Passes all on to each sink, to each with the numbers that it gave to processes and ticks.

    The recorder knows the numbers of the first.
    """

    def __init__(self, first: Sink, *others: Sink) -> None:
        self._first = first
        self._others = others
        self._numbers: tuple[dict[int, int], ...] = tuple({} for _ in others)
        self._cgroups: tuple[dict[int, int], ...] = tuple({} for _ in others)

    def tick(self, tick: Tick) -> int:
        """Begin a tick."""
        number = self._first.tick(tick)
        for sink in self._others:
            sink.tick(tick)
        return number

    def unchanged(self, processes: int) -> None:
        """How many were not read."""
        for sink in (self._first, *self._others):
            sink.unchanged(processes)

    def too_slow(self) -> None:
        """One more was not read, which would have been held up."""
        for sink in (self._first, *self._others):
            sink.too_slow()

    def add_process(self, facts: ProcessFacts) -> int:
        """Take in a process."""
        number = self._first.add_process(facts)
        for sink, numbers in zip(self._others, self._numbers, strict=True):
            numbers[number] = sink.add_process(facts)
        return number

    def sample(self, process_id: int, sample: Sample, delay_ns: int | None) -> None:
        """All that this tick found in a process."""
        self._first.sample(process_id, sample, delay_ns)
        for sink, numbers in zip(self._others, self._numbers, strict=True):
            sink.sample(numbers[process_id], sample, delay_ns)

    def end_process(self, process_id: int) -> None:
        """It was found to have ended."""
        self._first.end_process(process_id)
        for sink, numbers in zip(self._others, self._numbers, strict=True):
            sink.end_process(numbers.pop(process_id))

    def fast_reading(
        self, process_id: int, time_ns: int, since_ns: int, reading: FastReading
    ) -> None:
        """Figures read between two layouts."""
        self._first.fast_reading(process_id, time_ns, since_ns, reading)
        for sink, numbers in zip(self._others, self._numbers, strict=True):
            sink.fast_reading(numbers[process_id], time_ns, since_ns, reading)

    def take_pass(self, sums: Pass, members: dict[int, Member]) -> None:
        """Sums over all members of the group; one that has ended is a member to its last pass."""
        self._first.take_pass(sums, members)
        for sink, numbers in zip(self._others, self._numbers, strict=True):
            known = {numbers[each]: member for each, member in members.items() if each in numbers}
            sink.take_pass(sums, known)

    def group_mark(self, time_ns: int, private: int, processes: int) -> None:
        """The highest sum of private memory between two passes."""
        for sink in (self._first, *self._others):
            sink.group_mark(time_ns, private, processes)

    def system_memory(self, changes: SystemMemory) -> None:
        """The fields of meminfo that changed."""
        for sink in (self._first, *self._others):
            sink.system_memory(changes)

    def cgroup(self, version: int, path: str) -> int:
        """Take in a control group."""
        number = self._first.cgroup(version, path)
        for sink, numbers in zip(self._others, self._cgroups, strict=True):
            numbers[number] = sink.cgroup(version, path)
        return number

    def cgroup_figures(self, cgroup_id: int, changes: Mapping[str, int]) -> None:
        """The figures of a cgroup that changed."""
        self._first.cgroup_figures(cgroup_id, changes)
        for sink, numbers in zip(self._others, self._cgroups, strict=True):
            sink.cgroup_figures(numbers[cgroup_id], changes)

    def commit(self) -> None:
        """Make everything so far safe."""
        for sink in (self._first, *self._others):
            sink.commit()
