"""What every answer over time asks: which figure, which span, whose it is, what to doubt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from ..analysis.contradictions import warn
from ..analysis.figures import best
from ..analysis.roles import roles_at
from ..analysis.timeline import Figure, Timeline
from ..errors import SelectionError
from ..message import Named, Setting
from ..metrics import LAYOUT
from ..recorded import RecordedProcess
from ..store.recording import Recording
from .moment import Moment, place_of, understood
from .no_sum import refused, why_no_sum
from .usages import Usages

#: Figures that no layout has a stored sum of: from what they are computed.
_COMPUTED = {"held": {"rss", "swap"}, "held_pss": {"pss", "swap_pss"}, "hugetlb": {"hugetlb"}}


def places_of(
    recording: Recording, begin: Moment | str | int | None, end: Moment | str | int | None
) -> tuple[int | None, int | None]:
    """Where a span begins and ends on the axis; None where nothing was asked for.

    Raises SelectionError, UsageError.
    """
    return (
        None
        if begin is None
        else place_of(understood(begin, "begin", first=True), recording, first=True),
        None if end is None else place_of(understood(end, "end"), recording, first=False),
    )


def told(recording: Recording, processes: Sequence[RecordedProcess], asked: Figure) -> Figure:
    """The figure asked for, or what stands for it where the kernel does not report it.

    Raises SelectionError if nothing does.
    """
    several = len(processes) > 1
    known = recording.told_figures(None if several else processes[0].id)
    if asked == "hugetlb" and _reports_hugetlb(recording):
        known |= {"hugetlb"}
    computed = {figure for figure, parts in _COMPUTED.items() if parts <= known}
    figure = best(asked, known | computed, summed=several)
    if figure is None and known:
        raise SelectionError(
            f"{recording.path}: the kernel reports no {LAYOUT[asked].title}; choose another figure",
            Named(Setting.FIGURE, "", " with {}"),
            f": {', '.join(sorted(known - {'statm'}))}",
        )
    return cast(Figure, figure or asked)


def _reports_hugetlb(recording: Recording) -> bool:
    """Whether the kernel says of mappings what they have in huge pages: since 4.4."""
    details = recording.details(("private_hugetlb", "shared_hugetlb"))
    return any(size is not None for sizes in details.values() for size in sizes)


def doubt(
    recording: Recording, processes: Sequence[RecordedProcess], usages: Usages, figure: Figure
) -> None:
    """Warn if layouts that are shown are not those whose sums were stored."""
    if figure in _COMPUTED:
        return
    for process in processes:
        wrong, compared = usages.contradictions(
            process, figure, recording.stored_sums(process.id, figure)
        )
        if wrong:
            warn(recording.path, process.id, wrong, compared)


def title_of(recording: Recording, processes: Sequence[RecordedProcess]) -> str:
    """Who is shown: a process with its role, or how many."""
    if len(processes) == 1:
        process = processes[0]
        label = roles_at(recording.processes())[process.id].label
        return f"{label or '(no name)'} ({process.pid})"
    return f"{len(processes)} processes"


def about_sums(usages: Usages, timeline: Timeline) -> str | None:
    """Why there is no sum over processes, or which passes give none; None if nothing is lacking."""
    if usages.passes is None:
        return None
    return refused(usages.passes) if timeline.is_stacked else why_no_sum(usages.passes)
