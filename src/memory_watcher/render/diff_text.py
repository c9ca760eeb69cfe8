"""memory-watcher diff's text: a line for each change, in columns, and what the others come to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ..metrics import LAYOUT
from ..units import format_kib, format_size
from .diff_lines import Shown, about, matched, notes
from .elide import elide
from .escape import escape, pad, width
from .text_columns import NAME_WIDTH, PROCESS_WIDTH, SIZE_WIDTH, label


class _Row(NamedTuple):
    name: str
    sizes: tuple[str, str, str]
    note: str = ""


def render(shown: Shown) -> str:
    """Text with sizes in KiB, ending in a newline."""
    view = shown.view
    head = [
        label("before", about(view.before)),
        label("after", about(view.after)),
        label("figures", f"{LAYOUT[view.figure].title}, by {view.by}"),
    ]
    lines = [
        _Row(
            elide(escape(group.name or "(no name)"), PROCESS_WIDTH, width),
            _sizes(group.before.sum.size, group.after.sum.size, group.change),
            matched(group),
        )
        for group in shown.groups
    ]
    rests = [
        _Row(
            f"{rest.title} ({rest.groups}):",
            _sizes(rest.before.sum.size, rest.after.sum.size, rest.change),
        )
        for rest in shown.rests
    ]
    before, after = (side.sum.size for side in view.totals)
    end = [_Row(f"sum of {LAYOUT[view.figure].title}:", _sizes(before, after, view.total_change))]
    titles = [_Row("", ("before", "after", "change"))]
    body = _table([titles, lines, rests, end])
    said = "\n".join(notes(view))
    nothing = "" if lines else "Nothing differs."
    return "\n\n".join(part for part in ("\n".join(head), body, nothing, said) if part) + "\n"


def signed_kib(size: int | None) -> str:
    """`+8 192 Ki`, `-4 Ki`, `0 Ki`; below 0 rounded towards 0, as sizes are cut."""
    if size is None:
        return format_kib(None)
    return f"{'+' if size > 0 else '-' if size < 0 else ''}{format_kib(abs(size))}"


def signed_size(size: int | None) -> str:
    """`+8 MiB`, `-512 KiB`, `0 B`."""
    sign = "" if size is None else "+" if size > 0 else "-" if size < 0 else ""
    return sign + format_size(None if size is None else abs(size))


def _sizes(before: int | None, after: int | None, change: int | None) -> tuple[str, str, str]:
    return format_kib(before), format_kib(after), signed_kib(change)


def _table(blocks: Sequence[Sequence[_Row]]) -> str:
    rows = [row for block in blocks for row in block]
    names = max([NAME_WIDTH, *(width(row.name) for row in rows)])
    columns = [
        max([SIZE_WIDTH, *(len(row.sizes[column]) + 1 for row in rows)]) for column in range(3)
    ]

    def line(row: _Row) -> str:
        sizes = "".join(f"{size:>{columns[column]}}" for column, size in enumerate(row.sizes))
        return f"{pad(row.name, names)}{sizes}  {row.note}".rstrip()

    return "\n\n".join("\n".join(map(line, block)) for block in blocks if block)
