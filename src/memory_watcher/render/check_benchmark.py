"""What was measured, in github-action-benchmark's form `customSmallerIsBetter`.

Its page is https://github.com/benchmark-action/github-action-benchmark#readme. It puts names as
they are into tables of Markdown, between backticks.
"""

from __future__ import annotations

import json
from typing import Any

from ..analysis.budgets.model import Checked, Judged, Unit
from ..units import KIB
from .check_words import amount, named, spread

#: One unit for all runs, else a graph over time would jump; KiB are seen in three digits.
_MIB = KIB * KIB
_UNITS: dict[Unit, str] = {"bytes": "MiB", "bytes/h": "MiB/h", "count": "count"}
_TABLE = str.maketrans({"|": "\\x7c", "`": "\\x60"})


def render(checked: Checked) -> str:
    """One JSON list and a newline. A budget of which nothing was measured is left out."""
    found = [
        {"name": name.translate(_TABLE), **_entry(judged, judged.measured)}
        for name, judged in named(checked)
        if judged.measured is not None
    ]
    return json.dumps(found, indent=1) + "\n"


def _entry(judged: Judged, measured: int) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "unit": _UNITS[judged.unit],
        "value": measured if judged.unit == "count" else round(measured / _MIB, 3),
        "extra": f"{judged.verdict.value}, limit {amount(judged.limit, judged.unit)}",
    }
    if between := spread(judged):
        entry["range"] = between
    return entry
