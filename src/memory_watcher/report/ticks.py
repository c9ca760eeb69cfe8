"""Which ticks of a recording a report holds: all of them if they fit."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from operator import attrgetter

from ..analysis.passes import Passes
from ..analysis.passes import read as read_passes
from ..analysis.reduce import cut, edges, shown
from ..recorded import RecordedProcess, SumRow, TickRow
from ..store.recording import Recording
from ..store.steps import Steps, silently
from .history import Histories, Ticks, read

#: More intervals than this make a page of more than some 3 MB, and readings likewise.
MOST_INTERVALS = 600_000
MOST_READINGS = 400_000
#: Into how many columns of equal time a recording is cut that does not fit, at first.
_COLUMNS = 4096
_FEWEST = 256


def read_what_fits(
    recording: Recording,
    processes: Sequence[RecordedProcess],
    most: int = MOST_INTERVALS,
    tell: Steps = silently,
    also: Collection[int] = (),
) -> Histories:
    """Read processes at all ticks, or, if that is too much, at those where most was in use.

    The ticks `also` are kept in any case.

    Then of each of so many columns of equal time that tick is kept at which the PSS was highest, of
    several processes that of a pass (as a reduced timeline does), and each process's own peaks.
    """
    every = recording.tick_rows()
    passes = read_passes(recording) if len(processes) > 1 else None
    if _fits(recording, processes, most):
        held = read(recording, processes, Ticks(every), most, tell)
        if held is not None:
            return held._replace(passes=passes)
    columns = _COLUMNS
    peaks, totals = _sums(recording, processes, passes)
    while True:
        ticks = {*peaks, *also, *_highest(every, totals, passes, columns)}
        if columns <= _FEWEST or _intervals(recording, processes, sorted(ticks)) <= most:
            held = read(recording, processes, Ticks(every, ticks), tell=tell)
            assert held is not None
            return held._replace(passes=passes)
        columns //= 2


def _fits(recording: Recording, processes: Sequence[RecordedProcess], most: int) -> bool:
    """Whether it is worth trying to read all: the least that it can be is not too much."""
    readings = sum(recording.reading_count(process.id) for process in processes)
    return readings <= MOST_READINGS and (
        sum(recording.usage_count(process.id) for process in processes) <= most
    )


def _intervals(
    recording: Recording, processes: Sequence[RecordedProcess], ticks: Sequence[int]
) -> int:
    """How many intervals there are at most at these ticks: some may be parts of one."""
    return sum(recording.standing_count(process.id, 0, ticks) for process in processes)


def _sums(
    recording: Recording, processes: Sequence[RecordedProcess], passes: Passes | None
) -> tuple[set[int], dict[int, int]]:
    """The ticks of each process's own peaks, and the PSS of one process at each tick."""
    peaks: set[int] = set()
    totals: dict[int, int] = {}
    for process in processes:
        rows = recording.sum_rows(process.id)
        if passes is None:
            totals.update((row.tick, row.pss or 0) for row in rows)
        for figure in SumRow._fields[1:]:
            told = [row for row in rows if getattr(row, figure)]
            highest = max(told, key=attrgetter(figure), default=rows[0] if rows else None)
            if highest is not None:
                peaks.add(highest.tick)
    return peaks, totals


def _highest(
    rows: Sequence[TickRow], totals: Mapping[int, int], passes: Passes | None, columns: int
) -> Iterator[int]:
    if not rows:
        return
    if passes is not None:
        whole = {each.tick: each.sums.pss or 0 for each in passes.sums if each.is_whole}
        yield from _highest_of_columns(rows, whole, columns)
        totals = {each.tick: each.sums.pss or 0 for each in passes.sums}
    yield from _highest_of_columns(rows, totals, columns)
    yield rows[0].tick
    yield rows[-1].tick


def _highest_of_columns(
    rows: Sequence[TickRow], totals: Mapping[int, int], columns: int
) -> Iterator[int]:
    """Of each column of equal time the tick with the highest total, or else the first."""
    times = [row.time for row in rows]
    known = [totals.get(row.tick) for row in rows]
    for column in cut(times, edges(times[0], times[-1] + 1, columns)):
        if column:
            yield rows[shown(known, column)].tick
