"""The lines at the bottom: what has to be known of the figures, and the keys that matter most."""

from __future__ import annotations

from rich.cells import cell_len
from textual.strip import Strip

from ..render.escape import escape
from .keys import BOTTOM, Key, keys_for
from .lines_widget import Lines
from .paint import ACCENT, FAINT, RAISED, TEXT, WARNING, fit, line, style

#: So many lines of notes at most stand above the keys; on a low screen there are fewer.
_MOST_NOTES = 3
#: A screen of so many lines is full; of each so many more, one is for notes.
_FULL_SCREEN, _LINES_EACH = 12, 4


class Footer(Lines):
    """The keys, as many as there is room for, and notes.

    Notes come first, for they are about the truth: they stand before the keys if these keep half of
    the line, else in lines of their own above.
    """

    live = False
    playing = False
    filter = ""
    notes: tuple[str, ...] = ()

    def redraw(self) -> None:
        """Draw anew, with as many lines as the notes take."""
        width = self.size.width
        room = min((self.app.size.height - _FULL_SCREEN) // _LINES_EACH, _MOST_NOTES)
        is_beside = cell_len(self._noted()) <= width // 2
        above = [] if is_beside or room < 1 else _wrapped(self._noted(), width - 2, room)
        self.styles.height = 1 + len(above)
        super().redraw()

    def draw(self, width: int, height: int) -> list[Strip]:
        """The line of keys, and above it all others for notes."""
        noted, fill = self._noted(), style(TEXT, RAISED)
        if height == 1:
            return [self._last(_wrapped(noted, width // 2, 1), width)]
        above = _wrapped(noted, width - 2, height - 1)
        lines = [line([(f" {each}", style(WARNING, RAISED))], width, fill) for each in above]
        return [*lines, self._last([], width)]

    def _noted(self) -> str:
        return "  ".join(map(escape, self.notes))

    def _last(self, notes: list[str], width: int) -> Strip:
        pieces = [(" ", style(FAINT, RAISED))]
        pieces += [(f"{note}  ", style(WARNING, RAISED)) for note in notes]
        if self.filter:
            pieces.append((f"/{escape(self.filter)}  ", style(ACCENT, RAISED, True)))
        taken = sum(cell_len(text) for text, _ in pieces)
        for key in self._chosen(width - taken):
            pieces.append((key.shown, style(ACCENT, RAISED, True)))
            pieces.append((f" {self._word(key)}  ", style(FAINT, RAISED)))
        return line(pieces, width, style(TEXT, RAISED))

    def _word(self, key: Key) -> str:
        if key.action == "toggle_time" and self.playing:
            return "go on" if self.live else "pause"
        return key.short

    def _chosen(self, room: int) -> list[Key]:
        """As many as fit, in the order of the help."""
        keys = [key for key in keys_for(self.live) if key.short]
        kept = set()
        for key in sorted(keys, key=lambda key: BOTTOM.index(key.short)):
            room -= cell_len(key.shown) + len(self._word(key)) + 3
            if room < -2:  # the blanks behind the last one need no room
                break
            kept.add(key)
        return [key for key in keys if key in kept]


def _wrapped(text: str, width: int, most: int) -> list[str]:
    """A text in at most so many lines, broken at blanks; what does not fit ends in an ellipsis."""
    lines: list[str] = []
    words = text.split(" ")
    while words and len(lines) < most:
        count = 1
        while count < len(words) and cell_len(" ".join(words[: count + 1])) <= width:
            count += 1
        if len(lines) + 1 == most:
            count = len(words)
        lines.append(" ".join(words[:count]).strip())
        words = words[count:]
    if lines and cell_len(lines[-1]) > width:
        lines[-1] = fit(lines[-1], width - 1).rstrip() + "…"
    return [each for each in lines if each]
