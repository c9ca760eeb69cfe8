"""What a recording tells of the highest RSS of a process besides its layouts."""

from __future__ import annotations

from itertools import pairwise

from ...clocks import TimeAxis
from ...model import Machine
from ...recorded import RecordedProcess, RssFacts
from ..readonly import ReadOnlyDatabase
from .passes import rows_if_there
from .readings import READING_TIME


def rss_facts(
    database: ReadOnlyDatabase,
    process: RecordedProcess,
    machine: Machine,
    mark: int | None,
    axis: TimeAxis,
) -> RssFacts:
    """Collect what is known of a process; `mark` is its highest VmHWM, on any image."""
    exits = rows_if_there(
        database,
        "exits",
        f"SELECT process_id, max_rss, {database.told('exits', ('inherited',))} FROM exits"
        f" WHERE process_id = {int(process.id)}",
    )
    max_rss, inherited = exits[0][1:] if exits else (None, None)
    return RssFacts(
        mark=mark,
        tolerance=machine.rss_tolerance,
        unseen_ns=_unseen(database, process, axis),
        execves=_execves(process),
        max_rss=max_rss,
        inherited=inherited,
        had_children=_had_children(database, process),
    )


def _unseen(database: ReadOnlyDatabase, process: RecordedProcess, axis: TimeAxis) -> int | None:
    """From when the mark was read last until the process was found to have ended."""
    if process.end_tick is None:
        return None
    ended = database.row(
        f"SELECT {READING_TIME} FROM ticks AS t LEFT JOIN readings AS r"
        " ON r.process_id = ? AND r.tick = t.id WHERE t.id = ?",
        *(process.id, process.end_tick),
    )
    last = database.row(
        f"SELECT r.tick, {READING_TIME} FROM readings AS r JOIN ticks AS t ON t.id = r.tick"
        " WHERE r.process_id = ? AND r.high_water_mark IS NOT NULL ORDER BY r.tick DESC LIMIT 1",
        process.id,
    )
    if ended is None or last is None:
        return None
    seen = axis.place(*last)
    fast = rows_if_there(
        database,
        "fast_readings",
        f"SELECT {database.told('fast_readings', ('tick',))}, time_ns FROM fast_readings"
        f" WHERE process_id = {int(process.id)} AND high_water_mark IS NOT NULL"
        " ORDER BY 1 DESC, 2 DESC LIMIT 1",
    )
    for tick, time in fast:
        seen = max(seen, axis.place(last[0] if tick is None else tick, time))
    return max(axis.place(process.end_tick, ended[0]) - seen, 0)


def _execves(process: RecordedProcess) -> int:
    """How often another program was put into it: a new name alone is none."""
    programs = [(image.command_line, image.exe) for image in process.images]
    return sum(after != before for before, after in pairwise(programs))


def _had_children(database: ReadOnlyDatabase, process: RecordedProcess) -> bool:
    """Whether any process was seen that it may have waited for, or was too short to be read."""
    child = database.row(
        "SELECT 1 FROM processes WHERE parent_pid = ? AND machine_id = ? AND id <> ? LIMIT 1",
        *(process.pid, process.machine_id or 0, process.id),
    )
    short = rows_if_there(database, "selections", "SELECT 1 FROM selections WHERE too_short > 0")
    return child is not None or bool(short)
