"""Numbers of rows that a writer remembers, so that it need not look them up in the file."""

from __future__ import annotations

from typing import Any

#: So many of each kind are remembered although nothing uses them any more.
REMEMBERED = 4096
#: Longer paths and command lines are looked up each time: 4096 of them would take 16 MB.
LONGEST_REMEMBERED = 512


def forget_oldest(remembered: dict[Any, int]) -> None:
    """Keep a dictionary of things seen from growing with the length of the recording."""
    while len(remembered) > REMEMBERED:
        del remembered[next(iter(remembered))]
