"""What memory-peak shows of all processes: facts and what was derived from them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from ..analysis.passes import Moment
from ..analysis.peak import Sum
from ..analysis.ranking import Ranking
from ..clocks import TimeAxis
from ..model import LayoutState, SystemMemory
from .tree_view import Branch


class Lowest(NamedTuple):
    """When a figure of /proc/meminfo was lowest, and how low (bytes).

    `after_ns` is how long after the pass that is shown, below 0 if before it.
    """

    name: str
    tick: int
    time: int
    size: int | None
    after_ns: int = 0


class ProcessGroup(NamedTuple):
    """Processes that are added up: those of one name or user."""

    name: str
    processes: int
    sum: Sum


class SystemView(NamedTuple):
    """All processes at the pass `moment`; if there is none, `why` there is no sum.

    `lowest` is when the machine had the least memory, if that was wanted; the pass may be earlier.
    `process_memory` (pss, rss, statm) is the figure by which the processes are ranked. `uncounted`
    show their parent's memory, and are in no sum. `refused` says which passes give no sum. `older`
    are how old the layouts are, nanoseconds, from which figures come that are of no pass.
    `groups` are the processes added up, if that was wanted.
    """

    tick: int
    time: int
    asked: int | None
    lowest: Lowest | None
    memory: SystemMemory | None
    process_memory: str
    moment: Moment | None
    why: str | None
    refused: str | None
    ranking: Ranking[Branch]
    uncounted: int
    older: Mapping[int, int] = {}
    groups: Ranking[ProcessGroup] | None = None


def size_of(branch: Branch, process_memory: str) -> int | None:
    """Tell a process's PSS or RSS (at the pass; else of its last layout) or statm's, bytes."""
    if process_memory == "statm":
        return branch.latest.reading.resident if branch.latest else None
    totals = branch.layout.totals if branch.layout else None
    figures = totals if branch.share is None else branch.share.figures
    if figures is None:
        return None
    return figures.pss if process_memory == "pss" else figures.rss


def size_in_sum(branch: Branch, process_memory: str) -> int | None:
    """The same, but nothing of what shows its parent's memory."""
    return 0 if branch.shows_parents_memory else size_of(branch, process_memory)


def layout_age(branch: Branch, place: int, axis: TimeAxis) -> int | None:
    """How old a process's layout was at a place on the axis, nanoseconds; None if it was current.

    It is older if later ticks had no time to read it. One that did not change is current: there
    is no reading after it.
    """
    layout, latest = branch.layout, branch.latest
    if layout is None or latest is None or latest.state is not LayoutState.NOT_TAKEN:
        return None
    last = max(place, axis.place(latest.tick, latest.time))
    return last - axis.place(layout.tick, layout.time)
