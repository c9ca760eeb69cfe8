"""What memory-peak shows of processes that belong together: facts, and what was derived."""

from __future__ import annotations

from typing import NamedTuple

from ..analysis.peak import Breakdown, Sum
from ..analysis.tree import TreeSums
from ..store.results import ProcessMoment
from ..store.trees import RecordedSelection


class Branch(NamedTuple):
    """One process of the tree: `depth` is 0 for a root.

    `shows_parents_memory`: it had not called execve after vfork, so it is in no sum.
    """

    depth: int
    moment: ProcessMoment
    shows_parents_memory: bool


class TreeView(NamedTuple):
    """Several processes at one tick; `is_peak` tells their peak from a moment that was asked for.

    `branches` + `other` (of `other_count` processes) add up to `sums.pss`. `breakdown` is over the
    mappings of all of them. `recorded` is how many processes the run recorded in all, `cgroups` are
    paths and figures of control groups at that tick.
    """

    selection: RecordedSelection
    tick: int
    time: int
    is_peak: bool
    branches: tuple[Branch, ...]
    other: Sum
    other_count: int
    sums: TreeSums
    breakdown: Breakdown
    recorded: int
    cgroups: tuple[tuple[str, dict[str, int]], ...]


def pss_of(branch: Branch) -> int | None:
    """What a process has in the sum of PSS, bytes."""
    if branch.shows_parents_memory:
        return 0
    totals = branch.moment.layout.totals if branch.moment.layout else None
    return totals.pss if totals else None
