"""Check all of a recording: whether what it holds is what a recorder wrote.

Checks the structure of the file, its tables, the types of all values, which rows refer to which,
and the order of ticks. Adds up the mappings of each layout, and compares that with the sums that
were stored when it was read. Prints one line for each finding; the exit code is 0 if there is none,
else 1.

  memory-watcher verify                        measurement.db
  memory-watcher verify server.db
"""

from __future__ import annotations

import argparse

from . import recording_file
from .console import write_text
from .progress import ProgressLine

READS_RECORDING = True


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    recording_file.add_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Print what is wrong; 0 if nothing is."""
    from ..errors import Damaged
    from ..store.verify import findings

    path = recording_file.recording_file(args)
    count = 0
    with ProgressLine(f"checking {path}") as progress:
        for finding in findings(path, progress.step):
            count += 1
            with progress.paused():
                write_text(f"{finding}\n")
    if count:
        found = "1 finding" if count == 1 else f"{count} findings"
        raise Damaged(f"{path}: damaged: {found}; memory-watcher repair saves what can be read")
    write_text(f"{path}: all is as it was written\n")
    return 0
