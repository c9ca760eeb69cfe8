"""Show what differs between two moments of a recording, or between two recordings.

The biggest change comes first. Mappings of two recordings are matched by name, version, folder or
kind, never by address; the output says by which. The changes add up to the change of the total.

  memory-watcher diff server.db                          from the start to the end
  memory-watcher diff server.db --at start --at-b peak   from the start to the peak
  memory-watcher diff old.db new.db                      two runs, each at its peak
  memory-watcher diff old.db new.db --at +10m            two runs, each 10 minutes after its start
  memory-watcher diff --runs a1.db a2.db a3.db --runs b1.db b2.db b3.db
"""

from __future__ import annotations

import argparse
from contextlib import ExitStack
from typing import TYPE_CHECKING

from . import recording_file
from .console import write_text
from .progress import ProgressLine

if TYPE_CHECKING:
    from ..answers.diff import At

READS_RECORDING = True
#: How many changes the text and the Markdown show.
DEFAULT_TOP = 30
_BY = ("name", "kind", "mapping", "process")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what this command takes."""
    from ..metrics import JUDGED

    parser.add_argument("file", nargs="?", metavar="A.db", help="the recording, or the one before")
    parser.add_argument("file_b", nargs="?", metavar="B.db", help="the recording after")
    parser.add_argument(
        "--runs",
        action="append",
        nargs="+",
        metavar="FILE",
        help="several recordings of the same thing, instead of A.db and B.db. Give it twice: those"
        " before and those after. Medians are compared. Changes no bigger than the runs of one side"
        " differ are marked as noise",
    )
    parser.add_argument(
        "--at",
        metavar="MOMENT",
        help="the moment to compare: peak, floor (the lowest of the last fifth), start, end, +10m"
        " (after the start), 50%%, 15:58, a date and time, or #17 (a measurement). Default: peak of"
        " two recordings, start of one",
    )
    parser.add_argument(
        "--at-b",
        metavar="MOMENT",
        help="the moment of B.db, or the second one of A.db. Default: --at of two recordings, end"
        " of one",
    )
    parser.add_argument(
        "--by",
        choices=_BY,
        default="name",
        help="what makes a line: the name of a file or group (default), the kind of memory, each"
        " mapping, or each process",
    )
    parser.add_argument(
        "--process",
        metavar="NAME",
        help="compare only the processes of this name, or else role or PID",
    )
    parser.add_argument(
        "--process-b",
        metavar="NAME",
        help="the same for B.db, if it is called otherwise there (default: --process)",
    )
    parser.add_argument(
        "--process-memory",
        choices=JUDGED,
        default="pss",
        help="the figure to compare: PSS, RSS or USS of the mappings, what is in swap, or what is"
        " held (RSS and swap, without what the kernel may take back); default pss. For several"
        " processes swap is SwapPss and held is by PSS, which can be added up. Not rss: shared"
        " pages would be counted once per process",
    )
    parser.add_argument(
        "--top",
        type=recording_file.count,
        metavar="N",
        help="how many lines to show; --json shows all changes by default (default 30)",
    )
    parser.add_argument("--all", action="store_true", help="also show what did not change")
    output = parser.add_mutually_exclusive_group()
    output.add_argument("--json", action="store_true", help="machine-readable output, in bytes")
    output.add_argument("--md", action="store_true", help="a table in Markdown")


def run(args: argparse.Namespace) -> int:
    """Print what differs; errors are raised as MemoryWatcherError."""
    from ..answers.diff import diff
    from ..render.diff_json import render as render_json
    from ..render.diff_lines import shorten
    from ..render.diff_md import render as render_md
    from ..render.diff_text import render as render_text

    with ExitStack() as opened, ProgressLine("comparing"):
        before, after = _sides(args, opened)
        view = diff(before, after, by=args.by, figure=args.process_memory)
    top = args.top if args.top is not None or args.json or args.all else DEFAULT_TOP
    render = render_json if args.json else render_md if args.md else render_text
    write_text(render(shorten(view, top, everything=args.all)))
    return 0


def _sides(args: argparse.Namespace, opened: ExitStack) -> tuple[At, At]:
    """Both sides as they were asked for, their recordings open."""
    from ..answers.diff import At
    from ..answers.moment import parse
    from ..store.recording import Recording

    files = _files(args)
    is_one = files[0] == files[1] and args.file_b is None
    moments = _moments(args, is_one)
    processes = (args.process, args.process_b or args.process)
    recordings = [[opened.enter_context(Recording(file)) for file in side] for side in files]
    before, after = (
        At(recording, parse(moment, option), process)
        for recording, moment, option, process in zip(
            recordings, moments, ("--at", "--at-b"), processes, strict=True
        )
    )
    return before, after


def _files(args: argparse.Namespace) -> tuple[list[str], list[str]]:
    """The recordings of both sides. Raises UsageError."""
    from ..errors import UsageError

    if args.runs is None:
        file = args.file or recording_file.DEFAULT_FILE
        return [file], [args.file_b or file]
    if args.file is not None:
        raise UsageError("--runs: name all recordings with it, not also A.db and B.db")
    if len(args.runs) != 2:
        raise UsageError("--runs: give it twice, for the recordings before and for those after")
    before, after = args.runs
    return before, after


def _moments(args: argparse.Namespace, is_one: bool) -> tuple[str, str]:
    if is_one:
        return args.at or "start", args.at_b or "end"
    at = args.at or "peak"
    return at, args.at_b or at
