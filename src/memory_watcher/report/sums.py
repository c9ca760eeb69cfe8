"""Sums over processes as the page gets them: the passes at kept ticks, and who has what in them."""

from __future__ import annotations

from operator import itemgetter
from typing import Any, NamedTuple

from ..analysis.observed import PAUSE, Instants
from ..analysis.passes import LEAST_MOVED, MOST_MOVED, Figures, Passes, Share
from ..answers.no_sum import refused, why_no_sum
from ..recorded import TickRow
from .history import Histories
from .packing import Columns


class _Part(NamedTuple):
    """A share between two positions among the kept passes."""

    start: int
    end: int
    counted: bool
    figures: Figures


def add_sums(columns: Columns, held: Histories, passes: Passes) -> tuple[dict[str, Any], list[int]]:
    """Add passes and shares; returns what is told once, and how many shares each process has."""
    moments = [moment for moment in passes.sums if moment.tick in held.ticks.position_of]
    by_tick = {moment.tick: moment for moment in moments}
    rows = [row for row in held.ticks.rows if row.tick in by_tick]
    moments = [by_tick[row.tick] for row in rows]
    columns.add("pass.tick", [held.ticks.position_of[moment.tick] for moment in moments])
    columns.add("pass.whole", [int(moment.is_whole) for moment in moments])
    columns.add("pass.lacking", [moment.lacking for moment in moments])
    columns.add("pass.wall", [moment.wall_ns // 1000 for moment in moments])
    instants = Instants(rows, None, None, held.ticks.watch.order)
    parts = _parts(passes, instants)
    mine = [parts.get(each.process.id, []) for each in held.processes]
    every = [part for each in mine for part in each]
    columns.add("share.start", [part.start for part in every])
    columns.add("share.end", [part.end for part in every])
    columns.add("share.counted", [int(part.counted) for part in every])
    for index, name in enumerate(Figures._fields):
        columns.add(f"share.{name}", [part.figures[index] for part in every])
    told = {
        "none": None if passes.sums else why_no_sum(passes),
        "refused": refused(passes) if passes.sums else None,
        "most": MOST_MOVED,
        "least": LEAST_MOVED,
        "usual": held.ticks.watch.usual_ns // 1000,
        "pause": PAUSE,
    }
    return told, [len(each) for each in mine]


def _parts(passes: Passes, instants: Instants[TickRow]) -> dict[int, list[_Part]]:
    """By process id, in order; what stays the same is one."""
    found: dict[int, list[_Part]] = {}
    starts = instants.positions([share.first_tick for share in passes.shares])
    ends = instants.ends([share.end_tick - 1 for share in passes.shares])
    for share, start, end in sorted(
        zip(passes.shares, starts, ends, strict=True), key=itemgetter(1)
    ):
        if start < end:
            _append(found.setdefault(share.process_id, []), share, start, end)
    return found


def _append(parts: list[_Part], share: Share, start: int, end: int) -> None:
    before = parts[-1] if parts else None
    if before is not None and (before.end, before.counted, before.figures) == (
        *(start, share.counted),
        share.figures,
    ):
        parts[-1] = before._replace(end=end)
    else:
        parts.append(_Part(start, end, share.counted, share.figures))
