"""All layouts of a process, one after the other, each told as what changed: for whole histories.

Memory is taken by the mappings that live at one time and, some 200 bytes each, by all there ever
were; never by one row for each mapping and tick.
"""

from __future__ import annotations

import heapq
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Mapping as Headers
from itertools import chain
from operator import add
from typing import Any, Literal, NamedTuple

from ..analysis.identity import identify
from ..analysis.kinds import Attribution, Kind
from ..analysis.kinds_over_time import attribute_rows
from ..metrics import USAGE, USS, Metric
from ..model import VOLATILE_FIELDS, LayoutState, Mapping, Usage, is_gate, size_beside
from ..recorded import Measurement, RecordedProcess
from ..store.recording import Recording
from .usages import evidence_of

By = Literal["kind", "name", "mapping"]
#: By name, with the parts of a library (its code, its data) apart.
Parted = Literal[By, "part"]

_STORED = tuple(metric for metric in USAGE if metric.over_mappings)
#: What is added up of each group, in this order: bytes.
FIGURES: tuple[Metric, ...] = (*_STORED, USS)
_CHANGING = Usage._fields[:VOLATILE_FIELDS]
_SELDOM = tuple(metric.name for metric in _STORED if metric.name not in _CHANGING)
_CLEAN, _DIRTY = _CHANGING.index("private_clean"), _CHANGING.index("private_dirty")
_HUGE = _SELDOM.index("private_hugetlb")


class Sums(NamedTuple):
    """What a group of mappings comes to: how many they are, and bytes.

    `size` is their address space as the kernel counts it; `figures` are those of FIGURES, None
    where a mapping lacks it.
    """

    mappings: int
    size: int
    figures: tuple[int | None, ...]

    def figure(self, name: str) -> int | None:
        """One of FIGURES by its name."""
        return self.figures[POSITIONS[name]]


#: Where a figure stands in `Sums.figures`.
POSITIONS = {metric.name: position for position, metric in enumerate(FIGURES)}


class Group:
    """Mappings that are summed up together: all of a kind, all of a name, or one mapping.

    `name` is read by people, to be escaped for the medium. `mapping` is the header, by mapping
    alone. `build_id` is that of their file, where builds are told apart.
    """

    __slots__ = (
        "_lacking",
        "_mappings",
        "_size",
        "_sums",
        "_values",
        "build_id",
        "kind",
        "mapping",
        "name",
    )

    def __init__(
        self, kind: Kind, name: str, mapping: Mapping | None, build_id: str | None = None
    ) -> None:
        self.kind = kind
        self.name = name
        self.mapping = mapping
        self.build_id = build_id
        self._mappings = self._size = 0
        self._values = [0] * len(FIGURES)
        self._lacking = [0] * len(FIGURES)
        self._sums: Sums | None = None

    def sums(self) -> Sums | None:
        """What it comes to now; None while there is no such mapping."""
        if self._sums is not None or not self._mappings:
            return self._sums
        figures: tuple[int | None, ...] = tuple(self._values)
        if any(self._lacking):
            pairs = zip(self._values, self._lacking, strict=True)
            figures = tuple(None if lacking else value for value, lacking in pairs)
        self._sums = Sums(self._mappings, self._size, figures)
        return self._sums

    def put(self, size: int, figures: Sequence[int | None]) -> None:
        """Add a mapping."""
        self._sums = None
        self._mappings += 1
        self._size += size
        if None in figures:
            self._lacking = [n + (v is None) for n, v in zip(self._lacking, figures, strict=True)]
            figures = [each or 0 for each in figures]
        self._values = list(map(add, self._values, figures))

    def take(self, size: int, figures: Sequence[int | None]) -> None:
        """Take a mapping away."""
        self._sums = None
        self._mappings -= 1
        self._size -= size
        if None in figures:
            self._lacking = [n - (v is None) for n, v in zip(self._lacking, figures, strict=True)]
        pairs = zip(self._values, figures, strict=True)
        self._values = [value - (each or 0) for value, each in pairs]


class Instant(NamedTuple):
    """One layout: who it is of and when, and the groups that differ from the layout before.

    `run_id` is the run of the recorder: between two runs nobody looked.
    """

    measurement: Measurement
    run_id: int
    changed: tuple[Group, ...]


class _Standing(NamedTuple):
    """A mapping that lives: what it adds to its group, and until which tick that is valid."""

    group: Group
    size: int
    figures: tuple[int | None, ...]
    last_tick: int


class _Detail(NamedTuple):
    """What rarely changes of a usage."""

    figures: tuple[int | None, ...]
    other: str | None


class Walk:
    """The layouts of a process in order of time; to be iterated once."""

    def __init__(
        self,
        recording: Recording,
        process: RecordedProcess,
        by: Parted,
        places: tuple[int | None, int | None] = (None, None),
        *,
        with_builds: bool = False,
        ticks: Sequence[int] | None = None,
    ) -> None:
        """From one place on the recording's axis to another, or at some ticks, if they are given.

        `with_builds`: what is of files of different build IDs is never one group.
        """
        self._build_ids = recording.build_ids(process.id) if with_builds else {}
        self._recording, self._process, self._by, self._places = recording, process, by, places
        self._ticks = ticks
        self._headers = recording.packed_headers(process.id)
        self._kinds = kinds_of(recording, process, self._headers)
        details = recording.details((*_SELDOM, "other"))
        self._details = {number: _Detail(row[:-1], row[-1]) for number, row in details.items()}
        self._groups: dict[object, Group] = {}
        self._living: dict[int, _Standing] = {}
        self._ends: list[tuple[int, int]] = []  # a heap of (last tick, mapping id)
        self._keyframe: int | None = None
        self._rows: Iterator[tuple[Any, ...]] = iter(())
        self._next: tuple[Any, ...] | None = None
        self._touched: dict[Group, Sums | None] = {}
        runs = sorted((run.first_tick, run.id) for run in recording.runs())
        self._run_starts, self._run_ids = [tick for tick, _ in runs], [run for _, run in runs]

    def __iter__(self) -> Iterator[Instant]:
        for measurement in self._measurements():
            self._move_to(measurement)
            changed = tuple(
                group for group, before in self._touched.items() if group.sums() != before
            )
            self._touched.clear()
            yield Instant(measurement, self._run_of(measurement.tick), changed)

    @property
    def groups(self) -> Iterator[tuple[Group, Sums]]:
        """All groups that have a mapping now, with what they come to."""
        for group in self._groups.values():
            sums = group.sums()
            if sums is not None:
                yield group, sums

    def _measurements(self) -> Iterator[Measurement]:
        """Those with a layout in the span that was asked for."""
        axis, (first, last) = self._recording.axis, self._places
        recording, number = self._recording, self._process.id
        every = recording.measurements(number)
        if self._ticks is not None:
            every = recording.measurements_at(number, self._ticks)
        for measurement in every:
            if measurement.keyframe is None:
                continue
            place = axis.place(measurement.tick, measurement.time)
            if first is not None and place < first:
                continue
            if last is not None and place > last:
                return
            yield measurement

    def _run_of(self, tick: int) -> int:
        position = bisect_right(self._run_starts, tick) - 1
        return self._run_ids[position] if position >= 0 else 0

    def _move_to(self, measurement: Measurement) -> None:
        """Make the living mappings those of this layout: see store.read.layouts."""
        tick, keyframe = measurement.tick, measurement.keyframe
        assert keyframe is not None
        unseen: set[int] = set()
        if keyframe != self._keyframe:
            # What stands at a keyframe is stored there anew, all of it.
            unseen.update(self._living)
            if self._keyframe is None or keyframe < self._keyframe:
                self._read_from(keyframe)  # captures may have been loaded in any order
            self._keyframe = keyframe
        while self._next is not None and self._next[0] <= tick:
            first, last, number, detail, *values = self._next
            if first >= keyframe:  # else it is of a layout that was left out
                unseen.discard(number)
                self._put(number, last, self._details[detail], values)
            self._next = next(self._rows, None)
        for number in unseen:
            self._drop(number)
        while self._ends and self._ends[0][0] < tick:
            last, number = heapq.heappop(self._ends)
            standing = self._living.get(number)
            if standing is not None and standing.last_tick == last:
                self._drop(number)

    def _read_from(self, keyframe: int) -> None:
        pages = self._recording.usage_pages(self._process.id, _CHANGING, keyframe, 2**62)
        self._rows = chain.from_iterable(pages)
        self._next = next(self._rows, None)

    def _put(self, number: int, last: int, detail: _Detail, values: list[int | None]) -> None:
        clean, dirty = values[_CLEAN], values[_DIRTY]
        uss = None
        if clean is not None and dirty is not None:
            uss = clean + dirty + (detail.figures[_HUGE] or 0)
        figures = (*values, *detail.figures, uss)
        heapq.heappush(self._ends, (last, number))
        before = self._living.get(number)
        header = self._headers[number]
        size = 0 if is_gate(header) else size_beside(detail.other, header.size)
        if before is not None:
            if before.figures == figures and before.size == size:
                self._living[number] = before._replace(last_tick=last)
                return
            self._drop(number)
        group = before.group if before is not None else self._group(number, header)
        self._touch(group)
        group.put(size, figures)
        self._living[number] = _Standing(group, size, figures, last)

    def _drop(self, number: int) -> None:
        standing = self._living.pop(number)
        self._touch(standing.group)
        standing.group.take(standing.size, standing.figures)

    def _touch(self, group: Group) -> None:
        if group not in self._touched:
            self._touched[group] = group.sums()

    def _group(self, number: int, header: Mapping) -> Group:
        attribution = self._kinds[number]
        build_id = self._build_ids.get((header.dev, header.inode))
        if self._by == "mapping":
            key: object = number
            kind, name = attribution.kind, attribution.name
            mapping: Mapping | None = header
        else:
            identity = identify(header, attribution, "name" if self._by == "part" else self._by)
            kind, name, mapping = identity.kind or attribution.kind, identity.name, None
            if self._by == "part":
                kind = attribution.kind
            key = kind, name, build_id
        if key not in self._groups:
            self._groups[key] = Group(kind, name, mapping, build_id)
        return self._groups[key]


def kinds_of(
    recording: Recording, process: RecordedProcess, headers: Headers[int, Mapping]
) -> dict[int, Attribution]:
    """What each mapping that a process ever had was for, by mapping id."""
    details = recording.details(("vm_flags", "kernel_page_size"))

    def rows(first_tick: int, last_tick: int) -> Iterable[tuple[Any, ...]]:
        return chain.from_iterable(recording.usage_pages(process.id, (), first_tick, last_tick))

    keyframes = recording.keyframes(process.id)
    return attribute_rows(
        (
            (keyframe, [(number, detail) for _, _, number, detail in rows(keyframe, keyframe)])
            for keyframe in keyframes
        ),
        lambda: rows(0, 2**62),
        headers,
        {number: row[0] for number, row in details.items()},
        evidence_of(recording, process),
        {number: row[1] for number, row in details.items()},
    )


def is_torn(measurement: Measurement) -> bool:
    """Whether a layout may show a mapping twice or not at all."""
    return measurement.state is LayoutState.TORN
