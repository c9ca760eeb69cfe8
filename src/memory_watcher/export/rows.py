"""The history of a process as rows: a group of mappings from one time to another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from ..answers.walk import Group, Instant, Sums, Walk
from ..model import LayoutState
from ..recorded import RecordedProcess
from .request import Request

#: How many layouts there are between two words of progress.
_STEP = 256


class Row(NamedTuple):
    """A group with what it came to at each layout from `first_ns` to `last_ns` (UTC, included).

    `state` is that of the first of these layouts.
    """

    process: RecordedProcess
    first_tick: int
    first_ns: int
    last_ns: int
    state: LayoutState
    group: Group
    sums: Sums


def rows(request: Request, *, with_builds: bool = False) -> Iterator[Row]:
    """All rows of all processes, one process after the other.

    At each layout a row for each group, in order of time. Or, for changes, one row for as long as
    a group stays the same, in order of the times at which that ended; no row goes on from one run
    of the recorder to the next. `with_builds` tells files of different build IDs apart.
    """
    for process in request.processes:
        walk = Walk(request.recording, process, request.by, request.places, with_builds=with_builds)
        walked = _told(request, process, walk)
        if request.rows == "ticks":
            yield from _at_each(process, walk, walked)
        else:
            yield from changes(process, walked, walk)


def _told(request: Request, process: RecordedProcess, walk: Walk) -> Iterator[Instant]:
    count = request.recording.reading_count(process.id)
    for number, instant in enumerate(walk, 1):
        if number % _STEP == 1:
            request.tell(f"PID {process.pid}, layout", number, max(count, number))
        yield instant


def _at_each(process: RecordedProcess, walk: Walk, walked: Iterator[Instant]) -> Iterator[Row]:
    for instant in walked:
        of = instant.measurement
        for group, sums in walk.groups:
            yield Row(process, of.tick, of.time, of.time, of.state, group, sums)


class _Open(NamedTuple):
    tick: int
    time_ns: int
    state: LayoutState
    sums: Sums


def changes(process: RecordedProcess, walked: Iterable[Instant], walk: Walk) -> Iterator[Row]:
    """One row for as long as a group of a process stays the same; `walked` are those of `walk`."""
    standing: dict[Group, _Open] = {}
    run_id = last_ns = 0

    def ended(group: Group) -> Row:
        begun = standing.pop(group)
        return Row(
            *(process, begun.tick, begun.time_ns, last_ns, begun.state, group, begun.sums),
        )

    for instant in walked:
        of = instant.measurement
        changed = instant.changed
        if instant.run_id != run_id:
            yield from [ended(group) for group in list(standing)]
            changed = tuple(group for group, _ in walk.groups)
            run_id = instant.run_id
        for group in changed:
            if group in standing:
                yield ended(group)
            sums = group.sums()
            if sums is not None:
                standing[group] = _Open(of.tick, of.time, of.state, sums)
        last_ns = of.time
    yield from [ended(group) for group in list(standing)]
