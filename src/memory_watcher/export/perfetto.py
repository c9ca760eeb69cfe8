r"""A trace for Perfetto's UI: snapshots of mappings, and counters of each process and the machine.

    smaps packets      the layout by name (or mapping), at each layout that differs from the last
    process tree       names and command lines; process stats: RSS by parts, swap, high-water mark
    counters           each kind of memory (PSS), /proc/meminfo, control groups
    clock snapshot     places the trace in time; jumps of the wall clock do it no harm

The UI tells categories from names alone, and does not know this program's kinds. So a name that
Perfetto would put elsewhere is written in the way that it knows (`[anon:libc_malloc:arena]`), and
the true kinds stand beside as counters. What is not printable is written as \xNN.

protos/perfetto/trace/ of google/perfetto has the numbers of the fields: Trace,
TracePacket, SmapsPacket and PackedSmaps, ProcessTree, ProcessStats, TrackDescriptor, TrackEvent.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import BinaryIO

from ..analysis.kinds import Kind
from ..answers.walk import FIGURES, Group, Parted, Sums, Walk
from ..metrics import CGROUP, MEMINFO
from ..model import add_up
from ..recorded import Measurement, RecordedProcess
from ..render.escape import escape
from .protobuf import data, number, packed
from .request import Request

_PACKET = 1
# TracePacket
_PROCESS_TREE, _CLOCK_SNAPSHOT, _TIMESTAMP, _PROCESS_STATS = 2, 6, 8, 9
_SEQUENCE, _TRACK_EVENT, _CLOCK, _DESCRIPTOR, _SMAPS = 10, 11, 58, 60, 68
_REALTIME, _BOOTTIME = 1, 6
#: Of SmapsPacket: recorded by itself, and not within another profile.
_STANDALONE = 1
#: The only sequence of packets; any number but 0.
_ONE_SEQUENCE = 1
#: Figures of PackedSmaps and their fields. The UI takes a missing rss or swap as no row at all.
_PACKED = (
    ("rss", 5, True),
    ("anonymous", 6, False),
    ("swap", 7, True),
    ("shared_clean", 8, False),
    ("shared_dirty", 9, False),
    ("private_clean", 10, False),
    ("private_dirty", 11, False),
    ("locked", 12, False),
    ("pss", 13, False),
    ("pss_dirty", 14, False),
    ("swap_pss", 15, False),
)
#: Kinds that the UI knows by such names: of stacks and of native heaps.
_KNOWN_BY = {
    Kind.THREAD_STACK: "[anon:stack_and_tls]",
    Kind.HEAP: "[heap]",
    Kind.ARENA: "[anon:libc_malloc:arena]",
}
#: Whatever else is malloc's, or another allocator's.
_NATIVE = "[anon:libc_malloc:{}]"
_GAUGE_BYTES, _COUNTER = 3, 4
#: Of gzip: higher ones take twice the time for little less.
_LEVEL = 3


def write(request: Request, out: BinaryIO) -> None:
    """Write the packets, gzipped; Perfetto puts them into order of time."""
    with gzip.GzipFile("", "wb", _LEVEL, out, mtime=0) as packer:
        trace = _Trace(request, packer)
        trace.clocks()
        trace.process_tree()
        for process in request.processes:
            trace.layouts(process)
            trace.readings(process)
        trace.machine()


class _Counter:
    """A track of values; what stays the same is not told again."""

    def __init__(self, uuid: int) -> None:
        self.uuid = uuid
        self.last: int | None = None


class _Trace:
    def __init__(self, request: Request, out: gzip.GzipFile) -> None:
        self._request, self._out, self._names = request, out, request.names
        self._axis = request.recording.axis
        self._uuids = 0

    def _packet(self, place_ns: int, *content: bytes) -> None:
        when = number(_TIMESTAMP, place_ns) + number(_CLOCK, _BOOTTIME)
        body = when + number(_SEQUENCE, _ONE_SEQUENCE) + b"".join(content)
        self._out.write(data(_PACKET, body))

    def _place(self, measurement: Measurement) -> int:
        return self._axis.place(measurement.tick, measurement.time)

    def clocks(self) -> None:
        """Say that the trace's time is that of the recording's axis, and what the clock showed."""
        rows = self._request.recording.tick_rows()
        if not rows:
            return
        place = rows[0].time
        clocks = [(_BOOTTIME, place), (_REALTIME, self._axis.wall(place))]
        told = (data(1, number(1, clock) + number(2, time)) for clock, time in clocks)
        self._packet(place, data(_CLOCK_SNAPSHOT, b"".join(told)))

    def process_tree(self) -> None:
        """Name the processes: a later image of one comes as another packet."""
        for process in self._request.processes:
            for image in process.images:
                command = self._names.command_line(image.command_line)
                words = [self._names.program(image.name)] if command is None else [command]
                told = number(1, process.pid) + number(2, process.parent_pid)
                told += b"".join(data(3, escape(word)) for word in words)
                told += number(5, self._names.user(process.uid)) + number(9, command is None)
                tree = data(1, told)
                place = self._place_of_tick(image.first_tick)
                self._packet(place, data(_PROCESS_TREE, tree))

    def _place_of_tick(self, tick: int) -> int:
        return self._axis.place(tick, self._request.recording.tick_time(tick))

    # -- layouts ----------------------------------------------------------------------------------

    def layouts(self, process: RecordedProcess) -> None:
        """All layouts of a process that differ from the one before, and its kinds as counters."""
        request = self._request
        count = request.recording.reading_count(process.id)
        by: Parted = "part" if request.by == "name" else request.by
        walk = Walk(request.recording, process, by, request.places)
        kinds: dict[Kind, _Counter] = {}
        place = 0
        for at, instant in enumerate(walk, 1):
            if at % 256 == 1:
                request.tell(f"PID {process.pid}, layout", at, max(count, at))
            if not instant.changed and place:
                continue
            place = self._place(instant.measurement)
            groups = list(walk.groups)
            self._packet(place, data(_SMAPS, self._smaps(process, groups)))
            self._count_kinds(process, kinds, place, groups)

    def _smaps(self, process: RecordedProcess, groups: Sequence[tuple[Group, Sums]]) -> bytes:
        texts = {"": 0}
        every = [sums for _, sums in groups]
        if self._request.by == "mapping":
            named = [texts.setdefault(self._shown(group), len(texts)) for group, _ in groups]
            which = packed(2, named)
        else:
            # One row for each text, in the order of the table; the empty one has nothing.
            merged: dict[str, list[Sums]] = {}
            for group, sums in groups:
                merged.setdefault(self._shown(group), []).append(sums)
            texts.update({text: at for at, text in enumerate(merged, 1)})
            every = [_EMPTY, *(_merged(each) for each in merged.values())]
            which = packed(3, (sums.mappings for sums in every))
        parts = [data(1, text) for text in texts]
        parts += [which, packed(4, (sums.size >> 10 for sums in every))]
        for figure, field, is_needed in _PACKED:
            values = [sums.figure(figure) for sums in every]
            if is_needed or None not in values:
                parts.append(packed(field, ((value or 0) >> 10 for value in values)))
        return number(1, process.pid) + data(3, b"".join(parts)) + number(4, _STANDALONE)

    def _shown(self, group: Group) -> str:
        """A name by which the UI puts it where it belongs."""
        known = _KNOWN_BY.get(group.kind)
        if known is not None:
            return known
        name = escape(self._names.group(group.kind, group.name))
        if group.kind is Kind.ALLOCATOR:
            return _NATIVE.format(name)
        return name

    def _count_kinds(
        self,
        process: RecordedProcess,
        kinds: dict[Kind, _Counter],
        place: int,
        groups: Iterable[tuple[Group, Sums]],
    ) -> None:
        sizes: dict[Kind, int | None] = dict.fromkeys(kinds, 0)
        for group, sums in groups:
            size, before = sums.figure("pss"), sizes.get(group.kind, 0)
            sizes[group.kind] = None if size is None or before is None else before + size
        for kind, size in sizes.items():
            if size is not None:
                if kind not in kinds:
                    kinds[kind] = self._track(place, f"PSS: {kind.value}", process.pid)
                self._count(place, kinds[kind], size)

    # -- counters ---------------------------------------------------------------------------------

    def _track(self, place: int, name: str, pid: int | None = None) -> _Counter:
        self._uuids += 1
        told = number(1, self._uuids) + data(2, escape(name))
        if pid is not None:
            told += data(3, number(1, pid))
        told += data(8, number(3, _GAUGE_BYTES))
        self._packet(place, data(_DESCRIPTOR, told))
        return _Counter(self._uuids)

    def _count(self, place: int, counter: _Counter, value: int) -> None:
        if value != counter.last:
            counter.last = value
            event = number(9, _COUNTER) + number(11, counter.uuid) + number(30, value)
            self._packet(place, data(_TRACK_EVENT, event))

    def readings(self, process: RecordedProcess) -> None:
        """The kernel's own figures of a process, where one of them changed."""
        before: tuple[int | None, ...] = ()
        for measurement in self._in_span(process):
            values = _stats(measurement)
            if values == before or all(value is None for value in values):
                continue
            before = values
            told = number(1, process.pid)
            told += b"".join(
                number(field, None if value is None else value >> shift)
                for (field, shift), value in zip(_STATS, values, strict=True)
            )
            self._packet(self._place(measurement), data(_PROCESS_STATS, data(1, told)))

    def _in_span(self, process: RecordedProcess) -> Iterator[Measurement]:
        first, last = self._request.places
        for measurement in self._request.recording.measurements(process.id):
            place = self._place(measurement)
            if (first is None or place >= first) and (last is None or place <= last):
                yield measurement

    def machine(self) -> None:
        """Lines of /proc/meminfo, figures of control groups, and sums over processes."""
        recording = self._request.recording
        place_of = {row.tick: row.time for row in recording.tick_rows()}
        shown = {metric.name for metric in MEMINFO}
        tracks: dict[str, _Counter] = {}

        def count(tick: int, name: str, value: int | None) -> None:
            place = place_of.get(tick)
            if value is None or place is None or not self._is_in_span(place):
                return
            if name not in tracks:
                tracks[name] = self._track(place, name)
            self._count(place, tracks[name], value)

        for row in recording.meminfo_rows():
            if row.field in shown:
                count(row.tick, f"meminfo: {row.field}", row.value)
        self._cgroups(count)
        for row_of in recording.passes():
            count(row_of.tick, "all processes: PSS", row_of.pss)

    def _cgroups(self, count: Callable[[int, str, int | None], None]) -> None:
        units = {metric.name: metric.unit for metric in CGROUP}
        for cgroup_id, _, path in self._request.recording.cgroups():
            title = self._names.cgroup(path) or path
            for tick, field, value in self._request.recording.cgroup_rows(cgroup_id):
                if units.get(field) == "bytes":
                    count(tick, f"cgroup {title}: {field}", value)

    def _is_in_span(self, place: int) -> bool:
        first, last = self._request.places
        return (first is None or place >= first) and (last is None or place <= last)


#: Fields of ProcessStats.Process in the order of `_stats`, and how far a figure is shifted: KiB.
_STATS = (
    *((2, 10), (3, 10), (4, 10), (5, 10), (6, 10), (7, 10), (9, 10), (10, 0), (11, 0)),
    *((16, 10), (17, 10), (23, 10)),
)


def _stats(measurement: Measurement) -> tuple[int | None, ...]:
    """What ProcessStats tells of a measurement."""
    reading, totals = measurement.reading, measurement.totals
    return (
        *(reading.size, reading.resident, reading.rss_anon, reading.rss_file, reading.rss_shmem),
        *(reading.swap, reading.high_water_mark, reading.oom_score_adj, reading.threads),
        *((None, None, None) if totals is None else (totals.rss, totals.pss, totals.swap_pss)),
    )


#: What the table's first text, the empty one, stands for: nothing has it.
_EMPTY = Sums(0, 0, (0,) * len(FIGURES))


def _merged(several: Sequence[Sums]) -> Sums:
    """Groups that have the same text, as one row."""
    columns = zip(*(sums.figures for sums in several), strict=True)
    return Sums(
        sum(sums.mappings for sums in several),
        sum(sums.size for sums in several),
        tuple(add_up(column) for column in columns),
    )
