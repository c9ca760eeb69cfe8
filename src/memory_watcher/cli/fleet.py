"""Put recordings of many machines into one dataset, for questions to all of them.

A dataset is a folder of Parquet files by day and host, which DuckDB, Spark and others read as it
is: see docs/fleet.md. Each ACTION has a help of its own. It needs the extra fleet.

  memory-watcher fleet add /srv/fleet server.db --label release=1.2
  memory-watcher fleet ask growth-programs /srv/fleet
  memory-watcher fleet ls /srv/fleet
  memory-watcher fleet compact /srv/fleet
  memory-watcher fleet forget /srv/fleet --older-than 30d
"""

from __future__ import annotations

import argparse
import importlib
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from . import _Command

READS_RECORDING = True
#: What can be done -> module here, which is as one of a subcommand.
ACTIONS = {
    "add": "fleet_add",
    "ask": "fleet_ask",
    "ls": "fleet_ls",
    "compact": "fleet_compact",
    "forget": "fleet_forget",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what this command takes: each action its own options."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name in ACTIONS:
        module = _load(name)
        action = actions.add_parser(
            name,
            help=(module.__doc__ or "").partition("\n")[0],
            description=module.__doc__,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        action.set_defaults(action_parser=action)
        module.add_arguments(action)


def run(args: argparse.Namespace) -> int:
    """Do it; errors are raised as MemoryWatcherError."""
    return _load(args.action).run(args)


def _load(action: str) -> _Command:
    return cast("_Command", importlib.import_module(f".{ACTIONS[action]}", __package__))
