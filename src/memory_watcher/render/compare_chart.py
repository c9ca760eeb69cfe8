"""The picture of two recordings: both over time, what lies between them, and the biggest changes.

Needs the extra `chart`.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..analysis.curves import Curve
from ..answers.compared import Compared
from ..metrics import LAYOUT
from .axis import Mark, age_marks, size_marks, time_marks
from .chart import Grid, matplotlib_defaults, steps
from .diff_text import signed_size
from .elide import elide
from .escape import escape

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_DPI = 100
_INK, _FAINT, _RULE = "#1f2328", "#6a717a", "#d5d9de"
_BEFORE, _AFTER = "#57606a", "#0969da"
_MORE, _LESS = "#cf222e", "#1a7f37"
_LEFT, _RIGHT, _TOP, _BOTTOM, _BETWEEN = 74, 14, 74, 30, 64
_ROW = 30
_SMALL, _NORMAL, _LARGE = 7.5, 8.5, 11.0


def render(compared: Compared, file_format: str, width: int = 1200, height: int = 600) -> bytes:
    """Draw it; `width` and `height` are pixels (of a PDF or SVG: hundredths of an inch).

    Raises MissingExtra if matplotlib is not installed.
    """
    with matplotlib_defaults():
        from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415
        from matplotlib.figure import Figure  # noqa: PLC0415

        figure = Figure(figsize=(width / _DPI, height / _DPI), dpi=_DPI, facecolor="white")
        FigureCanvasAgg(figure)
        _Picture(figure, compared, width, height).draw()
        output = io.BytesIO()
        metadata = {"png": {}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}
        figure.savefig(output, format=file_format, metadata=metadata[file_format])
        return output.getvalue()


class _Picture:
    """One picture being drawn. Places are pixels from the top left corner unless said otherwise."""

    def __init__(self, figure: Figure, compared: Compared, width: int, height: int) -> None:
        self._figure, self._compared = figure, compared
        self._width, self._height = width, height
        self._list_width = min(max(round(width * 0.28), 150), 360)
        self._plot_width = width - _LEFT - self._list_width - _RIGHT
        curves = (compared.before, compared.after)
        first = min((each.times_ns[0] for each in curves if each.times_ns), default=0)
        last = max((each.until_ns[-1] for each in curves if each.times_ns), default=0)
        self._grid = Grid(first, max(last, first + 1), self._plot_width)

    def draw(self) -> None:
        """Draw all of it."""
        room = self._height - _TOP - _BOTTOM - _BETWEEN
        upper = round(room * 0.65)
        self._draw_both(self._axes(_TOP, upper), upper)
        lower = room - upper
        self._draw_difference(self._axes(_TOP + upper + _BETWEEN, lower), lower)
        self._draw_head()
        self._draw_changes()

    def _axes(self, top: int, height: int) -> Axes:
        axes = self._figure.add_axes(
            (
                *(_LEFT / self._width, 1 - (top + height) / self._height),
                *(self._plot_width / self._width, height / self._height),
            )
        )
        axes.set_xlim(0, self._plot_width)
        for side in ("top", "right", "left"):
            axes.spines[side].set_visible(False)
        axes.spines["bottom"].set_color(_FAINT)
        axes.set_axisbelow(True)
        axes.grid(axis="y", color=_RULE, linewidth=0.7)
        axes.tick_params(axis="y", length=0, labelsize=_NORMAL, labelcolor=_INK, pad=6)
        axes.tick_params(axis="x", length=4, color=_FAINT, labelsize=_NORMAL, labelcolor=_INK)
        marks = list(self._time_marks())
        axes.set_xticks([self._x(mark.place) for mark in marks], [mark.text for mark in marks])
        return axes

    def _time_marks(self) -> Iterator[Mark]:
        first, last, _ = self._grid
        most = max(self._plot_width // 95, 1)
        yield from (
            age_marks(last, most)
            if self._compared.align == "age"
            else time_marks(first, last, most)
        )

    def _x(self, place: float) -> float:
        first, last, columns = self._grid
        return (place - first) * columns / (last - first)

    def _draw_both(self, axes: Axes, height: int) -> None:
        compared = self._compared
        values = [each or 0 for curve in (compared.before, compared.after) for each in curve.values]
        highest = max([1, *values])
        axes.set_ylim(0, highest * 1.05)
        marks = size_marks(round(highest * 1.05), max(height // 50, 2))
        axes.set_yticks([mark.place for mark in marks], [mark.text for mark in marks])
        for curve, colour in ((compared.before, _BEFORE), (compared.after, _AFTER)):
            axes.plot(*steps(*curve, self._grid), color=colour, linewidth=1.5)

    def _draw_difference(self, axes: Axes, height: int) -> None:
        axes.set_xticks([], [])
        curve: Curve = self._compared.difference
        values = [each or 0 for each in curve.values]
        low, high = min([0, *values]), max([0, *values])
        span = max(high - low, 1)
        axes.set_ylim(low - span * 0.05, high + span * 0.05)
        marks = size_marks(max(high, -low, 1), max(height // 28, 3))
        places = [*(-mark.place for mark in reversed(marks[1:])), *(mark.place for mark in marks)]
        texts = [*(f"-{mark.text}" for mark in reversed(marks[1:])), *(m.text for m in marks)]
        inside = [low <= place <= high for place in places]
        axes.set_yticks(
            [place for place, fits in zip(places, inside, strict=True) if fits],
            [text for text, fits in zip(texts, inside, strict=True) if fits],
        )
        if not curve.times_ns:
            axes.text(0, 0, " the two recordings have no time in common", va="bottom", color=_FAINT)
        x, y = steps(*curve, self._grid)
        axes.fill_between(x, 0, y, where=y >= 0, facecolor=_MORE, alpha=0.75, linewidth=0)
        axes.fill_between(x, 0, y, where=y <= 0, facecolor=_LESS, alpha=0.75, linewidth=0)
        axes.axhline(0, color=_FAINT, linewidth=0.8)
        axes.set_title("after less before", loc="left", fontsize=_NORMAL, color=_FAINT, pad=4)

    def _draw_head(self) -> None:
        compared = self._compared
        by = "age" if compared.align == "age" else "time of day"
        title = f"{LAYOUT[compared.figure].title} of two recordings, aligned by {by}"
        self._text(_LEFT, 20, title, _LARGE, weight="bold")
        room = self._plot_width // 2 - 10
        for place, (word, colour) in enumerate((("before", _BEFORE), ("after", _AFTER))):
            file = compared.files[place].rsplit("/", 1)[-1]
            text = elide(escape(f"{word}: {file}, {compared.titles[place]}"), room / 5.5)
            self._text(_LEFT + place * (room + 20), 42, text, _NORMAL, colour=colour)

    def _draw_changes(self) -> None:
        """The biggest changes at the two peaks, as many as there is room for."""
        left = _LEFT + self._plot_width + 24
        view = self._compared.peaks
        head = f"at the peaks: {signed_size(view.total_change)}"
        self._text(left, 42, head, _NORMAL, weight="bold")
        changed = [group for group in view.groups if group.change != 0]
        rows = max((self._height - _TOP - _BOTTOM) // _ROW, 1)
        for row, group in enumerate(changed[:rows]):
            top = _TOP + row * _ROW
            colour = _FAINT if group.noise else _MORE if (group.change or 0) > 0 else _LESS
            note = ", noise" if group.noise else ""
            name = elide(escape(group.name or "(no name)"), (self._list_width - 24) / 5.2)
            self._text(left, top, name, _SMALL)
            self._text(left, top + 12, f"{signed_size(group.change)}{note}", _SMALL, colour=colour)

    def _text(
        self, left: float, top: float, text: str, size: float, *, colour: str = _INK,
        weight: str = "normal",
    ) -> None:  # fmt: skip
        self._figure.text(
            *(left / self._width, 1 - top / self._height, text),
            fontsize=size,
            color=colour,
            weight=weight,
            va="center",
        )
