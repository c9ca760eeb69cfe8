"""Explain a recording on one page: where the memory is, what grows, and what can be done.

Plain sentences with figures, the most important first. A recording of one process is about that
process; one of several is about all of them together, at the moment of their highest PSS. What a
recording does not show is not mentioned. docs/explain.md has a section for each finding.

  memory-watcher explain                       the peak in measurement.db
  memory-watcher explain server.db -p 123      one process of several
  memory-watcher explain server.db --measurement-time end
  memory-watcher explain server.db --json      figures in bytes, beside the sentences
"""

from __future__ import annotations

import argparse

from . import recording_file
from .console import write_text
from .progress import ProgressLine

READS_RECORDING = True


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what this command takes."""
    recording_file.add_arguments(parser)
    recording_file.add_process(parser, "the process to explain")
    parser.add_argument(
        "--measurement-time",
        metavar="MOMENT",
        help="explain this moment, not the peak: a time (2018-08-17T15:58:03.942, 15:58), +90s"
        " (after the start), 50%%, start, end, floor (the lowest of the last fifth), or #17 (a"
        " measurement)",
    )
    parser.add_argument("--json", action="store_true", help="machine-readable output, in bytes")


def run(args: argparse.Namespace) -> int:
    """Print the page; errors are raised as MemoryWatcherError."""
    from ..answers.explain import explain
    from ..answers.moment import PEAK, parse
    from ..render.clock_text import clock_notes
    from ..store.recording import Recording

    written = args.measurement_time
    moment = PEAK if written is None else parse(written, "--measurement-time")
    name = recording_file.recording_file(args)
    with Recording(name) as recording, ProgressLine(f"explaining {name}"):
        process = recording_file.process_meant(recording, args)
        found = explain(recording, process, moment)
        notes = clock_notes(recording.axis)
    if args.json:
        from ..render.explain_json import render as render_json

        write_text(render_json(found))
        return 0
    from ..render.explain_text import render

    write_text(render(found) + "".join(f"\n{note}\n" for note in notes))
    return 0
