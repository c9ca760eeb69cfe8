"""memory-peak of processes that belong together: a launched command, a selection, children."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..analysis.kinds import Attribution, attribute, facts_from
from ..analysis.parents import nearest, parents, walk
from ..analysis.passes import Figures, Moment, Passes, is_of_pass, read, sum_up
from ..analysis.peak import By, add_up, break_down
from ..analysis.roles import roles_at
from ..clocks import TimeAxis
from ..errors import SelectionError
from ..model import MappingUsage, Totals
from ..render.pass_text import refused, why_no_sum
from ..render.tree_view import Branch, Judge, TreeView, Whole, pss_of, size_of_line
from ..store.results import RecordedProcess, RecordedRun
from ..store.trees import RecordedSelection, TreeRecording
from ..units import format_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ..recorded import GroupMark

#: How many processes the text shows; --json shows all.
SHOWN_PROCESSES = 30


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
    passes = read(recording)
    moment = passes.peak(run.id) if time_ns is None else pass_at(recording, passes, time_ns)
    if moment is None:
        tick = _last_layout(recording, run) if time_ns is None else recording.tick_at(time_ns)
    else:
        tick = moment.tick
    processes = recording.processes()
    branches = members_at(recording, processes, passes, moment, tick)
    parent_of = parents(processes)
    lines = branches
    if moment is not None and shown is not None and len(branches) > shown:
        lines = _alike_together(branches, parent_of)
    sizes = {line.process.id: size_of_line(line) for line in lines}
    biggest = sorted(sizes, key=lambda number: -(sizes[number] or 0))[:shown]
    others = [line for line in lines if line.process.id not in set(biggest)]
    return TreeView(
        selection=selection,
        tick=tick,
        time=recording.tick_time(tick),
        is_peak=time_ns is None,
        asked=time_ns,
        whole=None if moment is None else _whole(recording, moment, branches, by, top),
        why=why_no_sum(passes) if moment is None else None,
        refused=None if moment is None else refused(passes),
        branches=_placed(lines, parent_of, {number: sizes[number] for number in biggest}),
        other=add_up(pss_of(each) for line in others for each in (line, *line.alike)),
        other_count=sum(1 + len(line.alike) for line in others),
        between=None if moment is None else _between(recording, moment),
        judges=tuple(_judges(recording, run, tick)) if time_ns is None else (),
        recorded=len(_recorded_by(run, processes, passes)),
        cgroups=tuple(
            (path, figures)
            for number, _, path in recording.cgroups()
            if (figures := recording.cgroup_figures(number, run.first_tick, tick))
        ),
    )


def pass_at(recording: TreeRecording, passes: Passes, time_ns: int) -> Moment | None:
    """The pass at a time, or the last one before it; None if there is none at all.

    Raises SelectionError if there are only later ones.
    """
    found = passes.at(recording.tick_at(time_ns))
    if found is None and passes.sums:
        raise SelectionError(
            f"{recording.path}: no sum was recorded at or before that time;"
            f" the first one is of {format_time(recording.tick_time(passes.sums[0].tick))}"
        )
    return found


def layouts_age(moment: Moment, branches: Iterable[Branch], axis: TimeAxis) -> int:
    """How long before a pass the oldest layout was read that no longer holds."""
    return max(
        (
            moment.time - axis.place(branch.layout.tick, branch.layout.time)
            for branch in branches
            if branch.layout is not None
            and branch.layout.tick != moment.tick
            and branch.share is not None
            and not is_of_pass(_figures(branch.layout.totals), branch.share)
        ),
        default=0,
    )


def _figures(totals: Totals | None) -> Figures:
    if totals is None:
        return Figures()
    return Figures(totals.rss, totals.pss, totals.uss, totals.swap_pss)


def _recorded_by(
    run: RecordedRun, processes: Iterable[RecordedProcess], passes: Passes
) -> set[int]:
    """Processes of which a run read anything: also those that only its passes read."""
    seen = {
        process.id
        for process in processes
        if (process.first_tick or 0) >= run.first_tick
        or (process.last_seen is not None and process.last_seen >= (run.started or 0))
    }
    return seen | {each.process_id for each in passes.shares if each.first_tick >= run.first_tick}


def _last_layout(recording: TreeRecording, run: RecordedRun) -> int:
    last = run.last_tick if run.last_tick is not None else 2**62
    return recording.last_layout(run.first_tick, last)


def members_at(
    recording: TreeRecording,
    processes: Sequence[RecordedProcess],
    passes: Passes,
    moment: Moment | None,
    tick: int,
) -> list[Branch]:
    """Who is in a pass; without one, who lived at the tick. All roots as yet.

    A pass that gives no sum still tells what each process had.
    """
    found = {each.process.id: each for each in recording.processes_at(tick)}
    role_of = roles_at(processes, tick)
    shares = passes.members(tick if moment is None else moment.tick)
    branches = []
    for process in processes:
        known, share = found.get(process.id), shares.get(process.id)
        if share is None and (
            moment is not None or known is None or not known.latest.state.has_memory
        ):
            continue
        latest, layout = (known.latest, known.layout) if known else (None, None)
        branches.append(Branch(0, process, role_of[process.id], latest, layout, share))
    return branches


def _placed(
    branches: Iterable[Branch],
    parent_of: Mapping[int, int | None],
    sizes: dict[int, int | None],
) -> tuple[Branch, ...]:
    """Those with a size, as a tree."""
    by_id = {branch.process.id: branch for branch in branches}
    return tuple(by_id[number]._replace(depth=depth) for depth, number in walk(sizes, parent_of))


def _alike_together(
    branches: Sequence[Branch], parent_of: Mapping[int, int | None]
) -> list[Branch]:
    """Put siblings that do the same on one line, those without children; the biggest stands first.

    It is done where not all have a line of their own.
    """
    alive = {branch.process.id for branch in branches}
    above = {number: nearest(number, alive, parent_of) for number in alive}
    with_children = set(above.values())
    lines: dict[tuple[int | None, str | int], Branch] = {}
    for branch in sorted(branches, key=lambda branch: -(pss_of(branch) or 0)):
        number = branch.process.id
        alone = number in with_children or branch.shows_parents_memory
        key = (above[number], number if alone else branch.role.group)
        first = lines.get(key)
        lines[key] = first._replace(alike=(*first.alike, branch)) if first else branch
    return list(lines.values())


def _whole(
    recording: TreeRecording, moment: Moment, branches: Sequence[Branch], by: By, top: int | None
) -> Whole:
    counted = [branch for branch in branches if branch.share and branch.share.counted]
    return Whole(
        moment,
        sum_up([branch.share for branch in counted if branch.share]),
        break_down(_mappings(recording, counted), "pss", by, top),
        layouts_age(moment, counted, recording.axis),
        sum(branch.layout is None and pss_of(branch) is not None for branch in counted),
    )


def _mappings(
    recording: TreeRecording, branches: Iterable[Branch]
) -> Iterator[tuple[MappingUsage, Attribution]]:
    for branch in branches:
        if branch.layout is not None:
            entries = recording.layout(branch.layout.id).entries
            evidence = recording.kind_evidence(branch.process.id, branch.layout.tick)
            yield from attribute(entries, facts_from(entries, evidence))


def _between(recording: TreeRecording, moment: Moment) -> GroupMark | None:
    """The highest sum of private memory between passes, if it is above that of this pass."""
    marks = [mark for mark in recording.group_marks() if mark.run_id == moment.run_id]
    highest = max(marks, key=lambda mark: mark.private, default=None)
    if highest is None or moment.private is None or highest.private <= moment.private:
        return None
    return highest


def _judges(recording: TreeRecording, run: RecordedRun, tick: int) -> Iterator[Judge]:
    last = run.last_tick if run.last_tick is not None else 2**62
    for number, _, path in recording.cgroups():
        peak = recording.cgroup_figures(number, run.first_tick, last).get("peak")
        current = recording.cgroup_figures(number, run.first_tick, tick).get("current")
        if peak is not None:
            yield Judge(path, peak, current)
