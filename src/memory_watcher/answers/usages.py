"""The usage intervals of recorded processes, from which timelines are made.

A recording stores a mapping's usage once, with the ticks from which and until which it was valid.
`load` reads these intervals into columns of numbers; a timeline is one sweep over them: each adds
its figure to its group where it begins, and takes it away behind where it ends. Nothing here ever
makes one row per mapping and tick.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from itertools import accumulate, repeat
from typing import Any, NamedTuple, Protocol

from ..analysis import group_timeline, passes
from ..analysis.between import count_between
from ..analysis.breakdown import OWN_LINES
from ..analysis.contradictions import count_wrong
from ..analysis.coverage import Coverage, Segment
from ..analysis.identity import By, Identity, identify, rest_of
from ..analysis.kinds import Attribution, Kind
from ..analysis.kinds_over_time import KindsOverTime, attribute_lives
from ..analysis.observed import Instants, ObservedSpans
from ..analysis.roles import Image as NamedImage
from ..analysis.roles import roles_at
from ..analysis.timeline import Figure, Series, Timeline
from ..clocks import TimeAxis
from ..model import KindEvidence, LayoutState, Mapping
from ..recorded import ReadingRow, TickRow

Row = tuple[Any, ...]


class _Detail(NamedTuple):
    """What timelines show of `details`."""

    vm_flags: str | None
    swap: int | None
    swap_pss: int | None
    private_hugetlb: int | None
    shared_hugetlb: int | None
    lazy_free: int | None
    kernel_page_size: int | None

    @property
    def hugetlb(self) -> int | None:
        """See model.Usage."""
        if self.private_hugetlb is None and self.shared_hugetlb is None:
            return None
        return (self.private_hugetlb or 0) + (self.shared_hugetlb or 0)

    @property
    def beside_rss(self) -> int | None:
        """What `held` has besides RSS, bytes: see model.Usage."""
        if self.swap is None:
            return None
        return self.swap + (self.hugetlb or 0) - (self.lazy_free or 0)

    @property
    def beside_pss(self) -> tuple[int, int] | None:
        """What `held_pss` takes away from PSS at most, and what it adds, bytes."""
        swap = 0 if self.swap == 0 else self.swap_pss
        return None if swap is None else (self.lazy_free or 0, swap + (self.private_hugetlb or 0))


#: Where a figure of a mapping stands: fields of Usage that are columns of their own, or details.
_COLUMNS = {
    "pss": ("pss",),
    "rss": ("rss",),
    "pss_dirty": ("pss_dirty",),
    "uss": ("private_clean", "private_dirty"),
    "held": ("rss",),
    "held_pss": ("pss",),
}
#: In a column of numbers: the kernel did not tell this figure.
_NOT_TOLD = -1


class Process(passes.Process, Protocol):
    """What is needed of a recorded process; recorded.RecordedProcess has it."""

    @property
    def id(self) -> int:
        """Its number in the recording."""

    @property
    def pid(self) -> int:
        """Its PID."""

    @property
    def images(self) -> Sequence[Image]:
        """What execve put into it, in order of time."""

    def image_at(self, tick: int) -> Image | None:
        """What it was running then."""


class Image(NamedImage, Protocol):
    """What one execve put into a process."""

    @property
    def first_tick(self) -> int:
        """The tick from which on it was there."""


class History(passes.History, Protocol):
    """Where intervals come from: store.recording.Recording, whose docstrings say what they are."""

    @property
    def axis(self) -> TimeAxis:
        """Where the places of these rows are."""

    def tick_rows(self) -> list[TickRow]:
        """All ticks."""

    def reading_rows(self, process_id: int) -> list[ReadingRow]:
        """All readings of a process."""

    def usage_pages(
        self, process_id: int, columns: Sequence[str], first_tick: int, last_tick: int
    ) -> Iterator[list[Row]]:
        """Usage intervals that begin in a span of ticks."""

    def headers(self, process_ids: Sequence[int]) -> dict[int, Mapping]:
        """Headers by mapping id."""

    def details(self, columns: Sequence[str]) -> dict[int, Row]:
        """Rarely changing figures by detail id."""

    def kind_evidence(self, process_id: int, tick: int) -> KindEvidence:
        """What was recorded besides the mappings; the same from one execve to the next."""

    def fast_points(self, process_id: int) -> Sequence[Row]:
        """Read between layouts: time, time since the last, resident and high-water mark."""


def load(
    history: History,
    processes: Sequence[Process],
    *,
    figures: Sequence[Figure] = ("pss",),
    first_ns: int | None = None,
    last_ns: int | None = None,
    places: tuple[int | None, int | None] | None = None,
) -> Usages:
    """Read all usage intervals of one or several processes, for timelines of these figures.

    Only instants from `first_ns` to `last_ns` (both included) if given: UTC of the wall clock. Or
    from one place on the axis to another.
    """
    if places is None:
        places = (
            None if first_ns is None else history.axis.begin(first_ns),
            None if last_ns is None else history.axis.end(last_ns),
        )
    return Usages(history, processes, tuple(figures), places)


def timeline(
    history: History,
    process: Process,
    figure: Figure = "pss",
    by: By = "name",
    top: int | None = 20,
) -> Timeline:
    """Make one timeline of one process: the short form of `load` for the whole recording."""
    return load(history, [process], figures=(figure,)).timeline(figure, by, top)


def evidence_of(history: History, process: Process) -> Callable[[int], KindEvidence]:
    """Tell for each tick what was recorded besides the mappings of a process: for attribute_lives.

    It is asked for once for each image, for between two execve it is the same.
    """
    execs = [image.first_tick for image in process.images]

    @cache
    def of_image(number: int) -> KindEvidence:
        return history.kind_evidence(process.id, execs[number - 1] if number else 0)

    return lambda tick: of_image(bisect_right(execs, tick))


class _Columns:
    """The intervals of all mappings as columns of numbers: 40 bytes each and not 300."""

    def __init__(self, figures: Sequence[Figure]) -> None:
        self.mapping_ids = array("q")
        self.starts = array("l")  # positions
        self.ends = array("l")
        self.values = {figure: array("q") for figure in figures}


class Usages:
    """The usage intervals of some processes, from which timelines are made. Made by `load`."""

    def __init__(
        self,
        history: History,
        processes: Sequence[Process],
        figures: tuple[Figure, ...],
        places: tuple[int | None, int | None],
    ) -> None:
        self.processes = tuple(processes)
        self._history = history
        self.figures = figures
        self._several = len(self.processes) != 1
        self._columns = _Columns(figures)
        self._attributions: dict[int, Attribution] = {}
        self._owners: dict[int, Process] = {}
        self._rows_of: dict[int, range] = {}  # by process id: rows of the columns
        ticks = history.tick_rows()
        self._watch = ObservedSpans(ticks)
        #: Those of several processes; for notes on which of them give no sum.
        self.passes: passes.Passes | None = None
        self._group: group_timeline.Group | None = None
        #: Those of a single process, which are asked for twice.
        self._readings: list[ReadingRow] | None = None
        rows: Sequence[TickRow] | Sequence[ReadingRow] = ticks
        if not self._several:
            rows = self._readings = history.reading_rows(processes[0].id)
        if self._several:
            self.passes = passes.read(history)
            numbers = {process.id for process in self.processes}
            group = group_timeline.Group(self.passes, numbers, ticks, self._watch, places)
            if len(group.instants):
                self._group, rows = group, group.whole_rows()
        self._instants: Instants[Any] = Instants(rows, *places, self._watch.order)
        self._is_loaded = False
        if self._group is None:
            self._load_layouts()

    # -- reading ----------------------------------------------------------------------------------

    def _load_layouts(self) -> None:
        """Read all intervals: not before they are needed, for by process the passes are enough."""
        if self._is_loaded:
            return
        self._is_loaded = True
        details = self._history.details(_Detail._fields)
        self._details = {number: _Detail._make(row) for number, row in details.items()}
        self._flags = {number: detail.vm_flags for number, detail in self._details.items()}
        self._page_sizes = {
            number: detail.kernel_page_size for number, detail in self._details.items()
        }
        self._headers = self._history.headers([process.id for process in self.processes])
        self._presence = Coverage(self._instants, self._watch, self._several)
        for process in self.processes:
            if len(self._instants):
                self._load(process)
        self._presence.complete()
        self._unknown = [
            position for position, known in enumerate(self._presence.known) if not known
        ]
        self._until = self._presence.until()
        shown = (
            until - time if known else 0
            for time, until, known in zip(
                self._instants.times, self._until, self._presence.known, strict=True
            )
        )
        self._weights = [0, *accumulate(shown)]  # nanoseconds shown before each position
        self._resident: list[int | None] = [None] * len(self._instants)
        self._mark = self._highest = self._resident
        if not self._several:
            self._note_cheap_figures(self.processes[0])

    def _load(self, process: Process) -> None:
        rows, self._readings = self._readings, None
        if rows is None:
            rows = self._history.reading_rows(process.id)
        segments = self._presence.note(rows)
        if not segments:
            return
        names = tuple(
            dict.fromkeys(name for figure in self.figures for name in _COLUMNS.get(figure, ()))
        )
        columns = self._columns
        firsts, lasts, details = array("q"), array("q"), array("q")
        begin = len(columns.mapping_ids)
        pages = self._history.usage_pages(
            process.id, names, segments[0].keyframe, max(self._instants.ticks)
        )
        for page in pages:
            first, last, mapping_id, detail, *figures = zip(*page, strict=True)
            firsts.extend(first)
            lasts.extend(last)
            details.extend(detail)
            columns.mapping_ids.extend(mapping_id)
            columns.starts.extend(self._instants.positions(first))
            columns.ends.extend(self._instants.ends(last))
            told = dict(zip(names, figures, strict=True))
            for figure, values in columns.values.items():
                values.extend(self._values(figure, told, detail))
        ids = columns.mapping_ids[begin:]
        self._clip(begin, firsts, segments)
        self._rows_of[process.id] = range(begin, len(columns.mapping_ids))
        self._owners.update(dict.fromkeys(ids, process))
        self._attributions.update(
            attribute_lives(
                KindsOverTime(firsts, lasts, ids, details),
                [keyframe for keyframe, _ in segments],
                self._headers,
                self._flags,
                evidence_of(self._history, process),
                self._page_sizes,
            )
        )

    def _note_cheap_figures(self, process: Process) -> None:
        """Let what was read between two readings count for the first of them."""
        rows, times = self._instants.rows, self._instants.times
        self._resident = [row.resident for row in rows]
        self._highest = list(self._resident)
        self._mark = [row.high_water_mark for row in rows]
        fast = self._history.fast_points(process.id)
        points = ((time, (resident, mark)) for time, _, resident, mark in fast)
        count_between(times, points, (self._highest, self._mark), self._watch.until)

    def _values(self, figure: Figure, told: dict[str, Row], details: Row) -> Iterable[int]:
        """One figure of a page of rows."""
        if figure in ("pss", "rss", "pss_dirty"):
            column = told[figure]
            return _numbers(column) if None in column else column
        if figure == "uss":
            huge = {number: each.private_hugetlb or 0 for number, each in self._details.items()}
            return [
                _NOT_TOLD if clean is None or dirty is None else clean + dirty + huge[detail]
                for clean, dirty, detail in zip(
                    told["private_clean"], told["private_dirty"], details, strict=True
                )
            ]
        if figure in ("held", "held_pss"):
            return self._held(figure, told, details)
        if figure == "mappings":
            return [1] * len(details)
        sizes = {number: getattr(each, figure) for number, each in self._details.items()}
        return _numbers(sizes[detail] for detail in details)

    def _held(self, figure: Figure, told: dict[str, Row], details: Row) -> Iterable[int]:
        """As model.Usage computes them, of a page of rows."""
        if figure == "held":
            beside = {number: each.beside_rss for number, each in self._details.items()}
            return _numbers(
                None if size is None or (more := beside[detail]) is None else size + more
                for size, detail in zip(told["rss"], details, strict=True)
            )
        parts = {number: each.beside_pss for number, each in self._details.items()}
        return _numbers(
            None
            if size is None or (part := parts[detail]) is None
            else max(size - part[0], 0) + part[1]
            for size, detail in zip(told["pss"], details, strict=True)
        )

    def _clip(self, begin: int, firsts: array[int], segments: list[Segment]) -> None:
        """Let intervals count only where their keyframe's layouts do.

        Those of a killed recorder have no end. Those of a process that could not be read for a
        while go on until it is read again.
        """
        columns = self._columns
        for number, (keyframe, runs) in enumerate(segments):
            last = segments[number + 1].keyframe if number + 1 < len(segments) else 2**62
            rows = range(begin + bisect_left(firsts, keyframe), begin + bisect_left(firsts, last))
            starts = columns.starts[rows.start : rows.stop]
            ends = columns.ends[rows.start : rows.stop]
            if not _are_within(starts, ends, runs):
                self._cut(rows, runs)

    def _cut(self, rows: range, runs: list[tuple[int, int]]) -> None:
        """Cut intervals into the runs in which they count; those in none become empty."""
        columns = self._columns
        for row in rows:
            start, end = columns.starts[row], columns.ends[row]
            pieces = [
                (max(start, first), min(end, last))
                for first, last in runs
                if max(start, first) < min(end, last)
            ]
            columns.starts[row], columns.ends[row] = pieces[0] if pieces else (start, start)
            for piece in pieces[1:]:
                columns.mapping_ids.append(columns.mapping_ids[row])
                columns.starts.append(piece[0])
                columns.ends.append(piece[1])
                for values in columns.values.values():
                    values.append(values[row])

    def contradictions(
        self, process: Process, figure: Figure, stored: Iterable[tuple[int, int | None, int | None]]
    ) -> tuple[int, int]:
        """How many layouts are not those whose sums are stored, and how many were compared.

        `stored`: of each layout its tick, how many mappings it has, and the figure's sum.
        """
        if not self._is_loaded:
            return 0, 0
        rows = self._rows_of.get(process.id, range(0))
        columns, part = self._columns, slice(rows.start, rows.stop)
        spans = columns.starts[part], columns.ends[part]
        values = columns.values[figure][part]
        position_of = {tick: at for at, tick in enumerate(self._instants.ticks)}
        told = [
            (position_of[tick], count, size) for tick, count, size in stored if tick in position_of
        ]
        counts = {at: count for at, count, _ in told if count is not None}
        sums = {at: size for at, _, size in told if size is not None}
        sizes = (None if value == _NOT_TOLD else value for value in values)
        wrong = max(
            count_wrong(zip(*spans, repeat(1)), counts),
            count_wrong(zip(*spans, sizes, strict=True), sums),
        )
        return wrong, len(told)

    # -- grouping ---------------------------------------------------------------------------------

    def within(self, figure: Figure, by: By, key: str) -> Timeline:
        """The mappings of one group, each as a series, of the instants whose layouts are known."""
        self._load_layouts()
        return self._of_layouts(figure, "mapping", None, (by, key))

    def timeline(self, figure: Figure, by: By = "name", top: int | None = 20) -> Timeline:
        """Sum up by kind, name, mapping or process; the `top` groups with the highest peaks.

        All others are added up, by mapping for each kind (identity.rest_of). By name, the kinds of
        breakdown.OWN_LINES are kept besides the `top` names. Groups that never had anything are
        left out. `figure` is one of those that were loaded.
        """
        if self._group is not None:
            return self._of_group(self._group, figure, by, top)
        if self._several:
            return self._apart(figure, top)
        return self._of_layouts(figure, by, top)

    def _of_group(
        self, group: group_timeline.Group, figure: Figure, by: By, top: int | None
    ) -> Timeline:
        """Sum up over processes, at passes."""
        if figure in ("held_pss", "pss_dirty"):  # passes do not tell it
            self._load_layouts()
            return self._of_layouts(figure, by, top)
        if by == "process":
            names = {each.id: each for each in self.processes}
            return group.by_process(
                figure, {n: self._identity(each) for n, each in names.items()}, top
            )
        self._load_layouts()
        return group.beside_sums(self._of_layouts(figure, by, top))

    def _apart(self, figure: Figure, top: int | None) -> Timeline:
        """Processes beside each other, where nothing says what they come to together."""
        made = self._of_layouts(figure, "process", None)
        return group_timeline.apart(made, top)

    def _of_layouts(
        self, figure: Figure, by: By, top: int | None, only: tuple[By, str] | None = None
    ) -> Timeline:
        """Sum up the layouts at each instant; `only` names the one group whose mappings count."""
        changes, lacking, unknown = self._sweep(figure, by, only)
        # One after the other gives its table back, which takes ten times what is made of it.
        groups = [self._measured(each, changes.pop(each)) for each in list(changes)]
        groups = [group for group in groups if group.peak]
        groups.sort(key=lambda group: (-group.peak, group.identity.name, group.identity.key))
        own = list(OWN_LINES) if by == "name" else []
        named = [group for group in groups if group.identity.kind not in own]
        shown = [group for group in groups if group.identity.kind in own]
        shown.sort(key=lambda group: own.index(group.identity.kind))  # type: ignore[arg-type]
        kept = named if top is None else named[:top]
        if by == "kind":
            order = list(Kind)
            kept.sort(key=lambda group: order.index(group.identity.kind or order[-1]))
        rest = named[len(kept) :]
        series = [self._series(group, unknown) for group in (*shown, *kept)]
        series += self._added_up(rest, by, unknown)
        return self._assembled(figure, by, series, len(rest), lacking, unknown)

    def _added_up(self, rest: Iterable[_Group], by: By, unknown: Sequence[int]) -> Iterator[Series]:
        """What has no place of its own, the highest peak first."""
        merged: dict[Identity, dict[int, int]] = defaultdict(lambda: defaultdict(int))
        stands_for: Counter[Identity] = Counter()
        for group in rest:
            identity = rest_of(group.identity.kind, by)
            stands_for[identity] += 1
            changes = merged[identity]
            for position, change in zip(group.positions, group.changes, strict=True):
                changes[position] += change
        measured = [self._measured(*each) for each in merged.items()]
        for group in sorted(measured, key=lambda each: -each.peak):
            count = stands_for[group.identity]
            yield replace(self._series(group, unknown), stands_for=count)

    @cached_property
    def _titles(self) -> dict[int, str]:
        """What each process is called: its role, and its PID."""
        found = roles_at(self.processes)
        return {each.id: f"{found[each.id].label} ({each.pid})" for each in self.processes}

    def _identity(self, process: Process) -> Identity:
        return Identity(f"process {process.id}", None, self._titles[process.id])

    def _sweep(
        self, figure: Figure, by: By, only: tuple[By, str] | None = None
    ) -> tuple[dict[Identity, dict[int, int]], Sequence[int], Sequence[int]]:
        """Tell for each group by how much it changes at which positions, and what is lacking.

        The positions given last are those without a total: where no layout is known, or where the
        kernel told this figure of no mapping at all.
        """
        columns = self._columns
        values = columns.values[figure]
        group_of, changes = self._groups(by, only)
        lacking = array("q", [*self._presence.lacking, 0])
        unknown = self._unknown
        if values and min(values) < 0:
            values = array("q", values)
            missing, told = [0] * len(lacking), [0] * len(lacking)
            for row, value in enumerate(values):
                counts = missing if value < 0 else told
                counts[columns.starts[row]] += 1
                counts[columns.ends[row]] -= 1
                if value < 0:
                    values[row] = 0
            missing, told = list(accumulate(missing)), list(accumulate(told))
            lacking = array("q", map(int.__add__, lacking, missing))
            nothing = [at for at, count in enumerate(missing) if count and not told[at]]
            unknown = sorted({*unknown, *nothing})
        rows = zip(columns.mapping_ids, columns.starts, columns.ends, values, strict=True)
        for mapping_id, start, end, value in rows:
            if value:
                group = group_of[mapping_id]
                group[start] += value
                group[end] -= value
        return changes, lacking, unknown

    def _groups(
        self, by: By, only: tuple[By, str] | None
    ) -> tuple[dict[int, dict[int, int]], dict[Identity, dict[int, int]]]:
        """Make the groups, all still empty, and tell for each mapping id its own."""
        group_of: dict[int, dict[int, int]] = {}
        widest: dict[str, tuple[int, Identity]] = {}
        by_key: dict[str, dict[int, int]] = {}
        elsewhere: dict[int, int] = defaultdict(int)
        for number in self._attributions:
            if only is not None and self._identified(number, only[0]).key != only[1]:
                group_of[number] = elsewhere
                continue
            size, identity = self._headers[number].size, self._identified(number, by)
            known = widest.get(identity.key)
            if known is None or size > known[0]:
                widest[identity.key] = size, identity
            group_of[number] = by_key.setdefault(identity.key, defaultdict(int))
        return group_of, {widest[key][1]: group for key, group in by_key.items()}

    def _identified(self, number: int, by: By) -> Identity:
        """The group of a mapping."""
        process = self._owners[number]
        title = self._titles[process.id] if by == "process" else ""
        return identify(self._headers[number], self._attributions[number], by, (process.id, title))

    def counts(self, by: By, positions: Sequence[int]) -> dict[str, list[int]]:
        """How many mappings the groups have at these instants, by their keys."""
        self._load_layouts()
        columns = self._columns
        counts: dict[str, list[int]] = defaultdict(lambda: [0] * len(positions))
        for at, position in enumerate(positions):
            rows = zip(columns.mapping_ids, columns.starts, columns.ends, strict=True)
            for number in [number for number, start, end in rows if start <= position < end]:
                counts[self._identified(number, by).key][at] += 1
        return counts

    def _measured(self, identity: Identity, changes: dict[int, int]) -> _Group:
        """Find peak and integral of a group from its changes alone."""
        positions = array("l", sorted(changes))
        steps = [changes[position] for position in positions]
        weights = self._weights
        value = peak = integral = before = 0
        for position, change in zip(positions, steps, strict=True):
            integral += value * (weights[position] - weights[before])
            value += change
            before = position
            peak = max(peak, value)
        integral += value * (weights[-1] - weights[before])
        return _Group(identity, positions, _packed(steps), peak, integral)

    def _series(self, group: _Group, unknown: Sequence[int]) -> Series:
        steps = [0] * (len(self._presence.known) + 1)
        for position, change in zip(group.positions, group.changes, strict=True):
            steps[position] = change
        values: Sequence[int | None] = _packed(list(accumulate(steps[:-1])))
        if unknown:
            told = list(values)
            for position in unknown:
                told[position] = None
            values = told
        return Series(*group.identity, values, group.peak, group.integral)

    def _assembled(
        self,
        figure: Figure,
        by: By,
        series: list[Series],
        other_groups: int,
        lacking: Sequence[int],
        unknown: Sequence[int],
    ) -> Timeline:
        total: list[int | None] = [0] * len(self._presence.known)
        if series:
            every = [each.values for each in series]
            if unknown:
                every = [[value or 0 for value in values] for values in every]
            total = list(map(sum, zip(*every, strict=True)))
        for position in unknown:
            total[position] = None
        return Timeline(
            figure=figure,
            by=by,
            ticks=self._instants.ticks,
            times_ns=self._instants.times,
            until_ns=self._until,
            read_until_ns=self._presence.read_until(),
            groups=tuple(series),
            other_groups=other_groups,
            total=total,
            states=self._presence.states,
            lacking=lacking[:-1],
            sums=[None] * len(self._instants),
            resident=self._resident,
            resident_highest=self._highest,
            high_water_mark=self._mark,
            torn=[int(state is LayoutState.TORN) for state in self._presence.states],
            gaps=self._presence.gaps(self._until),
        )


@dataclass(frozen=True, slots=True)
class _Group:
    identity: Identity
    positions: Sequence[int]
    changes: Sequence[int]
    peak: int
    integral: int


def _are_within(starts: array[int], ends: array[int], runs: list[tuple[int, int]]) -> bool:
    """Whether it is plain that no interval needs to be cut, as of almost all keyframes."""
    if not starts or starts == ends:
        return True
    return len(runs) == 1 and min(starts) >= runs[0][0] and max(ends) <= runs[0][1]


def _packed(numbers: list[int]) -> Sequence[int]:
    """The same in a fifth of the memory, unless one is more than any machine has."""
    try:
        return array("q", numbers)
    except OverflowError:
        return numbers


def _numbers(values: Iterable[int | None]) -> list[int]:
    return [_NOT_TOLD if value is None else value for value in values]
