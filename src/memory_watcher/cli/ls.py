"""List the processes of a recording: who they were, how long they lived, their peaks.

One line a process; what was not told is a dash.

  memory-watcher ls                            the processes of measurement.db, as they came
  memory-watcher ls server.db --sort pss       the biggest first
  memory-watcher ls server.db --json
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from .console import write_text
from .recording_file import DEFAULT_FILE

READS_RECORDING = True
if TYPE_CHECKING:
    from ..render.process_list import HighestSum
    from ..store.trees import RecordedExit, TreeRecording

#: How many processes of which it is known how they ended are asked what was missed: 1 ms each.
_JUDGED = 100
#: As in render.process_list.SORTINGS, which is loaded only when it is needed.
_COLUMNS = ("first", "last", "pid", "name", "parent", "rss", "pss", "hwm", "swap", "mappings")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what this command takes."""
    parser.add_argument(
        "file",
        nargs="?",
        default=DEFAULT_FILE,
        metavar="FILE",
        help="the recording (default %(default)s)",
    )
    parser.add_argument(
        "--sort",
        choices=_COLUMNS,
        default="first",
        help="by when it was first or last seen, PID, name, parent's PID, peak RSS or PSS, the"
        " kernel's high-water mark, peak swap, or most mappings; sizes from the"
        " highest (default %(default)s)",
    )
    parser.add_argument("--json", action="store_true", help="machine-readable output, in bytes")


def run(args: argparse.Namespace) -> int:
    """Print the list."""
    from ..analysis.parents import parents
    from ..analysis.roles import roles_at
    from ..render.clock_text import clock_notes
    from ..render.json_values import clock_jumps
    from ..render.process_list import (
        SORTINGS,
        ListedProcess,
        about_sorting,
        about_sum,
        render_json,
        render_text,
    )
    from ..store.trees import PeakRow, TreeRecording

    with TreeRecording(args.file) as recording:
        processes = recording.processes()
        parent_of, role_of = parents(processes), roles_at(processes)
        peaks, exits = recording.peaks(), recording.exits()
        selection = recording.selection()
        highest = _highest_sum(recording)
        jumps = clock_jumps(recording.axis) if args.json else []
        notes = [] if args.json else [*_missed(recording, exits), *clock_notes(recording.axis)]
    nothing = PeakRow(None, None, None)
    rows = [
        ListedProcess(
            process,
            role_of[process.id],
            parent_of[process.id],
            peaks.get(process.id, nothing),
            exits.get(process.id),
        )
        for process in processes
    ]
    rows.sort(key=SORTINGS[args.sort])
    too_short = selection.too_short if selection else None
    if args.json:
        write_text(render_json(rows, too_short, highest, jumps))
    else:
        short = [f"Too short to read: {too_short} more."] if too_short else []
        sorting = about_sorting(rows, args.sort)
        write_text(render_text(rows, [*about_sum(highest), *short, *sorting, *notes]))
    return 0


def _highest_sum(recording: TreeRecording) -> HighestSum | None:
    """The pass over all processes with the highest PSS; None of one process, or without a sum."""
    from ..analysis.passes import read
    from ..render.process_list import HighestSum

    if recording.process_count() < 2:
        return None
    moment = read(recording).peak()
    if moment is None:
        return None
    return HighestSum(moment, recording.tick_time(moment.tick))


def _missed(recording: TreeRecording, exits: dict[int, RecordedExit]) -> list[str]:
    """Say which processes had more at their end than was read: their parents were told."""
    from ..errors import SelectionError
    from .assurance import assurance_of

    notes = []
    for process_id in list(exits)[:_JUDGED]:
        process = recording.process(process_id=process_id)
        try:
            found = assurance_of(recording, process)
        except SelectionError:
            continue
        if found.gap.at_exit:
            notes.append(f"PID {process.pid}: {found.missed}.")
    return notes
