"""What all pictures are drawn with: fonts, colours, texts that are placed in pixels.

They are made without pyplot and with matplotlib's own defaults, so that they change nothing for a
program that imports this, and look the same whatever the user's settings are.
"""

from __future__ import annotations

import io
import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..errors import MissingExtra
from .elide import elide
from .escape import escape

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK = "#1f2328"
FAINT = "#6a717a"
RULE = "#d5d9de"
#: Sizes of letters.
SMALL, NORMAL, LARGE = 7.5, 8.5, 11.0
_DPI = 100
_FURTHER_FONTS = (
    *("Noto Sans CJK SC", "Noto Sans CJK JP", "WenQuanYi Zen Hei", "Droid Sans Fallback"),
    *("IPAGothic", "Noto Sans Arabic", "Noto Sans Hebrew", "Noto Sans Thai", "Noto Emoji"),
)


def draw(what: Callable[[Figure], None], file_format: str, width: int, height: int) -> bytes:
    """Make a picture; `width` and `height` are pixels (of a PDF or SVG: hundredths of an inch).

    Raises MissingExtra if matplotlib is not installed.
    """
    with _defaults():
        from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415
        from matplotlib.figure import Figure  # noqa: PLC0415

        figure = Figure(figsize=(width / _DPI, height / _DPI), dpi=_DPI, facecolor="white")
        FigureCanvasAgg(figure)
        what(figure)
        output = io.BytesIO()
        metadata = {"png": {}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}
        figure.savefig(output, format=file_format, metadata=metadata[file_format])
        return output.getvalue()


@contextmanager
def _defaults() -> Iterator[None]:
    """Use matplotlib's defaults, text as it is (a name with `$` is no formula), and no warnings."""
    with _without_remarks():
        try:
            import matplotlib as mpl  # noqa: PLC0415
        except ImportError:
            raise MissingExtra("charts are drawn by matplotlib", "chart") from None
        with mpl.rc_context():
            mpl.rcdefaults()
            mpl.rcParams.update(
                {
                    "text.parse_math": False,
                    "text.usetex": False,
                    "font.family": ["DejaVu Sans", *_other_fonts()],
                    "font.size": NORMAL,
                    "text.color": INK,
                    "svg.hashsalt": "memory-watcher",
                    "pdf.fonttype": 42,
                    "hatch.linewidth": 0.6,
                    "path.simplify": False,
                }
            )
            yield


@contextmanager
def _without_remarks() -> Iterator[None]:
    """Matplotlib warns and logs what fonts lack, and where it keeps its cache: that helps nobody.

    Characters that the fonts lack are drawn as boxes.
    """
    logger = logging.getLogger("matplotlib")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(before)


def _other_fonts() -> list[str]:
    """Give fonts for what DejaVu lacks, as far as they are installed: it ships with matplotlib."""
    from matplotlib.font_manager import fontManager  # noqa: PLC0415

    installed = {entry.name for entry in fontManager.ttflist}
    return [name for name in _FURTHER_FONTS if name in installed]


class Sheet:
    """A figure of so many pixels. Places are pixels from the top left corner."""

    def __init__(self, figure: Figure, width: int, height: int) -> None:
        self._figure = figure
        self._width, self._height = width, height

    def _plot(self, left: float, top: float, width: float, height: float) -> Axes:
        """A place for data, with rules for sizes and without a frame."""
        axes = self._figure.add_axes(
            (
                *(left / self._width, 1 - (top + height) / self._height),
                *(width / self._width, height / self._height),
            )
        )
        for side in ("top", "right", "left"):
            axes.spines[side].set_visible(False)
        axes.spines["bottom"].set_color(FAINT)
        axes.set_axisbelow(True)
        axes.grid(axis="y", color=RULE, linewidth=0.7)
        axes.tick_params(axis="y", length=0, labelsize=NORMAL, labelcolor=INK, pad=6)
        axes.tick_params(axis="x", length=4, color=FAINT, labelsize=NORMAL, labelcolor=INK)
        return axes

    def _text(
        self,
        x: float,
        y: float,
        text: str,
        size: float,
        *,
        colour: str = INK,
        weight: str = "normal",
        align: str = "left",
    ) -> None:
        self._figure.text(
            *(x / self._width, 1 - y / self._height, text),
            fontsize=size,
            color=colour,
            fontweight=weight,
            ha=align,
            va="center",
        )

    def _elided(self, text: str, room: float, size: float, weight: str = "normal") -> str:
        return elide(escape(text), room, lambda part: self._measure(part, size, weight))

    def _measure(self, text: str, size: float, weight: str = "normal") -> float:
        """Width of a text in pixels."""
        from matplotlib.font_manager import FontProperties  # noqa: PLC0415

        properties = FontProperties(size=size, weight=weight)
        renderer = self._figure.canvas.get_renderer()  # type: ignore[attr-defined]
        width, _, _ = renderer.get_text_width_height_descent(text, properties, ismath=False)
        return float(width)
