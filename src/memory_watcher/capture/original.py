"""Recordings of the original memory-watcher -> a recording: each file is a run.

KiB become bytes, local times UTC. What the original did not keep is not told: figures but RSS and
PSS, offsets, inodes. Its three OOM columns hold one value among them, or 0, and nothing says which
of the three that is: they are not told either. A row of zeros is not memory of 0: it is a kernel
thread, a process that had ended, or one that could not be read.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime, timezone, tzinfo
from heapq import merge
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from ..errors import SourceError
from ..model import (
    Image,
    LayoutState,
    Machine,
    Mapping,
    MappingUsage,
    ProcessFacts,
    ProcessKey,
    Reading,
    Sample,
    SystemMemory,
    Tick,
    Totals,
    Usage,
    sum_totals,
)
from ..store.original import (
    Id,
    OriginalDatabase,
    OriginalMeasurement,
    OriginalProcess,
    OriginalRange,
)
from ..store.steps import Steps, silently
from ..store.writer import Writer
from ..units import KIB, SECOND

#: The kernel's gate lies here on x86-64; the original kept its address as a rounded number.
_VSYSCALL = 0xFFFF_FFFF_FF60_0000, 0xFFFF_FFFF_FF60_1000
#: So many ticks are made safe at once.
_A_COMMIT = 500


class Told(NamedTuple):
    """What the files do not tell: the zone of their times (None: this machine's).

    And of one of 2018, the PID and the name of its process.
    """

    zone: tzinfo | None
    pid: int
    name: str


class Imported(NamedTuple):
    """What a file held.

    `without_layout` are measurements without any mapping. `wrong` are those whose mappings do not
    add up to the sums that the original kept beside them: it gave two mappings, or two processes,
    the same id.
    """

    processes: int
    measurements: int
    without_layout: int
    wrong: int


def import_original(
    original: OriginalDatabase, writer: Writer, told: Told, tell: Steps = silently
) -> Imported:
    """Add a file of the original's to a recording that is being written, as a run of its own.

    Raises Damaged, SourceError for a time that is none, and the errors of Writer.
    """
    return _Import(original, writer, told, tell).run()


class _Change:
    """How a layout differs from the one before of the same process."""

    def __init__(self, removed: list[MappingUsage], added: list[MappingUsage], layout: _Layout):
        self.removed: Collection[MappingUsage] = removed
        self.added: Collection[MappingUsage] = added
        self._layout = layout
        self.totals: Totals = sum_totals(self.entries())

    def entries(self) -> Collection[MappingUsage]:
        """All of it."""
        return [entry for entry, _ in self._layout.values()]


#: By the id of a mapping: the entry, and the figures (KiB) that it has.
_Layout = dict[Id, tuple[MappingUsage, tuple[int, int]]]


class _Import:
    def __init__(self, original: OriginalDatabase, writer: Writer, told: Told, tell: Steps) -> None:
        self._original, self._writer, self._told, self._tell = original, writer, told, tell
        self._mappings = {each.id: _mapping(each) for each in original.ranges()}
        self._layouts: dict[Id | None, _Layout] = {}
        self._numbers: dict[Id | None, int] = {}  # of the processes that live, in the recording
        self._meminfo: dict[str, int] = {}
        self._without_layout = self._wrong = 0
        self._lives: dict[Id | None, tuple[bool, str]] = {}

    def run(self) -> Imported:
        original, writer = self._original, self._writer
        facts = self._processes()
        count = self._look_ahead()
        writer.start_import(
            Machine(None, None, None, None), sys.argv, are_keys_told=original.has_processes
        )
        for number, (time, tick) in enumerate(self._ticks(), 1):
            self._tell("measurement", number, max(count, number))
            writer.tick(Tick(self._utc(time)))
            measured = [each for each in tick if isinstance(each, OriginalMeasurement)]
            for each in tick:
                if isinstance(each, dict):
                    self._store_meminfo(each)
            self._end_those_that_are_gone(time)
            for measurement in measured:
                self._measure(measurement, facts)
            if number % _A_COMMIT == 0:
                writer.commit()
        return Imported(len(self._lives), count, self._without_layout, self._wrong)

    def _processes(self) -> dict[Id | None, ProcessFacts]:
        if not self._original.has_processes:
            key = ProcessKey(self._told.pid, 0)
            return {None: ProcessFacts(key, Image(self._told.name))}
        return {each.id: _facts(each) for each in self._original.processes()}

    def _look_ahead(self) -> int:
        """Note of each process when it was seen last, and whether it ever had memory; count all."""
        count = 0
        for each in self._original.measurements():
            had_memory, _ = self._lives.get(each.process_id, (False, ""))
            has_memory = each.rss_sum > 0 or any(each.statm or ())
            self._lives[each.process_id] = had_memory or has_memory, each.time
            count += 1
        return count

    def _ticks(self) -> Iterator[tuple[str, list[OriginalMeasurement | dict[str, int]]]]:
        """All that the original read at one time, in order."""
        measured = ((each.time, each) for each in self._original.measurements())
        told = _merged(measured, self._original.system_memory())
        for time, group in groupby(told, key=itemgetter(0)):
            yield time, [each for _, each in group]

    def _utc(self, time: str) -> int:
        """UTC nanoseconds of a local time; of one that comes twice a year the first."""
        try:
            local = datetime.fromisoformat(time)
        except ValueError:
            raise SourceError(f"{self._original.path}: {time[:40]!r} is not a time") from None
        return _nanoseconds(local, self._told.zone)

    def _store_meminfo(self, values: dict[str, int]) -> None:
        changed = {name: size for name, size in values.items() if self._meminfo.get(name) != size}
        self._meminfo.update(changed)
        self._writer.system_memory(
            SystemMemory({name: size * KIB for name, size in changed.items()})
        )

    def _end_those_that_are_gone(self, time: str) -> None:
        """The original measures all that live: who has no measurement any more has ended."""
        for process_id in [each for each in self._numbers if self._lives[each][1] < time]:
            self._writer.end_process(self._numbers.pop(process_id))
            self._layouts.pop(process_id, None)

    def _measure(
        self, measurement: OriginalMeasurement, facts: dict[Id | None, ProcessFacts]
    ) -> None:
        process_id = measurement.process_id
        if process_id not in facts:
            self._wrong += 1
            return
        if process_id not in self._numbers:
            self._numbers[process_id] = self._writer.add_process(facts[process_id])
        change = self._change(measurement)
        state = self._state(measurement, change)
        sample = Sample(_reading(measurement), state, change if state.has_layout else None)
        self._writer.sample(self._numbers[process_id], sample, delay_ns=None)

    def _change(self, measurement: OriginalMeasurement) -> _Change:
        before = self._layouts.get(measurement.process_id, {})
        rows = self._original.usages(measurement.id)
        layout: _Layout = {}
        added = []
        for number, rss, pss in rows:
            known = before.get(number)
            if known is not None and known[1] == (rss, pss):
                layout[number] = known
            elif number in self._mappings and number not in layout:
                usage = Usage(rss=rss * KIB, pss=pss * KIB)
                entry = MappingUsage(self._mappings[number], usage)
                layout[number] = entry, (rss, pss)
                added.append(entry)
        kept = {number for number, each in layout.items() if before.get(number) is each}
        removed = [entry for number, (entry, _) in before.items() if number not in kept]
        if layout:
            self._layouts[measurement.process_id] = layout
        return _Change(removed, added, layout)

    def _state(self, measurement: OriginalMeasurement, change: _Change) -> LayoutState:
        totals = change.totals
        if not totals.mappings:
            self._without_layout += 1
            return self._why_none(measurement)
        sums = measurement.rss_sum * KIB, measurement.pss_sum * KIB
        if sums != (totals.rss, totals.pss):
            self._wrong += 1
            return LayoutState.TORN
        statm = measurement.statm
        if statm is not None and (statm[0] * KIB, statm[1] * KIB) == (totals.size, totals.rss):
            return LayoutState.EXACT
        return LayoutState.UNCHECKED

    def _why_none(self, measurement: OriginalMeasurement) -> LayoutState:
        """Everybody may read statm, so zeros there are told: of a kernel thread, or an end."""
        if measurement.statm is None or any(measurement.statm):
            return LayoutState.UNREADABLE
        had_memory, _ = self._lives[measurement.process_id]
        return LayoutState.GONE if had_memory else LayoutState.KERNEL_THREAD


def _merged(
    measured: Iterable[tuple[str, OriginalMeasurement]],
    system: Iterable[tuple[str, dict[str, int]]],
) -> Iterator[tuple[str, OriginalMeasurement | dict[str, int]]]:
    """Both in order of their times."""
    every: list[Iterable[tuple[str, OriginalMeasurement | dict[str, int]]]] = [measured, system]
    yield from merge(*every, key=itemgetter(0))


def _mapping(told: OriginalRange) -> Mapping:
    start, end = _VSYSCALL if told.name == "[vsyscall]" else (told.start, told.end)
    return Mapping(start, max(start, end), told.perms, 0, 0, 0, told.name)


def _facts(told: OriginalProcess) -> ProcessFacts:
    return ProcessFacts(ProcessKey(told.pid, told.start_time), Image(told.name))


def _reading(measurement: OriginalMeasurement) -> Reading:
    """Statm in bytes; nothing where all of it is 0."""
    if measurement.statm is None or not any(measurement.statm):
        return Reading()
    size, resident, shared, text, data = (figure * KIB for figure in measurement.statm)
    return Reading(size=size, resident=resident, shared=shared, text=text, data=data)


def _nanoseconds(local: datetime, zone: tzinfo | None) -> int:
    moment = local if local.tzinfo is not None else local.replace(tzinfo=zone)
    utc = moment.astimezone(timezone.utc)
    return round(utc.replace(microsecond=0).timestamp()) * SECOND + utc.microsecond * 1000
