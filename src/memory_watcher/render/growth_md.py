"""What grew, as Markdown for an issue or a pull request."""

from __future__ import annotations

from ..answers.growth import Group, Growth, Span
from ..metrics import LAYOUT
from ..units import format_duration, format_size, format_time
from .growth_words import life, note, notes, placed, rate
from .markdown import cell, table

_TITLES = ("verdict", "per hour", "rise", "held", "now", "group", "note")
_NUMBERS = (2, 3, 4)


def render(growth: Growth) -> str:
    """A table, and sentences below it; ends in a newline."""
    span = growth.span
    about = (
        f"**What grew** in {cell(growth.title)}: {LAYOUT[growth.figure].title} by {growth.by},"
        f" {format_time(span.begin_ns)} to {format_time(span.end_ns)}"
        f" ({format_duration(span.duration_ns)})"
    )
    rows = [_row(group, span) for group in (*growth.groups, growth.total)]
    sentences = [
        f"- {cell(group.name)}: {cell(' '.join(placed(group, growth.span)))}"
        for group in growth.groups
        if group.placement
    ]
    sentences += [f"- {cell(life(each, span))}" for each in growth.lives]
    sentences += [f"- {cell(sentence)}" for sentence in notes(growth)]
    parts = [about, table(_TITLES, _NUMBERS, rows), "\n".join(sentences)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _row(group: Group, span: Span) -> list[str]:
    verdict = group.verdict
    sizes = [format_size(size) for size in (verdict.rise, verdict.held, group.last)]
    return [verdict.word.value, *map(cell, (rate(verdict), *sizes, group.name, note(group, span)))]
