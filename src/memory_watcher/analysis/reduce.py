"""Of each column of time the instant with the highest total, so that peaks survive. Pure.

A picture has fewer columns than a recording has instants. All that draws or stores one instant for
many chooses it here; web/src/reduce.ts is the same for the page, and is tested against it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import pairwise


def edges(begin: int, end: int, columns: int) -> list[int]:
    """When each of so many columns of equal time begins, and when the last one ends.

    Whole nanoseconds: the column of a time is (time - begin) * columns // (end - begin).
    """
    width = max(end - begin, 1)
    return [begin - (-width * column // columns) for column in range(columns + 1)]


def cut(
    times: Sequence[int], bounds: Sequence[int], low: int = 0, high: int | None = None
) -> list[range]:
    """The positions in each column between two bounds; what is at the last bound or after in none.

    `times` are in order; only positions from `low` to `high` are asked for.
    """
    stop = len(times) if high is None else high
    starts = [bisect_left(times, bound, low, stop) for bound in bounds]
    return [range(first, last) for first, last in pairwise(starts)]


def highest(totals: Sequence[int | None], positions: Iterable[int]) -> int | None:
    """Position of the highest total among these, the first of equals; None if none is known."""
    best, most = None, -1
    for position in positions:
        total = totals[position]
        if total is not None and total > most:
            best, most = position, total
    return best


def shown(totals: Sequence[int | None], column: range) -> int:
    """The position that stands for a column that is not empty: the highest, else the first."""
    best = highest(totals, column)
    return column[0] if best is None else best
