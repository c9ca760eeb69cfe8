"""What a report holds of a recording: which ticks, and every interval of every mapping in them.

All figures of all mappings at every tick that is kept are in the report, exactly: an interval is
a few bytes once it is packed, and 12,000 ticks of 2,100 mappings have 240,000 of them. Where there
are more than fit, ticks are left out, never figures: see `ticks`.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, chain
from typing import Any, NamedTuple

from ..analysis import contradictions
from ..analysis.between import count_between
from ..analysis.coverage import Coverage
from ..analysis.kinds import Attribution
from ..analysis.kinds_over_time import KindsOverTime, attribute_lives
from ..analysis.observed import Instants, ObservedSpans
from ..analysis.passes import Passes
from ..answers.usages import evidence_of
from ..clocks import TimeAxis
from ..model import VOLATILE_FIELDS, LayoutState, Mapping, Usage
from ..recorded import Measurement, ReadingRow, RecordedProcess, TickRow
from ..store.recording import Recording
from ..store.steps import Steps, silently

Row = tuple[Any, ...]

#: The figures that are columns; the others are in `details`.
FIGURES = Usage._fields[:VOLATILE_FIELDS]
DETAILS = Usage._fields[VOLATILE_FIELDS:]


class Ticks:
    """The ticks that are kept, in order; a position counts them from 0."""

    def __init__(self, every: Sequence[TickRow], kept: Iterable[int] | None = None) -> None:
        """`every` are Recording.tick_rows; without `kept` all are."""
        self.every = every
        self.watch = ObservedSpans(every)
        wanted = None if kept is None else set(kept)
        self.is_whole = wanted is None
        self.rows = [row for row in every if wanted is None or row.tick in wanted]
        self.instants = Instants(self.rows, None, None, self.watch.order)
        self.position_of = {row.tick: position for position, row in enumerate(self.rows)}

    def __len__(self) -> int:
        return len(self.rows)

    def position(self, tick: int | None) -> int:
        """Position of the first kept tick at or after this one; behind all for None."""
        return len(self) if tick is None else self.instants.positions([tick])[0]


class Life(NamedTuple):
    """A mapping with its usage: parallel lists of positions and of numbers in `Histories.usages`.

    Each usage is valid from its start until before its end.
    """

    id: int
    header: Mapping
    attribution: Attribution
    starts: list[int]
    ends: list[int]
    usages: list[int]


class Highest(NamedTuple):
    """The highest RSS (statm) and high-water mark read from one kept measurement to the next.

    RSS may be read more often than layouts, and more often than ticks are kept.
    """

    resident: list[int | None]
    mark: list[int | None]


class ProcessHistory(NamedTuple):
    """One process: all that was read of it at kept ticks, its mappings by address, and counts.

    `until` tells of each measurement until when what it found stands (see analysis.timeline).
    `layouts` and `torn` count over the whole recording, `cpu_ns` is what its layouts cost in all.
    """

    process: RecordedProcess
    measurements: list[Measurement]
    until: list[int]
    highest: Highest
    lives: list[Life]
    readings: int
    layouts: int
    torn: int
    cpu_ns: int


class Histories(NamedTuple):
    """All processes of a report. `usages` numbers distinct tuples: detail id, then the FIGURES.

    `passes` are those of several processes: what they come to together.
    """

    ticks: Ticks
    processes: list[ProcessHistory]
    usages: dict[tuple[int | None, ...], int]
    axis: TimeAxis
    passes: Passes | None = None

    @property
    def intervals(self) -> int:
        """How many intervals there are in all."""
        return sum(len(life.starts) for each in self.processes for life in each.lives)


def read(
    recording: Recording,
    processes: Sequence[RecordedProcess],
    ticks: Ticks,
    most: int | None = None,
    tell: Steps = silently,
) -> Histories | None:
    """Read what is known of these processes at these ticks; None if there are more intervals."""
    known: dict[tuple[int | None, ...], int] = {}
    histories = Histories(ticks, [], known, recording.axis)
    for number, process in enumerate(processes, 1):
        tell("process", number, len(processes))
        histories.processes.append(_history(recording, process, ticks, known))
        if most is not None and histories.intervals > most:
            return None
    return histories


def _history(
    recording: Recording,
    process: RecordedProcess,
    ticks: Ticks,
    known: dict[tuple[int | None, ...], int],
) -> ProcessHistory:
    rows = recording.reading_rows(process.id)
    kept = _measurements(recording, process, ticks, rows)
    history = ProcessHistory(
        process,
        kept,
        _until(rows, ticks),
        _highest(recording, process, kept, rows),
        _lives(recording, process, ticks, rows, known),
        readings=len(rows),
        layouts=sum(row.keyframe is not None for row in rows),
        torn=sum(row.state == LayoutState.TORN for row in rows),
        cpu_ns=recording.cost_of_layouts(process.id),
    )
    _compare(recording, history, ticks, known)
    return history


def _measurements(
    recording: Recording, process: RecordedProcess, ticks: Ticks, rows: Sequence[ReadingRow]
) -> list[Measurement]:
    """What was read at kept ticks, in their order."""
    if ticks.is_whole:
        kept = [
            each for each in recording.measurements(process.id) if each.tick in ticks.position_of
        ]
    else:
        wanted = sorted(row.tick for row in rows if row.tick in ticks.position_of)
        kept = list(recording.measurements_at(process.id, wanted))
    kept.sort(key=lambda each: ticks.position_of[each.tick])
    return kept


def _until(rows: Sequence[ReadingRow], ticks: Ticks) -> list[int]:
    rows = [row for row in rows if row.tick in ticks.position_of]
    if not rows:
        return []
    presence = Coverage(Instants(rows, None, None, ticks.watch.order), ticks.watch, several=False)
    presence.note(rows)
    presence.complete()
    return presence.until()


def _compare(
    recording: Recording,
    history: ProcessHistory,
    ticks: Ticks,
    known: dict[tuple[int | None, ...], int],
) -> None:
    """Warn if layouts are not those whose sums were stored."""
    stored = {
        ticks.position_of[each.tick]: (each.totals.mappings, each.totals.rss, each.totals.pss)
        for each in history.measurements
        if each.totals is not None
    }
    columns = [(1, usage[1], usage[2]) for usage in known]
    changes = [[0] * (len(ticks) + 1) for _ in range(3)]
    untold = [0] * (len(ticks) + 1)
    for life in history.lives:
        for start, end, number in zip(life.starts, life.ends, life.usages, strict=True):
            if None in columns[number]:
                untold[start] += 1
                untold[end] -= 1
            for change, size in zip(changes, columns[number], strict=True):
                change[start] += size or 0
                change[end] -= size or 0
    sums = list(zip(*map(accumulate, changes), strict=True))
    lacking = list(accumulate(untold))
    wrong = sum(
        not lacking[position] and None not in told and sums[position] != told
        for position, told in stored.items()
    )
    if wrong:
        contradictions.warn(recording.path, history.process.id, wrong, len(stored))


def _highest(
    recording: Recording,
    process: RecordedProcess,
    kept: Sequence[Measurement],
    rows: Sequence[ReadingRow],
) -> Highest:
    highest = Highest([None] * len(kept), [None] * len(kept))
    axis = recording.axis
    times = [axis.place(each.tick, each.time) for each in kept]
    points = ((row.time, (row.resident, row.high_water_mark)) for row in rows)
    fast = (
        (point.time, (point.resident, point.high_water_mark))
        for point in recording.fast_points(process.id)
    )
    count_between(times, chain(points, fast), highest)
    return highest


def _lives(
    recording: Recording,
    process: RecordedProcess,
    ticks: Ticks,
    rows: Sequence[ReadingRow],
    known: dict[tuple[int | None, ...], int],
) -> list[Life]:
    presence = Coverage(ticks.instants, ticks.watch, several=True)
    segments = presence.note(rows) if rows else []
    if not segments:
        return []
    raw = KindsOverTime(*(array("q") for _ in KindsOverTime._fields))
    found: dict[int, tuple[list[int], list[int], list[int]]] = {}
    keyframes = [segment.keyframe for segment in segments]
    for page in _pages(recording, process, ticks, keyframes[0], raw):
        starts = ticks.instants.positions(row[0] for row in page)
        ends = ticks.instants.ends(row[1] for row in page)
        for (first, _, mapping_id, *figures), start, end in zip(page, starts, ends, strict=True):
            if start >= end:
                continue
            usage = known.setdefault(tuple(figures), len(known))
            life = found.get(mapping_id)
            if life is None:
                life = found[mapping_id] = ([], [], [])
            for low, high in segments[bisect_right(keyframes, first) - 1].runs:
                _append(life, start if start > low else low, end if end < high else high, usage)
    headers = recording.headers([process.id])
    details = recording.details(("vm_flags", "kernel_page_size"))
    flags = {number: each for number, (each, _) in details.items()}
    page_sizes = {number: each for number, (_, each) in details.items()}
    evidence = evidence_of(recording, process)
    attributions = attribute_lives(raw, keyframes, headers, flags, evidence, page_sizes)
    return [
        Life(number, headers[number], attributions[number], *found[number])
        for number in sorted(found, key=lambda number: (headers[number], number))
        if found[number][0]
    ]


def _pages(
    recording: Recording,
    process: RecordedProcess,
    ticks: Ticks,
    first_tick: int,
    raw: KindsOverTime,
) -> Iterator[list[Row]]:
    """Usage intervals with all figures that stand at kept ticks; of all, `raw` takes note.

    Kinds are told from whole layouts, also where few ticks are kept.
    """
    last_tick = max(ticks.position_of)
    every = recording.usage_pages(
        process.id, FIGURES if ticks.is_whole else (), first_tick, last_tick
    )
    for page in every:
        for column, values in zip(raw, zip(*page, strict=True), strict=False):
            column.extend(values)  # type: ignore[attr-defined]
        if ticks.is_whole:
            yield page
    if not ticks.is_whole:
        yield from recording.standing_pages(
            process.id, FIGURES, first_tick, sorted(ticks.position_of)
        )


def _append(life: tuple[list[int], list[int], list[int]], start: int, end: int, usage: int) -> None:
    """Add an interval; one that only continues the last (at a keyframe) makes that longer."""
    starts, ends, usages = life
    if start >= end:
        return
    if ends and ends[-1] == start and usages[-1] == usage:
        ends[-1] = end
        return
    starts.append(start)
    ends.append(end)
    usages.append(usage)
