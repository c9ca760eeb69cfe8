"""Passes as a recording holds them; what it is made of instead where it holds none."""

from __future__ import annotations

from ...clocks import TimeAxis
from ...model import LayoutState
from ...recorded import GroupMark, LayoutRow, PassRow, RollupRow
from ..readonly import ReadOnlyDatabase, Row


def passes(database: ReadOnlyDatabase, axis: TimeAxis) -> list[PassRow]:
    """All passes, in order, at their places on the axis."""
    rows = rows_if_there(
        database,
        "passes",
        "SELECT p.tick, t.time_ns, t.run_id, p.wall_ns, p.processes, p.lacking, p.moved, p.layouts,"
        " p.private, p.rss, p.pss, p.uss, p.swap_pss"
        " FROM passes AS p JOIN ticks AS t ON t.id = p.tick ORDER BY p.tick",
    )
    found = map(PassRow._make, rows)
    return [row._replace(time=axis.place(row.tick, row.time)) for row in found]


def rollups(database: ReadOnlyDatabase) -> list[RollupRow]:
    """All processes' figures at passes, in order of ticks."""
    rows = rows_if_there(
        database,
        "rollups",
        "SELECT process_id, first_tick, counted, rss, pss, uss, swap_pss FROM rollups"
        " ORDER BY first_tick, process_id",
    )
    return [RollupRow(*row) for row in rows]


def group_marks(database: ReadOnlyDatabase) -> list[GroupMark]:
    """The highest sums of private memory between passes, in order."""
    rows = rows_if_there(
        database,
        "group_marks",
        "SELECT time_ns, private, processes, run_id FROM group_marks ORDER BY time_ns",
    )
    return [GroupMark(*row) for row in rows]


def layout_rows(
    database: ReadOnlyDatabase, first_tick: int, last_tick: int, axis: TimeAxis
) -> list[LayoutRow]:
    """What some ticks read of each process, in order of ticks, at their places on the axis."""
    rows = database.rows(
        "SELECT r.tick, t.time_ns, t.run_id, t.cause, r.process_id, r.layout_state,"
        " ifnull(r.delay_ns, 0), ifnull(r.wall_ns, 0), r.mappings, r.layout_size, r.rss, r.pss,"
        " r.uss, r.layout_swap, r.swap_pss, r.resident, r.minor_faults"
        " FROM readings AS r JOIN ticks AS t ON t.id = r.tick"
        " WHERE r.tick BETWEEN ? AND ? ORDER BY r.tick, r.process_id",
        *(first_tick, last_tick),
    )
    found = [LayoutRow._make((*row[:5], LayoutState(row[5]), *row[6:])) for row in rows]
    if not axis.jumps:
        return found
    return [row._replace(time=axis.place(row.tick, row.time)) for row in found]


def most_hugetlb(database: ReadOnlyDatabase) -> dict[int, int]:
    """The most HugetlbPages of each process that ever had any, by process id."""
    rows = database.rows(
        "SELECT process_id, max(hugetlb) FROM readings GROUP BY process_id HAVING max(hugetlb) > 0"
    )
    return {row[0]: row[1] for row in rows}


def rows_if_there(database: ReadOnlyDatabase, table: str, sql: str) -> list[Row]:
    """Rows of a table that recordings of earlier versions do not have."""
    return database.rows(sql) if database.has_table(table) else []
