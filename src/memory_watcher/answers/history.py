"""A figure over time: of one process, or of several by their passes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, get_args

from ..analysis.figures import explain
from ..analysis.identity import By
from ..analysis.timeline import Figure, Timeline
from ..errors import NoProcess, NothingThen
from ..message import Named, Setting
from ..metrics import HUGETLB, OFFERED
from ..recorded import RecordedProcess
from ..store.recording import Recording
from . import choices
from .assurance import Assurance, assurance_of
from .choices import FIGURE, summable
from .moment import Moment
from .over_time import about_sums, doubt, places_of, title_of, told
from .usages import load

#: What can be shown over time.
FIGURES = (*OFFERED, HUGETLB.name, "mappings")


class History(NamedTuple):
    """A timeline and what is to be said of it.

    `instead` says why another figure is shown than the one asked for, or what RSS lacks of it;
    `sums` why there is no sum over processes or which passes give none. `title` is who is shown.
    `limit` is how many mappings the machine lets a process have, if they are shown.
    `assurance` is whether a higher RSS was missed, of a single process with a layout.
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
    """How a figure went over time, bytes: pss, rss, uss, swap, hugetlb, or mappings (a number).

    `by` is what makes a series: kind, name (of one process the default), mapping or process; the
    `top` with the highest peaks are series of their own. Only from `begin` to `end`, if given. All
    processes by default. What cannot be added up over processes is refused.

    Raises NothingThen, SelectionError, UsageError.
    """
    shown = recording.processes() if processes is None else list(processes)
    if not shown:
        raise NoProcess(recording.path)
    choices.check(FIGURE, figure, FIGURES)
    if by is not None:
        choices.check(Named(Setting.BY, "by"), by, get_args(By))
    several = len(shown) > 1
    asked = summable(figure, several)
    chosen = asked if asked == "mappings" else told(recording, shown, asked)
    usages = load(
        recording,
        shown,
        figures=(chosen,),
        places=places_of(recording, begin, end),
    )
    timeline = usages.timeline(chosen, by or ("process" if several else "name"), top)
    if not len(timeline):
        raise NothingThen(f"{recording.path}: nothing was recorded in that time")
    doubt(recording, shown, usages, chosen)
    return History(
        timeline,
        chosen,
        title_of(recording, shown),
        explain(asked, chosen) or _outside_rss(recording, shown, chosen),
        about_sums(usages, timeline),
        recording.max_map_count(timeline.ticks[-1]) if chosen == "mappings" else None,
        _assurance(recording, shown),
    )


def _outside_rss(
    recording: Recording, processes: Sequence[RecordedProcess], figure: Figure
) -> str | None:
    """Why USS may be above RSS; None if it is not shown, or nobody has huge pages."""
    having = recording.most_hugetlb() if figure == "uss" else {}
    if not any(process.id in having for process in processes):
        return None
    return "USS has private huge pages (hugetlb), which are in neither RSS nor PSS"


def _assurance(recording: Recording, processes: Sequence[RecordedProcess]) -> Assurance | None:
    return assurance_of(recording, processes[0]) if len(processes) == 1 else None
