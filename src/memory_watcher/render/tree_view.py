"""What memory-peak shows of processes that belong together: facts, and what was derived."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ..analysis.passes import Moment, Share, Sums
from ..analysis.peak import Breakdown, Sum, add_up
from ..analysis.roles import Role
from ..recorded import GroupMark
from ..store.results import Measurement, RecordedProcess
from ..store.trees import RecordedSelection


class Branch(NamedTuple):
    """One process of the tree: `depth` is 0 for a root. `alike` do the same, on the same line.

    `share` is what it has in the pass that is shown; None if there is no sum. `layout` stood then,
    `latest` was read last until then; None: nothing was.
    """

    depth: int
    process: RecordedProcess
    role: Role
    latest: Measurement | None
    layout: Measurement | None
    share: Share | None
    alike: tuple[Branch, ...] = ()

    @property
    def shows_parents_memory(self) -> bool:
        """Whether it had not called execve after vfork, so that it is in no sum."""
        return self.share is not None and not self.share.counted


class Whole(NamedTuple):
    """All processes together at the pass `moment`: `sums` over them, `breakdown` by mappings.

    The breakdown is of the standing layouts: `age_ns` is how long before the pass the oldest was
    read that no longer holds (0: all are of this pass), `without` are members that have none.
    """

    moment: Moment
    sums: Sums
    breakdown: Breakdown
    age_ns: int
    without: int

    @property
    def difference(self) -> int | None:
        """By how many bytes the sum of PSS is more than that of the layouts."""
        told, layouts = self.sums.pss.size, self.breakdown.total.sum.size
        return None if told is None or layouts is None else told - layouts


class Judge(NamedTuple):
    """What the kernel says of a cgroup: its highest figure until the end, and that at the pass."""

    path: str
    peak: int
    current: int | None


class TreeView(NamedTuple):
    """Several processes at one tick; `is_peak` tells their peak from a moment that was asked for.

    `branches` + `other` (of `other_count` processes) add up to the sum of PSS. `whole` is None if
    there is no sum, and `why` says why. `asked` is the time that was asked for. `between` is the
    highest sum of private memory between passes, if that was higher than at this one. `refused`
    says which passes give no sum. `recorded` is how many processes the run recorded in all,
    `cgroups` are paths and figures of control groups at that tick.
    """

    selection: RecordedSelection
    tick: int
    time: int
    is_peak: bool
    asked: int | None
    whole: Whole | None
    why: str | None
    refused: str | None
    branches: tuple[Branch, ...]
    other: Sum
    other_count: int
    between: GroupMark | None
    judges: tuple[Judge, ...]
    recorded: int
    cgroups: tuple[tuple[str, dict[str, int]], ...]

    @property
    def members(self) -> Iterator[Branch]:
        """All processes of all lines."""
        for branch in self.branches:
            yield branch
            yield from branch.alike


def size_of_line(branch: Branch) -> int | None:
    """What all processes of a line have in the sum of PSS, bytes."""
    return add_up(pss_of(each) for each in (branch, *branch.alike)).size


def pss_of(branch: Branch) -> int | None:
    """What a process has in the sum of PSS, bytes; where there is no sum, its own PSS."""
    if branch.share is not None:
        return branch.share.part.pss
    totals = branch.layout.totals if branch.layout else None
    return totals.pss if totals else None
