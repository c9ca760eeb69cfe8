"""Write a recording as another program's file.

{formats}

  memory-watcher export csv server.db -p 1234                 server.csv
  memory-watcher export pprof server.db -o peak.pb.gz         then: go tool pprof -top peak.pb.gz
  memory-watcher export folded server.db --base start --at end -o - | difffolded.pl | flamegraph.pl
  memory-watcher export jsonl server.db --redact -o -         without any names, to the screen
"""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING

from ..errors import UsageError
from ..export.registry import FORMATS
from ..units import format_size, plural
from . import recording_file, say, whole_number
from .progress import ProgressLine
from .unused import refuse_unused
from .zone import told_zone, zone_of

if TYPE_CHECKING:
    from ..answers.walk import By
    from ..export.registry import Format
    from ..export.request import Request
    from ..recorded import RecordedProcess
    from ..store.recording import Recording

__doc__ = (__doc__ or "").format(
    formats="\n".join(f"  {name:18} {each.summary}" for name, each in FORMATS.items())
)

READS_RECORDING = True
#: What is of one sort of formats alone.
_OPTIONS = {
    "history": {"first": "--from", "last": "--to", "rows": "--changes or --ticks"},
    "moment": {"at": "--at", "base": "--base"},
}


#: What is of one format alone.
_OF_ONE = {"original": {"timezone": "--timezone"}, "otlp": {"endpoint": "--endpoint"}}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what this command takes."""
    parser.add_argument("format", metavar="FORMAT", choices=FORMATS, help=", ".join(FORMATS))
    parser.add_argument(
        "file",
        nargs="?",
        default=recording_file.DEFAULT_FILE,
        metavar="FILE",
        help="the recording (default %(default)s)",
    )
    parser.add_argument(
        *("-o", "--output"),
        metavar="FILE",
        help="the file to write, - for standard output (default: the recording's name with the"
        " format's ending)",
    )
    parser.add_argument(
        *("-p", "--pid"),
        type=whole_number,
        action="append",
        default=[],
        metavar="PID",
        help="only this process; may be given several times (default: all)",
    )
    recording_file.add_span(parser)
    parser.add_argument(
        "--at",
        metavar="MOMENT",
        help="of html, folded and pprof: the moment to show, the peak by default. Also floor,"
        " start, end, +10m, 50%%, 15:58, a date and time, or #17 (a measurement)",
    )
    parser.add_argument(
        "--base",
        metavar="MOMENT",
        help="of the same: show what differs from this moment on",
    )
    parser.add_argument(
        "--by",
        choices=("kind", "name", "mapping"),
        help="what is summed up together: the kind of memory, the name of a file or group, or"
        " nothing: each mapping by itself. The default is the format's",
    )
    rows = parser.add_mutually_exclusive_group()
    rows.add_argument(
        "--changes",
        dest="rows",
        action="store_const",
        const="changes",
        help="of csv, jsonl and parquet: a row for as long as a group stays the same (default)",
    )
    rows.add_argument(
        "--ticks",
        dest="rows",
        action="store_const",
        const="ticks",
        help="of the same: a row for each group at each layout",
    )
    parser.add_argument(
        "--endpoint",
        metavar="URL",
        help="of otlp: the address of the collector, as http://localhost:4318",
    )
    parser.add_argument(
        "--timezone",
        metavar="ZONE",
        help="of original: the zone of the times to write, as Europe/Prague, UTC or +02:00"
        " (default: this machine's)",
    )
    parser.add_argument(
        "--redact",
        action="store_true",
        help="put pseudonyms in the place of all names of files, programs, commands, control"
        " groups and hosts, and leave out users, inodes, start times and the kernel, to send it"
        " outside; kinds, sizes, addresses and times stay",
    )


def run(args: argparse.Namespace) -> int:
    """Write the file, or send it; errors are raised as MemoryWatcherError."""
    from ..store.recording import Recording

    form = FORMATS[args.format]
    _refuse_what_has_no_effect(args, form)
    if form.makes == "requests":
        return _send(args, form)
    path = args.output or os.path.splitext(args.file)[0] + form.ending
    if path == "-":
        path = "/dev/stdout"
    recording_file.refuse_as_output(path, args.file)
    with Recording(args.file) as recording, ProgressLine(f"export of {args.file}") as progress:
        size = _write(args.format, _request(args, form, recording, progress), path)
    if path != "/dev/stdout":
        zone = f"; time zone: {told_zone(args.timezone)}" if form.makes == "database" else ""
        say(f"{path}: {format_size(size)}{zone}")
    return 0


def _refuse_what_has_no_effect(args: argparse.Namespace, form: Format) -> None:
    """Raises UsageError."""
    for shows, options in _OPTIONS.items():
        if form.shows != shows:
            refuse_unused(args, options, f"on {args.format}")
    for name, options in _OF_ONE.items():
        if args.format != name:
            refuse_unused(args, options, f"on {args.format}")
    if form.shows == "database":
        refuse_unused(args, {"by": "--by"}, f"on {args.format}")
        if args.redact or args.pid:
            option = "--redact" if args.redact else "--pid"
            raise UsageError(f"{option} has no effect on {args.format}: it holds no data")


def _send(args: argparse.Namespace, form: Format) -> int:
    from contextlib import closing

    from .._version import __version__
    from ..export.otlp_collector import Collector, url_of
    from ..export.registry import sender
    from ..store.recording import Recording

    if args.endpoint is None:
        raise UsageError(f"{args.format} is sent: name the collector with --endpoint")
    refuse_unused(args, {"output": "--output"}, f"on {args.format}: it is sent to --endpoint")
    url = url_of(args.endpoint)
    with Recording(args.file) as recording, ProgressLine(f"export of {args.file}") as progress:
        request = _request(args, form, recording, progress)
        with closing(Collector(url, __version__, say)) as collector:
            sender(args.format).send(request, collector)
    say(f"{collector.shown}: {plural(collector.sent, 'point', 'points')} sent")
    return 0


def _write(name: str, request: Request, path: str) -> int:
    """Write what a format makes; its size in bytes. Raises CannotWrite, MissingExtra."""
    from ..export import registry
    from ..render.output import whole_database, whole_folder, whole_output

    makes = FORMATS[name].makes
    if makes == "database":
        with whole_database(path) as file:
            registry.database_exporter(name).write_database(request, file)
            return os.stat(file).st_size
    if makes == "folder" and path != "/dev/stdout":
        with whole_folder(path) as folder:
            registry.folder_exporter(name).write_folder(request, folder)
            return sum(each.stat().st_size for each in os.scandir(folder))
    with whole_output(path) as out:
        registry.exporter(name).write(request, out)
        return 0 if path == "/dev/stdout" else out.tell()


def _request(
    args: argparse.Namespace, form: Format, recording: Recording, progress: ProgressLine
) -> Request:
    """What is asked for. Raises SelectionError, UsageError."""
    from ..answers.moment import PEAK, parse
    from ..answers.over_time import places_of
    from ..export.names import names_of
    from ..export.request import Request

    by: By = args.by or form.default_by
    if form.by and by not in form.by:
        raise UsageError(f"--by {by}: {args.format} is written by {' or '.join(form.by)}")
    if args.rows is not None and args.rows not in form.rows:
        raise UsageError(f"--{args.rows} has no effect on {args.format}")
    return Request(
        recording,
        _processes(recording, args.pid),
        names_of(recording, args.redact),
        by,
        rows=args.rows or (form.rows[0] if form.rows else "changes"),
        places=places_of(
            recording,
            None if args.first is None else parse(args.first, "--from", first=True),
            None if args.last is None else parse(args.last, "--to"),
        ),
        at=PEAK if args.at is None else parse(args.at, "--at"),
        base=None if args.base is None else parse(args.base, "--base"),
        zone=zone_of(args.timezone),
        tell=progress.step,
    )


def _processes(recording: Recording, pids: list[int]) -> list[RecordedProcess]:
    """Those that were asked for, or all. Raises SelectionError for a PID that is not there."""
    from ..errors import NoProcess

    every = recording.processes()
    for pid in pids:
        if all(each.pid != pid for each in every):
            recording.process(pid=pid)  # says what there is
    if not every:
        raise NoProcess(recording.path)
    return [each for each in every if not pids or each.pid in pids]
