"""Show where the memory of a running process is right now: one reading, and no recording.

One line for each name, kind or mapping, with its RSS, PSS, USS, swap and size, sorted by PSS. The
lines add up. Huge pages, and memory that is lazily freed, locked or merged, have a column where
there is some. If mappings moved while they were read, they are read again, as a recorder does it.
If they still move, the layout is marked torn.

  memory-watcher show 123                 by name: stacks, heap, arenas, libraries, files
  memory-watcher show 123 --by kind
  memory-watcher show 123 --by mapping --top 1000
  memory-watcher show 123 --json          all figures, in bytes
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile

from ..units import SECOND
from . import parse_pid, proc_option, recording_file
from .console import write_text
from .stopping import Stop
from .wording import Wording

#: How long the one tick may wait for a busy machine: no other follows that would tell the rest.
_PATIENCE_S = 10.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("process", metavar="PID", help="the process")
    parser.add_argument(
        "--by",
        choices=("name", "kind", "mapping"),
        default="name",
        help="what makes a line: the name of a file or group (default), the kind of memory, or each"
        " mapping",
    )
    parser.add_argument(
        "--top",
        type=recording_file.count,
        metavar="N",
        help="how many lines to show, the biggest; --json shows all by default (default 40)",
    )
    parser.add_argument("--json", action="store_true", help="machine-readable output, in bytes")
    proc_option.add_argument(parser)


def run(args: argparse.Namespace) -> int:
    """Read it once; errors are raised as MemoryWatcherError."""
    pid = parse_pid(args.process)
    top = args.top if args.top is not None or args.json else 40
    with tempfile.TemporaryDirectory(prefix="memory-watcher-") as folder:
        file = os.path.join(folder, "show.db")
        _record_once(file, proc_option.root_of(args), pid, args.wording)
        from ..answers.process import process_view
        from ..store.recording import Recording

        with Recording(file) as recording:
            view = process_view(recording, recording.process(pid=pid), by=args.by, top=top)
    shown = view._replace(is_peak=False)
    if args.json:
        from ..render.process_json import render as render_json

        write_text(render_json(shown))
    else:
        from ..render.show_text import render

        write_text(render(shown))
    return 0


def _record_once(file: str, proc: str, pid: int, wording: Wording) -> None:
    """One tick of the recorder, whose checks and evidence for kinds are those of a recording."""
    from ..procfs.source import ProcSource
    from ..record.policy import Policy
    from ..record.session import Plan, Session
    from ..record.targets import NamedTargets
    from ..store.writer import Writer

    source = ProcSource(proc)
    source.mapped_files.prepare(_PATIENCE_S)
    targets = NamedTargets(source, [pid])
    if targets.problems:
        raise targets.problems[0].problem
    plan = Plan(Policy(), SECOND, sys.argv)
    session = Session(source, targets, plan, wording.notice, writer=Writer(file))
    stop = Stop()
    session.record(stop, lambda progress: stop.set("shown"))
