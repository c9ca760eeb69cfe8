"""memory-peak of processes that belong together: a launched command, a selection, children."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..analysis.kinds import Attribution, attribute, facts_from
from ..analysis.parents import parents, walk
from ..analysis.peak import By, add_up, break_down
from ..analysis.tree import Member, duplicates_among, find_peak, sum_up
from ..errors import SelectionError
from ..model import LayoutState, MappingUsage
from ..render.tree_view import Branch, TreeView, pss_of
from ..store.results import ProcessMoment, RecordedImage, RecordedProcess
from ..store.trees import RecordedSelection, TreeRecording

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

#: How many processes the text shows; --json shows all.
SHOWN_PROCESSES = 30

_WITHOUT_MEMORY = (LayoutState.GONE, LayoutState.KERNEL_THREAD, LayoutState.ZOMBIE)


def tree_view(
    recording: TreeRecording,
    selection: RecordedSelection,
    time_ns: int | None,
    *,
    by: By,
    top: int | None,
    shown: int | None,
) -> TreeView:
    """The processes of the last run at their highest sum of PSS, or at a time."""
    run = recording.runs()[-1]
    processes = recording.processes()
    parent_of = parents(processes)
    members = {process.id: _member(process, parent_of[process.id]) for process in processes}
    if time_ns is None:
        last = run.last_tick if run.last_tick is not None else 2**62
        peak = find_peak(
            recording.layout_sums(run.first_tick, last),
            members,
            recording.extra_ticks(run.first_tick, last),
        )
        if peak is None:
            raise SelectionError(f"{recording.path}: no layout tells its PSS")
        tick = peak.tick
    else:
        tick = recording.tick_at(time_ns)
    moments = {
        moment.process.id: moment
        for moment in recording.processes_at(tick)
        if moment.latest.state not in _WITHOUT_MEMORY
    }
    duplicates = duplicates_among(
        {
            number: moment.layout.totals
            for number, moment in moments.items()
            if moment.layout and moment.layout.totals
        },
        members,
        tick,
    )
    counted = [moment for number, moment in moments.items() if number not in duplicates]
    branches = _branches(moments, parent_of, duplicates, shown)
    left_out = moments.keys() - {branch.moment.process.id for branch in branches}
    return TreeView(
        selection=selection,
        tick=tick,
        time=recording.tick_time(tick),
        is_peak=time_ns is None,
        branches=branches,
        other=add_up([pss_of(Branch(0, moments[n], n in duplicates)) for n in left_out]),
        other_count=len(left_out),
        sums=sum_up([moment.layout.totals if moment.layout else None for moment in counted]),
        breakdown=break_down(_mappings(recording, counted), "pss", by, top),
        recorded=sum(
            process.last_seen is not None and process.last_seen >= (run.started or 0)
            for process in processes
        ),
        cgroups=tuple(
            (path, figures)
            for number, _, path in recording.cgroups()
            if (figures := recording.cgroup_figures(number, run.first_tick, tick))
        ),
    )


def _member(process: RecordedProcess, parent: int | None) -> Member:
    def image_at(tick: int) -> tuple[str, str | None, str | None] | None:
        image: RecordedImage | None = process.image_at(tick)
        return None if image is None else (image.name, image.command_line, image.exe)

    return Member(parent, process.end_tick, image_at)


def _branches(
    moments: dict[int, ProcessMoment],
    parent_of: dict[int, int | None],
    duplicates: frozenset[int],
    shown: int | None,
) -> tuple[Branch, ...]:
    sizes = {n: pss_of(Branch(0, moment, False)) for n, moment in moments.items()}
    biggest = sorted(sizes, key=lambda n: -(sizes[n] or 0))[:shown]
    return tuple(
        Branch(depth, moments[number], number in duplicates)
        for depth, number in walk({n: sizes[n] for n in biggest}, parent_of)
    )


def _mappings(
    recording: TreeRecording, moments: Iterable[ProcessMoment]
) -> Iterator[tuple[MappingUsage, Attribution]]:
    for moment in moments:
        if moment.layout is not None:
            entries = recording.layout(moment.layout.id).entries
            evidence = recording.kind_evidence(moment.process.id, moment.layout.tick)
            yield from attribute(entries, facts_from(entries, evidence))
