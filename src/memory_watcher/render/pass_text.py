"""What is said of passes: how long one took, why there is no sum, and which gave none."""

from __future__ import annotations

from ..analysis.passes import Moment, Passes
from ..units import format_duration
from .columns import plural

_NONE = "No sum: at no moment were all of them read in one pass."


def about(moment: Moment) -> str:
    """`one pass of 1.2 ms`: how far the figures of a sum lie apart."""
    of = " of layouts" if moment.moved is None else ""
    return f"all read in one pass{of} of {format_duration(moment.wall_ns)}"


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
