"""Load one captured smaps text into a recording, as a measurement.

For machines without Python: copy /proc/PID/smaps there, load it here, and ask memory-peak.
Captures of every kernel since 2.6.14 load. An existing recording is added to.

  ssh device cat /proc/123/smaps | memory-load-smaps -p 123 --name server -
  memory-load-smaps --database-file device.db capture.smaps
"""

from __future__ import annotations

import argparse
import os
import sys
import time

from ..errors import SmapsFormatError, SourceError, UsageError
from ..units import format_size, parse_time
from . import parse_pid, say


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "smaps_file", metavar="smaps-file", help="the capture, - for standard input"
    )
    parser.add_argument("-p", "--pid", default="1", help="the process's PID (default %(default)s)")
    parser.add_argument("--name", help="the process's name (default: the file's name)")
    parser.add_argument(
        "--time", metavar="ISO", help="when it was captured (default: the file's time of change)"
    )
    parser.add_argument(
        "--database-file",
        default="measurement.db",
        metavar="FILE",
        help="the recording; added to if it exists (default %(default)s)",
    )


def run(args: argparse.Namespace) -> int:
    """Load it; nothing is written unless all of it is understood."""
    from ..model import (
        Image,
        LayoutState,
        Machine,
        ProcessFacts,
        ProcessKey,
        Reading,
        Sample,
        WholeLayout,
    )
    from ..procfs.smaps import parse
    from ..store.writer import Writer

    pid = parse_pid(args.pid)
    text, changed_ns = _read(args.smaps_file)
    time_ns = changed_ns if args.time is None else parse_time(args.time, "--time", first=True)
    if not -(1 << 63) <= time_ns < 1 << 63:
        raise UsageError(f"--time: {args.time!r}: recordings hold times from 1677 to 2262")
    try:
        layout = WholeLayout(parse(text))
    except SmapsFormatError as error:
        raise SmapsFormatError(f"{args.smaps_file}: {error}") from None
    name = args.name or ("capture" if args.smaps_file == "-" else os.path.basename(args.smaps_file))
    writer = Writer(args.database_file)
    reason = None
    try:
        writer.start_run(Machine(None, None, None, None), None, sys.argv)
        writer.tick(time_ns, monotonic_ns=None, late_ns=None, skipped=0)
        process_id = writer.add_process(ProcessFacts(ProcessKey(pid, 0), Image(name)))
        writer.sample(process_id, Sample(Reading(), LayoutState.UNCHECKED, layout), delay_ns=None)
        reason = "loaded"
    finally:
        writer.close(reason)
    totals = layout.totals
    say(
        f"{totals.mappings} mappings, RSS {format_size(totals.rss)}, PSS {format_size(totals.pss)}"
        f" loaded into {args.database_file}\n"
    )
    return 0


def _read(path: str) -> tuple[bytes, int]:
    """The text, and the time at which the file was changed last (now for standard input)."""
    if path == "-":
        return sys.stdin.buffer.read(), time.time_ns()
    try:
        with open(path, "rb") as file:
            return file.read(), os.fstat(file.fileno()).st_mtime_ns
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror}") from None
