"""What is to be said of a wall clock that jumped, beside times that it showed."""

from __future__ import annotations

from ..clocks import TimeAxis
from ..units import format_time

#: More jumps than this are counted, not told one by one.
_SHOWN = 5


def clock_notes(axis: TimeAxis) -> list[str]:
    """A sentence for each jump; times are what the clock showed."""
    jumps = axis.jumps
    notes = [
        f"{format_time(axis.wall(jump.place_ns))}: {jump.text}. Times are what the clock showed."
        for jump in jumps[:_SHOWN]
    ]
    if len(jumps) > _SHOWN:
        notes.append(f"The clock jumped {len(jumps) - _SHOWN} more times.")
    return notes
