"""How far a long work is, for whoever asks: nothing is printed here."""

from __future__ import annotations

from collections.abc import Callable

#: Called as the work goes on: what is worked at, the how manieth it is (from 1), of how many.
Steps = Callable[[str, int, int], None]


def silently(what: str, number: int, count: int) -> None:
    """Tell nobody."""
