"""Load captured smaps texts into a recording, as measurements.

For machines without Python: copy /proc/PID/smaps there, load it here, and ask memory-peak.
Captures of every kernel since 2.6.14 are accepted, also if they were pasted, mailed or logged. A
text may hold several: those of one process need --period. An existing recording is added to;
without --name a capture belongs to the process that has its PID there. docs/captures.md lists all
that is accepted.

  ssh device cat /proc/123/smaps | memory-load-smaps -p 123 --name server -
  memory-load-smaps --database-file device.db capture.smaps
  memory-load-smaps --period 10s every-ten-seconds.log
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from typing import TYPE_CHECKING

from ..errors import SmapsFormatError, SourceError, UsageError
from ..units import format_size, parse_duration, parse_time, plural
from . import parse_pid, say
from .progress import ProgressLine

if TYPE_CHECKING:
    from ..capture.loading import Loaded, Told
    from ..capture.texts import Captured


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "smaps_file", metavar="smaps-file", help="the capture, - for standard input"
    )
    parser.add_argument(
        "-p", "--pid", help="the process's PID (default: the one in the text, else 1)"
    )
    parser.add_argument(
        "--name",
        help="the process's name (default: that of the recording's process with this PID, else the"
        " file's name); captures with the same PID and name become one process",
    )
    parser.add_argument(
        "--time",
        metavar="ISO",
        help="when it was captured (default: when the file was changed). For several captures: the"
        " time of the first (default: the last one has the time at which the file was changed)",
    )
    parser.add_argument(
        "--period", metavar="DURATION", help="time between several captures of one process: 10s, 1m"
    )
    parser.add_argument(
        "--database-file",
        default="measurement.db",
        metavar="FILE",
        help="the recording; added to if it exists (default %(default)s)",
    )


def run(args: argparse.Namespace) -> int:
    """Load it; nothing is written unless all of it is understood."""
    from ..capture.loading import load
    from ..capture.texts import read

    pid = None if args.pid is None else parse_pid(args.pid)
    data, changed_ns = _read(args.smaps_file)
    told = _told(args, pid, changed_ns)
    try:
        with ProgressLine(f"loading {args.smaps_file}") as progress:
            captured = read(data)
            loaded = load(args.database_file, captured.captures, told, progress.step)
    except SmapsFormatError as error:
        raise SmapsFormatError(f"{args.smaps_file}: ", *error.message) from None
    for line in _notes(captured, loaded):
        say(f"{line}\n")
    say(f"{_summary(loaded)} loaded into {args.database_file}\n")
    return 0


def _told(args: argparse.Namespace, pid: int | None, changed_ns: int) -> Told:
    from ..capture.loading import Told

    time_ns = changed_ns if args.time is None else parse_time(args.time, "--time", first=True)
    if not -(1 << 63) <= time_ns < 1 << 63:
        raise UsageError(f"--time: {args.time!r}: recordings hold times from 1677 to 2262")
    return Told(
        pid=pid,
        name=args.name,
        file_name="capture" if args.smaps_file == "-" else os.path.basename(args.smaps_file),
        time_ns=time_ns,
        is_last=args.time is None,
        period_ns=None if args.period is None else parse_duration(args.period, "--period", "s"),
    )


def _read(path: str) -> tuple[bytes, int]:
    """The text, and the time at which the file was changed last (now for standard input)."""
    if path == "-":
        return sys.stdin.buffer.read(), time.time_ns()
    try:
        with open(path, "rb") as file:
            return file.read(), os.fstat(file.fileno()).st_mtime_ns
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror}") from None


def _summary(loaded: list[Loaded]) -> str:
    if len(loaded) == 1:
        return _figures(loaded[0])
    processes = len({(one.pid, one.name) for one in loaded})
    return f"{len(loaded)} measurements of {plural(processes, 'process', 'processes')}"


def _figures(loaded: Loaded) -> str:
    totals = loaded.totals
    what = plural(totals.mappings, "mapping", "mappings")
    if loaded.capture.is_rollup:
        what = "totals only (smaps_rollup: it has no mappings)"
    return f"{what}, RSS {format_size(totals.rss)}, PSS {format_size(totals.pss)}"


def _notes(captured: Captured, loaded: list[Loaded]) -> list[str]:
    """What a user should know before believing the figures."""
    notes = []
    if captured.left_out:
        notes.append(f"left out, because it is not smaps text: {_lines(captured.left_out)}")
    if len(loaded) > 1:
        notes += [f"line {one.capture.line}: PID {one.pid}, {_figures(one)}" for one in loaded]
    elif loaded[0].capture.pid == loaded[0].pid:
        notes.append(f"PID {loaded[0].pid}, as the text says")
    notes += [
        f"line {one.capture.line}: a mapping overlaps the one before it, because mappings moved"
        " while they were read: marked as torn"
        for one in loaded
        if one.capture.is_torn
    ]
    joined = {one.pid: one.name for one in loaded if one.is_joined}
    notes += [
        f"added to PID {pid}, {name!r}; for another process give --pid or --name"
        for pid, name in joined.items()
    ]
    return notes


def _lines(numbers: tuple[int, ...]) -> str:
    """`line 1`, `lines 1, 40-45 and 12 more`."""
    spans: list[tuple[int, int]] = []
    for number in numbers:
        if spans and spans[-1][1] == number - 1:
            spans[-1] = spans[-1][0], number
        else:
            spans.append((number, number))
    shown = [str(first) if first == last else f"{first}-{last}" for first, last in spans[:8]]
    more = f" and {len(spans) - 8} more" if len(spans) > 8 else ""
    return f"line{'s' * (len(numbers) > 1)} {', '.join(shown)}{more}"
