"""The timeline: stacked layers in block characters, with its axes and marks."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from functools import lru_cache

from rich.cells import cell_len
from rich.style import Style
from textual.message import Message
from textual.strip import Strip

from ..render.axis import in_sight, size_marks
from ..render.colours import Shades
from ..render.escape import escape
from ..units import KIB, format_size
from . import paint
from .cgroup_line import CURRENT, LIMIT, Ruled, with_line
from .lines_widget import Lines
from .paint import (
    ACCENT,
    BACKGROUND,
    BAD,
    FAINT,
    TEXT,
    WARNING,
    blend,
    clock,
    fit,
    line,
    pattern,
    style,
)
from .view import FIGURE_TITLES, Band, Chart, Layer

#: Columns left of the picture, for sizes; and lines above and below it.
GUTTER = 9
_FRAME = 2
_EIGHTHS = " ▁▂▃▄▅▆▇"
_FULL = "█"
_HALF = 4
_JUMP = "┊"
#: Round numbers from 1 to 10, in quarters.
_ROUND_QUARTERS = (4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 28, 32, 36, 41)

_Cell = tuple[str, Style]
#: Eighths of a line from the bottom, and the colour below that.
_Level = tuple[int, Shades]


class ChartView(Lines):
    """Draws view.Chart. `tick` is the instant that the table shows, `mark` the marked one."""

    chart: Chart | None = None
    tick: int | None = None
    mark: int | None = None
    follows = False

    class Pointed(Message):
        """Somebody pointed at a moment with the mouse."""

        def __init__(self, time_ns: int) -> None:
            super().__init__()
            self.time_ns = time_ns

    class Widened(Message):
        """There is room for more columns, or for fewer."""

        def __init__(self, columns: int) -> None:
            super().__init__()
            self.columns = columns

    def on_resize(self) -> None:
        """Tell it; until there is a chart for it, draw the one there is."""
        super().on_resize()
        self.post_message(self.Widened(self.columns))

    @property
    def columns(self) -> int:
        """How wide the picture is."""
        return max(self.size.width - GUTTER - 1, 8)

    def on_click(self, event: object) -> None:
        """Tell the moment that was pointed at."""
        x = getattr(event, "x", 0) - GUTTER
        if self.chart is not None and 0 <= x < len(self.chart.totals):
            self.post_message(self.Pointed(self.chart.times[x + 1] - 1))

    def draw(self, width: int, height: int) -> list[Strip]:
        """A line with the peak, the picture, and a line of time."""
        chart = self.chart
        if chart is None:
            empty = line([], width)
            waiting = line([(" reading the history …", style(FAINT))], width)
            return [waiting, *[empty] * (height - 1)]
        rows = max(height - _FRAME, 1)
        top, labels = _scale(_highest(chart), rows)
        cursor, mark = _column_of(chart, self.tick), _column_of(chart, self.mark)
        if self.follows:
            cursor = None
        picture = _picture(chart, rows, top, cursor, mark)
        lines = [self._peak_line(chart, width)]
        for row in range(rows):
            lines.append(line([(_label(labels, row), style(FAINT)), *picture[row]], width))
        lines.append(self._time_line(chart, cursor, mark, width))
        return lines

    def _peak_line(self, chart: Chart, width: int) -> Strip:
        title = FIGURE_TITLES[chart.figure]
        pieces: list[_Cell] = [(f"{title:>{GUTTER - 1}} ", style(ACCENT, bold=True))]
        if chart.peak is not None and (column := _column_of(chart, chart.peak.tick)) is not None:
            text = (
                f"peak {format_size(chart.peak.size)} at {clock(chart.clock.wall(chart.peak.time))}"
            )
            room = len(chart.totals)
            if column + cell_len(text) + 2 <= room:
                pieces += [(" " * column, style()), ("▼", style(TEXT)), (f" {text}", style(FAINT))]
            else:
                before = fit("", column - cell_len(text) - 1)
                pieces += [(f"{before}{text} ", style(FAINT)), ("▼", style(TEXT))]
        return line(pieces, width)

    def _time_line(self, chart: Chart, cursor: int | None, mark: int | None, width: int) -> Strip:
        count = len(chart.totals)
        cells: list[_Cell] = [("─", style(blend(FAINT, BACKGROUND, 0.5)))] * count
        pointers = {cursor, mark}
        first, last = (clock(chart.clock.wall(chart.times[end])) for end in (0, -1))
        for text, at in ((first, 0), (last, count - 8)):
            if count >= 24 and pointers.isdisjoint(range(at - 1, at + 9)):
                for number, letter in enumerate(text):
                    cells[at + number] = (letter, style(FAINT))
        for jump in chart.clock.jumps_between(chart.times[0], chart.times[-1]):
            cells[bisect_left(chart.times, jump.place_ns, 1, count) - 1] = (
                _JUMP,
                style(ACCENT, bold=True),
            )
        for column in range(count):
            if chart.torn[column]:
                cells[column] = ("!", style(WARNING, bold=True))
            elif chart.gaps[column]:
                cells[column] = ("·", style(BAD, bold=True))
        if mark is not None:
            cells[mark] = ("◆", style(WARNING, bold=True))
        if cursor is not None:
            cells[cursor] = ("▲", style(TEXT, bold=True))
        return line([("0".rjust(GUTTER - 1) + " ", style(FAINT)), *cells], width)


def _highest(chart: Chart) -> int:
    marks = chart.marks if chart.figure == "rss" else ()
    highest = max([1, *(size for size in (*chart.totals, *marks) if size is not None)])
    beside = chart.beside
    if beside is None or not in_sight(beside.highest, highest):
        return highest
    limits = (size for size in beside.limit if size is not None and in_sight(size, highest))
    return max([highest, beside.highest, *limits])


def _scale(highest: int, rows: int) -> tuple[int, list[tuple[int, str]]]:
    """The size at the top of the picture, and labels by row, counted from above.

    The top is a round number: a picture that is scaled anew each time cannot be compared by eye.
    """
    top = _round_up(highest)
    marks = size_marks(top, max(rows // 3 + 1, 2))
    labels = []
    for mark in marks[1:]:
        row = rows - 1 - min(round(mark.place * rows / top), rows - 1)
        labels.append((row, mark.text))
    return top, labels


def _round_up(size: int) -> int:
    unit = 1
    while unit * KIB <= size:
        unit *= KIB
    while unit * 10 <= size:
        unit *= 10
    return next(unit * step // 4 for step in _ROUND_QUARTERS if unit * step // 4 >= size)


def _label(labels: Sequence[tuple[int, str]], row: int) -> str:
    text = next((text for at, text in labels if at == row), "")
    return f"{text:>{GUTTER - 1}}{'┤' if text else '│'}"


def _column_of(chart: Chart, tick: int | None) -> int | None:
    """The first column that shows an instant, or the last that shows one before it."""
    if tick is None:
        return None
    if tick in chart.ticks:
        return chart.ticks.index(tick)
    found = None
    for column, each in enumerate(chart.ticks):
        if each is not None and (found is None or each <= tick):
            found = column
            if each >= tick:
                break
    return found


def _picture(
    chart: Chart, rows: int, top: int, cursor: int | None, mark: int | None
) -> list[list[_Cell]]:
    """Lines from above, each of its cells."""
    columns = [
        _column(
            _reach(chart.bands, column, rows, top), rows, _tint(column, cursor, mark), paint.look()
        )
        for column in range(len(chart.totals))
    ]
    if chart.figure == "rss":
        columns = [
            _with_mark(cells, mark, rows, top)
            for cells, mark in zip(columns, chart.marks, strict=True)
        ]
    if chart.beside is not None:
        for line, sizes in ((LIMIT, chart.beside.limit), (CURRENT, chart.beside.current)):
            columns = [
                with_line(cells, line, size, rows, top)
                for cells, size in zip(columns, sizes, strict=True)
            ]
    return [[column[rows - 1 - row] for column in columns] for row in range(rows)]


def _tint(column: int, cursor: int | None, mark: int | None) -> Shades | None:
    if column == cursor:
        return TEXT
    return WARNING if column == mark else None


def _reach(bands: Sequence[Band], column: int, rows: int, top: int) -> tuple[_Level, ...]:
    """How far each layer reaches in one column, in eighths of a line."""
    reach = []
    total = 0
    for band in bands:
        size = band.values[column]
        if size:
            total += size
            level = max(round(total * rows * 8 / top), 1)
            reach.append((min(level, rows * 8), band.colour))
    return tuple(reach)


@lru_cache(4096)
def _column(
    reach: tuple[_Level, ...], rows: int, tint: Shades | None, look: paint.Look
) -> tuple[_Cell, ...]:
    """One column from below; `look` is what was drawn for when it was kept."""
    ground = BACKGROUND
    if tint is not None and look != "plain":
        ground = blend(tint, BACKGROUND, 0.25)
        reach = tuple((level, blend(tint, colour, 0.35)) for level, colour in reach)
    cells: list[_Cell] = []
    index = 0
    for row in range(rows):
        low, high = row * 8, row * 8 + 8
        while index < len(reach) and reach[index][0] <= low:
            index += 1
        if index == len(reach):
            cells += [(" ", style(TEXT, ground))] * (rows - row)
            break
        cells.append(_cell(reach, index, low, high, ground))
    return tuple(cells)


def _cell(reach: Sequence[_Level], index: int, low: int, high: int, ground: Shades) -> _Cell:
    """One character: it can show two colours, one above the other."""
    if reach[index][0] >= high:
        return pattern(reach[index][1], _FULL), style(reach[index][1], ground)
    parts: list[_Level] = []
    at = low
    while at < high and index < len(reach):
        end = min(reach[index][0], high)
        if end > at:
            parts.append((end - at, reach[index][1]))
            at = end
        index += 1
    if at < high:
        # The outline is always exact; of several layers below it the largest is shown.
        colour = max(parts, default=(0, ground))[1]
        if paint.look() == "plain":  # half a pattern cannot be drawn
            return (pattern(colour, _FULL) if at - low >= _HALF else " "), style()
        return _EIGHTHS[at - low], style(colour, ground)
    first, second = sorted(sorted(range(len(parts)), key=lambda each: -parts[each][0])[:2])
    if paint.look() == "plain":
        return pattern(max(parts)[1], _FULL), style()
    share = round(8 * parts[first][0] / (parts[first][0] + parts[second][0]))
    return _EIGHTHS[min(max(share, 1), 7)], style(parts[first][1], parts[second][1])


def _with_mark(
    cells: tuple[_Cell, ...], mark: int | None, rows: int, top: int
) -> tuple[_Cell, ...]:
    """The kernel's high-water mark, where nothing else is drawn."""
    if mark is None:
        return cells
    row = min(mark * rows // top, rows - 1)
    if cells[row][0] != " ":
        return cells
    return (*cells[:row], ("╌", style(WARNING)), *cells[row + 1 :])


class Legend(Lines):
    """Which colour is what, with the sizes of the moment that is shown."""

    entries: tuple[Layer, ...] = ()
    lines: tuple[Ruled, ...] = ()

    def draw(self, width: int, height: int) -> list[Strip]:
        """One line: those that are lines, then the largest first, as many as there is room for."""
        pieces: list[_Cell] = [(" " * GUTTER, style())]
        taken = GUTTER
        for ruled in self.lines:
            size = format_size(ruled.size)
            taken += cell_len(f"{ruled.line.sign} {ruled.title} {size}  ")
            if taken > width:
                break
            pieces += [
                (ruled.line.sign, style(ruled.line.colour, bold=True)),
                (f" {ruled.title} ", style(FAINT)),
                (f"{size}  ", style(TEXT)),
            ]
        for layer in self.entries:
            name, size = escape(layer.name), format_size(layer.size)
            taken += cell_len(f"■ {name} {size}")
            if taken > width:
                break
            pieces += [
                (pattern(layer.colour, "■"), style(layer.colour)),
                (f" {name} ", style(FAINT)),
            ]
            pieces.append((f"{size}  ", style(TEXT)))
            taken += 2
        return [line(pieces, width)]
