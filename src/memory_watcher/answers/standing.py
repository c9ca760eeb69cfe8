"""The layouts of one or of several processes at a moment, each mapping with what it is for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ..analysis.figures import best
from ..analysis.kinds import Attribution
from ..analysis.passes import read
from ..errors import SelectionError
from ..model import MappingUsage
from ..recorded import Measurement, RecordedProcess, StoredFigure
from ..store.recording import Recording
from .group import members_at
from .layouts import attributed
from .moment import Moment, measurement_of, pass_of, tick_of


class StandingLayout(NamedTuple):
    """A layout of a process that stood at a moment."""

    process: RecordedProcess
    measurement: Measurement
    entries: tuple[tuple[MappingUsage, Attribution], ...]


def layouts_at(
    recording: Recording, processes: Sequence[RecordedProcess], moment: Moment
) -> list[StandingLayout]:
    """The layouts that stood at a moment; the peak is that of PSS, or what stands for it.

    Of several processes, those at a pass over all of them: what shows its parent's memory (vfork)
    is left out, for it counts there.

    Raises SelectionError if there is none, UsageError.
    """
    if len(processes) == 1:
        process = processes[0]
        figure = best("pss", recording.told_figures(process.id))
        by: StoredFigure = "rss" if figure == "rss" else "pss"
        found = [(process, measurement_of(moment, recording, process.id, by))]
    else:
        found = _of_several(recording, processes, moment)
    if not found:
        raise SelectionError(f"{recording.path}: no layout was recorded at or before that time")
    return [
        StandingLayout(process, measurement, tuple(attributed(recording, measurement)))
        for process, measurement in found
    ]


def _of_several(
    recording: Recording, processes: Sequence[RecordedProcess], moment: Moment
) -> list[tuple[RecordedProcess, Measurement]]:
    numbers = {process.id for process in processes}
    passes = read(recording).of(numbers)
    at = pass_of(moment, recording, passes)
    if at is None and moment.kind in ("peak", "floor"):
        tick = recording.last_layout(0, 2**62)
    else:
        tick = tick_of(moment, recording) if at is None else at.tick
    return [
        (branch.process, branch.layout)
        for branch in members_at(recording, processes, passes, at, tick)
        if branch.layout is not None and not branch.shows_parents_memory
    ]
