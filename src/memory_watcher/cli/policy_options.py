"""The options of `record` that say what a recording may cost and what it must not miss."""

from __future__ import annotations

import argparse
import dataclasses
import re

from ..errors import UsageError
from ..record.policy import FOR_MACHINE, FOR_NAMED, Policy
from ..units import parse_duration

_ZERO = re.compile(r"\s*(?:0+(?:\.0*)?|\.0+)\s*(?:us|ms|s|m|min|h|d)?\s*")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare them."""
    group = parser.add_argument_group("what it may cost, and what it must not miss")
    group.add_argument(
        "--fast-period",
        metavar="TIME",
        help="between layouts, read RSS and high-water mark this often (default 20ms for named"
        " processes, off for the whole machine); 0 turns it off",
    )
    group.add_argument(
        "--peak-step",
        metavar="PERCENT",
        help="take a layout at once when RSS exceeds the highest one by this much (default 2, and"
        " at least 1 MiB)",
    )
    group.add_argument(
        "--max-cpu",
        metavar="PERCENT",
        help="the most CPU to use, of one core (default 10): layouts are taken less often when they"
        " would cost more, RSS between them is read less often where that alone would take half of"
        " it; 0 sets no limit. One second of CPU is free, for start-up; more is paid off later",
    )
    group.add_argument(
        "--max-stall",
        metavar="TIME",
        help="take no layout that holds its process up for longer than this, which is known before"
        " the first one (default 250ms); 0 sets no limit",
    )
    group.add_argument(
        "--full-every",
        metavar="TIME",
        help="recheck unchanged processes only this often (default 10s for the whole machine or"
        " more than 64 processes); while the whole machine stands still, a fourth as often. It also"
        " limits layout reads of the whole machine to one full round per TIME. 0: read every layout"
        " at every tick (default for named processes)",
    )
    group.add_argument(
        "--reset-peak",
        action="store_true",
        help="reset the kernel's high-water mark at each tick, so that it is exact for each tick;"
        " other programs then see lower values (ru_maxrss, /usr/bin/time -v)",
    )


def policy_of(args: argparse.Namespace, whole_machine: bool) -> Policy:
    """The policy that the options ask for. Raises UsageError."""
    policy = FOR_MACHINE if whole_machine else FOR_NAMED
    changes: dict[str, object] = {"reset_peak": args.reset_peak}
    if args.fast_period is not None:
        changes["fast_period_ns"] = _duration_or_0(args.fast_period, "--fast-period") or None
    if args.peak_step is not None:
        changes["peak_step"] = percent(args.peak_step, "--peak-step")
    if args.max_cpu is not None:
        changes["max_cpu"] = percent(args.max_cpu, "--max-cpu") or None
    if args.max_stall is not None:
        changes["max_stall_ns"] = _duration_or_0(args.max_stall, "--max-stall") or None
    if args.full_every is not None:
        changes["full_every_ns"] = _duration_or_0(args.full_every, "--full-every")
        if whole_machine:
            changes["pass_every_ns"] = changes["full_every_ns"]
    return dataclasses.replace(policy, **changes)  # type: ignore[arg-type]


def _duration_or_0(text: str, option: str) -> int:
    return 0 if _ZERO.fullmatch(text) else parse_duration(text, option)


def percent(text: str, option: str) -> float:
    """Read a fraction from `10` or `10%`. Raises UsageError, naming `option`."""
    try:
        percent = float(text.removesuffix("%"))
    except ValueError:
        percent = -1.0
    if not 0 <= percent < float("inf"):
        raise UsageError(f"{option}: {text!r} is not a percentage; write 10")
    return percent / 100
