"""Whether runs are within a limit. Pure.

A run is over if what was measured is above the limit, and within if it cannot be above it. What may
be above because something was not seen is neither. Several runs are over if more than
half of them are (then the median is), within if all are; anything else could not be judged, and is
never a pass.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ...units import plural
from .model import Word


class Value(NamedTuple):
    """What one run has of one line: bytes, bytes per hour, or a number of things.

    `size` is None if it could not be told, and `why` says why. `at_most` is what it may have been:
    None if nothing bounds it; `why` then says what was not seen. `matched` tells whether the run
    has anything that the line is about. `at_least` is what it was surely, None if that is `size`.
    """

    size: int | None
    at_most: int | None
    why: str = ""
    matched: bool = True
    at_least: int | None = None


def untold(why: str) -> Value:
    """A value that could not be told."""
    return Value(None, None, why)


def of_run(value: Value, limit: int) -> Word:
    """What one run comes to."""
    least = value.size if value.at_least is None else value.at_least
    if least is not None and least > limit:
        return Word.OVER
    if value.size is not None and value.at_most is not None and value.at_most <= limit:
        return Word.WITHIN
    return Word.UNDECIDED


def decide(values: Sequence[Value], limit: int) -> tuple[Word, str]:
    """What all runs come to, and why if they could not be judged."""
    words = [of_run(value, limit) for value in values]
    over, within = words.count(Word.OVER), words.count(Word.WITHIN)
    if 2 * over > len(words):
        return Word.OVER, ""
    if words and within == len(words):
        return Word.WITHIN, ""
    if words and len(words) == over + within:
        return Word.UNDECIDED, (
            f"{over} of {len(words)} runs are over the limit, {within} are within: it is not clear"
            " which is usual; check more runs, or give the limit more room"
        )
    return Word.UNDECIDED, _reasons(values, words)


def _reasons(values: Sequence[Value], words: Sequence[Word]) -> str:
    """Why runs could not be judged: each reason once."""
    whys = [value.why for value, word in zip(values, words, strict=True) if word is Word.UNDECIDED]
    every = list(dict.fromkeys(whys))
    if len(every) > 1:
        more = plural(len(every) - 1, "other reason", "other reasons")
        return f"{every[0]} (and {more} in other runs)"
    if len(whys) < len(words):
        return f"{len(whys)} of {len(words)} runs could not be judged: {every[0]}"
    return every[0] if every else "nothing was recorded"
