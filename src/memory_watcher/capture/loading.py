"""Captured layouts -> measurements in a recording."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from ..errors import SelectionError, UsageError
from ..message import Named, Setting
from ..model import (
    Image,
    LayoutState,
    Machine,
    ProcessFacts,
    ProcessKey,
    Reading,
    Rollup,
    Sample,
    Tick,
    Totals,
    Usage,
    WholeLayout,
)
from ..store.steps import Steps, silently
from ..store.writer import Writer
from .kernel_text import KernelText
from .texts import Capture

#: Of a capture that does not tell its process.
DEFAULT_PID = 1

_PID = Named(Setting.PID, "PID")
_PERIOD = Named(Setting.PERIOD, "period")
_TIME = Named(Setting.TIME, "time")


class Told(NamedTuple):
    """What the user says of captures; None where that is left to the text.

    `time_ns` (UTC) is when the first of them was captured or, with `is_last`, the last; `period_ns`
    the time between two of one process. `file_name` names a process of which nothing is known.
    """

    pid: int | None
    name: str | None
    file_name: str
    time_ns: int
    is_last: bool
    period_ns: int | None


class Loaded(NamedTuple):
    """One measurement as it was stored, and the process that it was added to."""

    capture: Capture
    pid: int
    name: str
    is_joined: bool  # the process was in the recording, and nothing but its PID tells that it is it
    totals: Totals


def load(
    path: str, captures: Iterable[Capture], told: Told, tell: Steps = silently
) -> list[Loaded]:
    """Add captures to a recording, or to a new one.

    Captures of one process are measurements one after the other, those of several stand side by
    side. Raises UsageError if it is not told when they were made, SelectionError if a PID stands
    for several processes of the recording, and the errors of Writer. `tell` is told how far it is.
    """
    ticks = _by_tick(captures, told)
    times = _times(ticks, told)
    loaded: list[Loaded] = []
    writer = Writer(path, tell)
    reason = None
    try:
        names = {
            pid: _name(writer.captured_names(pid), pid, told) for tick in ticks for pid, _ in tick
        }
        writer.start_run(Machine(None, None, None, None), None, sys.argv)
        for number, (time_ns, tick) in enumerate(zip(times, ticks, strict=True), 1):
            tell("measurement", number, len(ticks))
            writer.tick(Tick(time_ns))
            for pid, capture in tick:
                name, is_joined = names[pid]
                layout = layout_of(capture)
                process = writer.add_process(ProcessFacts(ProcessKey(pid, 0), Image(name)))
                writer.sample(process, sample_of(capture, layout), delay_ns=None)
                loaded.append(Loaded(capture, pid, name, is_joined, layout.totals))
        reason = "loaded"
    finally:
        writer.close(reason)
    return loaded


def _by_tick(captures: Iterable[Capture], told: Told) -> list[list[tuple[int, Capture]]]:
    """Captures with their PIDs, side by side: the n-th of each process is of the n-th instant."""
    captures = list(captures)
    named = {capture.pid for capture in captures}
    if told.pid is not None and len(named) > 1:
        shown = ", ".join(sorted(str(pid) for pid in named if pid is not None))
        raise UsageError(_PID, f": the text holds captures of several processes ({shown}); omit it")
    seen: Counter[int] = Counter()
    ticks: list[list[tuple[int, Capture]]] = []
    for capture in captures:
        pid = told.pid or capture.pid or DEFAULT_PID
        if seen[pid] == len(ticks):
            ticks.append([])
        ticks[seen[pid]].append((pid, capture))
        seen[pid] += 1
    return ticks


def _times(ticks: list[list[tuple[int, Capture]]], told: Told) -> list[int]:
    if len(ticks) == 1 and told.period_ns is not None:
        raise UsageError(_PERIOD, ": the text holds one capture; omit it, or give ", _TIME)
    if len(ticks) > 1 and told.period_ns is None:
        lines = ", ".join(str(capture.line) for tick in ticks for _, capture in tick[:1])
        raise UsageError(
            f"the text holds {len(ticks)} captures of one process (lines {lines}); give the time"
            " between them",
            Named(Setting.PERIOD, "", " with {} 1s"),
            ", or load them one by one",
        )
    period = told.period_ns or 0
    first = told.time_ns - (len(ticks) - 1) * period if told.is_last else told.time_ns
    times = [first + number * period for number in range(len(ticks))]
    if not -(1 << 63) <= times[0] <= times[-1] < 1 << 63:
        raise UsageError(_TIME, ", ", _PERIOD, ": recordings hold times from 1677 to 2262")
    return times


def _name(known: list[str], pid: int, told: Told) -> tuple[str, bool]:
    """The name of a capture's process, and whether it is one of the recording by its PID alone."""
    if told.name is not None:
        return told.name, False
    if not known:
        return told.file_name, False
    if len(known) == 1:
        return known[0], True
    if told.file_name in known:
        return told.file_name, True
    shown = ", ".join(map(repr, known[:20]))
    raise SelectionError(
        f"PID {pid} stands for {len(known)} processes; give ",
        Named(Setting.NAME, "its name"),
        f": {shown}",
    )


def layout_of(capture: Capture) -> WholeLayout:
    """What a capture holds, with its sums as they were counted while it was read."""
    totals = capture.entries.totals if isinstance(capture.entries, KernelText) else None
    return WholeLayout(capture.entries, totals)


def sample_of(capture: Capture, layout: WholeLayout) -> Sample:
    """The same as a measurement, with the totals that stood beside it."""
    state = LayoutState.TORN if capture.is_torn else LayoutState.UNCHECKED
    of = next(iter(capture.entries)).usage if capture.is_rollup else capture.rollup
    return Sample(Reading(), state, layout, _rollup(of) if of else None)


def _rollup(usage: Usage) -> Rollup:
    return Rollup(usage.rss, usage.pss, usage.uss, usage.swap_pss)
