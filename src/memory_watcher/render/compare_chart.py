"""The picture of two recordings: both over time, what lies between them, and the biggest changes.

Needs the extra `chart`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

from ..analysis.curves import Curve
from ..analysis.diff import Group
from ..answers.compared import Compared
from ..metrics import LAYOUT
from ..units import format_size
from .axis import Mark, age_marks, size_marks, time_marks
from .chart import Grid
from .diff_lines import notes, shorten
from .diff_text import signed_size
from .picture import FAINT, INK, LARGE, NORMAL, SMALL, Sheet, draw

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_BEFORE, _AFTER = "#57606a", "#0969da"
_MORE, _LESS = "#cf222e", "#1a7f37"
_LEFT, _RIGHT, _TOP, _BOTTOM = 74, 14, 78, 34
#: Between the two plots stand the times of the upper one and the title of the lower one.
_BETWEEN = 62
_UPPER_SHARE = 0.66
#: Of the list: the height of a change with its bar, that of a line, and from text to bar.
_CHANGE, _LINE, _BAR_BELOW, _BAR = 35, 16.5, 9, 7
#: Below the changes there may be as many lines, for what has no line of its own and the sum.
_LINES_BELOW = 4


def render(compared: Compared, file_format: str, width: int = 1200, height: int = 600) -> bytes:
    """Draw it; `width` and `height` are pixels (of a PDF or SVG: hundredths of an inch).

    Raises MissingExtra if matplotlib is not installed.
    """

    def picture(figure: Figure) -> None:
        _Picture(figure, compared, width, height).draw()

    return draw(picture, file_format, width, height)


class Column(NamedTuple):
    """The lowest and the highest value that stand in a column of pixels; None: none is known."""

    low: int | None = None
    high: int | None = None


def columns(curve: Curve, grid: Grid) -> list[Column]:
    """Reduce a curve to columns of pixels: what is shorter than a column is as wide as one."""
    found = [Column()] * grid.columns
    for begin, until, value in zip(*curve, strict=True):
        if value is None:
            continue
        first = max(grid.column(begin), 0)
        last = min(max(grid.column(until - 1), first), grid.columns - 1)
        for column in range(first, last + 1):
            low, high = found[column]
            found[column] = Column(
                value if low is None else min(low, value),
                value if high is None else max(high, value),
            )
    return found


def outline(values: Iterable[float | None]) -> tuple[list[float], list[float]]:
    """Points of a line that is level over each column; NaN where nothing is known."""
    levels = [float("nan") if value is None else value for value in values]
    places = [float(edge) for column in range(len(levels)) for edge in (column, column + 1)]
    return places, [level for level in levels for _ in range(2)]


class _Picture(Sheet):
    """One picture being drawn."""

    def __init__(self, figure: Figure, compared: Compared, width: int, height: int) -> None:
        super().__init__(figure, width, height)
        self._compared = compared
        self._list_width = min(max(round(width * 0.34), 150), 440)
        self._plot_width = width - _LEFT - self._list_width - _RIGHT
        curves = (compared.before, compared.after)
        first = min((each.times_ns[0] for each in curves if each.times_ns), default=0)
        last = max((each.until_ns[-1] for each in curves if each.times_ns), default=0)
        self._grid = Grid(first, max(last, first + 1), self._plot_width)

    def draw(self) -> None:
        """Draw all of it."""
        room = self._height - _TOP - _BOTTOM - _BETWEEN
        upper = round(room * _UPPER_SHARE)
        lower = room - upper
        self._draw_both(self._place(_TOP, upper), upper)
        self._draw_difference(self._place(_TOP + upper + _BETWEEN, lower), lower)
        self._draw_head()
        self._draw_list()
        said = self._elided(
            " ".join(notes(self._compared.peaks)), self._width - _LEFT - _RIGHT, SMALL
        )
        self._text(_LEFT, self._height - 14, said, SMALL, colour=FAINT)

    # -- over time --------------------------------------------------------------------------------

    def _place(self, top: int, height: int) -> Axes:
        axes = self._plot(_LEFT, top, self._plot_width, height)
        axes.set_xlim(0, self._plot_width)
        return axes

    def _draw_both(self, axes: Axes, height: int) -> None:
        compared = self._compared
        highest = 1
        for curve, colour in ((compared.before, _BEFORE), (compared.after, _AFTER)):
            levels = [column.high for column in columns(curve, self._grid)]
            told = [level for level in levels if level is not None]
            x, y = outline(levels)
            axes.fill_between(x, 0, y, facecolor=colour, alpha=0.12, linewidth=0, zorder=2)
            axes.plot(x, y, color=colour, linewidth=1.5, zorder=3)
            if told:
                peak = max(told)
                self._mark_peak(axes, levels.index(peak) + 0.5, peak, colour)
                highest = max(highest, peak)
        marks = size_marks(round(highest * 1.05), max(height // 45, 3))
        axes.set_yticks([mark.place for mark in marks], [mark.text for mark in marks])
        axes.set_ylim(0, highest * 1.05)
        times = self._time_marks()
        axes.set_xticks([self._x(mark.place) for mark in times], [mark.text for mark in times])

    def _mark_peak(self, axes: Axes, x: float, size: int, colour: str) -> None:
        axes.plot([x], [size], "o", markersize=5, color=colour, markeredgecolor="white", zorder=4)

    def _time_marks(self) -> Sequence[Mark]:
        first, last, _ = self._grid
        most = max(self._plot_width // 95, 1)
        if self._compared.align == "age":
            return age_marks(last, most)
        return time_marks(first, last, most)

    def _x(self, place: float) -> float:
        first, last, width = self._grid
        return (place - first) * width / (last - first)

    def _draw_difference(self, axes: Axes, height: int) -> None:
        found = columns(self._compared.difference, self._grid)
        lows, highs = ([each[place] for each in found] for place in (0, 1))
        low = min([0, *(each for each in lows if each is not None)])
        high = max([0, *(each for each in highs if each is not None)])
        for levels, edge, colour in ((highs, max, _MORE), (lows, min, _LESS)):
            x, y = outline(None if each is None else edge(each, 0) for each in levels)
            axes.fill_between(x, 0, y, facecolor=colour, alpha=0.75, linewidth=0, zorder=2)
        axes.axhline(0, color=FAINT, linewidth=0.8, zorder=3)
        axes.spines["bottom"].set_visible(False)
        axes.set_xticks([])
        marks = [mark for mark in _both_ways(max(high, -low), height) if low <= mark.place <= high]
        axes.set_yticks([mark.place for mark in marks], [mark.text for mark in marks])
        span = max(high - low, 1)
        axes.set_ylim(low - span * 0.05, high + span * 0.05)
        if not self._compared.difference.times_ns:
            axes.text(0, 0, " the two recordings have no time in common", va="bottom", color=FAINT)
        axes.set_title("after less before", loc="left", fontsize=NORMAL, color=FAINT, pad=4)

    def _draw_head(self) -> None:
        compared = self._compared
        by = "age" if compared.align == "age" else "time of day"
        title = f"{LAYOUT[compared.figure].title} of two recordings, by {by}"
        title = self._elided(title, self._plot_width + 20, LARGE, "bold")
        self._text(_LEFT, 20, title, LARGE, weight="bold")
        curves = (compared.before, compared.after)
        for place, (word, colour) in enumerate((("before", _BEFORE), ("after", _AFTER))):
            peak = max((each for each in curves[place].values if each is not None), default=None)
            file = compared.files[place].rsplit("/", 1)[-1]
            end = f", peak {format_size(peak)}"
            room = self._plot_width - self._measure(end, NORMAL)
            text = self._elided(f"{word}: {file}, {compared.titles[place]}", room, NORMAL)
            self._text(_LEFT, 41 + place * _LINE, text + end, NORMAL, colour=colour)

    def _draw_notes(self) -> None:
        said = " ".join(notes(self._compared.peaks))
        said = self._elided(said, self._width - _LEFT - _RIGHT, SMALL)
        self._text(_LEFT, self._height - 14, said, SMALL, colour=FAINT)

    # -- the list of changes ----------------------------------------------------------------------

    def _draw_list(self) -> None:
        """The biggest changes between the two peaks, and what all others come to."""
        left, right = _LEFT + self._plot_width + 28, self._width - _RIGHT
        view = self._compared.peaks
        title = self._elided(f"At the two peaks, by {view.by}", right - left, NORMAL, "bold")
        self._text(left, 20, title, NORMAL, weight="bold")
        y = 41.0
        shown = shorten(view, _that_fit(view.groups, self._height - y - _LINES_BELOW * _LINE))
        bars = _Bars(left, right, [group.change or 0 for group in shown.groups if not group.noise])
        for group in shown.groups:
            self._draw_change(group, y, bars)
            y += _height_of(group)
        for rest in shown.rests:
            size = signed_size(rest.change)
            self._line(bars, y, f"{rest.title} ({rest.groups})", size, FAINT)
            y += _LINE
        self._draw_sum(bars, y + 4)

    def _draw_sum(self, bars: _Bars, y: float) -> None:
        before, after = (format_size(side.sum.size) for side in self._compared.peaks.totals)
        change = signed_size(self._compared.peaks.total_change)
        title = f"sum: {before} → {after}"
        room = bars.right - bars.left - self._measure(change, NORMAL, "bold") - 8
        fits = self._measure(title, NORMAL) <= room
        self._line(bars, y, title if fits else "sum", change, INK, "bold")

    def _line(
        self, bars: _Bars, y: float, name: str, size: str, colour: str, weight: str = "normal"
    ) -> None:
        """A name on the left, shortened to the room that a size on the right leaves."""
        self._text(bars.right, y, size, NORMAL, colour=colour, weight=weight, align="right")
        room = bars.right - bars.left - self._measure(size, NORMAL, weight) - 8
        name_colour = FAINT if weight == "normal" else INK
        self._text(bars.left, y, self._elided(name, room, NORMAL), NORMAL, colour=name_colour)

    def _draw_change(self, group: Group, y: float, bars: _Bars) -> None:
        name, change = group.name or "(no name)", signed_size(group.change)
        if group.noise:
            self._line(bars, y, name, f"{change}, noise", FAINT)
            return
        colour = _MORE if (group.change or 0) > 0 else _LESS
        self._line(bars, y, name, change, colour, "bold")
        begin, end = bars.span(group.change or 0)
        self._box(begin, y + _BAR_BELOW, end - begin, _BAR, colour)
        self._box(bars.zero, y + _BAR_BELOW - 1, 1, _BAR + 2, FAINT)
        sizes = f"{format_size(group.before.sum.size)} → {format_size(group.after.sum.size)}"
        if self._measure(sizes, SMALL) <= bars.right - bars.edge - 8:
            middle = y + _BAR_BELOW + _BAR / 2
            self._text(bars.right, middle, sizes, SMALL, colour=FAINT, align="right")

    def _box(self, left: float, top: float, width: float, height: float, colour: str) -> None:
        from matplotlib.patches import Rectangle  # noqa: PLC0415

        place = left / self._width, 1 - (top + height) / self._height
        size = width / self._width, height / self._height
        self._figure.add_artist(Rectangle(place, *size, facecolor=colour, linewidth=0))


class _Bars:
    """Where the list stands, and its bars: of one scale, from a common zero, less on its left.

    Right of `edge` is room for sizes.
    """

    def __init__(self, left: float, right: float, changes: Iterable[int]) -> None:
        self.left, self.right = left, right
        self.edge = left + (right - left) * 0.6
        changes = [0, *changes]
        self._scale = (self.edge - left) / max(max(changes) - min(changes), 1)
        self.zero = left - min(changes) * self._scale

    def span(self, change: int) -> tuple[float, float]:
        """Both ends of a bar, the left one first."""
        begin, end = sorted((self.zero, self.zero + change * self._scale))
        return begin, end


def _height_of(group: Group) -> float:
    """Noise has no bar."""
    return _LINE if group.noise else _CHANGE


def _that_fit(groups: Iterable[Group], room: float) -> int:
    """How many of the first groups there is room for; one at least."""
    heights = accumulate(_height_of(group) for group in groups)
    return max(sum(height <= room for height in heights), 1)


def _both_ways(most: int, height: int) -> list[Mark]:
    """Round sizes from -most to most."""
    marks = size_marks(max(most, 1), max(height // 40, 2))
    return [*(Mark(-mark.place, f"-{mark.text}") for mark in reversed(marks[1:])), *marks]
