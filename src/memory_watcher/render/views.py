"""What the outputs of memory-peak show: facts and what was derived from them, ready to render."""

from __future__ import annotations

from dataclasses import dataclass

from ..analysis.peak import Breakdown, Gap, Ranking
from ..model import SystemMemory
from ..store.results import HighWaterMark, Measurement, ProcessMoment, RecordedProcess


@dataclass(frozen=True, slots=True)
class ProcessView:
    """One process at one measurement.

    `is_peak` tells a peak from a moment that was asked for; `process_memory` is the figure by
    which the peak was chosen (pss, rss, statm); `gap` compares `mark` with this measurement, and
    `highest` is the one with the highest RSS if the mark lies above this one.
    """

    process: RecordedProcess
    measurement: Measurement
    is_peak: bool
    process_memory: str
    breakdown: Breakdown
    mark: HighWaterMark | None
    gap: Gap
    highest: Measurement | None = None


@dataclass(frozen=True, slots=True)
class SystemView:
    """All processes at one tick; `lowest` names the meminfo figure that was lowest there, if any.

    `process_memory` (pss, rss, statm) is the figure by which the processes are ranked.
    """

    tick: int
    time: int
    lowest: str | None
    memory: SystemMemory | None
    process_memory: str
    ranking: Ranking[ProcessMoment]


def moment_size(moment: ProcessMoment, process_memory: str) -> int | None:
    """Tell a process's PSS or RSS (of its last layout) or statm's resident figure, bytes."""
    if process_memory == "statm":
        return moment.latest.reading.resident
    totals = moment.layout.totals if moment.layout else None
    if totals is None:
        return None
    return totals.pss if process_memory == "pss" else totals.rss
