"""What several processes had where passes that give their sum are far apart.

Then what was read of each single one tells: their private memory, added up. What they share is in
no such sum, so it is less than they had. It is not of one moment, but for as long as each reading
is the last of its process; so nothing is over by it, but what may be is not within.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from heapq import merge
from itertools import pairwise
from operator import itemgetter

from ...analysis.passes import Moment, Passes
from ...model import LayoutState
from ...recorded import RecordedProcess
from ...store.recording import Recording
from ...units import SECOND

#: Of passes that are closer together the recorder itself saw what was between them.
_FAR_APART = 2 * SECOND
_FOREVER = 2**63

#: From a place on the axis on a process has so many bytes.
_Step = tuple[int, int, int]


def higher_unpassed(
    recording: Recording, members: Sequence[RecordedProcess], passes: Passes, moment: Moment
) -> int:
    """By how much more bytes their private memory was higher there than at a pass; 0 if not."""
    gaps = list(_gaps(recording, passes))
    if not gaps:
        return 0
    now: dict[int, int] = {}
    total = highest = at_pass = 0
    until = moment.time + moment.wall_ns
    every = merge(*(_steps(recording, each) for each in members), key=itemgetter(0))
    for time, number, private in every:
        total += private - now.get(number, 0)
        now[number] = private
        if time <= until:
            at_pass = total if time <= moment.time else max(at_pass, total)
        elif any(begin < time < end for begin, end in gaps):
            highest = max(highest, total)
    return max(highest - at_pass, 0)


def _gaps(recording: Recording, passes: Passes) -> Iterator[tuple[int, int]]:
    """From where to where there is no pass for long."""
    rows = recording.tick_rows()
    runs = dict.fromkeys(row.run_id for row in rows)
    for run_id in runs:
        begin = next(row.time for row in rows if row.run_id == run_id)
        end = max(row.time for row in rows if row.run_id == run_id)
        times = [begin, *(each.time for each in passes.of_run(run_id))]
        for before, after in pairwise([*times, end]):
            if after - before > _FAR_APART:
                yield before, _FOREVER if after == end else after


def _steps(recording: Recording, process: RecordedProcess) -> Iterator[_Step]:
    """What of its RSS is not shared, from when on; what it had before its last execve is left out.

    It may have been its parent's memory then.
    """
    began = process.images[-1].first_tick if process.images else 0
    rows = recording.statm_rows(process.id)
    points = recording.fast_points(process.id)
    ended = _FOREVER
    if process.end_tick is not None:
        ended = recording.axis.place(process.end_tick, recording.tick_time(process.end_tick))
    shared: int | None = None
    position = 0
    for row, following in zip(rows, [*rows[1:], None], strict=True):
        is_there = LayoutState(row.state).has_memory and row.tick >= began
        if not is_there or row.resident is None:
            yield row.time, process.id, 0
            shared = None
        else:
            shared = row.shared if row.shared is not None else shared
            yield row.time, process.id, max(row.resident - (shared or 0), 0)
        end = ended if following is None else following.time
        while position < len(points) and points[position].time < end:
            point = points[position]
            position += 1
            if shared is not None and point.time >= row.time:
                yield point.time, process.id, max(point.resident - shared, 0)
    if ended != _FOREVER:
        yield ended, process.id, 0
