"""List the processes of a recording: who they were, how long they lived, their peaks.

One line for each process. A dash is what was not reported.

  memory-watcher ls                            the processes of measurement.db, as they appeared
  memory-watcher ls server.db --sort pss       the biggest first
  memory-watcher ls server.db --json
"""

from __future__ import annotations

import argparse

from .console import write_text
from .progress import ProgressLine
from .recording_file import DEFAULT_FILE

READS_RECORDING = True
#: As in answers.processes.SORTINGS, which is loaded only when it is needed.
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
    from ..answers.cost import costs
    from ..answers.processes import list_processes
    from ..render.assurance_text import certainly_missed
    from ..render.clock_text import clock_notes
    from ..render.cost_text import cost_notes
    from ..render.json_values import clock_jumps
    from ..render.process_list import about_sorting, about_sum, render_json, render_text
    from ..store.recording import Recording

    with Recording(args.file) as recording, ProgressLine(f"reading {args.file}"):
        found = list_processes(recording, args.sort, **({"judged": 0} if args.json else {}))
        jumps = clock_jumps(recording.axis) if args.json else []
        own = costs(recording)
        clock = [] if args.json else clock_notes(recording.axis)
    if args.json:
        write_text(render_json(found.rows, found.too_short, found.highest, jumps, own))
        return 0
    short = [f"Too short to read: {found.too_short} more."] if found.too_short else []
    sorting = about_sorting(found.rows, args.sort)
    missed = [f"PID {pid}: {certainly_missed(each)}." for pid, each in found.missed]
    notes = [*about_sum(found.highest), *short, *sorting, *missed, *clock, *cost_notes(own)]
    write_text(render_text(found.rows, notes))
    return 0
