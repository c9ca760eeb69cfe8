"""Which recording a command reads: FILE, or --database-file as memory-record names it."""

from __future__ import annotations

import argparse

DEFAULT_FILE = "measurement.db"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare both ways of naming it."""
    parser.add_argument(
        "file", nargs="?", metavar="FILE", help=f"the recording (default {DEFAULT_FILE})"
    )
    parser.add_argument(
        "--database-file", metavar="FILE", help="the recording, as memory-record names it"
    )


def recording_file(args: argparse.Namespace) -> str:
    """The path. Raises UsageError if the two ways differ."""
    from ..errors import UsageError

    if args.file is not None and args.database_file not in (None, args.file):
        raise UsageError(
            f"FILE ({args.file}) and --database-file ({args.database_file}) differ; name one"
        )
    name: str = args.file or args.database_file or DEFAULT_FILE
    return name
