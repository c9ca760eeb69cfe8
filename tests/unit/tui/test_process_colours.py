"""Colours of processes in the terminal: different in one picture, and kept while it changes."""

from __future__ import annotations

from memory_watcher.render.colours import GREY, palette
from memory_watcher.tui.process_colours import ProcessColours


def test_all_that_are_shown_differ() -> None:
    """As many as the palette holds; who is not shown is grey, as the others are."""
    colours = ProcessColours()
    count = len(palette())
    colours.give(range(count + 3))
    assert len({colours.of(number) for number in range(count)}) == count
    assert colours.of(count) == GREY


def test_a_colour_is_kept() -> None:
    """Whoever stays in the picture stays as it is; who comes takes a colour that nobody has."""
    colours = ProcessColours()
    colours.give([1, 2, 3])
    before = [colours.of(number) for number in (1, 2, 3)]
    colours.give([9, 3, 1])
    assert [colours.of(1), colours.of(3)] == [before[0], before[2]]
    assert colours.of(9) not in (before[0], before[2])
    assert colours.of(2) == GREY
    for first in range(100):
        colours.give(range(first, first + 7))
        assert len({colours.of(number) for number in range(first, first + 7)}) == 7
