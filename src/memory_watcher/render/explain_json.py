"""`memory-watcher explain --json`: findings with their figures and sentences."""

from __future__ import annotations

from typing import Any

from ..analysis.findings.base import Finding
from ..answers.explain import Explanation
from .escape import escape
from .explain_words import pointer, sentences
from .json_values import dump, named, timed


def render(explanation: Explanation) -> str:
    """One JSON object and a newline; bytes, counts and nanoseconds."""
    return dump(
        {
            "view": "explain",
            **named("who", explanation.who),
            "processes": explanation.processes,
            "moment": explanation.moment,
            "tick": explanation.tick,
            **timed("time", explanation.time),
            "span_ns": explanation.span_ns,
            "ticks": explanation.ticks,
            "figure": explanation.figure,
            "memory": explanation.memory,
            "measurement": explanation.measurement,
            "layout_state": explanation.state.label if explanation.state else None,
            "findings": [_finding(each, explanation) for each in explanation.findings],
        }
    )


def _finding(finding: Finding, explanation: Explanation) -> dict[str, Any]:
    return {
        "id": finding.id,
        "rank": finding.rank.label,
        "case": finding.word or None,
        "stake": finding.stake,
        "figures": dict(finding.figures),
        "examples": [{**named("name", each.name), "size": each.size} for each in finding.examples],
        "text": [escape(each) for each in sentences(finding, explanation)],
        "docs": pointer(finding),
    }
