"""Questions to a recording, answered as facts: `Recording`.

Sizes are bytes and times are UTC nanoseconds since 1970 everywhere. Absent is None, never 0.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from types import TracebackType

from ..clocks import TimeAxis
from ..model import (
    KindEvidence,
    Layout,
    Machine,
    Mapping,
    Reading,
    SystemMemory,
)
from ..recorded import (
    CgroupRow,
    Day,
    DayFigures,
    FastPoint,
    GroupMark,
    HighWaterMark,
    KeptLayout,
    LayoutRow,
    Measurement,
    MeminfoRow,
    OwnCpuRow,
    PassRow,
    PeakRow,
    ProcessMoment,
    ReadingRow,
    RecordedContainer,
    RecordedExit,
    RecordedProcess,
    RecordedRun,
    RecordedSelection,
    RollupRow,
    RssFacts,
    RuntimeReport,
    StatmRow,
    StoredFigure,
    StoredSum,
    SumRow,
    SystemFigure,
    ThreadRow,
    TickRow,
)
from .read import passes
from .read.days import Days
from .read.evidence import Files, build_ids, builds_by_path, kind_evidence, runtime_report
from .read.group import Group
from .read.high_water_mark import HighWaterMarks
from .read.intervals import Intervals
from .read.layouts import Layouts
from .read.machine_memory import MachineMemory
from .read.measurements import Measurements
from .read.own_cost import own_cpu
from .read.packed_headers import PackedHeaders
from .read.processes import Processes
from .read.readings import Readings
from .read.ticks import Ticks
from .readonly import ReadOnlyDatabase, Row


class Recording:
    """A recording, opened for reading: it is never created or changed.

    Reads while a recorder writes, after a recorder was killed, and in a read-only folder; `with`
    closes it. To be used by the thread that opened it.

    Raises RecordingNotFound, NotARecording, NewerRecording, or StoreError (no permission, damaged);
    the questions raise SelectionError for what is not in the recording.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        database = self._database = ReadOnlyDatabase(path)
        ticks = self._ticks = Ticks(database)
        readings = self._readings = Readings(database, ticks)
        processes = self._processes = Processes(database, ticks, readings)
        self._measurements = Measurements(database, ticks, readings, processes)
        self._layouts = Layouts(database)
        self._files = Files(database)
        self._marks = HighWaterMarks(database, ticks, processes, self._measurements)
        self._machine_memory = MachineMemory(database, ticks, processes)
        self._intervals = Intervals(database)
        self._group = Group(database)
        self._days = Days(database)

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
        return self._processes.all()

    def process_count(self) -> int:
        """Count the processes."""
        return self._processes.count()

    def process(self, *, pid: int | None = None, process_id: int | None = None) -> RecordedProcess:
        """Find the process that is meant: by PID, by its id in this recording, or the only one.

        Raises SelectionError, saying what there is, if there is none or if there are several.
        """
        return self._processes.one(pid=pid, process_id=process_id)

    def runs(self) -> list[RecordedRun]:
        """Each start of a recorder on this file, in order of time."""
        return self._processes.runs()

    def own_cpu(self) -> list[OwnCpuRow]:
        """What the recorder itself had used, every ten seconds of each run; since format 7."""
        return own_cpu(self._database)

    def machine(self, process_id: int) -> Machine:
        """Give the machine a process ran on.

        Raises SelectionError for an unknown process.
        """
        return self._processes.machine(process_id)

    def secret(self) -> bytes:
        """Give bytes that only who has the recording can know, for pseudonyms: see export.names.

        They stay the same while it grows, but for one of loaded captures.
        """
        return self._processes.secret()

    # One process over time

    def measurements(self, process_id: int) -> Iterator[Measurement]:
        """All measurements of a process in order of time, without their layouts.

        Raises SelectionError for an unknown process.
        """
        return self._measurements.of(process_id)

    def reading_count(self, process_id: int) -> int:
        """How many measurements a process has."""
        return self._readings.count(process_id)

    def measurement(self, measurement_id: int) -> Measurement:
        """One measurement by its number.

        Raises SelectionError if there is none.
        """
        return self._measurements.one(measurement_id)

    def measurement_at(self, process_id: int, tick: int) -> Measurement:
        """What a tick read of a process, with or without a layout.

        Raises SelectionError if it did not read it.
        """
        return self._measurements.at_tick(process_id, tick)

    def measurements_at(self, process_id: int, ticks: Sequence[int]) -> Iterator[Measurement]:
        """What some ticks, in order, read of a process; those that did not read it are left out."""
        return self._measurements.at_ticks(process_id, ticks)

    def peak(self, process_id: int, by: StoredFigure = "pss") -> Measurement:
        """Find the highest measurement that has a layout; the earliest of equals.

        By the layout's PSS, the layout's RSS, or statm's resident figure. A torn layout may count
        a mapping twice, so it is given only if all are torn: see `Measurement.state`.

        Raises SelectionError if there is none, saying why.
        """
        return self._measurements.extreme(process_id, by, "DESC")

    def floor(
        self,
        process_id: int,
        by: StoredFigure = "pss",
        first_tick: int = 0,
        last_tick: int | None = None,
    ) -> Measurement:
        """Find the lowest measurement between two ticks that has a layout; the earliest of equals.

        By the same figures, torn ones last.

        Raises SelectionError if there is none, saying why.
        """
        return self._measurements.extreme(process_id, by, "ASC", first_tick, last_tick)

    def span(self) -> tuple[int, int] | None:
        """When the first tick and the last one were, UTC nanoseconds; None without any."""
        return self._ticks.span()

    def told_figures(self, process_id: int | None = None) -> frozenset[str]:
        """Figures that some layout of a process, or of any, tells: pss, rss, uss, swap, swap_pss.

        And statm. Kernels differ in what they tell: see analysis.figures.
        """
        return self._readings.told_figures(process_id)

    def at(self, process_id: int, time_ns: int) -> Measurement:
        """Find the measurement with a layout at that time, or the last one before it.

        Raises SelectionError if there is none, saying when the first one is.
        """
        return self._measurements.at_time(process_id, time_ns)

    def reading_before(self, measurement: Measurement) -> tuple[Reading, int] | None:
        """Give the cheap figures read of a process before, in the same run, and how long before."""
        return self._measurements.reading_before(measurement)

    def max_map_count(self, tick: int) -> int | None:
        """How many mappings the machine let a process have in the run of a tick."""
        return self._ticks.max_map_count(tick)

    def layout_until(self, process_id: int, tick: int) -> Measurement:
        """Find the last measurement of a process with a layout, at a tick or before it.

        Raises SelectionError if there is none.
        """
        return self._measurements.layout_until(process_id, tick)

    def layout(self, measurement_id: int) -> Layout:
        """All mappings of a measurement with their usage, in the order of their addresses.

        Warns (DamagedWarning) if it does not add up to the sums that are stored beside it.

        Raises SelectionError if there is no such measurement, or if it has no layout.
        """
        return self._layouts.of(measurement_id)

    def high_water_mark(self, process_id: int, until: int | None = None) -> HighWaterMark | None:
        """Find the highest VmHWM seen of a process, and the reading that first showed it.

        `until` is the last tick to look at. None if the kernel's mark was never read. An execve
        starts a new mark; the highest of all images is given.
        """
        return self._marks.of(process_id, until)

    def rss_facts(self, process: RecordedProcess) -> RssFacts:
        """Tell what is known of the highest RSS of a process: for analysis.assurance.judge."""
        return self._marks.rss_facts(process)

    def fast_points(self, process_id: int) -> list[FastPoint]:
        """Give RSS and high-water mark between the layouts, in order, where one of them changed.

        Their times are places: see `axis`.
        """
        return self._marks.fast_points(process_id)

    def kind_evidence(self, process_id: int, tick: int) -> KindEvidence:
        """Give what tells the kinds of a process's mappings at a tick: analysis.kinds.hints_from.

        Empty for recordings of other users' processes and loaded captures.
        """
        return kind_evidence(self._database, process_id, tick, self._files)

    def mapped_files(self) -> frozenset[str]:
        """The paths of all files that anything recorded has mapped."""
        return self._files.all()

    def build_ids(self, process_id: int) -> dict[tuple[int, int], str]:
        """Give the build IDs of files that a process may map, in hexadecimal, by (dev, inode).

        Of all files of its machine that were executed and have one. Empty for loaded captures, and
        for recordings of format 4 and before.
        """
        return build_ids(self._database, process_id)

    def builds_by_path(self) -> dict[str, frozenset[str]]:
        """Give the build IDs that executed files of a path had; several if it was replaced."""
        return builds_by_path(self._database)

    # The machine at one instant

    def tick_time(self, tick: int) -> int:
        """When a tick began, UTC nanoseconds.

        Raises SelectionError for an unknown tick.
        """
        return self._ticks.time_of(tick)

    def tick_at(self, time_ns: int) -> int:
        """Find the tick at that time, or the last one before it.

        Raises SelectionError if there is none, saying when the first one is.
        """
        return self._ticks.at(time_ns)

    def system_memory(self, tick: int) -> SystemMemory | None:
        """Tell what /proc/meminfo said at a tick; None if it was not recorded then.

        It is read at the deadlines only, not where a process starts, ends or peaks between them.

        Raises SelectionError for an unknown tick.
        """
        return self._machine_memory.at(tick)

    def system_peak(self, by: SystemFigure = "MemAvailable") -> int:
        """Find the tick at which the machine had the least memory available; the first of equals.

        Raises SelectionError if the recording does not tell.
        """
        return self._machine_memory.peak(by)

    def processes_at(self, tick: int) -> list[ProcessMoment]:
        """Every process that lived at a tick, with its latest reading of the same run until then.

        Raises SelectionError for an unknown tick.
        """
        return self._measurements.of_all(tick)

    # Several processes at one moment: see analysis.passes for which of these give sums

    def passes(self) -> list[PassRow]:
        """All stored passes, in order; older formats and loaded captures have none.

        Their times are places: see `axis`.
        """
        return passes.passes(self._database, self.axis)

    def rollups(self) -> list[RollupRow]:
        """The figures of all processes at stored passes, in order of ticks."""
        return passes.rollups(self._database)

    def group_marks(self) -> list[GroupMark]:
        """The highest sums of private memory that were seen between passes, in order."""
        return passes.group_marks(self._database)

    def layout_rows(self, first_tick: int, last_tick: int) -> list[LayoutRow]:
        """What some ticks read of each process, in order of ticks; their times are places."""
        return passes.layout_rows(self._database, first_tick, last_tick, self.axis)

    def most_hugetlb(self) -> dict[int, int]:
        """The most HugetlbPages, in bytes, of each process that ever had any."""
        return passes.most_hugetlb(self._database)

    # Intervals, for timelines

    @property
    def axis(self) -> TimeAxis:
        """The axis on which the places of these rows are: the same as their times, nearly always.

        Other answers (measurements, processes, runs) have times of the wall clock.
        """
        return self._ticks.axis

    def tick_rows(self) -> list[TickRow]:
        """All ticks in order of time."""
        return self._ticks.rows()

    def meminfo_rows(self) -> list[MeminfoRow]:
        """All changes of /proc/meminfo in order.

        A value is valid until the field's next one, but not beyond its run of the recorder.
        """
        return self._machine_memory.rows()

    def reading_rows(self, process_id: int) -> list[ReadingRow]:
        """All readings of a process in order of time, without their sums."""
        return self._readings.rows(process_id)

    def statm_rows(self, process_id: int) -> list[StatmRow]:
        """What statm said of a process at each reading, in order of time."""
        return self._readings.statm_rows(process_id)

    def usage_pages(
        self, process_id: int, columns: Sequence[str], first_tick: int, last_tick: int
    ) -> Iterator[list[Row]]:
        """Usage intervals of a process that begin in a span of ticks, in order, in pages.

        Plain rows, for there are hundreds of thousands, which are turned into columns:
        (first tick, last tick, mapping id, detail id, *columns), `columns` being fields of Usage up
        to `anonymous`. `first_tick` should be a keyframe: what began before it is not told.
        """
        return self._intervals.pages(process_id, columns, first_tick, last_tick)

    def keyframes(self, process_id: int) -> list[int]:
        """The ticks at which all usages of a process stand anew, in order."""
        return self._intervals.keyframes(process_id)

    def sum_rows(self, process_id: int) -> list[SumRow]:
        """The sums of all layouts of a process in order of ticks."""
        return self._readings.sum_rows(process_id)

    def thread_rows(self, process_id: int) -> list[ThreadRow]:
        """How many threads a process had at each reading, in order of ticks."""
        return self._readings.thread_rows(process_id)

    def stored_sums(self, process_id: int, figure: str) -> list[StoredSum]:
        """Of each layout of a process what it came to when it was read.

        The sum is that of one of `told_figures`; of "mappings" it is how many there are.
        """
        return self._readings.stored_sums(process_id, figure)

    def cost_of_layouts(self, process_id: int) -> int:
        """What reading all layouts of a process cost the recorder, nanoseconds of CPU."""
        return self._readings.cost_of_layouts(process_id)

    def usage_count(self, process_id: int) -> int:
        """How many usage intervals a process has, those less that a keyframe may only repeat."""
        return self._intervals.count(process_id)

    def standing_count(self, process_id: int, first_tick: int, ticks: Sequence[int]) -> int:
        """How many usage intervals of a process stand at one at least of some ticks, in order."""
        return self._intervals.standing_count(process_id, first_tick, ticks)

    def standing_pages(
        self, process_id: int, columns: Sequence[str], first_tick: int, ticks: Sequence[int]
    ) -> Iterator[list[Row]]:
        """As `usage_pages`, but only of intervals that stand at one at least of some ticks."""
        return self._intervals.standing_pages(process_id, columns, first_tick, ticks)

    def mapped_since(self, process_id: int, mapping: Mapping, tick: int) -> int:
        """Find from which tick on, up to this one, some of these addresses were always mapped so.

        What had them before under another name, or was unmapped in between, is another mapping.
        """
        return self._layouts.mapped_since(process_id, mapping, tick)

    def headers(self, process_ids: Sequence[int]) -> dict[int, Mapping]:
        """Headers of all mappings that some processes ever had, by mapping id."""
        return self._layouts.headers(process_ids)

    def packed_headers(self, process_id: int) -> PackedHeaders:
        """The same of one process, for one that may have had hundreds of thousands."""
        return PackedHeaders(self._database, process_id)

    def details(self, columns: Sequence[str]) -> dict[int, Row]:
        """All details by their number: of each these fields of Usage behind `anonymous`."""
        return self._layouts.details(columns)

    # What several processes have together

    def selection(self) -> RecordedSelection | None:
        """What the last run recorded; None if that is a single process or the whole machine."""
        return self._group.selection()

    def exits(self) -> dict[int, RecordedExit]:
        """How processes ended of which that is known, by process id."""
        return self._group.exits()

    def peaks(self) -> dict[int, PeakRow]:
        """The highest figures of every process, by process id; of fast readings and passes, too."""
        return self._group.peaks()

    def last_layout(self, first_tick: int, last_tick: int) -> int:
        """The last of some ticks that has a layout.

        Raises SelectionError if none has.
        """
        return self._group.last_layout(first_tick, last_tick)

    def cgroups(self) -> list[tuple[int, int, str]]:
        """Number, version and path of the cgroups that were recorded."""
        return self._group.cgroups()

    def cgroup_figures(self, cgroup_id: int, first_tick: int, tick: int) -> dict[str, int | None]:
        """What a cgroup's figures were at a tick; empty if they were not recorded then.

        None: there is no such limit, or the figure could not be read any more.
        """
        return self._group.cgroup_figures(cgroup_id, first_tick, tick)

    def cgroup_events(self, cgroup_id: int, first_tick: int, last_tick: int) -> dict[str, int]:
        """The last count of each event between two ticks, also of a cgroup that was removed."""
        return self._group.cgroup_events(cgroup_id, first_tick, last_tick)

    def cgroup_rows(self, cgroup_id: int) -> Iterator[CgroupRow]:
        """All changes of a cgroup's figures, in order of ticks; each is valid until the next.

        But not beyond its run of the recorder.
        """
        return self._group.cgroup_rows(cgroup_id)

    def runtime_report(self, process_id: int, tick: int) -> RuntimeReport | None:
        """What the runtime of a process said nearest to a tick; None: it said nothing."""
        return runtime_report(self._database, process_id, tick)

    def containers(self) -> dict[str, RecordedContainer]:
        """What runtimes call the containers of processes, by the id in the path of the cgroup."""
        return self._group.containers()

    # One day of UTC after the other

    def days(self) -> list[Day]:
        """The days that have a tick, in order.

        Raises Damaged if they are more than a recording can have.
        """
        return self._days.all()

    def day_figures(self, process_id: int, day: Day) -> DayFigures | None:
        """What was read of a process on a day; None if it was not read."""
        return self._days.figures(process_id, day)

    def kept_layouts(self, process_id: int, day: Day, every_ns: int) -> list[KeptLayout]:
        """Of each so long time of a day the highest layout of a process, in order of ticks.

        By PSS, or what the kernel tells instead. A torn one is given only if all are torn.
        """
        return self._days.kept_layouts(process_id, day, every_ns)

    def day_meminfo(self, day: Day, fields: Sequence[str]) -> Iterator[tuple[int, int, MeminfoRow]]:
        """Changes of some lines of /proc/meminfo on a day, in order, read in pages.

        Each with the time (UTC, ns) and the run of its tick.
        """
        return self._days.meminfo(day, fields)

    def meminfo_before(self, day: Day, fields: Sequence[str]) -> dict[str, int | None]:
        """What these lines said last before a day, in the run of its first tick."""
        return self._days.meminfo_before(day, fields)
