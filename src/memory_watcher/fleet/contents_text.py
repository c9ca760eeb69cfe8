"""What a dataset holds, as text and as JSON."""

from __future__ import annotations

from collections.abc import Sequence

from ..render.escape import escape
from ..render.json_values import dump
from ..units import format_size, group_digits
from .contents import DayHeld
from .dataset import Bad

_HEADS = ("day (UTC)", "hosts", "recordings", "files", "size")


def render_text(days: Sequence[DayHeld]) -> str:
    """A line for each day, and one for all."""
    numbers = [
        (each.day.isoformat(), each.hosts, each.recordings, each.files, each.size) for each in days
    ]
    files, size = sum(each.files for each in days), sum(each.size for each in days)
    cells = [
        _HEADS,
        *((day, *map(group_digits, counts), format_size(of)) for day, *counts, of in numbers),
        ("all", "", "", group_digits(files), format_size(size)),
    ]
    widths = [max(len(line[column]) for line in cells) for column in range(len(_HEADS))]
    lines = [
        "  ".join([line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])])
        for line in cells
    ]
    superseded = sum(each.superseded for each in days)
    if superseded:
        lines += ["", f"{group_digits(superseded)} of the files are superseded; compact them."]
    return "\n".join(lines) + "\n"


def render_json(days: Sequence[DayHeld], bad: Sequence[Bad]) -> str:
    """One JSON object and a newline; sizes in bytes."""
    return dump(
        {
            "days": [{**each._asdict(), "day": each.day.isoformat()} for each in days],
            "bad": [{"path": escape(each.path), "why": escape(each.why)} for each in bad],
        }
    )
