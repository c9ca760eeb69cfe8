"""memory-watcher diff's --md: a table for a merge request or a summary of CI."""

from __future__ import annotations

from ..metrics import LAYOUT
from ..units import format_kib
from .diff_lines import Shown, about, matched, notes
from .diff_text import signed_kib
from .markdown import cell, table


def render(shown: Shown) -> str:
    """Markdown with sizes in KiB, ending in a newline."""
    view = shown.view
    title = LAYOUT[view.figure].title
    rows = [
        _row(
            group.name or "(no name)",
            *(group.before.sum.size, group.after.sum.size, group.change),
            matched(group),
        )
        for group in shown.groups
    ]
    rows += [
        _row(
            f"{rest.title} ({rest.groups})",
            *(rest.before.sum.size, rest.after.sum.size, rest.change),
        )
        for rest in shown.rests
    ]
    before, after = (side.sum.size for side in view.totals)
    rows.append(_row(f"sum of {title}", before, after, view.total_change))
    head = f"**{title} {signed_kib(view.total_change)}**, by {view.by}"
    sides = [f"Before: {cell(about(view.before))}", f"After: {cell(about(view.after))}"]
    body = table(("", "before", "after", "change", "matched"), (1, 2, 3), rows)
    parts = [head, "  \n".join(sides), body, *map(cell, notes(view))]
    return "\n\n".join(parts) + "\n"


def _row(
    name: str, before: int | None, after: int | None, change: int | None, note: str = ""
) -> list[str]:
    return [cell(name), format_kib(before), format_kib(after), signed_kib(change), cell(note)]
