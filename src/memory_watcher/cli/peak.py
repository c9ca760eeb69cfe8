"""Show where the memory of a process went at its peak, or at any other recorded moment.

A recording of one process shows that process. A recording of a command, of a process with its
children, or of selected processes shows them all together, at the moment of their highest PSS. A
recording of the whole machine shows the moment when the least memory was available. Sums come from
one pass: all processes, read one right after the other. Choose one process with --pid.

  memory-peak                                  the peak in measurement.db
  memory-peak server.db -p 123 --by kind       what kinds of memory its peak consisted of
  memory-peak server.db -p 123 --measurement-time 2018-08-17T15:58:03.942
  memory-peak server.db --json
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any, cast

from . import recording_file
from .console import write_piece, write_text
from .progress import ProgressLine

if TYPE_CHECKING:
    from ..analysis.breakdown import By
    from ..answers.moment import Moment
    from ..answers.process import ProcessView
    from ..recorded import PeakFigure, RecordedProcess, RecordedSelection
    from ..store.recording import Recording

READS_RECORDING = True
DEFAULT_TOP = {"process": 20, "system": 30}
#: How many processes of a group the text shows; --json shows all.
SHOWN_PROCESSES = 30


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what this command takes."""
    recording_file.add_arguments(parser)
    recording_file.add_process(parser)
    parser.add_argument(
        "--process-memory",
        choices=("pss", "rss", "statm", "cgroup"),
        default="pss",
        help="the figure that makes a peak: PSS or RSS of the mappings, statm's resident (mappings"
        " are then shown by RSS), or the memory of the recorded cgroup (mappings by PSS); default"
        " pss",
    )
    parser.add_argument(
        "--measurement-time",
        metavar="MOMENT",
        help="show the measurement at or right before this time (2018-08-17T15:58:03.942), not the"
        " peak. For several processes: the last pass over all of them until then. Also 15:58, +90s"
        " (after the start), 50%%, start, end, floor (the lowest of the last fifth), or #17 (a"
        " measurement)",
    )
    parser.add_argument(
        "--system-memory",
        choices=("MemAvailable", "MemAvailableComputed"),
        help="whole machine: show the moment when this figure was lowest (default MemAvailable)."
        " MemAvailableComputed: for kernels before 3.14",
    )
    parser.add_argument(
        "--by",
        choices=("name", "kind", "mapping", "user"),
        help="what makes a line: the name of a file or group (default), the kind of memory, or each"
        " mapping. For the whole machine: each process (default), a name, or a user",
    )
    parser.add_argument(
        "--top",
        type=recording_file.count,
        metavar="N",
        help="how many mapping names (default 20) or processes (default 30) to show;"
        " --json shows all by default",
    )
    parser.add_argument("--json", action="store_true", help="machine-readable output, in bytes")


def run(args: argparse.Namespace) -> int:
    """Print what was asked for; errors are raised as MemoryWatcherError."""
    from ..answers.process import process_view
    from ..render.clock_text import clock_notes
    from ..store.recording import Recording

    name = recording_file.recording_file(args)
    with Recording(name) as recording, ProgressLine(f"reading {name}") as progress:
        process = recording_file.process_meant(recording, args)
        selection = recording.selection() if process is None else None
        _refuse_unused(args, is_machine=process is None and selection is None)
        jumps = _clock_jumps(recording) if args.json else []
        if selection is not None:
            text = _tree_text(recording, selection, args, jumps)
        elif process is None:
            text = _system_text(recording, args, jumps)
        else:
            view = process_view(
                recording,
                process,
                _moment(args, recording, process),
                figure=_figure(args),
                by=_by(args),
                top=_top(args, "process"),
            )
            if args.json:
                from ..render.process_json import stream

                with progress.paused():
                    for piece in stream(view, jumps):
                        write_piece(piece)
                return 0
            text = _process_text(view)
        notes = [] if args.json else clock_notes(recording.axis)
    write_text(text + "".join(f"\n{note}\n" for note in notes))
    return 0


def _clock_jumps(recording: Recording) -> list[dict[str, Any]]:
    from ..render.json_values import clock_jumps

    return clock_jumps(recording.axis)


def _refuse_unused(args: argparse.Namespace, is_machine: bool) -> None:
    from .unused import refuse_unused

    option = {"system_memory": "--system-memory"}
    if not is_machine:
        refuse_unused(args, option, "on processes: it chooses a moment of the whole machine")
    elif args.measurement_time is not None:
        refuse_unused(args, option, "beside --measurement-time: each names the moment to show")


def _top(args: argparse.Namespace, view: str) -> int | None:
    if args.top is not None or args.json:
        top: int | None = args.top
        return top
    return DEFAULT_TOP[view]


def _by(args: argparse.Namespace) -> By:
    """What makes a line of mappings."""
    from ..errors import UsageError

    if args.by == "user":
        raise UsageError("--by user: adds up processes, of a recording of the whole machine only")
    by: By = args.by or "name"
    return by


def _figure(args: argparse.Namespace) -> PeakFigure:
    """The figure of the mappings."""
    figure: str = args.process_memory
    return "pss" if figure == "cgroup" else cast("PeakFigure", figure)


def _moment(
    args: argparse.Namespace, recording: Recording, process: RecordedProcess | None = None
) -> Moment:
    from ..answers.cgroups import moment_of_peak
    from ..answers.moment import PEAK, parse
    from ..errors import UsageError

    if args.process_memory == "cgroup":
        if args.measurement_time is not None:
            raise UsageError(
                "--process-memory cgroup: not beside --measurement-time: each names the moment to"
                " show"
            )
        return moment_of_peak(recording, process)
    if args.measurement_time is None:
        return PEAK
    return parse(args.measurement_time, "--measurement-time")


def _tree_text(
    recording: Recording,
    selection: RecordedSelection,
    args: argparse.Namespace,
    jumps: list[dict[str, Any]],
) -> str:
    from ..answers.group import tree_view

    view = tree_view(
        recording,
        _moment(args, recording),
        selection=selection,
        figure=_figure(args),
        by=_by(args),
        top=_top(args, "process"),
        shown=None if args.json else SHOWN_PROCESSES,
    )
    if args.json:
        from ..render.tree_json import render as render_json

        return render_json(view, jumps)
    from ..render.tree_text import render

    return render(view)


def _process_text(view: ProcessView) -> str:
    from ..render.process_text import render

    return render(view)


def _system_text(
    recording: Recording, args: argparse.Namespace, jumps: list[dict[str, Any]]
) -> str:
    from ..answers.machine import system_view

    view = system_view(
        recording,
        _moment(args, recording),
        figure=_figure(args),
        lowest=args.system_memory or "MemAvailable",
        by=args.by,
        top=_top(args, "system"),
    )
    if args.json:
        from ..render.system_json import render as render_json

        return render_json(view, jumps)
    from ..render.system_text import render

    return render(view)
