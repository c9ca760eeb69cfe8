"""What grew, as text: a line a group, and below it where in them."""

from __future__ import annotations

from collections.abc import Sequence

from ..analysis.verdicts import Word
from ..answers.growth import Group, Growth, Span
from ..metrics import LAYOUT
from ..units import format_duration, format_size, format_time, plural
from .escape import escape, pad, width
from .growth_words import life, note, notes, placed, rate
from .spark import spark
from .text_columns import ABSENT, label

_TITLES = ("verdict", "per hour", "", "rise", "held", "now", "", "")
#: Columns that end at the same place.
_RIGHT = (3, 4, 5)


def render(growth: Growth) -> str:
    """Text, ending in a newline."""
    parts = [
        _about(growth),
        _table(growth),
        *(_placed(group, growth.span) for group in growth.groups if group.placement),
        "\n".join(notes(growth)),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _about(growth: Growth) -> str:
    span, metric = growth.span, LAYOUT[growth.figure]
    until = format_time(span.end_ns)
    lines = [
        label("processes" if growth.is_several else "process", escape(growth.title)),
        label("figure", f"{metric.title} by {growth.by}; {metric.described}"),
        label(
            "time",
            f"{format_time(span.begin_ns)} to {until}: {format_duration(span.duration_ns)},"
            f" {plural(span.instants, 'measurement', 'measurements')}",
        ),
    ]
    if growth.lives:
        lines.append(label("lives", f"{len(growth.lives)}; the table is of the last long one"))
        lines += [label(str(at), life(each, span)) for at, each in enumerate(growth.lives, 1)]
    return "\n".join(lines)


def _table(growth: Growth) -> str:
    rows = [_TITLES, *(_row(group, growth.span) for group in (*growth.groups, growth.total))]
    widths = [max(width(row[column]) for row in rows) for column in range(len(_TITLES))]
    lines = [_line(row, widths) for row in rows]
    rest = [f"and {_others(growth)}"] if growth.other_groups else []
    return "\n".join([lines[0], *lines[1:-1], *rest, "", lines[-1]])


def _others(growth: Growth) -> str:
    more = plural(growth.other_groups, "more group", "more groups")
    flat = growth.groups and growth.groups[-1].verdict.word is Word.FLAT
    return f"{more}, flat as well" if flat else more


def _row(group: Group, span: Span) -> tuple[str, ...]:
    verdict = group.verdict
    return (
        verdict.word.value,
        rate(verdict),
        note(group, span),
        format_size(verdict.rise),
        format_size(verdict.held),
        format_size(group.last),
        spark(group.spark),
        escape(group.name) or ABSENT,
    )


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = [
        " " * (widths[at] - width(text)) + text if at in _RIGHT else pad(text, widths[at])
        for at, text in enumerate(row)
    ]
    return "  ".join(cells).rstrip()


def _placed(group: Group, span: Span) -> str:
    return "\n".join([f"{escape(group.name)}:", *(f"  {line}" for line in placed(group, span))])
