"""Judge recordings, or a command that is launched, by budgets; name what took the memory.

A command after -- is launched, recorded with all that it starts, and judged. Budgets come from
memory-budget.toml, or from pyproject.toml; `memory-watcher budget init` writes a first one.
A baseline is what the program had when somebody agreed to it; --update writes it.

Exit code: 0 within all budgets, 1 over one, 2 not judged or wrong usage. If a launched command
fails, its memory is not judged, and its own exit code is returned.

  memory-watcher check -- ./server --selftest           by memory-budget.toml
  memory-watcher check --runs 5 -- ./bench              the median of five launches
  memory-watcher check server.db --budget server.toml   a recording
  memory-watcher check --baseline memory.json --update --runs 5 -- ./bench   agree to this
  memory-watcher check --baseline memory.json --runs 3 -- ./bench            judge by that
"""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING

from ..errors import UsageError
from . import check_outputs, whole_number
from .named_once import refuse_twice
from .unused import refuse_unused

if TYPE_CHECKING:
    from .check_limits import Limits
    from .check_said import Found

#: `-- COMMAND …` is not for argparse: cli splits it off and gives it as `args.command_line`.
TAKES_COMMAND = True
READS_RECORDING = True

_MOST_RUNS = 1000
_OF_A_COMMAND = {
    "runs": "--runs",
    "keep": "--keep",
    "period": "--period",
    "max_cpu": "--max-cpu",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what this command takes."""
    parser.add_argument(
        "files",
        nargs="*",
        metavar="FILE",
        help="recordings of one program, each of one run; or a command after --",
    )
    parser.add_argument(
        "--budget",
        metavar="FILE",
        help="the budgets (default: memory-budget.toml, else the table"
        " [[tool.memory-watcher.budget]] in pyproject.toml)",
    )
    parser.add_argument(
        "--baseline",
        metavar="FILE",
        help="what the program had when somebody agreed to it; all of it is judged, unless a budget"
        " has limits above a baseline",
    )
    parser.add_argument(
        "--update",
        action="store_true",
        help="write the baseline from what is measured now, and show what changed in it",
    )
    parser.add_argument(
        "--report-only",
        action="store_true",
        help="exit with 0 even if something is over or was not judged",
    )
    group = parser.add_argument_group("a command that is launched")
    group.add_argument(
        "--runs",
        type=whole_number,
        metavar="N",
        help="launch the command N times, and judge the median (default 1)",
    )
    group.add_argument(
        "--keep",
        metavar="DIR",
        help="keep the recordings here (default: in a temporary folder, and only if something is"
        " over or was not judged)",
    )
    group.add_argument(
        "--period",
        metavar="TIME",
        help="time from one layout to the next: in ms, or with a unit (default 500ms)",
    )
    group.add_argument(
        "--max-cpu",
        metavar="PERCENT",
        help="the most CPU to use for recording, of one core (default 25); 0 sets no limit",
    )
    parser.add_argument(
        "--json",
        action="store_true",
        help="machine-readable output, in bytes. All other text goes to stderr, also what a"
        " launched command prints",
    )
    check_outputs.add_options(parser)


def run(args: argparse.Namespace) -> int:
    """Judge; errors are raised as MemoryWatcherError."""
    from . import check_limits
    from .check_launches import check_command
    from .check_said import tell

    _refuse_contradictions(args)
    limits = check_limits.read(args.budget, args.baseline, update=args.update)
    check_outputs.require_places(args, [*args.files, *limits.paths, args.baseline])
    began = time.monotonic_ns()
    found = check_command(args, limits) if args.command_line else _check_files(args, limits)
    return tell(args, found, time.monotonic_ns() - began)


def _refuse_contradictions(args: argparse.Namespace) -> None:
    if args.update and args.baseline is None:
        raise UsageError("--update needs --baseline, the file to write")
    if args.command_line and args.files:
        raise UsageError(f"{args.files[0]!r}: name recordings, or a command after --, not both")
    if not args.command_line:
        if not args.files:
            raise UsageError("name a recording, or a command to launch after --")
        refuse_unused(args, _OF_A_COMMAND, "without a command after --")
    if args.runs is not None and not 1 <= args.runs <= _MOST_RUNS:
        raise UsageError(f"--runs: give a number from 1 to {_MOST_RUNS}")


def _check_files(args: argparse.Namespace, limits: Limits) -> Found:
    from dataclasses import replace

    from ..analysis.budgets.model import RunFile
    from .check_limits import judge

    refuse_twice(args.files)
    args.file = args.files[0] if len(args.files) == 1 else "one of the recordings"
    found = judge(args.files, limits)
    files = tuple(map(RunFile, args.files))
    return found._replace(checked=replace(found.checked, recordings=files))
