"""RSS and the high-water mark of a process between its layouts."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable

from ...clocks import TimeAxis
from ...recorded import FastPoint, HighWaterMark
from ..readonly import ReadOnlyDatabase


def fast_points(
    database: ReadOnlyDatabase, process_id: int, axis: TimeAxis | None = None
) -> list[FastPoint]:
    """RSS and high-water mark between the layouts, in order: only where one of them changed.

    Their times are places on the axis, if there is one.
    """
    rows = database.rows(
        f"SELECT {database.told('fast_readings', ('tick',))}, time_ns, since_ns, resident,"
        " high_water_mark FROM fast_readings WHERE process_id = ? ORDER BY time_ns",
        process_id,
    )
    if axis is None or not axis.jumps:
        return [FastPoint(*row[1:]) for row in rows]
    tick_at = _ticks_by_time(database)
    return sorted(
        FastPoint(axis.place(tick_at(time) if tick is None else tick, time), *figures)
        for tick, time, *figures in rows
    )


def _ticks_by_time(database: ReadOnlyDatabase) -> Callable[[int], int]:
    """Tell which tick's time is the last up to a time of the wall clock, 0 if there is none."""
    rows = database.rows("SELECT time_ns, id FROM ticks ORDER BY time_ns, id")
    ticks = [0, *(tick for _, tick in rows)]
    times = [time for time, _ in rows]
    return lambda time: int(ticks[bisect_right(times, time)])


def highest_fast_mark(database: ReadOnlyDatabase, process_id: int) -> HighWaterMark | None:
    """The highest mark that was seen between layouts, and when it was first seen."""
    tick = "f.tick" if "tick" in database.columns("fast_readings") else "NULL"
    row = database.row(
        "SELECT high_water_mark, time_ns, time_ns - since_ns,"
        f" ifnull({tick}, (SELECT t.id FROM ticks AS t WHERE t.time_ns <= f.time_ns"
        " ORDER BY t.time_ns DESC, t.id DESC LIMIT 1))"
        " FROM fast_readings AS f WHERE process_id = ? AND high_water_mark IS NOT NULL"
        f" ORDER BY high_water_mark DESC, {tick}, time_ns LIMIT 1",
        process_id,
    )
    if row is None:
        return None
    size, time, since, number = row
    return HighWaterMark(size, number or 1, time, since)


def last_fast_before(
    database: ReadOnlyDatabase, process_id: int, tick: int, time: int
) -> tuple[int, int | None] | None:
    """Time of the last fast reading before a reading of a tick at a time; its tick, if stored."""
    if "tick" not in database.columns("fast_readings"):
        row = database.row(
            "SELECT max(time_ns), NULL FROM fast_readings WHERE process_id = ? AND time_ns < ?",
            *(process_id, time),
        )
    else:
        # A tick is stored once the clock was set back: what has none was before.
        row = database.row(
            "SELECT time_ns, tick FROM fast_readings WHERE process_id = ? AND CASE"
            " WHEN tick IS NULL THEN time_ns < ? ELSE (tick, time_ns) < (?, ?) END"
            " ORDER BY tick DESC, time_ns DESC LIMIT 1",
            *(process_id, time, tick, time),
        )
    return None if row is None or row[0] is None else (row[0], row[1])
