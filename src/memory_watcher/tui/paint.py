"""Colours, and lines of the screen made of pieces of text: never of markup."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import cache
from itertools import groupby
from operator import itemgetter
from typing import Literal

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from ..render.colours import Shades
from ..units import MILLISECOND, SECOND, format_size, repeated_zone

#: What the terminal is like; "plain" draws without any colour.
Look = Literal["dark", "light", "plain"]

BACKGROUND = Shades("#ffffff", "#0f1318")
RAISED = Shades("#e9edf2", "#1b222b")
CURSOR = Shades("#cfe0f7", "#2b3645")
TEXT = Shades("#1f2328", "#d5dbe3")
FAINT = Shades("#59636e", "#76808c")
ACCENT = Shades("#0550ae", "#79b8ff")
GOOD = Shades("#116329", "#62c073")
WARNING = Shades("#7d4e00", "#e8b84a")
BAD = Shades("#b3122a", "#ff8178")

#: Without colours, what each colour would be told by: the first ones are the easiest to tell apart.
_PATTERNS = "█░▓▒#=+x%o:@&*~-"
_look: Look = "dark"
_patterns: dict[Shades, str] = {}


def choose(look: Look) -> None:
    """Draw for such a terminal from now on. There is one terminal, so there is one look."""
    global _look  # noqa: PLW0603
    _look = look
    _patterns.clear()
    style.cache_clear()


def look() -> Look:
    """What is drawn for."""
    return _look


def shade(colour: Shades) -> str:
    """A colour as `#rrggbb`, for this terminal."""
    return colour.light if _look == "light" else colour.dark


def pattern(colour: Shades, coloured: str) -> str:
    """A character of this colour: `coloured`; without colours, one that stands for this colour."""
    if _look != "plain":
        return coloured
    return _patterns.setdefault(colour, _PATTERNS[len(_patterns) % len(_PATTERNS)])


@cache
def style(colour: Shades = TEXT, background: Shades = BACKGROUND, bold: bool = False) -> Style:
    """A style; made once, for making one takes longer than drawing with it."""
    if _look == "plain":
        return Style(bold=bold, dim=colour == FAINT, reverse=background == CURSOR)
    return Style(color=shade(colour), bgcolor=shade(background), bold=bold)


@cache
def blend(colour: Shades, other: Shades, share: float) -> Shades:
    """A colour between two: `share` of the first."""
    return Shades(*(_between(*pair, share) for pair in zip(colour, other, strict=True)))


def _between(colour: str, other: str, share: float) -> str:
    parts = [
        round(int(colour[at : at + 2], 16) * share + int(other[at : at + 2], 16) * (1 - share))
        for at in (1, 3, 5)
    ]
    return "#" + "".join(f"{part:02x}" for part in parts)


def line(pieces: Iterable[tuple[str, Style]], width: int, fill: Style | None = None) -> Strip:
    """A line of exactly this width: filled up, or cut."""
    segments = [
        Segment("".join([text for text, _ in alike]), look)
        for look, alike in groupby(pieces, key=itemgetter(1))
    ]
    strip = Strip(segments)
    return strip.adjust_cell_length(width, fill or style())


def spread(
    left: list[tuple[str, Style]], right: list[tuple[str, Style]], width: int, fill: Style
) -> Strip:
    """A line with something at both ends; what stands at the right end is never cut off."""
    taken = sum(cell_len(text) for text, _ in right)
    room = max(width - taken, 0)
    return Strip.join([line(left, room, fill), line(right, width - room, fill)])


def fit(text: str, width: int) -> str:
    """Exactly so wide, whatever characters it has."""
    return set_cell_size(text, max(width, 0))


def short_size(size: int | None) -> str:
    """`1.4 GiB`, and a plain 0: in a column of figures the eye should pass over it."""
    return "0" if size == 0 else format_size(size)


def signed_size(size: int | None) -> str:
    """`+12 MiB`, `−3 KiB`; nothing for no change."""
    if not size:
        return "–" if size is None else ""
    return f"{'+' if size > 0 else '−'}{format_size(abs(size))}"


def clock(time_ns: int, milliseconds: bool = False) -> str:
    """Local time of day."""
    seconds, rest = divmod(time_ns, SECOND)
    text = f"{datetime.fromtimestamp(seconds):%H:%M:%S}"
    return f"{text}.{rest // MILLISECOND:03d}" if milliseconds else text


def date_and_clock(time_ns: int) -> str:
    """Local date and time, to milliseconds; where the clock shows it twice, with the offset."""
    date = f"{datetime.fromtimestamp(time_ns // SECOND):%Y-%m-%d}"
    return f"{date} {clock(time_ns, True)}{repeated_zone(time_ns)}"
