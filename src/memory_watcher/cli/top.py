"""Watch where memory goes right now: a timeline, and below it groups, mappings or processes.

Mark a moment and see what changed since; freeze; go back in time; ? shows all keys. With -o it also
makes a recording, which all other commands take.

  memory-watcher top                           the whole machine, by process
  memory-watcher top -p 1234                   one process
  memory-watcher top --name 'postgres*'        the processes of that name
  memory-watcher top -p 1234 --period 200ms -o server.db
"""

from __future__ import annotations

import argparse
import shlex
import sys
from typing import TYPE_CHECKING

from . import parse_pid, proc_option, tui_options

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..procfs.source import ProcSource
    from ..record.policy import Policy
    from ..record.targets import Targets


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "-p", "--pid", action="append", default=[], metavar="PID", help="a process; repeatable"
    )
    parser.add_argument(
        "--name",
        action="append",
        default=[],
        metavar="PATTERN",
        help="processes of this name, * and ? stand for any characters; repeatable",
    )
    parser.add_argument(
        "--period",
        default="1s",
        metavar="TIME",
        help="time from one scan to the next: in ms, or with a unit: 200ms, 1s (default"
        " %(default)s)",
    )
    parser.add_argument(
        "-o", "--output", metavar="FILE", help="also write a recording; added to if it exists"
    )
    tui_options.add_arguments(parser)
    proc_option.add_argument(parser)


def run(args: argparse.Namespace) -> int:
    """Show it until the user quits; errors are raised as MemoryWatcherError."""
    from ..errors import UsageError
    from ..procfs.source import ProcSource
    from ..units import MILLISECOND, parse_duration

    period_ns = parse_duration(args.period, "--period")
    if period_ns < 50 * MILLISECOND:
        raise UsageError("--period must be 50ms or more")
    pids = [parse_pid(text) for text in args.pid]
    if pids and args.name:
        raise UsageError("--name: use either names or PIDs")
    look = tui_options.look(args.theme)
    tui_options.require_textual()
    tui_options.require_terminal()

    from ..record.selection import Selection
    from ..tui.live import LiveSource, Output
    from ..tui.start import run as show
    from ..tui.view import Question

    source = ProcSource(proc_option.root_of(args))
    targets = _targets(source, pids, args.name)
    one = len(pids) == 1
    policy = _policy(one, machine=not pids and not args.name)
    output = None
    if args.output is not None:
        selection = Selection(names=tuple(args.name))
        named = shlex.join(word for name in args.name for word in ("--name", name))
        kind = "selection" if args.name else None
        output = Output(args.output, sys.argv, kind, named, selection)
    opened: list[LiveSource] = []

    def open_source(wake: Callable[[], None]) -> LiveSource:
        title = _title(source, args.name)
        opened.append(LiveSource(title, source, targets, policy, period_ns, output, wake))
        return opened[-1]

    try:
        show(open_source, Question(by="name" if one else "process"), live=True, look=look)
    finally:
        for notice in (notice for live in opened for notice in live.said):
            args.wording.notice(notice)
    return 0


def _targets(source: ProcSource, pids: list[int], names: list[str]) -> Targets:
    """What to look at. Raises NoSuchProcess, NoPermission, NoUserMemory."""
    from ..record.discovery import DiscoveredTargets
    from ..record.selection import Selection
    from ..record.targets import NamedTargets, WholeMachine

    if pids:
        return NamedTargets(source, pids)
    if not names:
        return WholeMachine(source)
    targets = DiscoveredTargets(source, selection=Selection(names=tuple(names)))
    targets.find_now()
    return targets


def _policy(one: bool, machine: bool) -> Policy:
    """As memory-record does, but all that changes at each tick, and nothing between the ticks."""
    from dataclasses import replace

    from ..record.policy import FOR_MACHINE, FOR_NAMED

    if one:
        return replace(FOR_NAMED, fast_period_ns=None)
    policy = replace(FOR_MACHINE, in_turns=False)
    return policy if machine else replace(policy, pass_every_ns=0)


def _title(source: ProcSource, names: list[str]) -> str:
    return ", ".join(names) if names else source.machine().hostname or "this machine"
