"""What recording cost, in a sentence or two: for `ls` and the report."""

from __future__ import annotations

from collections.abc import Sequence

from ..answers.cost import RunCost
from ..units import format_duration, plural

#: More runs than this are not told one by one.
_SHOWN = 5


def cost_text(cost: RunCost) -> str:
    """What the recorder itself used in one run."""
    cpu = format_duration(cost.cpu_ns)
    if cost.share is None:
        return f"{cpu} of CPU"
    text = f"{_percent(cost.share)} of one core: {cpu} in {format_duration(cost.lasted_ns)}"
    if cost.start_ns is not None:
        text += f", {format_duration(cost.start_ns)} of it until the first tick"
    if (highest := cost.highest) is not None:
        text += f"; at most {_percent(highest.share)} in {format_duration(highest.lasted_ns)}"
    return text


def cost_notes(costs: Sequence[RunCost]) -> list[str]:
    """A line for each run, and what was read less often than asked for."""
    notes = []
    for cost in costs[-_SHOWN:]:
        where = f"Run {cost.run}: the" if len(costs) > 1 else "The"
        notes.append(f"{where} recorder used {cost_text(cost)}.{_lost(cost)}")
    if len(costs) > _SHOWN:
        notes.append(f"{len(costs) - _SHOWN} earlier runs are not shown.")
    return notes


def _lost(cost: RunCost) -> str:
    lost = ""
    if cost.fast_apart_ns is not None and cost.fast_asked_ns is not None:
        lost += (
            f" RSS between layouts was read every {format_duration(cost.fast_apart_ns)}, not every"
            f" {format_duration(cost.fast_asked_ns)}."
        )
    if cost.too_slow:
        layouts = plural(cost.too_slow, "layout was", "layouts were")
        lost += f" {layouts} left out, which would have held a process up for too long."
    return lost


def _percent(share: float) -> str:
    percent = 100 * share
    return f"{percent:.0f} %" if percent >= 10 else f"{percent:.2g} %"
