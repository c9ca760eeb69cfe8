"""What a program gives back as it ends is not what it had: the last readings tell nothing then."""

from __future__ import annotations

from collections.abc import Sequence

#: So many readings at the very end may be those of a program that is ending.
MOST = 3


def before_the_end(values: Sequence[int], begin: int) -> int:
    """How many of the values are of a program that was not ending yet; all, if none shows that.

    What is left out falls from one value to the next, and in the end below all since `begin`: what
    was freed and stays so is flat.
    """
    kept = len(values)
    while kept > max(len(values) - MOST, begin + 1) and values[kept - 1] < values[kept - 2]:
        kept -= 1
    if kept == len(values) or values[-1] >= min(values[begin:kept]):
        return len(values)
    return kept
