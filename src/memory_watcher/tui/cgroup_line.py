"""Lines over the chart: the memory of a control group, and what it may have at most."""

from __future__ import annotations

from typing import NamedTuple

from rich.style import Style

from ..answers.cgroups import CgroupAt
from ..metrics import IN_RAM
from ..render.colours import Shades
from . import paint
from .paint import ACCENT, BAD, style

_Cells = tuple[tuple[str, Style], ...]


class Line(NamedTuple):
    """How a line looks: one character for each column."""

    sign: str
    colour: Shades


class Ruled(NamedTuple):
    """An entry of the legend: what a line is, and its size at the moment that is shown, bytes."""

    line: Line
    title: str
    size: int


CURRENT = Line("━", ACCENT)
LIMIT = Line("┅", BAD)


def legend(cgroup: CgroupAt | None, figure: str) -> tuple[Ruled, ...]:
    """What the lines are; none beside figures that are not in RAM."""
    current = None if cgroup is None else cgroup.figures.get("current")
    if cgroup is None or current is None or figure not in IN_RAM:
        return ()
    found = [Ruled(CURRENT, "cgroup", current)]
    if (limit := cgroup.limit()) is not None:
        found.append(Ruled(LIMIT, "limit above it" if limit.levels != 0 else "limit", limit.size))
    return tuple(found)


def with_line(cells: _Cells, line: Line, size: int | None, rows: int, top: int) -> _Cells:
    """One column, its cells from below, with the line at its height; above the top there is none.

    The colour that was there stands behind it.
    """
    if size is None or size > top:
        return cells
    row = min(size * rows // top, rows - 1)
    text, before = cells[row]
    if paint.look() == "plain":
        drawn = style()
    else:
        behind = before.bgcolor if text == " " else before.color
        drawn = Style(color=paint.shade(line.colour), bgcolor=behind, bold=True)
    return (*cells[:row], (line.sign, drawn), *cells[row + 1 :])
