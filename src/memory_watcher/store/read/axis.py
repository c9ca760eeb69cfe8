"""The axis of a recording: see `clocks`. Also puts rows at their places on it, in order of time."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from ...clocks import APART, SLEWING, Stamp, TimeAxis, axis_of
from ..readonly import ReadOnlyDatabase, Row


def read_axis(database: ReadOnlyDatabase) -> TimeAxis:
    """Make the axis from the few ticks at which it can change: 4 ms for 12,000 ticks."""
    slept = database.told("ticks", ("suspended_ns",), "b.")
    rows = database.rows(
        f"SELECT a.id, a.time_ns, a.monotonic_ns, a.run_id, b.id, b.time_ns, b.monotonic_ns,"
        f" b.run_id, {slept} FROM ticks AS b LEFT JOIN ticks AS a ON a.id = b.id - 1"
        " WHERE a.id IS NULL OR a.run_id <> b.run_id OR b.time_ns < a.time_ns"
        " OR abs(b.time_ns - a.time_ns - b.monotonic_ns + a.monotonic_ns)"
        f" > {APART} + (b.monotonic_ns - a.monotonic_ns) / {SLEWING} ORDER BY b.id"
    )
    boots: dict[int, str | int] = dict(
        database.rows(
            "SELECT r.id, ifnull(m.boot_id, r.id) FROM runs AS r"
            " JOIN machines AS m ON m.id = r.machine_id"
        )
    )
    stamps = []
    for before_tick, before_time, before_passed, before_run, tick, time, passed, run, slept in rows:
        if before_tick is not None:
            stamps.append(Stamp(before_tick, before_time, before_passed, boots.get(before_run)))
        # How long the machine slept between two runs nobody knows.
        known = slept if run == before_run else None
        stamps.append(Stamp(tick, time, passed, boots.get(run), known))
    return axis_of(stamps)


def in_order(rows: Iterable[Row], axis: TimeAxis) -> list[Row]:
    """Rows that begin with tick and time, with places for times, in order of places.

    Of ticks in order; what is out of order by less than clocks may be apart is moved up.
    """
    if axis.is_steady:
        rows = list(rows)
        if all(before[1] <= after[1] for before, after in pairwise(rows)):
            return rows
    placed = []
    latest = -(2**63)
    for tick, time, *rest in rows:
        place = axis.place(tick, time)
        if place < latest <= place + APART:
            place = latest
        latest = place
        placed.append((place, tick, *rest))
    if any(after[0] < before[0] for before, after in pairwise(placed)):
        placed.sort(key=lambda row: row[:2])
    return [(tick, place, *rest) for place, tick, *rest in placed]
