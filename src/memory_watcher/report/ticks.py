"""Which ticks of a recording a report holds: all of them if they fit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from ..store.recording import Recording
from ..store.results import RecordedProcess
from .history import Histories, Ticks, read

#: More intervals than this make a page of more than some 3 MB, and readings likewise.
MOST_INTERVALS = 600_000
MOST_READINGS = 400_000
#: Into how many columns of equal time a recording is cut that does not fit, at first.
_COLUMNS = 4096
_FEWEST = 256


def read_what_fits(
    recording: Recording, processes: Sequence[RecordedProcess], most: int = MOST_INTERVALS
) -> Histories:
    """Read processes at all ticks, or, if that is too much, at those where most was in use.

    Then of each of so many columns of equal time that tick is kept at which the processes' PSS
    summed up to the most (as a reduced timeline does), and each process's own peaks.
    """
    every = recording.tick_rows()
    if _readings(recording, processes) <= MOST_READINGS:
        held = read(recording, processes, Ticks(every), most)
        if held is not None:
            return held
    columns = _COLUMNS
    while True:
        ticks = Ticks(every, _highest(recording, processes, columns))
        held = read(recording, processes, ticks, None if columns <= _FEWEST else most)
        if held is not None:
            return held
        columns //= 2


def _readings(recording: Recording, processes: Iterable[RecordedProcess]) -> int:
    return sum(len(recording.reading_rows(process.id)) for process in processes)


def _highest(
    recording: Recording, processes: Sequence[RecordedProcess], columns: int
) -> Iterator[int]:
    totals: dict[int, int] = defaultdict(int)
    for process in processes:
        best: dict[str, tuple[int, int]] = {}
        for measurement in recording.measurements(process.id):
            if measurement.totals is None:
                continue
            totals[measurement.tick] += measurement.totals.pss or 0
            for figure in ("pss", "rss", "uss", "swap"):
                size = getattr(measurement.totals, figure) or 0
                if size > best.get(figure, (-1, 0))[0]:
                    best[figure] = size, measurement.tick
        yield from (tick for _, tick in best.values())
    rows = recording.tick_rows()
    if not rows:
        return
    start, width = rows[0][1], max(rows[-1][1] - rows[0][1], 1)
    highest: dict[int, tuple[int, int]] = {}
    for tick, time, *_ in rows:
        column = min((time - start) * columns // width, columns - 1)
        total = totals.get(tick, -1)
        if column not in highest or total > highest[column][0]:
            highest[column] = total, tick
    yield from (tick for _, tick in highest.values())
    yield rows[0][0]
    yield rows[-1][0]
