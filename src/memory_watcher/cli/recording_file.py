"""Which recording a command reads, FILE or --database-file, and which process of it is meant."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from . import whole_number

if TYPE_CHECKING:
    from ..recorded import RecordedProcess
    from ..store.recording import Recording

DEFAULT_FILE = "measurement.db"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare both ways of naming it."""
    parser.add_argument(
        "file", nargs="?", metavar="FILE", help=f"the recording (default {DEFAULT_FILE})"
    )
    parser.add_argument(
        "--database-file", metavar="FILE", help="the recording, as memory-record names it"
    )


def add_process(
    parser: argparse.ArgumentParser, what: str = "the process to show", default: str = ""
) -> None:
    """Declare how one process of the recording is named: see `process_meant`."""
    parser.add_argument("-p", "--pid", type=whole_number, metavar="PID", help=what + default)
    parser.add_argument(
        "--process-id",
        type=whole_number,
        metavar="ID",
        help=f"{what}, by its number in the recording: for a PID that was used again",
    )


def add_span(parser: argparse.ArgumentParser) -> None:
    """Declare which part of the recording is meant: `args.first` to `args.last`."""
    for option, name, what in (("--from", "first", "before"), ("--to", "last", "after")):
        parser.add_argument(
            option,
            dest=name,
            metavar="MOMENT",
            help=f"leave out what was {what} this local time; also 15:58, +90s (after the start),"
            " 50%%",
        )


def recording_file(args: argparse.Namespace) -> str:
    """The path. Raises UsageError if the two ways differ."""
    from ..errors import UsageError

    database_file = getattr(args, "database_file", None)  # not every command has it
    if args.file is not None and database_file not in (None, args.file):
        raise UsageError(
            f"FILE ({args.file}) and --database-file ({database_file}) differ; name one"
        )
    name: str = args.file or database_file or DEFAULT_FILE
    return name


def refuse_as_output(output: str, *recordings: str | None) -> None:
    """Raises UsageError if a file to be written is one of the recordings that are read."""
    import os

    from ..errors import UsageError

    if not os.path.exists(output):
        return
    for name in recordings:
        if name and os.path.exists(name) and os.path.samefile(output, name):
            raise UsageError(f"-o: {output} is the recording itself; choose another file")


def process_meant(recording: Recording, args: argparse.Namespace) -> RecordedProcess | None:
    """The process that --pid or --process-id names, or the only one; None for all of several.

    Raises SelectionError.
    """
    if args.pid is None and args.process_id is None and recording.process_count() > 1:
        return None
    return recording.process(pid=args.pid, process_id=args.process_id)


def count(text: str) -> int:
    """A number of things, as argparse's `type`."""
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError(f"{text}: must not be negative")
    return number
