"""Show what grew, how surely, and where it sits.

Each group of memory gets a verdict from its lows, not from its noise: growing, step, saturating,
freed again, flat, unclear, or too short, with how long a recording it takes. Growing ones come
with a rate and its 95 % interval. A recording of one process shows its groups; of several, each
process. docs/growth.md explains the verdicts, and when they are wrong.

  memory-watcher growth                                what grew in measurement.db, by name
  memory-watcher growth server.db -p 123 --by kind     in one process, by kind of memory
  memory-watcher growth server.db --process-memory held --from +10m
  memory-watcher growth machine.db --by process --top 10
  memory-watcher growth server.db --json
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from . import recording_file
from .console import write_text
from .progress import ProgressLine

if TYPE_CHECKING:
    from ..answers.growth import Growth
    from ..store.recording import Recording

READS_RECORDING = True
DEFAULT_TOP = 10


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what this command takes."""
    from ..metrics import JUDGED

    recording_file.add_arguments(parser)
    recording_file.add_process(parser)
    parser.add_argument(
        "--process-memory",
        choices=JUDGED,
        default="pss",
        help="the figure to judge; default pss. held: what a process truly keeps, with swap and"
        " huge pages, without what it marked as free. Not rss of several processes: shared pages"
        " would count in each",
    )
    parser.add_argument(
        "--by",
        choices=("kind", "name", "mapping", "process"),
        help="what makes a group (default name; process if several are shown)",
    )
    recording_file.add_span(parser)
    parser.add_argument(
        "--top",
        type=recording_file.count,
        metavar="N",
        help=f"how many groups to show (default {DEFAULT_TOP}, without small flat ones); --json"
        " shows all by default",
    )
    output = parser.add_mutually_exclusive_group()
    output.add_argument("--json", action="store_true", help="machine-readable output, in bytes")
    output.add_argument("--md", action="store_true", help="Markdown, for an issue or a comment")


def run(args: argparse.Namespace) -> int:
    """Print what grew; errors are raised as MemoryWatcherError."""
    from ..store.recording import Recording

    name = recording_file.recording_file(args)
    with Recording(name) as recording:
        with ProgressLine(f"growth in {name}: reading"):
            found = _growth(recording, args)
        text = _text(recording, found, args)
    write_text(text)
    return 0


def _growth(recording: Recording, args: argparse.Namespace) -> Growth:
    from ..answers.growth import growth
    from ..answers.moment import parse

    process = recording_file.process_meant(recording, args)
    found = growth(
        recording,
        [process] if process else None,
        figure=args.process_memory,
        by=args.by,
        top=args.top,
        begin=None if args.first is None else parse(args.first, "--from", first=True),
        end=None if args.last is None else parse(args.last, "--to"),
    )
    return found if args.json or args.top is not None else found.notable(DEFAULT_TOP)


def _text(recording: Recording, found: Growth, args: argparse.Namespace) -> str:
    from ..render import growth_json, growth_md, growth_text
    from ..render.clock_text import clock_notes
    from ..render.json_values import clock_jumps

    if args.json:
        return growth_json.render(found, clock_jumps(recording.axis))
    if args.md:
        return growth_md.render(found)
    notes = "".join(f"\n{note}\n" for note in clock_notes(recording.axis))
    return growth_text.render(found) + notes
