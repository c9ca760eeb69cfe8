"""The usage intervals of recorded processes, from which timelines are made.

A recording stores a mapping's usage once, with the ticks from which and until which it was valid.
`load` reads these intervals into columns of numbers; a timeline is one sweep over them: each adds
its figure to its group where it begins, and takes it away behind where it ends. Nothing here ever
makes one row per mapping and tick.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate, pairwise
from statistics import median_low
from typing import Any, Protocol

from ..model import KindEvidence, LayoutState, Mapping
from .identity import OTHER, By, Identity, identify
from .kinds import Attribution, Kind
from .lives import Lives, attribute_lives
from .peak import OWN_LINES
from .timeline import Figure, Series, Timeline

Row = tuple[Any, ...]

#: Where a figure of a mapping stands: fields of Usage that are columns of their own, or details.
_COLUMNS = {"pss": ("pss",), "rss": ("rss",), "uss": ("private_clean", "private_dirty")}
#: In a column of numbers: the kernel did not tell this figure.
_NOT_TOLD = -1
#: A pause of so many times the usual interval between two instants is one in which nobody looked.
_PAUSE = 5
#: From good to bad.
_QUALITY = (LayoutState.EXACT, LayoutState.UNCHECKED, LayoutState.TORN)


class Process(Protocol):
    """What is needed of a recorded process; store.results.RecordedProcess has it."""

    @property
    def id(self) -> int:
        """Its number in the recording."""

    @property
    def pid(self) -> int:
        """Its PID."""

    @property
    def name(self) -> str:
        """What it is called."""

    @property
    def images(self) -> Sequence[Image]:
        """What execve put into it, in order of time."""


class Image(Protocol):
    """What one execve put into a process."""

    @property
    def first_tick(self) -> int:
        """The tick from which on it was there."""


class History(Protocol):
    """Where intervals come from: store.recording.Recording, whose docstrings say what they are."""

    def tick_rows(self) -> list[Row]:
        """All ticks."""

    def reading_rows(self, process_id: int) -> list[Row]:
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
) -> Usages:
    """Read all usage intervals of one or several processes, for timelines of these figures.

    Only instants from `first_ns` to `last_ns` (UTC, both included) if given.
    """
    return Usages(history, processes, tuple(figures), (first_ns, last_ns))


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


class _Instants:
    """When it was looked: ticks and times, and the way from a tick to its position."""

    def __init__(self, rows: Sequence[Row], first_ns: int | None, last_ns: int | None) -> None:
        """`rows` begin with tick, time, run; in order of ticks."""
        low = -(2**63) if first_ns is None else first_ns
        high = 2**63 if last_ns is None else last_ns
        self.rows = [row for row in rows if low <= row[1] <= high]
        self.ticks = [row[0] for row in self.rows]
        self.times = [row[1] for row in self.rows]
        self._base = self.ticks[0] if self.ticks else 0
        self._before = array("l", [0])  # how many instants lie before the tick _base + index
        for position, (tick, after) in enumerate(pairwise(self.ticks)):
            self._before.extend([position + 1] * (after - tick))

    def positions(self, ticks: Iterable[int]) -> list[int]:
        """Tell for each tick the position of the first instant at or after it."""
        base, before, count = self._base, self._before, len(self.ticks)
        behind = base + len(before)
        return [
            0 if tick < base else count if tick >= behind else before[tick - base] for tick in ticks
        ]

    def until(self) -> list[int]:
        """Until when what was found at each instant stands."""
        steps = [after - before for before, after in pairwise(self.times)]
        if not steps:
            return list(self.times)
        usual = max(median_low(steps), 0)
        until = [
            after[1]
            if before[2] == after[2] and after[1] - before[1] <= _PAUSE * usual
            else max(before[1], min(before[1] + usual, after[1]))
            for before, after in pairwise(self.rows)
        ]
        return [*until, self.times[-1] + usual]


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
        span: tuple[int | None, int | None],
    ) -> None:
        self.processes = tuple(processes)
        self._history = history
        self._figures = figures
        self._several = len(self.processes) != 1
        self._columns = _Columns(figures)
        self._attributions: dict[int, Attribution] = {}
        self._owners: dict[int, Process] = {}
        self._details = history.details(("vm_flags", "swap", "swap_pss", "private_hugetlb"))
        self._flags = {number: row[0] for number, row in self._details.items()}
        self._headers = history.headers([process.id for process in self.processes])
        rows = history.tick_rows() if self._several else history.reading_rows(processes[0].id)
        self._instants = _Instants(list(rows), *span)
        count = len(self._instants.ticks)
        self._states = [LayoutState.NOT_TAKEN] * count
        self._known = [False] * count
        self._lacking = [0] * (count + 1)
        for process in self.processes:
            if count:
                self._load(process)
        self._unknown = [position for position in range(count) if not self._known[position]]
        self._until = self._instants.until()
        shown = (
            until - time if known else 0
            for time, until, known in zip(
                self._instants.times, self._until, self._known, strict=True
            )
        )
        if not self._several:
            self._note_fast(self.processes[0])
        self._weights = [0, *accumulate(shown)]  # nanoseconds shown before each position

    # -- reading ----------------------------------------------------------------------------------

    def _load(self, process: Process) -> None:
        if self._several:
            rows: Iterable[Row] = self._history.reading_rows(process.id)
        else:
            rows = self._instants.rows
        segments = self._note(rows)
        if not segments:
            return
        names = tuple(
            dict.fromkeys(name for figure in self._figures for name in _COLUMNS.get(figure, ()))
        )
        columns = self._columns
        firsts, lasts, details = array("q"), array("q"), array("q")
        begin = len(columns.mapping_ids)
        pages = self._history.usage_pages(
            process.id, names, segments[0][0], self._instants.ticks[-1]
        )
        for page in pages:
            first, last, mapping_id, detail, *figures = zip(*page, strict=True)
            firsts.extend(first)
            lasts.extend(last)
            details.extend(detail)
            columns.mapping_ids.extend(mapping_id)
            columns.starts.extend(self._instants.positions(first))
            columns.ends.extend(self._instants.positions([tick + 1 for tick in last]))
            told = dict(zip(names, figures, strict=True))
            for figure, values in columns.values.items():
                values.extend(self._values(figure, told, detail))
        ids = columns.mapping_ids[begin:]
        self._clip(begin, firsts, segments)
        self._owners.update(dict.fromkeys(ids, process))
        self._attributions.update(
            attribute_lives(
                Lives(firsts, lasts, ids, details),
                [keyframe for keyframe, _ in segments],
                self._headers,
                self._flags,
                evidence_of(self._history, process),
            )
        )

    def _note_fast(self, process: Process) -> None:
        """Let what was read between two layouts count for the first of them."""
        rows, times = self._instants.rows, self._instants.times
        self._resident: list[int | None] = [row[5] for row in rows]
        self._mark: list[int | None] = [row[6] for row in rows]
        for time, _, resident, mark in self._history.fast_points(process.id):
            position = bisect_right(times, time) - 1
            if position < 0 or time > self._until[position]:
                continue
            for values, value in ((self._resident, resident), (self._mark, mark)):
                if value is not None and value > (values[position] or 0):
                    values[position] = value

    def _values(self, figure: Figure, told: dict[str, Row], details: Row) -> Iterable[int]:
        """One figure of a page of rows."""
        if figure in ("pss", "rss"):
            column = told[figure]
            return _numbers(column) if None in column else column
        if figure == "uss":
            huge = {number: row[3] or 0 for number, row in self._details.items()}
            return [
                _NOT_TOLD if clean is None or dirty is None else clean + dirty + huge[detail]
                for clean, dirty, detail in zip(
                    told["private_clean"], told["private_dirty"], details, strict=True
                )
            ]
        where = 1 if figure == "swap" else 2
        sizes = {number: row[where] for number, row in self._details.items()}
        return _numbers(sizes[detail] for detail in details)

    def _note(self, rows: Iterable[Row]) -> list[tuple[int, list[tuple[int, int]]]]:
        """Take note of what the readings of a process say of each instant.

        Returns for each of its keyframes the runs of positions at which its intervals count.
        """
        segments: dict[int, list[list[int]]] = {}
        position_of = dict(zip(self._instants.ticks, range(len(self._known)), strict=True))
        current: int | None = None
        for tick, _, _, number, keyframe, *_ in rows:
            position = position_of.get(tick)
            if position is None:
                continue
            state = LayoutState(number)
            self._remember(position, state)
            if keyframe is None and self._several and state is LayoutState.NOT_TAKEN:
                keyframe = current  # noqa: PLW2901 -- what it had before still counts in the sum
            if keyframe is None and self._several:
                current = None
                continue
            if keyframe is None:
                continue  # of one process: not shown, see timeline()
            runs = segments.setdefault(keyframe, [])
            if current != keyframe or not runs:
                runs.append([position, position + 1])
            runs[-1][1] = position + 1
            current = keyframe
        return [(key, [(run[0], run[1]) for run in runs]) for key, runs in segments.items()]

    def _remember(self, position: int, state: LayoutState) -> None:
        known = self._known[position]
        if state.has_layout:
            before = self._states[position]
            if not known or _QUALITY.index(state) > _QUALITY.index(before):
                self._states[position] = state
            self._known[position] = True
        else:
            if not known:
                self._states[position] = state
            if self._several and state in (LayoutState.NOT_TAKEN, LayoutState.NO_PERMISSION):
                self._lacking[position] += 1

    def _clip(
        self, begin: int, firsts: array[int], segments: list[tuple[int, list[tuple[int, int]]]]
    ) -> None:
        """Let no interval outlive its keyframe's readings (those of a killed recorder would)."""
        columns = self._columns
        for number, (keyframe, runs) in enumerate(segments):
            last = segments[number + 1][0] if number + 1 < len(segments) else 2**62
            rows = range(begin + bisect_left(firsts, keyframe), begin + bisect_left(firsts, last))
            limit = runs[-1][1]
            for row in rows:
                if columns.ends[row] > limit:  # noqa: PLR1730 -- seldom, and min() for each is slow
                    columns.ends[row] = limit
            if len(runs) > 1:
                self._cut(rows, runs)

    def _cut(self, rows: range, runs: list[tuple[int, int]]) -> None:
        """Cut intervals into the runs in which they count: a process that could not be read."""
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

    # -- grouping ---------------------------------------------------------------------------------

    def timeline(self, figure: Figure, by: By = "name", top: int | None = 20) -> Timeline:
        """Sum up by kind, name, mapping or process; the `top` groups with the highest peaks.

        All others are the group "other". By name, the kinds of peak.OWN_LINES are kept besides
        the `top` names. Groups that never had anything are left out. `figure` is one of those
        that were loaded.
        """
        changes, lacking = self._sweep(figure, by)
        groups = [self._measured(identity, change) for identity, change in changes.items()]
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
        series = [self._series(group) for group in (*shown, *kept)]
        if rest:
            merged: dict[int, int] = defaultdict(int)
            for group in rest:
                for position, change in group.changes:
                    merged[position] += change
            series.append(self._series(self._measured(Identity(OTHER, None, OTHER), merged)))
        return self._assembled(figure, by, series, len(rest), lacking)

    def _sweep(
        self, figure: Figure, by: By
    ) -> tuple[dict[Identity, dict[int, int]], Sequence[int]]:
        """Tell for each group by how much it changes at which positions, and what is lacking."""
        columns = self._columns
        values = columns.values[figure]
        group_of, changes = self._groups(by)
        lacking = array("q", self._lacking)
        if values and min(values) < 0:
            values = array("q", values)
            missing = [0] * len(lacking)
            for row, value in enumerate(values):
                if value < 0:
                    values[row] = 0
                    missing[columns.starts[row]] += 1
                    missing[columns.ends[row]] -= 1
            lacking = array("q", map(int.__add__, lacking, accumulate(missing)))
        rows = zip(columns.mapping_ids, columns.starts, columns.ends, values, strict=True)
        for mapping_id, start, end, value in rows:
            if value:
                group = group_of[mapping_id]
                group[start] += value
                group[end] -= value
        return changes, lacking

    def _groups(self, by: By) -> tuple[dict[int, dict[int, int]], dict[Identity, dict[int, int]]]:
        """Make the groups, all still empty, and tell for each mapping id its own."""
        group_of: dict[int, dict[int, int]] = {}
        widest: dict[str, tuple[int, Identity]] = {}
        by_key: dict[str, dict[int, int]] = {}
        for number, attribution in self._attributions.items():
            process = self._owners[number]
            header = self._headers[number]
            identity = identify(
                header, attribution, by, (process.id, f"{process.name} ({process.pid})")
            )
            known = widest.get(identity.key)
            if known is None or header.size > known[0]:
                widest[identity.key] = header.size, identity
            group_of[number] = by_key.setdefault(identity.key, defaultdict(int))
        return group_of, {widest[key][1]: group for key, group in by_key.items()}

    def _measured(self, identity: Identity, changes: dict[int, int]) -> _Group:
        """Find peak and integral of a group from its changes alone."""
        ordered = sorted(changes.items())
        weights = self._weights
        value = peak = integral = before = 0
        for position, change in ordered:
            integral += value * (weights[position] - weights[before])
            value += change
            before = position
            peak = max(peak, value)
        integral += value * (weights[-1] - weights[before])
        return _Group(identity, ordered, peak, integral)

    def _series(self, group: _Group) -> Series:
        steps = [0] * (len(self._known) + 1)
        for position, change in group.changes:
            steps[position] = change
        values: list[int | None] = list(accumulate(steps[:-1]))
        for position in self._unknown:
            values[position] = None
        return Series(*group.identity, values, group.peak, group.integral)

    def _assembled(
        self,
        figure: Figure,
        by: By,
        series: list[Series],
        other_groups: int,
        lacking: Sequence[int],
    ) -> Timeline:
        total: list[int | None] = [0] * len(self._known)
        if series:
            filled = [[value or 0 for value in each.values] for each in series]
            total = list(map(sum, zip(*filled, strict=True)))
        for position in self._unknown:
            total[position] = None
        nothing: list[int | None] = [None] * len(total)
        rows = self._instants.rows
        return Timeline(
            figure=figure,
            by=by,
            ticks=self._instants.ticks,
            times_ns=self._instants.times,
            until_ns=self._until,
            groups=tuple(series),
            other_groups=other_groups,
            total=total,
            states=self._states,
            lacking=lacking[:-1],
            resident=nothing if self._several else [row[5] for row in rows],
            resident_highest=nothing if self._several else self._resident,
            high_water_mark=nothing if self._several else self._mark,
            torn=[int(state is LayoutState.TORN) for state in self._states],
            gaps=[int(not known) for known in self._known],
        )


@dataclass(frozen=True, slots=True)
class _Group:
    identity: Identity
    changes: list[tuple[int, int]]
    peak: int
    integral: int


def _numbers(values: Iterable[int | None]) -> list[int]:
    return [_NOT_TOLD if value is None else value for value in values]
