"""What `ls` shows: the processes of a recording, as text and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..analysis.roles import shown_command_line
from ..answers.cost import RunCost
from ..answers.processes import HighestSum, ListedProcess, figure_of
from ..metrics import LAYOUT
from ..units import format_kib, format_time, group_digits, plural
from .elide import elide
from .escape import escape, pad, width
from .json_values import dump, pass_facts, process_facts, timed
from .text_columns import ABSENT

#: Roles are cut in the middle to so many columns: the command line has it all.
_ROLE_WIDTH = 40
#: And the names of containers and services to so many.
_PLACE_WIDTH = 72


#: What is shown only where any process had some of it: outside of RSS and PSS.
_BESIDE = {"swap": "peak swap", "hugetlb": "peak hugetlb"}


def ending(row: ListedProcess) -> str:
    """How it ended, as far as is known."""
    if row.exit is not None and row.exit.signal is not None:
        return f"signal {row.exit.signal}"
    if row.exit is not None:
        return f"exit {row.exit.code}"
    return "ended" if row.process.ended else "not seen ending"


def render_text(rows: Sequence[ListedProcess], notes: Sequence[str] = ()) -> str:
    """A line for each process, in columns; the command line last, as it is the longest."""
    heads = ["PID", "name", "role", "parent", "first seen", "last seen", "end"]
    where = any(_where(row) for row in rows)
    beside = [name for name in _BESIDE if any(getattr(row.peak, name) for row in rows)]
    heads += ["peak RSS", "peak PSS", "high-water mark", *(_BESIDE[name] for name in beside)]
    heads += ["mappings", "id", *(["in"] if where else []), "command line"]
    right = {0, 3, *range(7, heads.index("id") + 1)}
    cells = [heads, *(_cells(row, beside, where) for row in rows)]
    widths = [max(width(line[column]) for line in cells) for column in range(len(heads))]
    lines = []
    for line in cells:
        padded = [
            f"{' ' * (widths[column] - width(cell))}{cell}"
            if column in right
            else pad(cell, widths[column])
            for column, cell in enumerate(line)
        ]
        lines.append("  ".join(padded).rstrip())
    return "\n".join([*lines, *(["", *notes] if notes else [])]) + "\n"


def _where(row: ListedProcess) -> str | None:
    """The container, or else the service."""
    return row.place.container_text or row.place.service


def _cells(row: ListedProcess, beside: Sequence[str], where: bool) -> list[str]:
    process, command = row.process, row.process.command_line
    return [
        str(process.pid),
        escape(process.name) or ABSENT,
        elide(escape(row.role.text), _ROLE_WIDTH, width) or ABSENT,
        ABSENT if process.parent_pid is None else str(process.parent_pid),
        ABSENT if process.first_seen is None else format_time(process.first_seen),
        ABSENT if process.last_seen is None else format_time(process.last_seen),
        ending(row),
        format_kib(row.peak.rss),
        format_kib(row.peak.pss),
        format_kib(row.peak.high_water_mark),
        *(format_kib(getattr(row.peak, name)) for name in beside),
        ABSENT if row.peak.mappings is None else group_digits(row.peak.mappings),
        str(process.id),
        *([elide(escape(_where(row) or ABSENT), _PLACE_WIDTH, width)] if where else []),
        ABSENT if command is None else escape(shown_command_line(command)),
    ]


def about_sum(highest: HighestSum | None) -> list[str]:
    """One line on what all came to; none if there is no sum."""
    if highest is None:
        return []
    size, when = format_kib(highest.moment.sums.pss), format_time(highest.time)
    lacking = highest.moment.lacking
    less = f", without {plural(lacking, 'process', 'processes')} not readable" if lacking else ""
    return [f"All together: PSS of {size} at most, in the pass of {when}{less}."]


def about_sorting(rows: Sequence[ListedProcess], column: str) -> list[str]:
    """One line on what replaces the figure that sorts the list, where it was not reported."""
    if column not in ("rss", "pss"):
        return []
    chosen = [figure for figure, _ in (figure_of(row, column) for row in rows) if figure]
    others = [figure for figure in chosen if figure != column]
    if not others:
        return []
    title = LAYOUT[column].title
    instead = f"sorted by {LAYOUT[others[0]].title}"
    if len(others) == len(chosen):
        return [f"No {title} was reported for {len(others)}: {instead} instead."]
    come = "it comes" if len(others) == 1 else "they come"
    return [f"No {title} was reported for {len(others)}: {come} last, {instead}."]


def render_json(
    rows: Sequence[ListedProcess],
    too_short: int | None,
    highest: HighestSum | None = None,
    jumps: Sequence[dict[str, Any]] = (),
    own: Sequence[RunCost] = (),
) -> str:
    """One JSON object and a newline; sizes in bytes, times in ns. `own`: what recording cost."""
    return dump(
        {
            "processes": [_facts(row) for row in rows],
            "too_short": too_short,
            "highest_sum": None
            if highest is None
            else {
                "pss": highest.moment.sums.pss,
                **timed("time", highest.time),
                "pass": pass_facts(highest.moment),
            },
            "clock_jumps": list(jumps),
            "recorder": [_cost(cost) for cost in own],
        }
    )


def _facts(row: ListedProcess) -> dict[str, Any]:
    return {
        **process_facts(row.process, row.role, row.place),
        "parent_id": row.parent,
        "exit_code": row.exit.code if row.exit else None,
        "exit_signal": row.exit.signal if row.exit else None,
        "exit_max_rss": row.exit.max_rss if row.exit else None,
        "peak_rss": row.peak.rss,
        "peak_pss": row.peak.pss,
        "high_water_mark": row.peak.high_water_mark,
        "peak_swap": row.peak.swap,
        "peak_hugetlb": row.peak.hugetlb,
        "peak_mappings": row.peak.mappings,
    }


def _cost(cost: RunCost) -> dict[str, Any]:
    """What one run of the recorder used itself; shares are of one core."""
    spans = [
        {**timed("time", span.time), "lasted_ns": span.lasted_ns, "share": span.share}
        for span in cost.spans
    ]
    return {**cost._asdict(), "spans": spans}
