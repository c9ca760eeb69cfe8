"""Show what the mappings of a process are for, and how that is known.

One line for all memory of one kind and name that is known in the same way, the biggest first. With
--why, all the evidence of one mapping: what it shows, what would refute it, and which figure of the
runtime itself it was compared with. docs/kinds.md has all rules. With --by reservation, a line for
address space that a runtime or an allocator reserved together, and what of it is in use.

  memory-watcher kinds server.db                        the peak
  memory-watcher kinds server.db --why 7f2866800000     the mapping at this address
  memory-watcher kinds server.db --by reservation       heaps with what is reserved for them
  memory-watcher kinds server.db -p 123 --measurement-time end --json
"""

from __future__ import annotations

import argparse
from types import ModuleType

from . import recording_file
from .console import write_text
from .progress import ProgressLine

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
        "--by",
        choices=("name", "reservation"),
        help="what makes a line: a kind and a name (default), or what was reserved together",
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
    from .unused import refuse_unused

    if args.why is not None:
        refuse_unused(args, {"by": "--by"}, "beside --why, which shows one mapping")
    address = None if args.why is None else parse_address(args.why, "--why")
    written = args.measurement_time
    moment = PEAK if written is None else parse(written, "--measurement-time")
    name = recording_file.recording_file(args)
    with Recording(name) as recording, ProgressLine(f"reading {name}"):
        process = recording.process(pid=args.pid, process_id=args.process_id)
        view = kinds_view(recording, process, moment)
    render: ModuleType
    if args.json:
        from ..render import kinds_json as render
    else:
        from ..render import kinds_text as render
    if address is not None:
        write_text(render.render_why(view, why(view, address)))
    elif args.by == "reservation":
        write_text(render.render_reserved(view))
    else:
        write_text(render.render(view))
    return 0
