"""The line at the bottom: what has to be known of the figures, and the keys that matter most."""

from __future__ import annotations

from rich.cells import cell_len
from textual.strip import Strip

from ..render.escape import escape
from .keys import BOTTOM, Key, keys_for
from .lines_widget import Lines
from .paint import ACCENT, FAINT, RAISED, TEXT, WARNING, line, style


class Footer(Lines):
    """Keys as many as there is room for; notes come first, for they are about the truth."""

    live = False
    playing = False
    filter = ""
    notes: tuple[str, ...] = ()

    def draw(self, width: int, height: int) -> list[Strip]:
        """One line."""
        pieces = [(" ", style(FAINT, RAISED))]
        for note in self.notes:
            pieces.append((f"{escape(note)}  ", style(WARNING, RAISED)))
        if self.filter:
            pieces.append((f"/{escape(self.filter)}  ", style(ACCENT, RAISED, True)))
        taken = sum(cell_len(text) for text, _ in pieces)
        for key in self._chosen(width - taken):
            pieces.append((key.shown, style(ACCENT, RAISED, True)))
            pieces.append((f" {self._word(key)}  ", style(FAINT, RAISED)))
        return [line(pieces, width, style(TEXT, RAISED))]

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
