"""Replay a recording: go through its measurements, to its peak, to any time, and compare them.

On a terminal: a timeline, and below it groups, mappings or processes; space plays, ? shows all
keys. Into a pipe or a file, or with --plain: each measurement as text, one after the other.

  memory-replay                                measurement.db
  memory-replay server.db -p 123
  memory-replay server.db --interval 100       play at once, ten measurements a second
  memory-replay server.db --plain | less
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from . import recording_file, tui_options
from .console import write_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..analysis.breakdown import Breakdown
    from ..recorded import Measurement, RecordedProcess
    from ..store.recording import Recording
    from ..tui.paint import Look

READS_RECORDING = True
_DEFAULT_INTERVAL_MS = "1000"
_PLAIN_TOP = 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    recording_file.add_arguments(parser)
    recording_file.add_process(parser, "the process", " (default: all, or the only one)")
    parser.add_argument(
        "--interval",
        metavar="MS",
        help="start playing, one measurement every MS milliseconds (or 1s); with --plain on a"
        f" terminal the default is {_DEFAULT_INTERVAL_MS}",
    )
    parser.add_argument(
        "--plain",
        action="store_true",
        help="print each measurement as text, without waiting if the output is not a terminal",
    )
    tui_options.add_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Show or print it; errors are raised as MemoryWatcherError."""
    import sys

    from ..errors import UsageError
    from ..store.recording import Recording
    from ..units import parse_duration

    interval = None if args.interval is None else parse_duration(args.interval, "--interval") / 1e9
    path = recording_file.recording_file(args)
    with Recording(path) as recording:
        if interval is not None and not sys.stdout.isatty():
            raise UsageError(
                "--interval: the output is not a terminal, so all is printed at once; leave it out"
            )
        if args.plain or not sys.stdout.isatty():
            if args.theme is not None:
                raise UsageError("--theme: text has no colours; leave it out")
            return _print(recording, args, interval)
        process = recording_file.process_meant(recording, args)
    return _show(path, process.id if process else None, interval, tui_options.look(args.theme))


def _show(path: str, process_id: int | None, interval: float | None, look: Look) -> int:
    tui_options.require_textual()
    tui_options.require_terminal("; --plain prints text")

    from ..tui.replay import ReplaySource
    from ..tui.start import run as show
    from ..tui.view import Question

    show(
        lambda _: ReplaySource(path),
        Question(process_id=process_id, by="process" if process_id is None else "name"),
        live=False,
        rate=None if interval is None else 1 / interval,
        look=look,
    )
    return 0


def _print(recording: Recording, args: argparse.Namespace, interval: float | None) -> int:
    """One measurement after the other; on a terminal each in its time, on a clear screen."""
    import sys
    import time

    from ..units import parse_duration

    process = recording_file.process_meant(recording, args)
    on_terminal = sys.stdout.isatty()
    if interval is None:
        interval = parse_duration(_DEFAULT_INTERVAL_MS, "--interval") / 1e9
    due = time.monotonic()
    texts = _all_processes(recording) if process is None else _one_process(recording, process)
    for number, text in enumerate(texts):
        if on_terminal:
            time.sleep(max(due - time.monotonic(), 0))
            due += interval
            write_text(text, clear_screen=True)
        else:
            write_text(f"\n{text}" if number else text)
    return 0


def _one_process(recording: Recording, process: RecordedProcess) -> Iterator[str]:
    from ..analysis.roles import roles_at
    from ..render.moment_text import render
    from ..render.text_columns import process_name

    every = recording.processes()
    names: dict[object, str] = {}
    for measurement in recording.measurements(process.id):
        image = process.image_at(measurement.tick)
        if image not in names:
            role = roles_at(every, measurement.tick)[process.id]
            names[image] = process_name(role.label, process.pid)
        yield render(names[image], measurement, _breakdown(recording, measurement))


def _all_processes(recording: Recording) -> Iterator[str]:
    """Each pass over all processes; where there is none, each tick."""
    from ..answers.group import every_moment
    from ..render.moment_text import render_all

    for moment, time, found, why in every_moment(recording):
        yield render_all(moment, time, found, why)


def _breakdown(recording: Recording, measurement: Measurement) -> Breakdown | None:
    from ..analysis.breakdown import break_down
    from ..analysis.figures import best
    from ..answers.layouts import attributed

    if not measurement.has_layout:
        return None
    figure = best("pss", measurement.told_figures) or "pss"
    return break_down(attributed(recording, measurement), figure, top=_PLAIN_TOP)
