"""Show where the memory of a process went at its peak, or at any other recorded moment.

A recording of one process shows that process. One of a command, of a process with its children or
of processes selected by what they are shows them all together, at the moment of their highest PSS.
One of the whole machine shows the moment when it had the least memory available. Choose one process
with --pid.

  memory-peak                                  the peak in measurement.db
  memory-peak server.db -p 123 --by kind       what kinds of memory its peak consisted of
  memory-peak server.db -p 123 --measurement-time 2018-08-17T15:58:03.942
  memory-peak server.db --json
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from . import recording_file
from .console import write_text

if TYPE_CHECKING:
    from ..render.process_view import ProcessView
    from ..render.system_view import SystemView
    from ..store.recording import Recording
    from ..store.results import ProcessMoment, RecordedProcess
    from ..store.trees import RecordedSelection, TreeRecording

READS_RECORDING = True
DEFAULT_TOP = {"process": 20, "system": 30}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what this command takes."""
    recording_file.add_arguments(parser)
    parser.add_argument("-p", "--pid", type=int, metavar="PID", help="the process to show")
    parser.add_argument(
        "--process-id",
        type=int,
        metavar="ID",
        help="the process to show, by its number in the recording: for a PID that was used again",
    )
    parser.add_argument(
        "--process-memory",
        choices=("pss", "rss", "statm"),
        default="pss",
        help="the figure that makes a peak: PSS or RSS of the mappings, or statm's resident"
        " (mappings are then shown by RSS); default pss",
    )
    parser.add_argument(
        "--measurement-time",
        metavar="ISO",
        help="show the measurement at or right before this time (2018-08-17T15:58:03.942),"
        " not the peak",
    )
    parser.add_argument(
        "--system-memory",
        choices=("MemAvailable", "MemAvailableComputed"),
        default="MemAvailable",
        help="for all processes: which figure of /proc/meminfo is lowest at the moment shown;"
        " MemAvailableComputed is for kernels that do not tell MemAvailable",
    )
    parser.add_argument(
        "--by",
        choices=("name", "kind", "mapping"),
        default="name",
        help="what makes a line: the name of a file or group (default), the kind of memory, or each"
        " mapping",
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
    from ..store.trees import TreeRecording

    with TreeRecording(recording_file.recording_file(args)) as recording:
        process = recording_file.process_meant(recording, args)
        selection = recording.selection() if process is None else None
        if selection is not None:
            text = _tree_text(recording, selection, args)
        elif process is None:
            text = _system_text(_system_view(recording, args), args.json)
        else:
            text = _process_text(_process_view(recording, process, args), args.json)
    write_text(text)
    return 0


def _top(args: argparse.Namespace, view: str) -> int | None:
    if args.top is not None or args.json:
        top: int | None = args.top
        return top
    return DEFAULT_TOP[view]


def _time(args: argparse.Namespace) -> int | None:
    from ..units import parse_time

    if args.measurement_time is None:
        return None
    return parse_time(args.measurement_time, "--measurement-time")


def _process_view(
    recording: Recording, process: RecordedProcess, args: argparse.Namespace
) -> ProcessView:
    from ..analysis.kinds import attribute, facts_from
    from ..analysis.peak import break_down, compare_mark
    from ..render.process_view import ProcessView

    time = _time(args)
    if time is None:
        measurement = recording.peak(process.id, args.process_memory)
    else:
        measurement = recording.at(process.id, time)
    layout = recording.layout(measurement.id)
    facts = facts_from(layout.entries, recording.kind_evidence(process.id, measurement.tick))
    figure = "pss" if args.process_memory == "pss" else "rss"
    # The measurement with the highest PSS need not be the one with the highest RSS.
    highest = recording.peak(process.id, "rss")
    mark = recording.high_water_mark(process.id)
    tolerance = recording.machine(process.id).rss_tolerance
    return ProcessView(
        process=process,
        measurement=measurement,
        is_peak=time is None,
        process_memory=args.process_memory,
        breakdown=break_down(
            attribute(layout.entries, facts), figure, args.by, _top(args, "process")
        ),
        mark=mark,
        gap=compare_mark(
            mark.size if mark else None,
            highest.totals.rss if highest.totals else None,
            tolerance or 0,
        ),
        highest=highest,
    )


def _system_view(recording: Recording, args: argparse.Namespace) -> SystemView:
    from ..analysis.peak import add_up
    from ..analysis.ranking import Ranking, rank
    from ..model import LayoutState
    from ..render.system_view import SystemView, layout_age, moment_size

    time = _time(args)
    tick = recording.system_peak(args.system_memory) if time is None else recording.tick_at(time)
    # What has no memory of its own is not among the processes by size.
    nothing = (LayoutState.GONE, LayoutState.KERNEL_THREAD, LayoutState.ZOMBIE)
    moments = [m for m in recording.processes_at(tick) if m.latest.state not in nothing]
    duplicates = _duplicates(recording, moments, tick)

    def size_of(moment: ProcessMoment) -> int | None:
        return moment_size(moment, args.process_memory)

    ranking = rank(moments, size_of, _top(args, "system"))
    if duplicates:
        counted = [moment for moment in moments if moment.process.id not in duplicates]
        shown = {moment.process.id for moment, _ in ranking.top}
        ranking = Ranking(
            top=ranking.top,
            other=add_up(size_of(m) for m in counted if m.process.id not in shown),
            other_count=ranking.other_count,
            total=add_up(map(size_of, counted)),
        )
    at = recording.tick_time(tick)
    ages = {moment.process.id: layout_age(moment, at) for moment in moments}
    return SystemView(
        tick=tick,
        time=at,
        lowest=args.system_memory if time is None else None,
        memory=recording.system_memory(tick),
        process_memory=args.process_memory,
        ranking=ranking,
        duplicates=duplicates,
        older={process_id: age for process_id, age in ages.items() if age is not None},
    )


def _duplicates(recording: Recording, moments: list[ProcessMoment], tick: int) -> frozenset[int]:
    """Processes that show their parent's memory: a vfork child that has not yet called execve."""
    from ..analysis.parents import parents
    from ..analysis.tree import Member, duplicates_among

    processes = recording.processes()
    parent_of = parents(processes)
    return duplicates_among(
        {m.process.id: m.layout.totals for m in moments if m.layout and m.layout.totals},
        {
            process.id: Member(parent_of[process.id], process.end_tick, process.program_at)
            for process in processes
        },
        tick,
    )


def _tree_text(
    recording: TreeRecording, selection: RecordedSelection, args: argparse.Namespace
) -> str:
    from ..errors import UsageError
    from .peak_tree import SHOWN_PROCESSES, tree_view

    if args.process_memory != "pss":
        raise UsageError(
            f"--process-memory {args.process_memory}: that of several processes cannot be added up,"
            " shared pages would count several times; choose one with --pid"
        )
    view = tree_view(
        recording,
        selection,
        _time(args),
        by=args.by,
        top=_top(args, "process"),
        shown=None if args.json else SHOWN_PROCESSES,
    )
    if args.json:
        from ..render.tree_json import render
    else:
        from ..render.tree_text import render
    return render(view)


def _process_text(view: ProcessView, as_json: bool) -> str:
    if as_json:
        from ..render.process_json import render
    else:
        from ..render.process_text import render
    return render(view)


def _system_text(view: SystemView, as_json: bool) -> str:
    if as_json:
        from ..render.system_json import render
    else:
        from ..render.system_text import render
    return render(view)
