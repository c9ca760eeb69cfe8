"""Layouts that do not add up to the sums that were stored beside them: said once for a process."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from itertools import accumulate

from ..errors import DamagedWarning

#: An interval: start and end position, and its figure; None where the kernel did not tell it.
Interval = tuple[int, int, int | None]


def count_wrong(intervals: Iterable[Interval], stored: Mapping[int, int]) -> int:
    """At how many positions intervals do not add up to what is stored for them.

    Where one lacks its figure, there is nothing to compare.
    """
    changes = [0] * (max(stored, default=-1) + 2)
    untold = list(changes)
    behind = len(changes) - 1
    for start, end, value in intervals:
        if start >= behind:
            continue
        counts, change = (untold, 1) if value is None else (changes, value)
        counts[start] += change
        counts[end if end < behind else behind] -= change  # min() would take a third of the time
    sums, lacking = list(accumulate(changes)), list(accumulate(untold))
    return sum(not lacking[at] and sums[at] != size for at, size in stored.items())


def warn(path: str, process_id: int, wrong: int, compared: int) -> None:
    """Say that figures of a process are not to be trusted."""
    warnings.warn(
        f"{path}: damaged: {wrong} of {compared} layouts of process {process_id} do not add up to"
        " the sums stored beside them; do not trust their figures",
        DamagedWarning,
        stacklevel=3,
    )
