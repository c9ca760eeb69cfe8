"""Which colour each process has in a view: those of the chart's layers can be told apart."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from ..render.colours import GREY, Shades, palette


class ProcessColours:
    """Hands out colours of the palette, by process number; whoever has one keeps it if it can."""

    def __init__(self) -> None:
        self._known: dict[int, int] = {}
        self._shown: set[int] = set()

    def give(self, numbers: Iterable[int]) -> None:
        """Let these, the biggest first, have colours that all differ, as far as there are any."""
        count = len(palette())
        shown = list(islice(dict.fromkeys(numbers), count))
        wanted = {self._known[number] for number in shown if number in self._known}
        self._shown = set(shown)
        taken: set[int] = set()
        for number in shown:
            colour = self._known.get(number)
            if colour is None or colour in taken:
                free = [each for each in range(count) if each not in taken]
                colour = next((each for each in free if each not in wanted), free[0])
                self._known[number] = colour
            taken.add(colour)

    def of(self, number: int) -> Shades:
        """The colour of a process; grey for one that is among the others."""
        if number not in self._shown:
            return GREY
        return palette()[self._known[number]]
