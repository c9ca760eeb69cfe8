"""Remove the oldest days of a dataset; adding recordings does not bring them back.

A day is removed when all of it is older than --older-than.

  memory-watcher fleet forget /srv/fleet --older-than 30d
"""

from __future__ import annotations

import argparse

from ..units import format_size, plural
from .console import say
from .progress import ProgressLine


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what this action takes."""
    parser.add_argument("dataset", metavar="DIR", help="the dataset")
    parser.add_argument(
        "--older-than",
        required=True,
        metavar="DURATION",
        help="how old a day has to be, as 30d; a bare number is days",
    )


def run(args: argparse.Namespace) -> int:
    """Remove them; errors are raised as MemoryWatcherError."""
    from datetime import datetime, timedelta, timezone

    from ..fleet.forget import forget
    from ..units import SECOND, parse_duration

    age = timedelta(seconds=parse_duration(args.older_than, "--older-than", "d") / SECOND)
    first = (datetime.now(timezone.utc) - age).date()
    with ProgressLine(f"forgetting days of {args.dataset}"):
        done = forget(args.dataset, first)
    said = f"{plural(done.days, 'day', 'days')} before {first.isoformat()} removed"
    say(f"{args.dataset}: {said}, {format_size(done.size)}")
    return 0
