"""Write the whole history of a recording as one HTML file to open in a browser.

The file needs nothing else: it works offline, and can be sent to a colleague.

  memory-watcher report measurement.db                         writes measurement.html
  memory-watcher report server.db -o monday.html -p 1234 -p 1240
  memory-watcher report old.db new.db                          both, and what differs
"""

from __future__ import annotations

import argparse
import contextlib
import gc
from collections.abc import Iterator
from typing import TYPE_CHECKING

from . import recording_file, say, whole_number
from .progress import ProgressLine
from .unused import refuse_unused

if TYPE_CHECKING:
    from ..answers.diff import At
    from ..store.recording import Recording

READS_RECORDING = True
_OF_TWO = {"process": "--process", "process_b": "--process-b"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what this command takes."""
    parser.add_argument("file", metavar="FILE", help="the recording")
    parser.add_argument(
        "file_b",
        nargs="?",
        metavar="FILE_B",
        help="a second recording: the page then compares both, over time and at pairs of moments",
    )
    parser.add_argument(
        "-o", "--output", metavar="REPORT", help="the file to write (default: FILE with .html)"
    )
    parser.add_argument(
        "-p",
        "--pid",
        type=whole_number,
        action="append",
        default=[],
        metavar="PID",
        help="only this process; may be given several times (default: all). With FILE_B: one, which"
        " is compared with those of its name there",
    )
    parser.add_argument(
        "--process",
        metavar="NAME",
        help="with FILE_B: compare only the processes of this name, or else role or PID",
    )
    parser.add_argument(
        "--process-b",
        metavar="NAME",
        help="the same for FILE_B, if it is called otherwise there (default: --process)",
    )


def run(args: argparse.Namespace) -> int:
    """Write the report; errors are raised as MemoryWatcherError."""
    import os

    from ..report import write_report
    from ..store.recording import Recording
    from ..units import format_size

    path = args.output
    if path is None:
        path = os.path.splitext(args.file)[0] + ".html"
    recording_file.refuse_as_output(path, args.file, args.file_b)
    if args.file_b is not None:
        return _compare(args, path)
    refuse_unused(args, _OF_TWO, "without FILE_B")
    with Recording(args.file) as recording, _uncollected():
        every = recording.processes()
        for pid in args.pid:
            recording.process(pid=pid) if all(each.pid != pid for each in every) else None
        chosen = [each for each in every if not args.pid or each.pid in args.pid]
        with ProgressLine(f"report of {args.file}") as progress:
            size = write_report(recording, path, chosen, progress.step)
    say(f"{path}: {format_size(size)}; open it in a browser")
    return 0


@contextlib.contextmanager
def _uncollected() -> Iterator[None]:
    """Look for no circles meanwhile: there are none, and it takes a quarter of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _compare(args: argparse.Namespace, path: str) -> int:
    """Write the page about two recordings."""
    import os
    import time

    from ..errors import UsageError
    from ..report.pair import write_pair_report
    from ..store.recording import Recording
    from ..units import format_size

    with Recording(args.file) as before, Recording(args.file_b) as after, _uncollected():
        if os.path.samefile(args.file, args.file_b):
            raise UsageError(
                f"{args.file} and {args.file_b} are the same recording; name two, or one"
            )
        sides = _sides(args, before, after)
        with ProgressLine(f"report of {args.file} and {args.file_b}") as progress:
            size = write_pair_report(*sides, path, time.time_ns(), progress.step)
    say(f"{path}: {format_size(size)}; open it in a browser")
    return 0


def _sides(args: argparse.Namespace, before: Recording, after: Recording) -> tuple[At, At]:
    """Both recordings with the processes that are compared. Raises SelectionError, UsageError."""
    from ..answers.diff import At
    from ..errors import UsageError

    if not args.pid:
        return At(before, process=args.process), At(after, process=args.process_b or args.process)
    if len(args.pid) > 1 or args.process is not None:
        raise UsageError("--pid: with two recordings choose one process, or all")
    process = before.process(pid=args.pid[0])
    return At(before, process=process), At(after, process=args.process_b or process.name)
