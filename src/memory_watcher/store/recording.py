"""Questions to a recording, answered as facts: `Recording`.

Sizes are bytes and times are UTC nanoseconds since 1970 everywhere. Absent is None, never 0.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Literal

from ..clocks import TimeAxis
from ..errors import Damaged, DamagedWarning, SelectionError
from ..metrics import READING
from ..model import (
    VOLATILE_FIELDS,
    KindEvidence,
    Layout,
    LayoutState,
    Machine,
    Mapping,
    MappingUsage,
    Reading,
    SystemMemory,
    Totals,
    Usage,
    add_up,
)
from ..recorded import (
    GroupMark,
    LayoutRow,
    MeminfoRow,
    PassRow,
    ReadingRow,
    RollupRow,
    RssFacts,
    StoredSum,
    SumRow,
    TickRow,
)
from ..units import SECOND, format_time
from . import passes
from .axis import in_order, read_axis
from .evidence import build_ids, fast_points, highest_fast_mark, kind_evidence, last_fast_before
from .marks import rss_facts
from .readonly import ReadOnlyDatabase, Row
from .results import (
    FastPoint,
    HighWaterMark,
    Measurement,
    ProcessMoment,
    RecordedImage,
    RecordedProcess,
    RecordedRun,
)

PeakFigure = Literal["pss", "rss", "uss", "statm"]
SystemFigure = Literal["MemAvailable", "MemAvailableComputed"]

_PEAK_COLUMNS: dict[str, str] = {
    "pss": "r.pss",
    "rss": "r.rss",
    "uss": "r.uss",
    "statm": "r.resident",
}
_TOLD_COLUMNS = {**_PEAK_COLUMNS, "swap": "r.layout_swap", "swap_pss": "r.swap_pss"}
_READING_TIME = "t.time_ns + ifnull(r.delay_ns, 0)"
_READINGS = "FROM readings AS r JOIN ticks AS t ON t.id = r.tick "
_VOLATILE = ", ".join(f"u.{name}" for name in Usage._fields[:VOLATILE_FIELDS])
_DETAILS = Usage._fields[VOLATILE_FIELDS:]

#: How many measurements are read at once; see `readonly` for why it is not all of them.
_PAGE = 2000
#: How many usage intervals are read at once: about 1 MB; larger pages are slower.
_USAGE_PAGE = 4_000
#: How many ticks are named in one question.
_AT_ONCE = 400
#: How many processes an error lists.
_LISTED = 30
#: Where a measurement at a time is looked for first.
_NEAR = 60 * SECOND


class Recording:
    """A recording, opened for reading: it is never created or changed.

    Reads while a recorder writes, after a recorder was killed, and in a read-only folder; `with`
    closes it. To be used by the thread that opened it.

    Raises RecordingNotFound, NotARecording, NewerRecording, or StoreError (no permission, damaged);
    the questions raise SelectionError for what is not in the recording.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._database = ReadOnlyDatabase(path)
        self._axis: tuple[int | None, TimeAxis] | None = None
        self._in_order: tuple[int | None, bool] | None = None

    def __enter__(self) -> Recording:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; closing twice is allowed."""
        self._database.close()

    @property
    def path(self) -> str:
        """The path it was opened by."""
        return self._database.path

    # Who was recorded

    def processes(self) -> list[RecordedProcess]:
        """All processes, in the order in which they were first recorded."""
        return self._processes("")

    def process_count(self) -> int:
        """Count the processes."""
        row = self._database.row("SELECT count(*) FROM processes")
        return row[0] if row else 0

    def process(self, *, pid: int | None = None, process_id: int | None = None) -> RecordedProcess:
        """Find the process that is meant: by PID, by its id in this recording, or the only one.

        Raises SelectionError, saying what there is, if there is none or if there are several.
        """
        terms, values = [], []
        if pid is not None:
            terms.append("p.pid = ?")
            values.append(pid)
        if process_id is not None:
            terms.append("p.id = ?")
            values.append(process_id)
        found = self._processes(f"WHERE {' AND '.join(terms)}" if terms else "", *values)
        if len(found) == 1:
            return found[0]
        asked = " and ".join(
            f"{word} {value}"
            for word, value in (("PID", pid), ("process id", process_id))
            if value is not None
        )
        if found:
            what = f"{asked} stands for" if asked else "the recording holds"
            raise SelectionError(
                f"{what} {len(found)} processes; choose one by its process id: {_listing(found)}"
            )
        there = self.processes() if asked else []
        raise SelectionError(
            f"{self.path}: no process with {asked}; there is: {_listing(there)}"
            if there
            else f"{self.path}: the recording holds no process"
        )

    def runs(self) -> list[RecordedRun]:
        """Each start of a recorder on this file, in order of time."""
        rows = self._database.rows(
            "SELECT m.boot_id, m.hostname, m.kernel, m.page_size, m.cpus, r.id, r.first_tick,"
            " r.last_tick,"
            " a.time_ns, b.time_ns, r.end_reason, r.period_ns, r.command_line, r.version,"
            " r.cpu_ns, r.peak_rss, r.policy,"
            f" {self._database.told('runs', ('max_map_count',), 'r.')}"
            " FROM runs AS r JOIN machines AS m ON m.id = r.machine_id"
            " LEFT JOIN ticks AS a ON a.id = r.first_tick"
            " LEFT JOIN ticks AS b ON b.id = r.last_tick ORDER BY r.id"
        )
        runs = [RecordedRun(row[5], Machine(*row[:5]), *row[6:]) for row in rows]
        axis = self.axis
        return [run._replace(lasted_ns=_lasted(run, axis)) for run in runs]

    def machine(self, process_id: int) -> Machine:
        """Give the machine a process ran on.

        Raises SelectionError for an unknown process.
        """
        row = self._database.row(
            "SELECT m.boot_id, m.hostname, m.kernel, m.page_size, m.cpus"
            " FROM processes AS p JOIN machines AS m ON m.id = p.machine_id WHERE p.id = ?",
            process_id,
        )
        if row is None:
            raise SelectionError(f"{self.path}: there is no process with the id {process_id}")
        return Machine(*row)

    # One process over time

    def measurements(self, process_id: int) -> Iterator[Measurement]:
        """All measurements of a process in order of time, without their layouts.

        Raises SelectionError for an unknown process.
        """
        self.process(process_id=process_id)
        if self._is_in_order():
            return self._pages(process_id)
        axis = self.axis
        return iter(
            sorted(
                self._pages(process_id),
                key=lambda each: (axis.place(each.tick, each.time), each.id),
            )
        )

    def reading_count(self, process_id: int) -> int:
        """How many measurements a process has."""
        row = self._database.row("SELECT count(*) FROM readings WHERE process_id = ?", process_id)
        return row[0] if row else 0

    def measurement(self, measurement_id: int) -> Measurement:
        """One measurement by its number.

        Raises SelectionError if there is none.
        """
        row = self._database.row(f"{self._measurement}{_READINGS}WHERE r.id = ?", measurement_id)
        if row is None:
            if self._database.row("SELECT 1 FROM readings WHERE id = ?", measurement_id):
                raise Damaged(
                    f"{self.path}: damaged: the tick of measurement {measurement_id} is missing"
                )
            raise SelectionError(f"{self.path}: no measurement {measurement_id}")
        return _measurement_of(row)

    def measurement_at(self, process_id: int, tick: int) -> Measurement:
        """What a tick read of a process, with or without a layout.

        Raises SelectionError if it did not read it.
        """
        row = self._database.row(
            f"{self._measurement}{_READINGS}WHERE r.process_id = ? AND r.tick = ?", process_id, tick
        )
        if row is None:
            raise SelectionError(f"{self.path}: process {process_id} was not read at tick {tick}")
        return _measurement_of(row)

    def measurements_at(self, process_id: int, ticks: Sequence[int]) -> Iterator[Measurement]:
        """What some ticks, in order, read of a process; those that did not read it are left out."""
        for begin in range(0, len(ticks), _AT_ONCE):
            some = ", ".join(str(int(tick)) for tick in ticks[begin : begin + _AT_ONCE])
            rows = self._database.rows(
                f"{self._measurement}{_READINGS}WHERE r.process_id = ? AND r.tick IN ({some})"
                " ORDER BY r.tick",
                process_id,
            )
            yield from map(_measurement_of, rows)

    def peak(self, process_id: int, by: PeakFigure = "pss") -> Measurement:
        """Find the highest measurement that has a layout; the earliest of equals.

        By the layout's PSS, the layout's RSS, or statm's resident figure. A torn layout may count
        a mapping twice, so it is given only if all are torn: see `Measurement.state`.

        Raises SelectionError if there is none, saying why.
        """
        return self._extreme(process_id, by, "DESC")

    def floor(self, process_id: int, by: PeakFigure = "pss") -> Measurement:
        """Find the lowest measurement that has a layout, by the same figures; the earliest.

        Raises SelectionError if there is none, saying why.
        """
        return self._extreme(process_id, by, "ASC")

    def _extreme(
        self, process_id: int, by: PeakFigure, order: Literal["ASC", "DESC"]
    ) -> Measurement:
        column = _PEAK_COLUMNS[by]
        row = self._database.row(
            f"SELECT r.id FROM readings AS r WHERE r.process_id = ? AND r.keyframe IS NOT NULL"
            f" AND {column} IS NOT NULL ORDER BY r.layout_state = {LayoutState.TORN.value},"
            f" {column} {order}, r.tick LIMIT 1",
            process_id,
        )
        if row is None:
            raise self._why_no_layout(process_id, by)
        return self.measurement(row[0])

    def span(self) -> tuple[int, int] | None:
        """When the first tick and the last one were, UTC nanoseconds; None without any."""
        row = self._database.row("SELECT min(time_ns), max(time_ns) FROM ticks")
        return None if row is None or row[0] is None else (row[0], row[1])

    def told_figures(self, process_id: int | None = None) -> frozenset[str]:
        """Figures that some layout of a process, or of any, tells: pss, rss, uss, swap, swap_pss.

        And statm. Kernels differ in what they tell: see analysis.figures.
        """
        # What is told is nearly always told by the first layout: no need to look at all of them.
        of_one = "" if process_id is None else f" AND r.process_id = {int(process_id)}"
        of_some = f"SELECT 1 FROM readings AS r WHERE r.keyframe IS NOT NULL{of_one} AND"
        columns = ", ".join(
            f"EXISTS ({of_some} {column} IS NOT NULL)" for column in _TOLD_COLUMNS.values()
        )
        (row,) = self._database.rows(f"SELECT {columns}")
        told = zip(_TOLD_COLUMNS, row, strict=True)
        return frozenset(figure for figure, is_told in told if is_told)

    def at(self, process_id: int, time_ns: int) -> Measurement:
        """Find the measurement with a layout at that time, or the last one before it.

        Raises SelectionError if there is none, saying when the first one is.
        """
        # Readings are later than their tick's time, so ticks narrow the search; ticks are few and
        # small, readings are not. The second try is for a gap longer than usual.
        for earliest in (time_ns - _NEAR, -(2**63)):
            row = self._database.row(
                "SELECT r.id FROM ticks AS t CROSS JOIN readings AS r"
                " ON r.process_id = ? AND r.tick = t.id"
                " WHERE t.time_ns BETWEEN ? AND ? AND r.keyframe IS NOT NULL"
                f" AND {_READING_TIME} <= ? ORDER BY {_READING_TIME} DESC, r.tick DESC LIMIT 1",
                process_id,
                earliest,
                time_ns,
                time_ns,
            )
            if row is not None:
                return self.measurement(row[0])
        first = self._database.row(
            f"SELECT min({_READING_TIME}) {_READINGS}"
            "WHERE r.process_id = ? AND r.keyframe IS NOT NULL",
            process_id,
        )
        if first is None or first[0] is None:
            raise self._why_no_layout(process_id)
        raise SelectionError(
            f"{self.path}: no layout was recorded at or before that time;"
            f" the first one is of {format_time(first[0])}"
        )

    def reading_before(self, measurement: Measurement) -> tuple[Reading, int] | None:
        """Give the cheap figures read of a process before, in the same run, and how long before."""
        first = self._first_tick_of_run(measurement.tick)
        row = self._database.row(
            f"{self._measurement}{_READINGS}WHERE r.process_id = ? AND r.tick BETWEEN ? AND ?"
            " AND r.resident IS NOT NULL ORDER BY r.tick DESC LIMIT 1",
            *(measurement.process_id, first, measurement.tick - 1),
        )
        if row is None:
            return None
        before, axis = _measurement_of(row), self.axis
        now = axis.place(measurement.tick, measurement.time)
        return before.reading, now - axis.place(before.tick, before.time)

    def max_map_count(self, tick: int) -> int | None:
        """How many mappings the machine let a process have in the run of a tick."""
        told = self._database.told("runs", ("max_map_count",), "r.")
        row = self._database.row(
            f"SELECT {told} FROM ticks AS t JOIN runs AS r ON r.id = t.run_id WHERE t.id = ?", tick
        )
        return None if row is None else row[0]

    def layout_until(self, process_id: int, tick: int) -> Measurement:
        """Find the last measurement of a process with a layout, at a tick or before it.

        Raises SelectionError if there is none.
        """
        row = self._database.row(
            f"{self._measurement}{_READINGS}WHERE r.process_id = ? AND r.tick <= ?"
            " AND r.keyframe IS NOT NULL ORDER BY r.tick DESC LIMIT 1",
            *(process_id, tick),
        )
        if row is None:
            raise self._why_no_layout(process_id)
        return _measurement_of(row)

    def layout(self, measurement_id: int) -> Layout:
        """All mappings of a measurement with their usage, in the order of their addresses.

        Warns (DamagedWarning) if it does not add up to the sums that are stored beside it.

        Raises SelectionError if there is no such measurement, or if it has no layout.
        """
        found = self._database.row(
            "SELECT process_id, tick, keyframe, layout_state, mappings, rss, pss FROM readings"
            " WHERE id = ?",
            measurement_id,
        )
        if found is None:
            raise SelectionError(f"{self.path}: no measurement {measurement_id}")
        process_id, tick, keyframe, state, *sums = found
        if keyframe is None:
            meaning = LayoutState(state).meaning
            raise SelectionError(f"measurement {measurement_id} has no layout: {meaning}")
        rows = self._database.rows(
            f'SELECT m."start", m."end", m.perms, m."offset", m.dev, m.inode, p.pathname,'
            f" u.detail_id, {_VOLATILE} FROM usages AS u"
            " CROSS JOIN mappings AS m ON m.id = u.mapping_id"
            " CROSS JOIN paths AS p ON p.id = m.path_id"
            " WHERE u.process_id = ? AND u.first_tick BETWEEN ? AND ? AND u.last_tick >= ?",
            process_id,
            keyframe,
            tick,
            tick,
        )
        details = {number: self._detail(number) for number in {row[7] for row in rows}}
        entries = self._entries(rows, details)
        entries.sort(key=lambda entry: entry.mapping)
        self._compare(measurement_id, entries, sums)
        return Layout(tuple(entries), LayoutState(state))

    def _entries(self, rows: list[Row], details: dict[int, Row]) -> list[MappingUsage]:
        """Make entries of rows, which are used up: of a million mappings both would be a gigabyte.

        Equal usages and permissions are one object.
        """
        usages: dict[Row, Usage] = {}
        permissions: dict[str, str] = {}
        entries = []
        while rows:
            row = rows.pop()
            usage = usages.get(row[7:])
            if usage is None:
                usage = usages[row[7:]] = Usage._make(row[8:] + details[row[7]])
            mapping = self._mapping(row)
            perms = permissions.setdefault(mapping.perms, mapping.perms)
            entries.append(MappingUsage(mapping._replace(perms=perms), usage))
        return entries

    def high_water_mark(self, process_id: int, until: int | None = None) -> HighWaterMark | None:
        """Find the highest VmHWM seen of a process, and the reading that first showed it.

        `until` is the last tick to look at. None if the kernel's mark was never read. An execve
        starts a new mark; the highest of all images is given.
        """
        row = self._database.row(
            "SELECT r.high_water_mark, r.id FROM readings AS r WHERE r.process_id = ?"
            " AND r.tick <= ? AND r.high_water_mark IS NOT NULL"
            " ORDER BY r.high_water_mark DESC, r.tick LIMIT 1",
            process_id,
            2**63 - 1 if until is None else until,
        )
        if row is None:
            return None
        measurement = self.measurement(row[1])
        time = measurement.time
        fast = highest_fast_mark(self._database, process_id)
        if fast is not None and until is None and (fast.size, -fast.time) > (row[0], -time):
            return fast
        seen = self._seen_before(process_id, measurement.tick, time)
        return HighWaterMark(row[0], measurement.tick, time, seen)

    def rss_facts(self, process: RecordedProcess) -> RssFacts:
        """Tell what is known of the highest RSS of a process: for analysis.assurance.judge."""
        mark = self.high_water_mark(process.id)
        machine = self.machine(process.id)
        return rss_facts(self._database, process, machine, mark.size if mark else None, self.axis)

    def _seen_before(self, process_id: int, tick: int, time: int) -> int | None:
        """When a process was last read before a reading, fast readings included."""
        before = self._database.row(
            f"SELECT {_READING_TIME}, r.tick {_READINGS}WHERE r.process_id = ? AND r.tick < ?"
            " ORDER BY r.tick DESC LIMIT 1",
            *(process_id, tick),
        )
        fast = last_fast_before(self._database, process_id, tick, time)
        if before is None or fast is None:
            return fast[0] if fast else before[0] if before else None
        fast_is_later = fast[0] > before[0] if fast[1] is None else fast[1] >= before[1]
        return fast[0] if fast_is_later else before[0]

    def fast_points(self, process_id: int) -> list[FastPoint]:
        """Give RSS and high-water mark between the layouts, in order, where one of them changed.

        Their times are places: see `axis`.
        """
        return fast_points(self._database, process_id, self.axis)

    def kind_evidence(self, process_id: int, tick: int) -> KindEvidence:
        """Give what tells the kinds of a process's mappings at a tick: analysis.kinds.facts_from.

        Empty for recordings of other users' processes and loaded captures.
        """
        return kind_evidence(self._database, process_id, tick)

    def build_ids(self, process_id: int) -> dict[tuple[int, int], str]:
        """Give the build IDs of files that a process may map, in hexadecimal, by (dev, inode).

        Of all files of its machine that were executed and have one. Empty for loaded captures, and
        for recordings of format 4 and before.
        """
        return build_ids(self._database, process_id)

    # The machine at one instant

    def tick_time(self, tick: int) -> int:
        """When a tick began, UTC nanoseconds.

        Raises SelectionError for an unknown tick.
        """
        row = self._database.row("SELECT time_ns FROM ticks WHERE id = ?", tick)
        if row is None:
            raise SelectionError(f"{self.path}: no tick {tick}")
        time_ns: int = row[0]
        return time_ns

    def tick_at(self, time_ns: int) -> int:
        """Find the tick at that time, or the last one before it.

        Raises SelectionError if there is none, saying when the first one is.
        """
        row = self._database.row(
            "SELECT id FROM ticks WHERE time_ns <= ? ORDER BY time_ns DESC, id DESC LIMIT 1",
            time_ns,
        )
        if row is not None:
            tick: int = row[0]
            return tick
        first = self._database.row("SELECT min(time_ns) FROM ticks")
        when = f"the first tick is of {format_time(first[0])}" if first and first[0] else "no ticks"
        raise SelectionError(f"{self.path}: nothing was recorded at or before that time; {when}")

    def system_memory(self, tick: int) -> SystemMemory | None:
        """Tell what /proc/meminfo said at a tick; None if it was not recorded then.

        It is read at the deadlines only, not where a process starts, ends or peaks between them.

        Raises SelectionError for an unknown tick.
        """
        first = self._first_tick_of_run(tick)
        if self._database.row("SELECT 1 FROM ticks WHERE id = ? AND cause IS NOT NULL", tick):
            return None
        rows = self._database.rows(
            "SELECT f.name, (SELECT nullif(m.value, -1) FROM meminfo AS m WHERE m.field_id = f.id"
            " AND m.first_tick BETWEEN ? AND ? ORDER BY m.first_tick DESC LIMIT 1) AS value"
            " FROM meminfo_fields AS f ORDER BY f.id",
            first,
            tick,
        )
        values = {name: value for name, value in rows if value is not None}
        return SystemMemory(values) if values else None

    def system_peak(self, by: SystemFigure = "MemAvailable") -> int:
        """Find the tick at which the machine had the least memory available; the first of equals.

        Raises SelectionError if the recording does not tell.
        """
        if by == "MemAvailable":
            row = self._database.row(
                "SELECT first_tick FROM meminfo"
                " WHERE field_id = (SELECT id FROM meminfo_fields WHERE name = ?) AND value >= 0"
                " ORDER BY value, first_tick LIMIT 1",
                by,
            )
            found: int | None = None if row is None else row[0]
        else:
            found = self._lowest_computed()
        if found is None:
            raise SelectionError(
                f"{self.path}: {by} was not recorded; choose a process: "
                + _listing(self.processes())
            )
        return found

    def processes_at(self, tick: int) -> list[ProcessMoment]:
        """Every process that lived at a tick, with its latest reading of the same run until then.

        Raises SelectionError for an unknown tick.
        """
        first = self._first_tick_of_run(tick)
        latest = self._latest(first, tick, "")
        layouts = {number: found for number, found in latest.items() if found.has_layout}
        if any(found.state is LayoutState.NOT_TAKEN for found in latest.values()):
            for number, found in self._latest(first, tick, "AND r.keyframe IS NOT NULL").items():
                if number in latest and latest[number].state is LayoutState.NOT_TAKEN:
                    layouts[number] = found
        return [
            ProcessMoment(process, latest[process.id], layouts.get(process.id))
            for process in self._processes("WHERE p.end_tick IS NULL OR p.end_tick > ?", tick)
            if process.id in latest
        ]

    # Several processes at one moment: see analysis.passes for which of these give sums

    def passes(self) -> list[PassRow]:
        """All stored passes, in order; older formats and loaded captures have none.

        Their times are places: see `axis`.
        """
        axis = self.axis
        return [
            row._replace(time=axis.place(row.tick, row.time))
            for row in passes.passes(self._database)
        ]

    def rollups(self) -> list[RollupRow]:
        """The figures of all processes at stored passes, in order of ticks."""
        return passes.rollups(self._database)

    def group_marks(self) -> list[GroupMark]:
        """The highest sums of private memory that were seen between passes, in order."""
        return passes.group_marks(self._database)

    def layout_rows(self, first_tick: int, last_tick: int) -> list[LayoutRow]:
        """What some ticks read of each process, in order of ticks; their times are places."""
        axis = self.axis
        rows = passes.layout_rows(self._database, first_tick, last_tick)
        if not axis.jumps:
            return rows
        return [row._replace(time=axis.place(row.tick, row.time)) for row in rows]

    def most_hugetlb(self) -> dict[int, int]:
        """The most HugetlbPages, in bytes, of each process that ever had any."""
        return passes.most_hugetlb(self._database)

    # Intervals, for timelines

    @property
    def axis(self) -> TimeAxis:
        """The axis on which the places of these rows are: the same as their times, nearly always.

        Other answers (measurements, processes, runs) have times of the wall clock.
        """
        (last,) = self._database.row("SELECT max(id) FROM ticks") or (None,)
        if self._axis is None or self._axis[0] != last:
            self._axis = last, read_axis(self._database)
        return self._axis[1]

    def tick_rows(self) -> list[TickRow]:
        """All ticks in order of time."""
        rows = self._database.rows("SELECT id, time_ns, run_id, cause FROM ticks ORDER BY id")
        return list(map(TickRow._make, in_order(rows, self.axis)))

    def meminfo_rows(self) -> list[MeminfoRow]:
        """All changes of /proc/meminfo in order.

        A value is valid until the field's next one, but not beyond its run of the recorder.
        """
        rows = self._database.rows(
            "SELECT m.first_tick, f.name, nullif(m.value, -1) FROM meminfo AS m"
            " JOIN meminfo_fields AS f ON f.id = m.field_id ORDER BY m.first_tick, m.field_id"
        )
        return list(map(MeminfoRow._make, rows))

    def reading_rows(self, process_id: int) -> list[ReadingRow]:
        """All readings of a process in order of time, without their sums."""
        rows = self._database.rows(
            f"SELECT r.tick, {_READING_TIME}, t.run_id, r.layout_state, r.keyframe, r.resident,"
            f" r.high_water_mark {_READINGS}WHERE r.process_id = ? ORDER BY r.tick",
            process_id,
        )
        self._compare_count(process_id, len(rows))
        return list(map(ReadingRow._make, in_order(rows, self.axis)))

    def usage_pages(
        self, process_id: int, columns: Sequence[str], first_tick: int, last_tick: int
    ) -> Iterator[list[Row]]:
        """Usage intervals of a process that begin in a span of ticks, in order, in pages.

        Plain rows, for there are hundreds of thousands, which are turned into columns:
        (first tick, last tick, mapping id, detail id, *columns), `columns` being fields of Usage up
        to `anonymous`. `first_tick` should be a keyframe: what began before it is not told.
        """
        assert set(columns) <= set(Usage._fields[:VOLATILE_FIELDS])
        names = "".join(f", {name}" for name in columns)
        after = (first_tick - 1, 2**62)
        while True:
            rows = self._database.rows(
                f"SELECT first_tick, last_tick, mapping_id, detail_id{names} FROM usages"
                " WHERE process_id = ? AND (first_tick, mapping_id) > (?, ?) AND first_tick <= ?"
                f" ORDER BY first_tick, mapping_id LIMIT {_USAGE_PAGE}",
                process_id,
                *after,
                last_tick,
            )
            if rows:
                yield rows
            if len(rows) < _USAGE_PAGE:
                return
            after = (rows[-1][0], rows[-1][2])

    def sum_rows(self, process_id: int) -> list[SumRow]:
        """The sums of all layouts of a process in order of ticks."""
        rows = self._database.rows(
            "SELECT tick, pss, rss, uss, layout_swap FROM readings"
            " WHERE process_id = ? AND keyframe IS NOT NULL ORDER BY tick",
            process_id,
        )
        return list(map(SumRow._make, rows))

    def stored_sums(self, process_id: int, figure: str) -> list[StoredSum]:
        """Of each layout of a process what it came to when it was read.

        The sum is that of one of `told_figures`; of "mappings" it is how many there are.
        """
        column = {**_TOLD_COLUMNS, "mappings": "r.mappings"}[figure]
        rows = self._database.rows(
            f"SELECT r.tick, r.mappings, {column} FROM readings AS r"
            " WHERE r.process_id = ? AND r.keyframe IS NOT NULL ORDER BY r.tick",
            process_id,
        )
        return list(map(StoredSum._make, rows))

    def cost_of_layouts(self, process_id: int) -> int:
        """What reading all layouts of a process cost the recorder, nanoseconds of CPU."""
        row = self._database.row(
            "SELECT ifnull(sum(cpu_ns), 0) FROM readings WHERE process_id = ?", process_id
        )
        return row[0] if row else 0

    def usage_count(self, process_id: int) -> int:
        """How many usage intervals a process has, those less that a keyframe may only repeat."""
        row = self._database.row(
            "SELECT count(*) - (SELECT count(*) FROM usages WHERE process_id = ?1 AND first_tick IN"
            " (SELECT keyframe FROM readings WHERE process_id = ?1))"
            " FROM usages WHERE process_id = ?1",
            process_id,
        )
        return row[0] if row else 0

    def standing_count(self, process_id: int, first_tick: int, ticks: Sequence[int]) -> int:
        """How many usage intervals of a process stand at one at least of some ticks, in order."""
        return sum(row[0] for row in self._standing("count(*)", process_id, first_tick, ticks))

    def standing_pages(
        self, process_id: int, columns: Sequence[str], first_tick: int, ticks: Sequence[int]
    ) -> Iterator[list[Row]]:
        """As `usage_pages`, but only of intervals that stand at one at least of some ticks."""
        assert set(columns) <= set(Usage._fields[:VOLATILE_FIELDS])
        names = ", ".join(("first_tick", "last_tick", "mapping_id", "detail_id", *columns))
        page: list[Row] = []
        for row in self._standing(names, process_id, first_tick, ticks):
            page.append(row)
            if len(page) >= _USAGE_PAGE:
                yield page
                page = []
        if page:
            yield page

    def _standing(
        self, names: str, process_id: int, first_tick: int, ticks: Sequence[int]
    ) -> Iterator[Row]:
        """Ask for those that begin between two ticks of these, and reach the second: each once.

        Most of a long recording changes again before the next tick that is looked at; SQLite
        passes over those twenty times as fast as rows are made of them.
        """
        before = [first_tick - 1, *ticks]
        for begin in range(0, len(ticks), _AT_ONCE):
            spans = ", ".join(
                f"({int(low)}, {int(high)})"
                for low, high in zip(
                    before[begin : begin + _AT_ONCE], ticks[begin : begin + _AT_ONCE], strict=False
                )
            )
            yield from self._database.rows(
                f"WITH spans (low, high) AS (VALUES {spans})"
                f" SELECT {names} FROM spans CROSS JOIN usages ON process_id = ?"
                " AND first_tick > low AND first_tick <= high AND last_tick >= high",
                process_id,
            )

    def headers(self, process_ids: Sequence[int]) -> dict[int, Mapping]:
        """Headers of all mappings that some processes ever had, by mapping id."""
        marks = ", ".join(str(int(process_id)) for process_id in process_ids)
        rows = self._database.rows(
            'SELECT m."start", m."end", m.perms, m."offset", m.dev, m.inode, p.pathname, m.id'
            " FROM mappings AS m JOIN paths AS p ON p.id = m.path_id"
            f" WHERE m.process_id IN ({marks})"
        )
        return {row[7]: self._mapping(row) for row in rows}

    def details(self, columns: Sequence[str]) -> dict[int, Row]:
        """All details by their number: of each these fields of Usage behind `anonymous`."""
        assert set(columns) <= set(_DETAILS)
        told = self._database.told("details", columns)
        rows = self._database.rows(f"SELECT id, {told} FROM details")
        return {row[0]: row[1:] for row in rows}

    # How it is found

    @property
    def _measurement(self) -> str:
        """The beginning of a question for measurements: see `_measurement_of`."""
        figures = self._database.told("readings", (metric.name for metric in READING), "r.")
        return (
            f"SELECT r.id, r.process_id, r.tick, {_READING_TIME}, r.layout_state, r.keyframe,"
            " r.mappings, r.layout_size, r.rss, r.pss, r.uss, r.layout_swap, r.swap_pss,"
            f" r.rollup_pss, r.cpu_ns, r.wall_ns, {figures} "
        )

    def _processes(self, where: str, *parameters: int) -> list[RecordedProcess]:
        def time_of(order: str) -> str:
            return (
                f"(SELECT {_READING_TIME} {_READINGS} WHERE r.process_id = p.id"
                f" ORDER BY r.tick {order} LIMIT 1)"
            )

        rows = self._database.rows(
            "SELECT p.id, p.pid, p.start_time, p.parent_pid, p.uid, p.cgroup, p.end_tick,"
            f" {time_of('ASC')}, {time_of('DESC')}, p.machine_id"
            f" FROM processes AS p {where} ORDER BY p.id",
            *parameters,
        )
        images: dict[int, list[RecordedImage]] = {row[0]: [] for row in rows}
        for process_id, *image in self._database.rows(
            "SELECT i.process_id, i.first_tick, i.name, i.command_line, i.exe FROM images AS i"
            f" JOIN processes AS p ON p.id = i.process_id {where}"
            " ORDER BY i.process_id, i.first_tick",
            *parameters,
        ):
            if process_id in images:
                images[process_id].append(RecordedImage(*image))
        found = [RecordedProcess._make((*row[:-1], tuple(images[row[0]]), row[-1])) for row in rows]
        found = [
            self._without_readings(each) if each.first_seen is None else each for each in found
        ]
        return found if self._is_in_order() else [self._seen(process) for process in found]

    def _without_readings(self, process: RecordedProcess) -> RecordedProcess:
        """One that only passes read, or that ended as it was found: seen at those ticks."""
        begin = min([image.first_tick for image in process.images], default=None)
        if begin is None:
            return process
        end = begin if process.end_tick is None else process.end_tick
        times: dict[int, int] = dict(
            self._database.rows("SELECT id, time_ns FROM ticks WHERE id IN (?, ?)", begin, end)
        )
        return process._replace(first_seen=times.get(begin), last_seen=times.get(end))

    def _is_in_order(self) -> bool:
        """Whether ticks stand in order of time, as all do but captures loaded in any order."""
        (last,) = self._database.row("SELECT max(id) FROM ticks") or (None,)
        if self._in_order is None or self._in_order[0] != last:
            self._in_order = last, not self._goes_back() or self._ascends()
        return self._in_order[1]

    def _goes_back(self) -> bool:
        """Whether the wall clock ever showed an earlier time after a later one: 3 ms to know."""
        return bool(
            self._database.rows(
                "SELECT 1 FROM ticks AS b JOIN ticks AS a ON a.id = b.id - 1"
                " WHERE b.time_ns < a.time_ns LIMIT 1"
            )
        )

    def _ascends(self) -> bool:
        ticks = [row.tick for row in self.tick_rows()]
        return ticks == sorted(ticks)

    def _seen(self, process: RecordedProcess) -> RecordedProcess:
        """When a process was seen first and last, in whatever order that was recorded."""
        rows, axis = self.reading_rows(process.id), self.axis
        if not rows:
            return process
        first, last = (axis.wall(rows[end].time) for end in (0, -1))
        return process._replace(first_seen=first, last_seen=last)

    def _pages(self, process_id: int) -> Iterator[Measurement]:
        after = -(2**63)
        found = 0
        while True:
            rows = self._database.rows(
                f"{self._measurement}{_READINGS}WHERE r.process_id = ? AND r.tick > ?"
                f" ORDER BY r.tick LIMIT {_PAGE}",
                process_id,
                after,
            )
            for row in rows:
                yield _measurement_of(row)
            found += len(rows)
            if len(rows) < _PAGE:
                self._compare_count(process_id, found)
                return
            after = rows[-1][2]

    def _latest(self, first: int, tick: int, condition: str) -> dict[int, Measurement]:
        rows = self._database.rows(
            f"{self._measurement} FROM processes AS p CROSS JOIN readings AS r ON r.id ="
            " (SELECT r.id FROM readings AS r WHERE r.process_id = p.id AND r.tick BETWEEN ? AND ?"
            f" {condition} ORDER BY r.tick DESC LIMIT 1) CROSS JOIN ticks AS t ON t.id = r.tick"
            " WHERE p.end_tick IS NULL OR p.end_tick > ?",
            first,
            tick,
            tick,
        )
        return {row[1]: _measurement_of(row) for row in rows}

    def _first_tick_of_run(self, tick: int) -> int:
        """Figures are valid until the next of the same run: between two runs nobody looked."""
        row = self._database.row(
            "SELECT r.first_tick FROM ticks AS t JOIN runs AS r ON r.id = t.run_id WHERE t.id = ?",
            tick,
        )
        if row is None:
            raise SelectionError(f"{self.path}: no tick {tick}")
        first: int = row[0]
        return first

    def _lowest_computed(self) -> int | None:
        """Sweep over the changes of the fields that make up MemAvailableComputed."""
        changes = self._database.rows(
            "SELECT m.first_tick, f.name, nullif(m.value, -1) FROM meminfo AS m"
            " JOIN meminfo_fields AS f ON f.id = m.field_id WHERE f.name IN"
            " ('MemFree', 'Buffers', 'Cached', 'Shmem', 'SwapCached', 'SReclaimable')"
            " ORDER BY m.first_tick"
        )
        values: dict[str, int | None] = {}
        now = SystemMemory(values)
        lowest: int | None = None
        found: int | None = None
        for index, (tick, name, value) in enumerate(changes):
            values[name] = value
            if index + 1 < len(changes) and changes[index + 1][0] == tick:
                continue  # the other fields of this tick are still those of the one before
            available = now.available_computed
            if available is not None and (lowest is None or available < lowest):
                lowest, found = available, tick
        return found

    def _mapping(self, row: Row) -> Mapping:
        # Unsigned numbers above 2**63 are held by SQLite as negative ones.
        start, end, perms, offset, dev, inode, name = row[:7]
        if end < start:
            raise Damaged(f"{self.path}: damaged: a mapping ends before it starts")
        return Mapping(start % 2**64, end % 2**64, perms, offset % 2**64, dev, inode % 2**64, name)

    def _compare_count(self, process_id: int, found: int) -> None:
        """Warn if readings of a process were left out because their ticks are missing.

        A recorder may have added some since they were read: only ticks that are not there count.
        """
        if self.reading_count(process_id) == found:
            return
        (lost,) = self._database.row(
            "SELECT count(*) FROM readings WHERE process_id = ?"
            " AND tick NOT IN (SELECT id FROM ticks)",
            process_id,
        ) or (0,)
        if lost:
            warnings.warn(
                f"{self.path}: damaged: the ticks of {lost} measurements of process {process_id}"
                " are missing; these measurements are left out",
                DamagedWarning,
                stacklevel=3,
            )

    def _compare(
        self, measurement_id: int, entries: Sequence[MappingUsage], told: Sequence[int | None]
    ) -> None:
        """Warn if a layout is not the one whose sums were stored."""
        figures = (
            len(entries),
            add_up(entry.usage.rss for entry in entries),
            add_up(entry.usage.pss for entry in entries),
        )
        titles = ("mappings", "bytes of RSS", "bytes of PSS")
        for title, figure, stored in zip(titles, figures, told, strict=True):
            # What was not reported is told where it is shown.
            if None not in (stored, figure) and figure != stored:
                warnings.warn(
                    f"{self.path}: damaged: measurement {measurement_id} does not add up to the"
                    f" sums stored beside it ({figure} {title} against {stored}); do not trust its"
                    " figures",
                    DamagedWarning,
                    stacklevel=3,
                )
                return

    def _detail(self, number: int) -> Row:
        told = self._database.told("details", _DETAILS)
        row = self._database.row(f"SELECT {told} FROM details WHERE id = ?", number)
        return () if row is None else row

    def _why_no_layout(self, process_id: int, by: PeakFigure | None = None) -> SelectionError:
        process = self.process(process_id=process_id)
        who = f"process {process.id} (PID {process.pid}, {process.name!r})"
        rows = self._database.rows(
            "SELECT DISTINCT layout_state FROM readings WHERE process_id = ?", process_id
        )
        states = sorted(LayoutState(row[0]) for row in rows)
        if by is not None and any(state.has_layout for state in states):
            told = ", ".join(sorted(self.told_figures(process_id))) or "none"
            return SelectionError(f"{who}: no layout reports {by}; reported figures: {told}")
        # Why there is none says more than that only cheap figures were read at some ticks.
        reasons = [state for state in states if state is not LayoutState.NOT_TAKEN] or states
        why = " ".join(state.meaning for state in reasons)
        return SelectionError(f"{who}: no layout was recorded. {why}".rstrip())


def _measurement_of(row: Row) -> Measurement:
    totals = None if row[5] is None else Totals(*row[6:13])
    return Measurement(
        id=row[0],
        process_id=row[1],
        tick=row[2],
        time=row[3],
        state=LayoutState(row[4]),
        reading=Reading(*row[16:]),
        totals=totals,
        rollup_pss=row[13],
        cpu_ns=row[14],
        wall_ns=row[15],
    )


def _lasted(run: RecordedRun, axis: TimeAxis) -> int | None:
    if run.started is None or run.ended is None or run.last_tick is None:
        return None
    return axis.place(run.last_tick, run.ended) - axis.place(run.first_tick, run.started)


def _listing(processes: list[RecordedProcess]) -> str:
    """List processes in one line for an error; repr makes hostile names harmless."""
    parts = [
        f"{process.id} (PID {process.pid}, {process.name!r}, {_span(process)})"
        for process in processes[:_LISTED]
    ]
    if len(processes) > _LISTED:
        parts.append(f"and {len(processes) - _LISTED} more")
    return ", ".join(parts) or "nothing"


def _span(process: RecordedProcess) -> str:
    if process.first_seen is None or process.last_seen is None:
        return "never read"
    return f"{format_time(process.first_seen)} to {format_time(process.last_seen)}"
