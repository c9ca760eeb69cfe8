"""Who was recorded, each one's peaks and its end, and what all came to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from ..analysis.figures import best
from ..analysis.parents import parents
from ..analysis.passes import Moment, read
from ..analysis.roles import Role, roles_at
from ..errors import UsageError
from ..recorded import PeakRow, RecordedExit, RecordedProcess
from ..store.recording import Recording
from .assurance import Assurance, assurance_of
from .places import Place, place_of

#: How many processes of which it is known how they ended are asked what was missed: 1 ms each.
_JUDGED = 100


class ListedProcess(NamedTuple):
    """One process of a recording; `parent` is its parent's number in it, `exit` if it is known."""

    process: RecordedProcess
    role: Role
    parent: int | None
    peak: PeakRow
    exit: RecordedExit | None
    place: Place


def figure_of(row: ListedProcess, asked: str) -> tuple[str | None, int]:
    """The figure asked for, or what replaces it where it was not reported; its peak, -1: none."""
    told = {
        name: size
        for name, size in (("pss", row.peak.pss), ("rss", row.peak.rss))
        if size is not None
    }
    chosen = best(asked, told)
    return chosen, -1 if chosen is None else told[chosen]


def _by_figure(row: ListedProcess, asked: str) -> tuple[bool, int]:
    """The highest first; those of which another figure is shown come after, for none compares."""
    chosen, size = figure_of(row, asked)
    return chosen != asked, -size


#: Column -> what it is sorted by; sizes and times from the highest, names from A.
SORTINGS: dict[str, Callable[[ListedProcess], Any]] = {
    "first": lambda row: (row.process.first_seen is None, row.process.first_seen, row.process.id),
    "last": lambda row: -(row.process.last_seen or 0),
    "pid": lambda row: row.process.pid,
    "name": lambda row: (row.process.name, row.process.pid),
    "parent": lambda row: (row.process.parent_pid or 0, row.process.pid),
    "rss": lambda row: _by_figure(row, "rss"),
    "pss": lambda row: _by_figure(row, "pss"),
    "hwm": lambda row: -(row.peak.high_water_mark or -1),
    "swap": lambda row: -(row.peak.swap or -1),
    "mappings": lambda row: -(row.peak.mappings or -1),
}


class HighestSum(NamedTuple):
    """The pass over all processes with the highest PSS, and when it was."""

    moment: Moment
    time: int


class ProcessList(NamedTuple):
    """The processes of a recording, sorted; bytes.

    `highest` is what all together had at most, None of one process or without a sum; `too_short`
    is how many ended before they could be read, None if that was not counted. `missed` are PIDs
    that had more at their end than was read, as was reported to their parents.
    """

    rows: tuple[ListedProcess, ...]
    highest: HighestSum | None
    too_short: int | None
    missed: tuple[tuple[int, Assurance], ...]


def list_processes(
    recording: Recording, sort: str = "first", *, judged: int = _JUDGED
) -> ProcessList:
    """All processes, sorted by a key of SORTINGS; what was missed is asked of `judged` of them.

    Raises UsageError for another key.
    """
    if sort not in SORTINGS:
        raise UsageError(f"{sort!r}: sort by one of {', '.join(SORTINGS)}")
    processes = recording.processes()
    parent_of, role_of = parents(processes), roles_at(processes)
    peaks, exits = recording.peaks(), recording.exits()
    selection, containers = recording.selection(), recording.containers()
    nothing = PeakRow(None, None, None)
    rows = [
        ListedProcess(
            process,
            role_of[process.id],
            parent_of[process.id],
            peaks.get(process.id, nothing),
            exits.get(process.id),
            place_of(process, containers),
        )
        for process in processes
    ]
    rows.sort(key=SORTINGS[sort])
    return ProcessList(
        tuple(rows),
        _highest_sum(recording),
        selection.too_short if selection else None,
        tuple(_missed(recording, exits, judged)),
    )


def _highest_sum(recording: Recording) -> HighestSum | None:
    if recording.process_count() < 2:
        return None
    moment = read(recording).peak()
    if moment is None:
        return None
    return HighestSum(moment, recording.tick_time(moment.tick))


def _missed(
    recording: Recording, exits: Mapping[int, RecordedExit], judged: int
) -> list[tuple[int, Assurance]]:
    found = []
    for process_id in list(exits)[:judged]:
        process = recording.process(process_id=process_id)
        assurance = assurance_of(recording, process)
        if assurance.gap.at_exit:
            found.append((process.pid, assurance))
    return found
