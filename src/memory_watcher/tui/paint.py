"""Colours, and lines of the screen made of pieces of text: never of markup."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import cache
from itertools import groupby
from operator import itemgetter

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from ..units import MILLISECOND, SECOND, format_size, repeated_zone

BACKGROUND = "#0f1318"
RAISED = "#1b222b"
CURSOR = "#2b3645"
TEXT = "#d5dbe3"
FAINT = "#76808c"
ACCENT = "#79b8ff"
GOOD = "#62c073"
WARNING = "#e8b84a"
BAD = "#ff8178"


@cache
def style(colour: str = TEXT, background: str = BACKGROUND, bold: bool = False) -> Style:
    """A style; made once, for making one takes longer than drawing with it."""
    return Style(color=colour, bgcolor=background, bold=bold)


@cache
def blend(colour: str, other: str, share: float) -> str:
    """A colour between two: `share` of the first."""
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
