"""Where the proc filesystem is: `--proc`, else the variable PROCFS, else /proc. Written once."""

from __future__ import annotations

import argparse
import os


def add_argument(parser: argparse.ArgumentParser) -> None:
    """Add `--proc` to a command that reads processes."""
    parser.add_argument(
        "--proc",
        metavar="DIR",
        help="another proc filesystem (default: the variable PROCFS, else /proc)",
    )


def root_of(args: argparse.Namespace) -> str:
    """Give the folder to read processes from."""
    return args.proc or os.environ.get("PROCFS") or "/proc"
