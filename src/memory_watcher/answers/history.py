"""A figure over time: of one process, or of several by their passes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, cast, get_args

from ..analysis.contradictions import warn
from ..analysis.figures import best, explain
from ..analysis.identity import By
from ..analysis.roles import roles_at
from ..analysis.timeline import Figure, Timeline
from ..errors import NothingThen, SelectionError, UsageError
from ..message import Named, Setting
from ..metrics import LAYOUT, over_processes
from ..recorded import RecordedProcess
from ..store.recording import Recording
from . import choices
from .assurance import Assurance, assurance_of
from .moment import Moment, place_of, understood
from .no_sum import refused, why_no_sum
from .usages import Usages, load

#: What can be shown over time.
FIGURES = ("pss", "rss", "uss", "swap", "mappings")

_FIGURE = Named(Setting.FIGURE, "figure")
_WITH_PID = Named(Setting.PID, "", " with {}")


class History(NamedTuple):
    """A timeline and what is to be said of it.

    `instead` says why another figure is shown than the one asked for, `sums` why there is no sum
    over processes or which passes give none. `title` is who is shown. `limit` is how many mappings
    the machine lets a process have, if they are shown. `assurance` is whether a higher RSS was
    missed, of a single process with a layout.
    """

    timeline: Timeline
    figure: Figure
    title: str
    instead: str | None
    sums: str | None
    limit: int | None
    assurance: Assurance | None


def history(
    recording: Recording,
    processes: Sequence[RecordedProcess] | None = None,
    *,
    figure: str = "pss",
    by: By | None = None,
    top: int | None = 20,
    begin: Moment | str | int | None = None,
    end: Moment | str | int | None = None,
) -> History:
    """How a figure went over time, bytes: pss, rss, uss, swap, or mappings (a number).

    `by` is what makes a series: kind, name (of one process the default), mapping or process; the
    `top` with the highest peaks are series of their own. Only from `begin` to `end`, if given. All
    processes by default. What cannot be added up over processes is refused.

    Raises NothingThen, SelectionError, UsageError.
    """
    shown = recording.processes() if processes is None else list(processes)
    if not shown:
        raise SelectionError(f"{recording.path}: the recording holds no process")
    choices.check(_FIGURE, figure, FIGURES)
    if by is not None:
        choices.check(Named(Setting.BY, "by"), by, get_args(By))
    several = len(shown) > 1
    asked = _summable(figure, several)
    chosen = asked if asked == "mappings" else _told(recording, shown, asked)
    usages = load(
        recording,
        shown,
        figures=(chosen,),
        places=(
            None if begin is None else _begin(begin, recording),
            None if end is None else place_of(understood(end, "end"), recording, first=False),
        ),
    )
    timeline = usages.timeline(chosen, by or ("process" if several else "name"), top)
    if not len(timeline):
        raise NothingThen(f"{recording.path}: nothing was recorded in that time")
    _doubt(recording, shown, usages, chosen)
    return History(
        timeline,
        chosen,
        _title(recording, shown),
        explain(asked, chosen),
        _about_sums(usages, timeline),
        recording.max_map_count(timeline.ticks[-1]) if chosen == "mappings" else None,
        _assurance(recording, shown),
    )


def _begin(begin: Moment | str | int, recording: Recording) -> int:
    return place_of(understood(begin, "begin", first=True), recording, first=True)


def _summable(asked: str, several: bool) -> Figure:
    if several and asked == "mappings":
        raise UsageError(
            _FIGURE,
            " mappings: their limit is that of each process; choose one",
            _WITH_PID,
        )
    if several and asked == "rss":
        raise UsageError(
            _FIGURE,
            ": rss cannot be added up over processes, because shared pages would count in each;"
            " choose pss, or one process",
            _WITH_PID,
        )
    return cast(Figure, over_processes(asked) if several else asked)


def _told(recording: Recording, processes: Sequence[RecordedProcess], asked: Figure) -> Figure:
    """The figure asked for, or what stands for it where the kernel does not report it."""
    several = len(processes) > 1
    told = recording.told_figures(None if several else processes[0].id)
    figure = best(asked, told, summed=several)
    if figure is None and told:
        raise SelectionError(
            f"{recording.path}: the kernel reports no {LAYOUT[asked].title}; choose another figure",
            Named(Setting.FIGURE, "", " with {}"),
            f": {', '.join(sorted(told - {'statm'}))}",
        )
    return cast(Figure, figure or asked)


def _doubt(
    recording: Recording, processes: Sequence[RecordedProcess], usages: Usages, figure: Figure
) -> None:
    """Warn if layouts that are shown are not those whose sums were stored."""
    for process in processes:
        wrong, compared = usages.contradictions(
            process, figure, recording.stored_sums(process.id, figure)
        )
        if wrong:
            warn(recording.path, process.id, wrong, compared)


def _title(recording: Recording, processes: Sequence[RecordedProcess]) -> str:
    if len(processes) == 1:
        process = processes[0]
        label = roles_at(recording.processes())[process.id].label
        return f"{label or '(no name)'} (PID {process.pid})"
    return f"{len(processes)} processes"


def _about_sums(usages: Usages, timeline: Timeline) -> str | None:
    if usages.passes is None:
        return None
    return refused(usages.passes) if timeline.is_stacked else why_no_sum(usages.passes)


def _assurance(recording: Recording, processes: Sequence[RecordedProcess]) -> Assurance | None:
    return assurance_of(recording, processes[0]) if len(processes) == 1 else None
