"""A widget of lines that are drawn at once, of which only those that changed are sent on."""

from __future__ import annotations

from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from .paint import line


class Lines(Widget, inherit_bindings=False):
    """Base of all parts of the screen: a subclass draws all its lines in `draw`."""

    def __init__(self, *, id: str) -> None:  # noqa: A002 - textual's word
        super().__init__(id=id)
        self._strips: list[Strip] = []

    def draw(self, width: int, height: int) -> list[Strip]:
        """All lines, each exactly so wide."""
        raise NotImplementedError

    def redraw(self) -> None:
        """Draw anew; only lines that differ go to the terminal."""
        width, height = self.size
        if not width or not height:
            return
        strips = self.draw(width, height)[:height]
        before, self._strips = self._strips, strips
        if len(before) != len(strips):
            self.refresh()
            return
        for y, (old, new) in enumerate(zip(before, strips, strict=True)):
            if old != new:
                self.refresh(Region(0, y, width, 1))

    def on_resize(self) -> None:
        """Draw for the new size."""
        self._strips = []
        self.redraw()

    def render_line(self, y: int) -> Strip:
        """Give textual one line."""
        return self._strips[y] if y < len(self._strips) else line([], self.size.width)
