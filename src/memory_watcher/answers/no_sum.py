"""Why there is no sum over processes, and which passes gave none, in one sentence each."""

from __future__ import annotations

from ..analysis.passes import Passes
from ..units import plural

_NONE = "No sum: at no moment were all of them read in one pass."


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
