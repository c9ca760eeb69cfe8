"""What was judged, as JSON: bytes, bytes per hour and counts, verdicts as words."""

from __future__ import annotations

from typing import Any

from ..analysis.budgets.model import Checked, Culprit, Judged
from .json_values import dump, named


def render(checked: Checked) -> str:
    """One JSON object and a newline."""
    return dump(
        {
            "view": "check",
            "verdict": checked.verdict.value,
            "budgets": [_judged(each) for each in checked.budgets],
            "recordings": [
                {
                    **named("path", run.path),
                    **named("report", run.report),
                    "exit_code": run.exit_code,
                    "signal": run.signal,
                }
                for run in checked.recordings
            ],
            **named("budget", checked.budget),
            **named("baseline", checked.baseline),
            "notes": [named("text", note) for note in checked.notes],
        }
    )


def _judged(judged: Judged) -> dict[str, Any]:
    return {
        **named("name", judged.name),
        **named("process", judged.process),
        "figure": judged.figure,
        "at": judged.at,
        "unit": judged.unit,
        "limit": judged.limit,
        "limit_from": judged.source,
        "baseline": judged.baseline,
        "measured": judged.measured,
        "values": list(judged.values),
        "spread": None if judged.spread is None else list(judged.spread),
        "verdict": judged.verdict.value,
        **named("why", judged.why or None),
        "culprits": [_culprit(each) for each in judged.culprits],
        "others": judged.others,
    }


def _culprit(culprit: Culprit) -> dict[str, Any]:
    return {
        "kind": culprit.kind,
        **named("name", culprit.name),
        **named("process", culprit.process or None),
        "before": culprit.before,
        "after": culprit.after,
        "change": culprit.change,
        "since_ns": culprit.since_ns,
        "is_held": culprit.is_held,
        **named("where", culprit.where or None),
    }
