"""Write the whole history of a recording as one HTML file to open in a browser.

The file needs nothing else: it works offline, and can be sent to a colleague.

    memory-watcher report measurement.db                         # writes measurement.html
    memory-watcher report server.db -o monday.html -p 1234 -p 1240
"""

from __future__ import annotations

import argparse

from . import say, whole_number
from .progress import ProgressLine

READS_RECORDING = True


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what this command takes."""
    parser.add_argument("file", metavar="FILE", help="the recording")
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
        help="only this process; may be given several times (default: all)",
    )


def run(args: argparse.Namespace) -> int:
    """Write the report; errors are raised as MemoryWatcherError."""
    import os

    from ..errors import UsageError
    from ..report import write_report
    from ..store.recording import Recording
    from ..units import format_size

    path = args.output
    if path is None:
        path = os.path.splitext(args.file)[0] + ".html"
    if os.path.exists(path) and os.path.samefile(path, args.file):
        raise UsageError(f"-o: {path} is the recording itself; choose another file")
    with Recording(args.file) as recording:
        every = recording.processes()
        for pid in args.pid:
            recording.process(pid=pid) if all(each.pid != pid for each in every) else None
        chosen = [each for each in every if not args.pid or each.pid in args.pid]
        with ProgressLine(f"report of {args.file}") as progress:
            size = write_report(recording, path, chosen, progress.step)
    say(f"{path}: {format_size(size)}; open it in a browser")
    return 0
