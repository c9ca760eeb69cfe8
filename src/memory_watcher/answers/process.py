"""One process at a moment: where its memory was, and whether anything higher was missed."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple, cast, get_args

from ..analysis.assurance import Gap
from ..analysis.breakdown import Breakdown, By, break_down
from ..analysis.figures import best, explain
from ..analysis.roles import Role, roles_at
from ..message import Named, Setting
from ..model import Reading
from ..recorded import HighWaterMark, Measurement, PeakFigure, RecordedProcess, RssFacts
from ..store.recording import Recording
from . import choices
from .assurance import assurance_of
from .cgroups import CgroupAt, Judge, cgroups_at, judges, run_of
from .layouts import attributed
from .moment import PEAK, Moment, measurement_of, understood
from .places import Place, place_of


class ProcessView(NamedTuple):
    """One process at one measurement; sizes in bytes.

    `is_peak`: the peak, and no moment that was asked for; `process_memory` is the figure by
    which the peak was chosen (pss, rss, statm), `instead` why it is not the one asked for;
    `highest` is the measurement with the highest RSS of all layouts, None if none has RSS, and
    `gap` says whether a higher one was missed, as far as that is `known`.
    `most_mappings` is the machine's limit, `before` the reading before and how long ago that was.
    `moment` is what was written for it, `build_ids` those of files, by (dev, inode). `cgroups` are
    the control groups that it is in, at the tick of the moment, as far as they were recorded;
    `judges` what the kernel kept of their highest memory. `place` is its container or service.
    """

    process: RecordedProcess
    role: Role
    measurement: Measurement
    is_peak: bool
    process_memory: str
    breakdown: Breakdown
    mark: HighWaterMark | None
    gap: Gap
    known: RssFacts
    highest: Measurement | None
    instead: str | None = None
    most_mappings: int | None = None
    before: tuple[Reading, int] | None = None
    moment: str = "peak"
    build_ids: Mapping[tuple[int, int], str] = MappingProxyType({})
    cgroups: tuple[CgroupAt, ...] = ()
    judges: tuple[Judge, ...] = ()
    place: Place = Place(None, None, None)


def process_view(
    recording: Recording,
    process: RecordedProcess,
    moment: Moment | str | int = PEAK,
    *,
    figure: PeakFigure = "pss",
    by: By = "name",
    top: int | None = None,
) -> ProcessView:
    """One process at a moment, by PSS, RSS or statm's resident, in lines by name, kind or mapping.

    A moment is written as answers.moment says: "peak", "floor", "15:58", "50%"…

    Where the kernel does not report the figure, the best one that stands for it is taken.

    Raises SelectionError, UsageError.
    """
    moment = understood(moment)
    choices.check(Named(Setting.FIGURE, "figure"), figure, get_args(PeakFigure))
    choices.check(Named(Setting.BY, "by"), by, get_args(By))
    told = recording.told_figures(process.id)
    # With nothing told there is none: `peak` says why.
    chosen = cast(PeakFigure, best(figure, told) or figure)
    measurement = measurement_of(moment, recording, process.id, chosen)
    if moment.kind not in ("peak", "floor"):
        told = measurement.told_figures
        chosen = cast(PeakFigure, best(figure, told) or figure)
    shown = chosen if chosen != "statm" else best("rss", told - {"statm"}) or "rss"
    # The measurement with the highest PSS need not be the one with the highest RSS.
    found = assurance_of(recording, process)
    tick = moment.value if moment.kind == "tick" else measurement.tick
    run = run_of(recording, tick)
    return ProcessView(
        process=process,
        role=roles_at(recording.processes(), measurement.tick)[process.id],
        measurement=measurement,
        is_peak=moment.kind == "peak",
        moment=moment.text,
        process_memory=chosen,
        breakdown=break_down(attributed(recording, measurement), shown, by, top),
        mark=found.mark,
        gap=found.gap,
        known=found.known,
        highest=found.highest,
        instead=explain(figure, chosen),
        most_mappings=recording.max_map_count(measurement.tick),
        before=recording.reading_before(measurement),
        build_ids=recording.build_ids(process.id),
        place=place_of(process, recording.containers()),
        cgroups=cgroups_at(recording, run, tick, process),
        judges=tuple(judges(recording, run, tick, process)),
    )
