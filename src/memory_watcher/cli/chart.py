"""Draw the whole history of a recording: where the memory went, and when.

A stacked area in which each kind of memory or each name has its own colour, with RSS, the kernel's
high-water mark and the peak. A recording of one process shows that process; of several, choose one
with --pid, or see all of them. The ending of -o chooses what is written: .png, .svg, .pdf, or
.html for the report. Without -o it is the report.

  memory-chart server.db -o server.png                the whole history by name
  memory-chart server.db -p 123 --by kind -o 123.svg  what kinds of memory one process had
  memory-chart old.db --compare new.db -o both.png    two recordings, and what lies between
  memory-chart server.db -o part.png --from 2018-08-17T15:50 --to 2018-08-17T16:10
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ..metrics import HUGETLB, OFFERED
from . import recording_file, say, whole_number
from .progress import ProgressLine
from .unused import refuse_unused

if TYPE_CHECKING:
    from ..answers.diff import Figure
    from ..answers.history import History
    from ..recorded import RecordedProcess
    from ..render.chart import ChartView
    from ..store.recording import Recording

READS_RECORDING = True
DEFAULT_TOP = 20
DEFAULT_WIDTH, DEFAULT_HEIGHT = 1200, 600
_LARGEST = 20_000
#: Options that say how a picture is drawn; a report holds everything.
_OF_PICTURES = {
    "process_memory": "--process-memory",
    "by": "--by",
    "top": "--top",
    "first": "--from",
    "last": "--to",
    "compare": "--compare",
    "align": "--align",
    "width": "--width",
    "height": "--height",
}
#: What a picture of two recordings has no use for: each is one line.
_NOT_OF_TWO = {"by": "--by", "top": "--top", "first": "--from", "last": "--to"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what this command takes."""
    recording_file.add_arguments(parser)
    parser.add_argument(
        "-o",
        "--output",
        metavar="PICTURE",
        help="the file to write, .png, .svg, .pdf or .html; without it the report FILE.html is"
        " written, and opened in a browser if there is a display",
    )
    recording_file.add_process(parser)
    parser.add_argument(
        "--process-memory",
        choices=(*OFFERED, HUGETLB.name, "mappings"),
        help="the stacked figure (default pss), or how many mappings there are, with the machine's"
        " limit. For several processes: pss, uss or swap (SwapPss). Not rss or hugetlb: shared"
        " pages would be counted once per process",
    )
    parser.add_argument(
        "--by",
        choices=("kind", "name", "mapping", "process"),
        help="what an area stands for (default name; process if several are shown)",
    )
    parser.add_argument(
        "--top",
        type=recording_file.count,
        metavar="N",
        help=f"how many names, mappings or processes get an area of their own: those with the"
        f" highest peaks; the others share one area, by mapping one for each kind"
        f" (default {DEFAULT_TOP})",
    )
    recording_file.add_span(parser)
    parser.add_argument(
        "--compare",
        metavar="FILE",
        help="draw a second recording beside the first: both over time, the difference, and what"
        " differs at the two peaks",
    )
    parser.add_argument(
        "--align",
        choices=("age", "time"),
        help="with --compare: from each one's own start on (default), or by the time of day",
    )
    parser.add_argument(
        "--width", type=whole_number, metavar="PIXELS", help=f"default {DEFAULT_WIDTH}"
    )
    parser.add_argument(
        "--height", type=whole_number, metavar="PIXELS", help=f"default {DEFAULT_HEIGHT}"
    )


def run(args: argparse.Namespace) -> int:
    """Write the picture or the report; errors are raised as MemoryWatcherError."""
    from ..render.chart import render
    from ..render.output import write_whole
    from ..store.recording import Recording

    name = recording_file.recording_file(args)
    file_format = _format(args)
    with Recording(name) as recording:
        process = recording_file.process_meant(recording, args)
        processes = [process] if process else recording.processes()
        if file_format == "html":
            refuse_unused(args, _OF_PICTURES, "on a report: write a .png, .svg or .pdf with -o")
            return _report(recording, processes, args.output)
        recording_file.refuse_as_output(args.output, name, args.compare)
        if args.compare is not None:
            return _compare(args, file_format, process)
        refuse_unused(args, {"align": "--align"}, "without --compare")
        with ProgressLine(f"chart of {name}: reading"):
            view = _view(recording, processes, args)
    with ProgressLine(f"chart of {name}: drawing"):
        picture = render(view, file_format, *_size(args))
    write_whole(args.output, picture)
    return 0


def _compare(args: argparse.Namespace, file_format: str, process: RecordedProcess | None) -> int:
    """Draw two recordings; of one process in the first, those of its name in the second."""
    from ..answers.compared import compare_histories
    from ..answers.diff import At
    from ..errors import UsageError
    from ..render.compare_chart import render
    from ..render.output import write_whole
    from ..store.recording import Recording

    refuse_unused(args, _NOT_OF_TWO, "with --compare")
    figure: Figure = args.process_memory or "pss"
    if args.process_memory in (HUGETLB.name, "mappings"):
        raise UsageError(
            f"--process-memory {args.process_memory}: with --compare choose pss, rss, uss or swap"
        )
    name = recording_file.recording_file(args)
    with Recording(name) as before, Recording(args.compare) as after:
        sides = [At(before), At(after)]
        if process is not None and (args.pid is not None or args.process_id is not None):
            sides = [At(before, process=process), At(after, process=process.name)]
        with ProgressLine(f"chart of {name} and {args.compare}: reading"):
            compared = compare_histories(*sides, figure=figure, align=args.align or "age")
    with ProgressLine(f"chart of {name} and {args.compare}: drawing"):
        picture = render(compared, file_format, *_size(args))
    write_whole(args.output, picture)
    return 0


def _size(args: argparse.Namespace) -> tuple[int, int]:
    """Width and height, pixels."""
    return (
        DEFAULT_WIDTH if args.width is None else args.width,
        DEFAULT_HEIGHT if args.height is None else args.height,
    )


def _format(args: argparse.Namespace) -> str:
    import os

    from ..errors import UsageError
    from ..render.chart import FORMATS, SMALLEST

    for option, pixels, least in zip(("--width", "--height"), _size(args), SMALLEST, strict=True):
        if not least <= pixels <= _LARGEST:
            raise UsageError(f"{option}: {pixels} is not from {least} to {_LARGEST} pixels")
    if args.output is None:
        return "html"
    ending: str = os.path.splitext(args.output)[1].lower().lstrip(".")
    if ending in (*FORMATS, "html"):
        return ending
    pictures = ", ".join(f".{each}" for each in FORMATS)
    raise UsageError(f"-o: {args.output}: its ending must be {pictures} or .html")


def _view(
    recording: Recording, processes: list[RecordedProcess], args: argparse.Namespace
) -> ChartView:
    from ..answers.cgroups import stories
    from ..answers.history import history
    from ..answers.moment import parse
    from ..errors import NothingThen
    from ..metrics import LAYOUT
    from ..render.chart import ChartView

    try:
        found = history(
            recording,
            processes,
            figure=args.process_memory or "pss",
            by=args.by,
            top=DEFAULT_TOP if args.top is None else args.top,
            begin=None if args.first is None else parse(args.first, "--from", first=True),
            end=None if args.last is None else parse(args.last, "--to"),
        )
    except NothingThen as error:
        if args.first is None and args.last is None:
            raise
        raise NothingThen(f"{error}: choose others with --from and --to") from None
    notes = [found.instead, recording.path.rsplit("/", 1)[-1], found.sums, *_further(found)]
    return ChartView(
        found.timeline,
        f"{found.title}: {LAYOUT[found.figure].title}",
        tuple(note for note in notes if note is not None),
        recording.axis,
        found.limit,
        next(iter(stories(recording, processes[0] if len(processes) == 1 else None)), None),
    )


def _further(found: History) -> list[str]:
    """What was missed, and the machine's limit."""
    from ..render.assurance_text import certainly_missed
    from ..units import format_size

    notes = []
    if found.assurance is not None and certainly_missed(found.assurance):
        notes.append(f"RSS was up to {format_size(found.assurance.gap.size)} higher")
    if found.limit is not None:
        notes.append(f"at most {found.limit} (vm.max_map_count)")
    return notes


def _report(recording: Recording, processes: list[RecordedProcess], output: str | None) -> int:
    """Write the report; without a name beside the recording, and show it if there is a display."""
    import os
    import webbrowser

    from ..report import write_report

    path = output or f"{os.path.splitext(recording.path)[0]}.html"
    recording_file.refuse_as_output(path, recording.path)
    with ProgressLine(f"report of {recording.path}") as progress:
        write_report(recording, path, processes, progress.step)
    display = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    shown = output is None and display and webbrowser.open(f"file://{os.path.abspath(path)}")
    if output is None and not shown:
        say(f"{path} is written; open it in a browser")
    return 0
