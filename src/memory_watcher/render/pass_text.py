"""What is said of a pass: how long it took, and how far off the time asked for it was."""

from __future__ import annotations

from ..analysis.passes import Moment
from ..units import MILLISECOND, format_duration, plural
from .text_columns import label

#: Which moment is shown where the lowest was asked for.
LOWEST = "the lowest PSS of all together in the last fifth"


def sum_title(figure: str, lacking: int, about: str = "") -> str:
    """What a sum over processes is called: one that lacks processes is only the least it can be."""
    least = ", at least" if lacking else ""
    return f"sum of {figure}{about}{least}:"


def about(moment: Moment, time: int, asked: int | None) -> str:
    """The line that says what a sum is of: how long the pass at `time` took, how far off it is.

    `pass:             all 26 processes read within 1.2 ms, 0.8 s before the time asked for`
    """
    members = moment.processes + moment.lacking
    if moment.lacking:
        read = f"{moment.processes} of {plural(members, 'process', 'processes')} read"
    else:
        read = f"all {members} processes read" if members > 1 else "its one process read"
    layouts = "their layouts, " if moment.moved is None else ""
    before = 0 if asked is None else asked - time
    away = "" if before < MILLISECOND else f", {format_duration(before)} before the time asked for"
    took = moment.took_ns
    span = "" if took is None else f" within {format_duration(took)}"
    return label("pass", f"{layouts}{read}{span}{away}")
