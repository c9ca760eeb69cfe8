"""The memory of the machine over time, as several formats have it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ..recorded import MeminfoRow
from .request import Request


class MachineMoment(NamedTuple):
    """What /proc/meminfo said at a tick: bytes (counts of HugePages_*) by its own names."""

    tick: int
    place: int
    values: dict[str, int]


def machine_moments(request: Request) -> Iterator[MachineMoment]:
    """All ticks in the span at which it was read, in order. `values` is one and the same object."""
    changes = iter(request.recording.meminfo_rows())
    change = next(changes, None)
    values: dict[str, int] = {}
    run_id = None
    for row in request.recording.tick_rows():
        if row.run_id != run_id:
            values.clear()  # what was told holds within a run
            run_id = row.run_id
        while change is not None and change.tick <= row.tick:
            _take(values, change)
            change = next(changes, None)
        # Between the deadlines it is not read.
        if values and row.cause is None and request.covers(row.time):
            yield MachineMoment(row.tick, row.time, values)


def _take(values: dict[str, int], change: MeminfoRow) -> None:
    if change.value is None:
        values.pop(change.field, None)
    else:
        values[change.field] = change.value
