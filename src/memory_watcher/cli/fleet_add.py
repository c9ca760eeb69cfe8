"""Add recordings to a dataset; what is there already is not added again.

A recording may still be written: add it again later, and its newer state takes its place.

  memory-watcher fleet add /srv/fleet server.db
  memory-watcher fleet add /srv/fleet *.db --label release=1.2 --label region=eu
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ..units import plural
from .console import say
from .progress import ProgressLine

if TYPE_CHECKING:
    from ..fleet.unit import Told


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what this action takes."""
    parser.add_argument("dataset", metavar="DIR", help="the dataset; it is made if there is none")
    parser.add_argument("files", nargs="+", metavar="FILE", help="a recording")
    parser.add_argument(
        "--label",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a label of these recordings, as release=1.2; may be given several times",
    )
    parser.add_argument(
        "--every",
        default="1m",
        metavar="DURATION",
        help="of each such time, one layout of each process is kept: the one with the highest"
        " PSS (default %(default)s)",
    )


def run(args: argparse.Namespace) -> int:
    """Add them, each by itself; errors are raised as MemoryWatcherError."""
    from ..errors import StoreError
    from ..fleet.unit import Told
    from ..units import parse_duration

    told = Told(_labels(args.label), parse_duration(args.every, "--every", "s"))
    failed = None
    for path in args.files:
        try:
            _add(args.dataset, path, told)
        except StoreError as error:  # of one of them: the others are added all the same
            if failed is not None:
                say(f"memory-watcher fleet add: {failed}")
            failed = error
    if failed is not None:
        raise failed
    return 0


def _add(dataset: str, path: str, told: Told) -> None:
    from ..fleet.add import add
    from ..store.recording import Recording

    with Recording(path) as recording, ProgressLine(f"adding {path}") as progress:
        days = add(dataset, recording, told, progress.step)
    new = [each for each in days if each.rows]
    old = sum(each.is_forgotten for each in days)
    rows = sum(each.rows for each in new)
    said = [f"{plural(len(new), 'day', 'days')} added, {plural(rows, 'row', 'rows')}"]
    if not days:
        said = ["nothing was recorded yet"]
    elif not new:
        said = ["nothing new"]
    if old:
        said.append(f"{plural(old, 'day', 'days')} left out, older than what is kept")
    say(f"{path}: {'; '.join(said)}")


def _labels(given: list[str]) -> dict[str, str]:
    """Labels by their names. Raises UsageError."""
    from ..errors import UsageError

    labels: dict[str, str] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name.strip() or not value:
            raise UsageError(f"--label: {text!r}: write NAME=VALUE, as release=1.2")
        if name in labels:
            raise UsageError(f"--label: {name!r} is given twice; give it once")
        labels[name] = value
    return labels
