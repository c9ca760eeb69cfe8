"""Make one file a table of the many small ones of a day; its rows stay what they are.

Who reads meanwhile sees the old files or the new one. The present day is left alone, because its
recordings still grow; --today takes it, too.

  memory-watcher fleet compact /srv/fleet
"""

from __future__ import annotations

import argparse

from ..units import format_size, plural
from .console import say
from .fleet_ls import tell_bad
from .progress import ProgressLine


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what this action takes."""
    parser.add_argument("dataset", metavar="DIR", help="the dataset")
    parser.add_argument("--today", action="store_true", help="the present day (UTC), too")


def run(args: argparse.Namespace) -> int:
    """Compact it; errors are raised as MemoryWatcherError."""
    from datetime import datetime, timedelta, timezone

    from ..fleet.compact import compact

    before = datetime.now(timezone.utc).date() + timedelta(days=1 if args.today else 0)
    files = size = new_size = 0
    left = False
    with ProgressLine(f"compacting {args.dataset}") as progress:
        for done in compact(args.dataset, before, progress.step):
            files, size = files + done.files, size + done.size
            new_size += done.new_size
            left = left or not done.is_cleared
            with progress.paused():
                tell_bad(done.bad)
    if not files:
        say(f"{args.dataset}: nothing to compact")
    else:
        say(
            f"{args.dataset}: {plural(files, 'file', 'files')} of {format_size(size)} became"
            f" {format_size(new_size)}"
        )
    if left:
        say(
            "memory-watcher fleet compact: others are reading it, so the old files stay; they do"
            " not count any more, and the next compact removes them"
        )
    return 0
