"""Write a first budget from recordings: how much memory a program may have, by kind and by name.

A limit is the most that was measured, with room for noise. Several recordings of the same thing
show how much noise there is; all of them are within the budget. docs/budgets.md describes the file.

  memory-watcher budget init run.db                          writes memory-budget.toml
  memory-watcher budget init run1.db run2.db run3.db -o -    to standard output
  memory-watcher budget init server.db --process 'worker*'   of some processes
  memory-watcher budget init server.db --at growth           how fast it may grow
"""

from __future__ import annotations

import argparse
import os
from contextlib import ExitStack
from typing import TYPE_CHECKING, get_args

from ..units import plural
from .console import say, write_text
from .named_once import refuse_twice
from .progress import ProgressLine

if TYPE_CHECKING:
    from ..analysis.budgets.model import Checked
    from ..answers.first_budget import FirstBudget
    from ..store.recording import Recording

READS_RECORDING = True
DEFAULT_OUTPUT = "memory-budget.toml"
_STDOUT = "-"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what this command takes."""
    from ..analysis.budgets.model import At, Figure

    parser.add_argument("action", choices=("init",), help="init: write a first budget")
    parser.add_argument(
        "files", nargs="+", metavar="FILE", help="a recording; several are runs of the same thing"
    )
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        default=DEFAULT_OUTPUT,
        help="the file to write; - is standard output (default %(default)s)",
    )
    parser.add_argument("--force", action="store_true", help="replace a file that is there")
    parser.add_argument(
        "--process",
        metavar="PATTERN",
        help="only the processes whose name or role it matches, as 'worker*' (default: all"
        " processes together)",
    )
    parser.add_argument(
        "--at",
        choices=get_args(At),
        default="peak",
        help="when: at the peak, at the end, at the floor (the lowest of the last fifth), or how"
        " much it grows per hour (default %(default)s)",
    )
    parser.add_argument(
        "--figure",
        choices=get_args(Figure),
        default="pss",
        help="what is limited: PSS, RSS, USS, what is held (RSS and swap, without what the kernel"
        " may take back), or what of PSS was modified (pss_dirty); default %(default)s",
    )


def run(args: argparse.Namespace) -> int:
    """Write it; errors are raised as MemoryWatcherError."""
    from ..answers.first_budget import first_budget
    from ..render.first_budget import render
    from ..render.output import write_whole
    from ..store.recording import Recording

    _refuse_output(args)
    refuse_twice(args.files)
    with ExitStack() as opened, ProgressLine("measuring"):
        recordings = [opened.enter_context(Recording(file)) for file in args.files]
        first = first_budget(recordings, args.process, args.at, args.figure)
        checked = _checked(first, recordings)
    text = render(first, "memory-watcher check")
    if args.output == _STDOUT:
        write_text(text)
    else:
        write_whole(args.output, text.encode())
        lines = plural(len(first.budget.lines), "limit; change it", "limits; change them")
        write_text(f"{args.output}: {lines} as you like\n")
    for judged in checked.budgets:
        if judged.why:
            say(f"memory-watcher budget: {judged.name}: {judged.why}")
    return 0


def _refuse_output(args: argparse.Namespace) -> None:
    """Raise UsageError for what must not be written."""
    from ..errors import UsageError

    if args.output == _STDOUT:
        return
    if os.path.basename(args.output) == "pyproject.toml":
        raise UsageError(
            "--output: pyproject.toml has more than a budget; write to - and copy it there, with"
            " [[tool.memory-watcher.budget]] as its header"
        )
    if os.path.lexists(args.output) and not args.force:
        raise UsageError(
            f"{args.output}: it is there already; give --force to replace it, or name another"
            " file with --output"
        )


def _checked(first: FirstBudget, recordings: list[Recording]) -> Checked:
    """What the recordings come to by their own budget: all within, but for what cannot be told."""
    from ..analysis.budgets.model import BudgetFile
    from ..answers.check import check

    return check(recordings, BudgetFile("", (first.budget,)))
