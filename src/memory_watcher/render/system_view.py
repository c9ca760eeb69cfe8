"""What memory-peak shows of all processes: facts and what was derived from them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from ..analysis.ranking import Ranking
from ..model import LayoutState, SystemMemory
from ..store.results import ProcessMoment


class SystemView(NamedTuple):
    """All processes at one tick; `lowest` names the meminfo figure that was lowest there, if any.

    `process_memory` (pss, rss, statm) is the figure by which the processes are ranked.
    `duplicates` are the ids of processes that show their parent's memory: they are in no sum.
    `older` are how old the layouts of processes are, nanoseconds, that are not of this tick.
    """

    tick: int
    time: int
    lowest: str | None
    memory: SystemMemory | None
    process_memory: str
    ranking: Ranking[ProcessMoment]
    duplicates: frozenset[int] = frozenset()
    older: Mapping[int, int] = {}


def moment_size(moment: ProcessMoment, process_memory: str) -> int | None:
    """Tell a process's PSS or RSS (of its last layout) or statm's resident figure, bytes."""
    if process_memory == "statm":
        return moment.latest.reading.resident
    totals = moment.layout.totals if moment.layout else None
    if totals is None:
        return None
    return totals.pss if process_memory == "pss" else totals.rss


def layout_age(moment: ProcessMoment, time: int) -> int | None:
    """How old a process's layout was at a time, nanoseconds; None if it was current.

    It is older if later ticks had no time to read it. One that did not change is current: there
    is no reading after it.
    """
    layout = moment.layout
    if layout is None or moment.latest.state is not LayoutState.NOT_TAKEN:
        return None
    return max(time, moment.latest.time) - layout.time
