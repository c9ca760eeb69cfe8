"""What was measured, in Bencher's form: https://bencher.dev/docs/reference/bencher-metric-format.

It is `{"heap": {"pss": {"value": 97622425, "lower_value": 97517568, "upper_value": 97727283}}}`.
"""

from __future__ import annotations

import json

from ..analysis.budgets.model import Checked, Judged
from .check_words import named

#: Bencher refuses a longer name of a benchmark.
LONGEST_NAME = 1024


def render(checked: Checked) -> str:
    """One JSON object and a newline: bytes, bytes per hour, and counts as they are.

    A budget of which nothing was measured is left out: a graph has a gap there, not a 0.
    """
    found = {
        name: {_measure(judged): _metric(judged, judged.measured)}
        for name, judged in named(checked, LONGEST_NAME)
        if judged.measured is not None
    }
    return json.dumps(found, indent=1) + "\n"


def _measure(judged: Judged) -> str:
    """The slug of a measure: `pss`, `pss-per-hour`, `mappings`."""
    if judged.unit == "count":
        return judged.line.what
    return judged.figure if judged.unit == "bytes" else f"{judged.figure}-per-hour"


def _metric(judged: Judged, measured: int) -> dict[str, int]:
    if judged.spread is None:
        return {"value": measured}
    lowest, highest = judged.spread
    return {"value": measured, "lower_value": lowest, "upper_value": highest}
