"""Save what can be read of a damaged recording into a new one.

The old file stays as it is. Rows that cannot be read are left out, and so are rows that refer to
them. A layout that no longer adds up to its sums is left out, too; the summary figures (RSS, swap,
faults) of that moment stay.

  memory-watcher repair broken.db -o saved.db
"""

from __future__ import annotations

import argparse

from ..units import plural
from . import recording_file, say
from .progress import ProgressLine


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    recording_file.add_arguments(parser)
    parser.add_argument(
        "-o", "--output", required=True, metavar="NEW", help="the new recording; it must not exist"
    )


def run(args: argparse.Namespace) -> int:
    """Save it, and tell what was."""
    from ..store.repair import repair

    path = recording_file.recording_file(args)
    with ProgressLine(f"saving {path}") as progress:
        saved = repair(path, args.output, progress.step)
    processes = saved.rows.get("processes", 0)
    readings = saved.rows.get("readings", 0)
    say(
        f"{args.output}: saved {plural(processes, 'process', 'processes')} with"
        f" {plural(readings, 'measurement', 'measurements')}; left out:"
        f" {plural(saved.left_out, 'row', 'rows')},"
        f" {plural(saved.layouts_left_out, 'layout that does', 'layouts that do')} not add up\n"
    )
    return 0
