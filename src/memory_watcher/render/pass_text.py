"""What is said of passes: how long one took, why there is no sum, and which gave none."""

from __future__ import annotations

from ..analysis.passes import Moment, Passes
from ..units import MILLISECOND, format_duration
from .columns import label, plural

_NONE = "No sum: at no moment were all of them read in one pass."


def about(moment: Moment, time: int, asked: int | None) -> str:
    """The line that says what a sum is of: how long the pass at `time` took, how far off it is.

    `pass:             all 26 processes read within 1.2 ms, 0.8 s before the time asked for`
    """
    members = moment.processes + moment.lacking
    read = f"all {members} processes read" if members > 1 else "its one process read"
    layouts = "their layouts, " if moment.moved is None else ""
    before = 0 if asked is None else asked - time
    away = "" if before < MILLISECOND else f", {format_duration(before)} before the time asked for"
    return label("pass", f"{layouts}{read} within {format_duration(moment.wall_ns)}{away}")


def why_no_sum(passes: Passes) -> str:
    """One sentence for a recording without any sum."""
    return _NONE if not passes.every else f"No sum: {_reasons(passes)}."


def refused(passes: Passes) -> str | None:
    """One sentence on the passes that give no sum; None if all do."""
    return f"Not counted: {_reasons(passes)}." if passes.faults() else None


def _reasons(passes: Passes) -> str:
    return "; ".join(
        f"{plural(count, 'pass', 'passes')} in which {fault.value}"
        for fault, count in passes.faults().items()
    )
