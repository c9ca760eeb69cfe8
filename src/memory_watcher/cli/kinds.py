"""Show what the mappings of a process are for, and how that is known.

One line for all memory of one kind and name that is known in the same way, the biggest first. With
--why, all the evidence of one mapping: what it shows, what would refute it, and which figure of the
runtime itself it was compared with. docs/kinds.md has all rules.

  memory-watcher kinds server.db                        the peak
  memory-watcher kinds server.db --why 7f2866800000     the mapping at this address
  memory-watcher kinds server.db -p 123 --measurement-time end --json
"""

from __future__ import annotations

import argparse

from . import recording_file
from .console import write_text

READS_RECORDING = True


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what this command takes."""
    recording_file.add_arguments(parser)
    recording_file.add_process(parser)
    parser.add_argument(
        "--why",
        metavar="ADDRESS",
        help="the evidence of the mapping at this address, in hexadecimal as smaps prints it",
    )
    parser.add_argument(
        "--measurement-time",
        metavar="MOMENT",
        help="show this moment, not the peak: a time (2018-08-17T15:58:03.942, 15:58), +90s"
        " (after the start), 50%%, start, end, floor (the lowest of the last fifth), or #17 (a"
        " measurement)",
    )
    parser.add_argument("--json", action="store_true", help="machine-readable output, in bytes")


def run(args: argparse.Namespace) -> int:
    """Print it; errors are raised as MemoryWatcherError."""
    from ..answers.kinds import kinds_view, parse_address, why
    from ..answers.moment import PEAK, parse
    from ..store.recording import Recording

    address = None if args.why is None else parse_address(args.why, "--why")
    written = args.measurement_time
    moment = PEAK if written is None else parse(written, "--measurement-time")
    with Recording(recording_file.recording_file(args)) as recording:
        process = recording.process(pid=args.pid, process_id=args.process_id)
        view = kinds_view(recording, process, moment)
    reason = None if address is None else why(view, address)
    if args.json:
        from ..render.kinds_json import render as render_json
        from ..render.kinds_json import render_why as render_why_json

        write_text(render_json(view) if reason is None else render_why_json(view, reason))
        return 0
    from ..render.kinds_text import render, render_why

    write_text(render(view) if reason is None else render_why(view, reason))
    return 0
