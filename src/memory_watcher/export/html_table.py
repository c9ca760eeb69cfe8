"""One page with a table of a layout: to read, to print, to paste into a mail. It has no script.

The rows are sorted by PSS, or what stands for it, the biggest first. With a base each figure has
three columns: before, after, and the change, by which the rows are sorted then.
"""

from __future__ import annotations

import html
from typing import BinaryIO

from ..analysis.figures import best
from ..render.escape import escape
from ..units import format_time, group_digits
from .request import Request
from .stacks import Stack, Stacks, stacks, title

_HEAD = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<style>
body {{ font: 14px system-ui, sans-serif; margin: 2em; }}
table {{ border-collapse: collapse; }}
th, td {{ padding: .2em .6em; border-bottom: 1px solid #ccc; text-align: left; }}
td.n, th.n {{ text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }}
td {{ overflow-wrap: anywhere; }}
</style></head><body>
<h1>{title}</h1>
<p>{about}</p>
<table><thead><tr>{heads}</tr></thead><tbody>
"""
_Row = tuple[int | None, ...]


def write(request: Request, out: BinaryIO) -> None:
    """Write the page."""
    after = stacks(request, request.at)
    before = None if request.base is None else stacks(request, request.base)
    shown = best("pss", after.figures, summed=len(request.processes) > 1) or "pss"
    levels = ["process", "kind", "name", "mapping"]
    levels = levels[: 1 + ["kind", "name", "mapping"].index(request.by) + 1]
    figures = [title(figure) for figure in after.figures]
    if before is not None:
        figures = [f"{name}{part}" for name in figures for part in (" before", "", " change")]
    heads = [f"<th>{level}</th>" for level in levels]
    heads += [f'<th class="n">{_safe(name)}</th>' for name in figures]
    about = f"{format_time(after.time_ns)}; sizes in KiB; – is what was not reported."
    if before is not None:
        about = f"From {format_time(before.time_ns)} to {about}"
    name = escape(request.names.path(request.recording.path))
    out.write(
        _HEAD.format(
            title=_safe(f"Memory in {name.rsplit('/', 1)[-1]}"), about=about, heads="".join(heads)
        ).encode()
    )
    for stack, row in _rows(after, before, shown):
        cells = [f"<td>{_safe(escape(frame.text))}</td>" for frame in stack]
        cells += [f'<td class="n">{_kib(size)}</td>' for size in row]
        out.write(f"<tr>{''.join(cells)}</tr>\n".encode())
    out.write(b"</tbody></table></body></html>\n")


def _rows(after: Stacks, before: Stacks | None, shown: str) -> list[tuple[Stack, _Row]]:
    """Each stack with its cells, in their order."""
    at = after.figures.index(shown) if shown in after.figures else 0
    if before is None:
        return sorted(after.sizes.items(), key=lambda each: -(each[1][at] or 0))
    found = []
    for stack in {**after.sizes, **before.sizes}:
        cells: list[int | None] = []
        for figure in after.figures:
            old, new = _size(before, stack, figure), _size(after, stack, figure)
            cells += [old, new, None if old is None or new is None else new - old]
        found.append((stack, tuple(cells)))
    return sorted(found, key=lambda each: -abs(each[1][3 * at + 2] or 0))


def _size(found: Stacks, stack: Stack, figure: str) -> int | None:
    """What a stack has; 0 if it is not there at all."""
    if stack not in found.sizes:
        return 0
    if figure not in found.figures:
        return None
    return found.sizes[stack][found.figures.index(figure)]


def _kib(size: int | None) -> str:
    if size is None:
        return "–"
    sign = "-" if size < 0 else ""
    return f"{sign}{group_digits(abs(size) // 1024)}"


def _safe(text: str) -> str:
    return html.escape(text)
