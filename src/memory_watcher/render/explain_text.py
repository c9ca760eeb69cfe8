"""The page of `memory-watcher explain`: a head, and the findings in order."""

from __future__ import annotations

import re
import textwrap

from ..analysis.findings.base import Finding
from ..answers.explain import Explanation
from ..metrics import LAYOUT
from ..units import format_duration, format_size, format_time, group_digits, plural
from .escape import escape
from .explain_words import pointer, sentences

_WIDTH = 96
_BEFORE_UNIT = re.compile(r"(?<=\d) (?=%|[KMGT]?i?B\b|Ki\b|h\b|min\b|m?s\b|\d)")


def render(explanation: Explanation) -> str:
    """Text of lines of 96 columns, ending in a newline."""
    head = _wrapped(_head(explanation), "", "")
    findings = [
        _finding(number, finding, explanation)
        for number, finding in enumerate(explanation.findings, 1)
    ]
    return "\n\n".join([head, *findings]) + "\n"


def _head(explanation: Explanation) -> str:
    figure = f"{format_size(explanation.memory)} {LAYOUT[explanation.figure].title}"
    which = "the highest" if explanation.moment == "peak" else "the moment asked for"
    span = format_duration(explanation.span_ns)
    ticks = f"{group_digits(explanation.ticks)} {'tick' if explanation.ticks == 1 else 'ticks'}"
    who = escape(explanation.who)
    if not explanation.is_one:
        who = f"{who}: {plural(explanation.processes, 'process', 'processes')}"
    state = ""
    if explanation.state is not None:
        state = f", measurement #{explanation.measurement}, {explanation.state.label}"
    time = format_time(explanation.time)
    return f"{who} at {time}: {figure}, {which} of {ticks} in {span}{state}."


def _finding(number: int, finding: Finding, explanation: Explanation) -> str:
    text = escape(" ".join(sentences(finding, explanation)))
    return _wrapped(text, f"{number:>2}. ", "    ") + f"\n    {pointer(finding)}"


def _wrapped(text: str, first: str, others: str) -> str:
    """Lines that part no number from its unit."""
    lines = textwrap.fill(
        _BEFORE_UNIT.sub("\0", text),
        _WIDTH,
        initial_indent=first,
        subsequent_indent=others,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return lines.replace("\0", " ")
