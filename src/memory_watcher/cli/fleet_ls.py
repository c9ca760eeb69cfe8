"""List what a dataset holds, day by day: hosts, recordings, files, bytes.

A file that cannot be used is named. --files lists those of a table that count, for engines that
are to read these and no others.

  memory-watcher fleet ls /srv/fleet
  memory-watcher fleet ls /srv/fleet --files changes
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from .console import say, write_text
from .progress import ProgressLine

if TYPE_CHECKING:
    from ..fleet.dataset import Listing


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what this action takes."""
    from ..fleet.schema import TABLES

    parser.add_argument("dataset", metavar="DIR", help="the dataset")
    shown = parser.add_mutually_exclusive_group()
    shown.add_argument("--json", action="store_true", help="machine-readable output, in bytes")
    shown.add_argument(
        "--files",
        dest="table",
        choices=sorted(TABLES),
        help="only the paths of the files of a table that count, one a line",
    )


def run(args: argparse.Namespace) -> int:
    """Print the list; errors are raised as MemoryWatcherError."""
    from ..fleet.contents import contents
    from ..fleet.contents_text import render_json, render_text
    from ..fleet.dataset import listing, reading

    with ProgressLine(f"reading {args.dataset}"), reading(args.dataset):
        there = listing(args.dataset)
        days = contents(there)
    if args.table:
        write_text("".join(f"{path}\n" for path in there.files(args.table)))
        _tell_superseded(there)
    elif args.json:
        write_text(render_json(days, there.bad))
    else:
        write_text(render_text(days))
    tell_bad(there.bad)
    return 0


def tell_bad(bad: tuple[tuple[str, str], ...]) -> None:
    """Name the files that are not used, on stderr."""
    for path, why in bad:
        say(f"memory-watcher fleet: {path}: not used: {why}")


def _tell_superseded(there: Listing) -> None:
    for name, recordings in sorted(there.superseded().items()):
        say(
            f"memory-watcher fleet: {name}: leave out its rows of"
            f" {', '.join(sorted(recordings))}, of which there is something newer"
        )
