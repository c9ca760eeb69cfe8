"""The picture of a list: a bar for each row, as PNG, SVG or PDF. Needs the extra `chart`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from .picture import FAINT, INK, LARGE, NORMAL, Sheet, draw

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MORE, _LESS = "#0969da", "#1a7f37"
_LEFT, _RIGHT, _TOP, _ROW, _BAR = 14, 14, 58, 22, 12
#: What is drawn at most, the first rows.
MOST_BARS = 40


class Bar(NamedTuple):
    """A row: what it is called (any text), its value, and how that is written."""

    name: str
    value: float
    text: str


class BarView(NamedTuple):
    """What a picture shows; `note` stands below the title."""

    title: str
    note: str
    bars: Sequence[Bar]


def render(view: BarView, file_format: str, width: int = 1000) -> bytes:
    """Draw it, as high as its bars need; `width` is pixels.

    Raises MissingExtra if matplotlib is not installed.
    """
    height = _TOP + _ROW * max(len(view.bars[:MOST_BARS]), 1) + 14
    return draw(
        lambda figure: _Bars(figure, view, width, height).draw(), file_format, width, height
    )


class _Bars(Sheet):
    """One picture being drawn. Places are pixels from the top left corner."""

    def __init__(self, figure: Figure, view: BarView, width: int, height: int) -> None:
        super().__init__(figure, width, height)
        self._view = view
        self._bars = view.bars[:MOST_BARS]
        self._names = round(width * 0.42)
        values = [0.0, *(bar.value for bar in self._bars)]
        self._lowest = min(values)
        texts = [self._measure(bar.text, NORMAL) for bar in self._bars]
        room = width - _RIGHT - max([0.0, *texts]) - 8 - self._names
        self._scale = max(room, 1) / max(max(values) - self._lowest, 1e-9)

    def draw(self) -> None:
        """Draw all of it."""
        room = self._width - _LEFT - _RIGHT
        self._text(_LEFT, 20, self._elided(self._view.title, room, LARGE), LARGE, weight="bold")
        note = self._view.note if self._bars else "no rows"
        self._text(_LEFT, 38, self._elided(note, room, NORMAL), NORMAL, colour=FAINT)
        for number, bar in enumerate(self._bars):
            self._draw_bar(bar, _TOP + _ROW * number + _ROW / 2)

    def _draw_bar(self, bar: Bar, middle: float) -> None:
        name = self._elided(bar.name or "(no name)", self._names - _LEFT - 10, NORMAL)
        self._text(_LEFT, middle, name, NORMAL, colour=INK)
        zero = self._names - self._lowest * self._scale
        begin, end = sorted((zero, zero + bar.value * self._scale))
        self._box(begin, middle - _BAR / 2, max(end - begin, 1), _MORE if bar.value >= 0 else _LESS)
        self._text(end + 6, middle, bar.text, NORMAL)

    def _box(self, left: float, top: float, width: float, colour: str) -> None:
        from matplotlib.patches import Rectangle  # noqa: PLC0415

        place = left / self._width, 1 - (top + _BAR) / self._height
        size = width / self._width, _BAR / self._height
        self._figure.add_artist(Rectangle(place, *size, facecolor=colour, linewidth=0))
