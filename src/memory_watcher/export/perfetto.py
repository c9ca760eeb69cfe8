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
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO

from ..analysis.kinds import Kind
from ..answers.walk import Group, Parted, Walk
from ..metrics import CGROUP, MEMINFO
from ..recorded import Measurement, RecordedProcess
from ..render.escape import escape
from .protobuf import data, number
from .request import Request
from .smaps_packets import Snapshots

_PACKET = 1
# TracePacket
_PROCESS_TREE, _CLOCK_SNAPSHOT, _TIMESTAMP, _PROCESS_STATS = 2, 6, 8, 9
_SEQUENCE, _TRACK_EVENT, _CLOCK, _DESCRIPTOR, _SMAPS = 10, 11, 58, 60, 68
_REALTIME, _BOOTTIME = 1, 6
#: The only sequence of packets; any number but 0.
_ONE_SEQUENCE = 1
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


class _Kinds:
    """What each kind comes to, PSS in bytes, made of what changes."""

    def __init__(self) -> None:
        self._known: dict[Group, int | None] = {}
        self._totals: dict[Kind, int] = {}
        self._lacking: Counter[Kind] = Counter()

    def update(self, changed: Iterable[Group]) -> Iterator[tuple[Kind, int]]:
        """The new sizes of the kinds that some groups are of, where all of it is reported."""
        touched: dict[Kind, None] = {}
        for group in changed:
            sums, before = group.sums(), self._known.get(group, 0)
            size = 0 if sums is None else sums.figure("pss")
            self._known[group] = size
            self._totals[group.kind] = self._totals.get(group.kind, 0) + (size or 0) - (before or 0)
            self._lacking[group.kind] += (size is None) - (before is None)
            touched[group.kind] = None
        return ((kind, self._totals[kind]) for kind in touched if not self._lacking[kind])


class _Trace:
    """The packets of a trace, written as they are made."""

    def __init__(self, request: Request, out: gzip.GzipFile) -> None:
        self._request, self._out, self._names = request, out, request.names
        self._axis = request.recording.axis
        self._uuids = 0
        rows = request.recording.tick_rows()
        self._place_of = {row.tick: row.time for row in rows}
        self._first = rows[0].time if rows else 0

    def _packet(self, place_ns: int, *content: bytes) -> None:
        when = number(_TIMESTAMP, place_ns) + number(_CLOCK, _BOOTTIME)
        body = when + number(_SEQUENCE, _ONE_SEQUENCE) + b"".join(content)
        self._out.write(data(_PACKET, body))

    def _place(self, measurement: Measurement) -> int:
        return self._axis.place(measurement.tick, measurement.time)

    def clocks(self) -> None:
        """Say that the trace's time is that of the recording's axis, and what the clock showed."""
        place = self._first
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
                self._packet(self._place_of_tick(image.first_tick), data(_PROCESS_TREE, tree))

    def _place_of_tick(self, tick: int) -> int:
        """Where a tick stands; one that is not there is before the first."""
        return self._place_of.get(tick, self._first)

    # -- layouts ----------------------------------------------------------------------------------

    def layouts(self, process: RecordedProcess) -> None:
        """All layouts of a process that differ from the one before, and its kinds as counters."""
        request = self._request
        count = request.recording.reading_count(process.id)
        by: Parted = "part" if request.by == "name" else request.by
        walk = Walk(request.recording, process, by, request.places)
        snapshots = Snapshots(process.pid, by == "mapping", self._shown)
        kinds = _Kinds()
        tracks: dict[Kind, _Counter] = {}
        place: int | None = None
        for at, instant in enumerate(walk, 1):
            if at % 256 == 1:
                request.tell(f"PID {process.pid}, layout", at, max(count, at))
            if not instant.changed and place is not None:
                continue
            place = self._place(instant.measurement)
            snapshots.update(instant.changed)
            self._packet(place, data(_SMAPS, snapshots.packet()))
            for kind, size in kinds.update(instant.changed):
                if kind not in tracks:
                    tracks[kind] = self._track(place, f"PSS: {kind.value}", process.pid)
                self._count(place, tracks[kind], size)

    def _shown(self, group: Group) -> str:
        """A name by which the UI puts it where it belongs."""
        known = _KNOWN_BY.get(group.kind)
        if known is not None:
            return known
        name = escape(self._names.group(group.kind, group.name))
        if group.kind is Kind.ALLOCATOR:
            return _NATIVE.format(name)
        return name

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
        for measurement in self._request.measurements(process):
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

    def machine(self) -> None:
        """Lines of /proc/meminfo, figures of control groups, and sums over processes."""
        recording = self._request.recording
        shown = {metric.name for metric in MEMINFO}
        tracks: dict[str, _Counter] = {}

        def count(tick: int, name: str, value: int | None) -> None:
            place = self._place_of.get(tick)
            if value is None or place is None or not self._request.covers(place):
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
