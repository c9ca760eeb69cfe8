"""What recording cost: the recorder's own CPU time as a share of one core, over time.

The one rule for `ls` and the report. Recordings before format 7 tell only the sum of each run.
"""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any, NamedTuple

from ..recorded import OwnCpuRow, RecordedRun
from ..store.recording import Recording
from ..units import SECOND

#: What is shorter says nothing about a share.
_LONG_NS = 5 * SECOND
#: No time is longer; but a file may hold any number.
_LONGEST_NS = 1 << 63
#: As many times less often than asked for as is worth telling.
_STRETCHED = 2.0


class Span(NamedTuple):
    """A stretch of a run of about ten seconds: when it began, UTC; its share."""

    time: int
    lasted_ns: int
    share: float


class RunCost(NamedTuple):
    """What one run of a recorder used itself, in nanoseconds; None where that is not told.

    `share` is of one core, `highest` the span with the highest. `start_ns` is the CPU time until
    the first tick: start-up. `fast_apart_ns` is the time from one reading between ticks to the
    next, where that was far more than `fast_asked_ns`. `too_slow` counts layouts that were not read
    since that would have held a process up for too long.
    """

    run: int
    cpu_ns: int
    lasted_ns: int
    share: float | None
    start_ns: int | None
    spans: tuple[Span, ...]
    fast_apart_ns: int | None
    fast_asked_ns: int | None
    too_slow: int

    @property
    def highest(self) -> Span | None:
        """The span in which most was used, if that was more than in all; not of moments."""
        long = [span for span in self.spans if span.lasted_ns >= _LONG_NS]
        highest = max(long, key=lambda span: span.share, default=None)
        return highest if highest and self.share and highest.share > self.share else None


def costs(recording: Recording) -> list[RunCost]:
    """The cost of each run that tells it."""
    by_run: dict[int, list[OwnCpuRow]] = {}
    for row in recording.own_cpu():
        by_run.setdefault(row.run_id, []).append(row)
    found = (_cost(run, by_run.get(run.id, [])) for run in recording.runs())
    return [cost for cost in found if cost is not None]


def _cost(run: RecordedRun, rows: list[OwnCpuRow]) -> RunCost | None:
    cpu_ns = run.cpu_ns
    if cpu_ns is None and rows:
        cpu_ns = rows[-1].cpu_ns  # it was killed, or still runs
    if cpu_ns is None:
        return None
    lasted_ns = run.lasted_ns or 0
    if not lasted_ns and rows:
        lasted_ns = rows[-1].monotonic_ns - rows[0].monotonic_ns
    asked_ns, apart_ns = _fast_period(run), None
    passes = rows[-1].fast_passes if rows else None
    if asked_ns and passes is not None and lasted_ns >= _STRETCHED * asked_ns * max(passes, 1):
        apart_ns = lasted_ns // max(passes, 1)
    return RunCost(
        run=run.id,
        cpu_ns=cpu_ns,
        lasted_ns=lasted_ns,
        share=cpu_ns / lasted_ns if lasted_ns else None,
        start_ns=rows[0].cpu_ns if rows else None,
        spans=tuple(_spans(rows)),
        fast_apart_ns=apart_ns,
        fast_asked_ns=asked_ns,
        too_slow=sum(row.too_slow for row in rows),
    )


def _spans(rows: list[OwnCpuRow]) -> list[Span]:
    spans = []
    for begin, end in pairwise(rows):
        lasted_ns = end.monotonic_ns - begin.monotonic_ns
        if lasted_ns > 0 and end.cpu_ns >= begin.cpu_ns:
            spans.append(Span(begin.time, lasted_ns, (end.cpu_ns - begin.cpu_ns) / lasted_ns))
    return spans


def _fast_period(run: RecordedRun) -> int | None:
    """What was asked for, ns; None if nothing was to be read between ticks, or that is unknown."""
    try:
        policy: Any = json.loads(run.policy or "{}")
    except (ValueError, RecursionError):
        return None  # a file may hold anything
    asked = policy.get("fast_period_ns") if isinstance(policy, dict) else None
    return asked if isinstance(asked, int) and 0 < asked < _LONGEST_NS else None
