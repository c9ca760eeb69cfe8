"""Processes that belong together at a moment: a launched command, a selection, children."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, get_args

from ..analysis.breakdown import Breakdown, By, Sum, add_up, break_down
from ..analysis.hugetlb import together
from ..analysis.kinds import Attribution
from ..analysis.parents import nearest, parents, walk
from ..analysis.passes import Figures, Moment, Passes, Share, Sums, is_of_pass, read, sum_up
from ..analysis.roles import Role, roles_at
from ..clocks import TimeAxis
from ..errors import NothingRecorded, SelectionError
from ..message import Named, Setting
from ..model import MappingUsage, Totals
from ..recorded import (
    GroupMark,
    Measurement,
    PeakFigure,
    RecordedProcess,
    RecordedRun,
    RecordedSelection,
)
from ..store.recording import Recording
from . import choices
from .cgroups import CgroupAt, Judge, cgroups_at, judges
from .layouts import attributed
from .moment import PEAK, pass_of, tick_of, time_of, understood
from .moment import Moment as Asked
from .no_sum import refused, why_no_sum
from .places import Place, place_of


class Branch(NamedTuple):
    """One process of the tree: `depth` is 0 for a root. `alike` do the same, on the same line.

    `share` is what it has in the pass that is shown; None if there is no sum. `layout` stood then,
    `latest` was read last until then; None: nothing was.
    """

    depth: int
    process: RecordedProcess
    role: Role
    latest: Measurement | None
    layout: Measurement | None
    share: Share | None
    alike: tuple[Branch, ...] = ()
    place: Place = Place(None, None, None)

    @property
    def shows_parents_memory(self) -> bool:
        """Whether it had not called execve after vfork, so that it is in no sum."""
        return self.share is not None and not self.share.counted


class Whole(NamedTuple):
    """All processes together at the pass `moment`: `sums` over them, `breakdown` by mappings.

    The breakdown is of the standing layouts: `age_ns` is how long before the pass the oldest was
    read that no longer holds (0: all are of this pass), `without` are members that have none.
    `hugetlb`: these have at least and at most so much in huge pages, which are in none of the sums
    but USS.
    """

    moment: Moment
    sums: Sums
    breakdown: Breakdown
    age_ns: int
    without: int
    hugetlb: tuple[int, int] = (0, 0)

    @property
    def difference(self) -> int | None:
        """By how many bytes the sum of PSS is more than that of the layouts."""
        told, layouts = self.sums.pss.size, self.breakdown.total.sum.size
        return None if told is None or layouts is None else told - layouts


class TreeView(NamedTuple):
    """Several processes at one tick; `is_peak`: their peak, and no moment that was asked for.

    `branches` + `other` (of `other_count` processes) add up to the sum of PSS. `whole` is None if
    there is no sum, and `why` says why. `asked` is the time that was asked for, `moment` what was
    written for it. `between` is the highest sum of private memory between passes, if that was
    higher than at this one. `refused` says which passes give no sum. `recorded` is how many
    processes the run recorded in all, `cgroups` are the control groups at that tick.
    """

    selection: RecordedSelection
    tick: int
    time: int
    is_peak: bool
    asked: int | None
    whole: Whole | None
    why: str | None
    refused: str | None
    branches: tuple[Branch, ...]
    other: Sum
    other_count: int
    between: GroupMark | None
    judges: tuple[Judge, ...]
    recorded: int
    cgroups: tuple[CgroupAt, ...]
    moment: str = "peak"

    @property
    def members(self) -> Iterator[Branch]:
        """All processes of all lines."""
        for branch in self.branches:
            yield branch
            yield from branch.alike


def size_of_line(branch: Branch) -> int | None:
    """What all processes of a line have in the sum of PSS, bytes."""
    return add_up(pss_of(each) for each in (branch, *branch.alike)).size


def pss_of(branch: Branch) -> int | None:
    """What a process has in the sum of PSS, bytes; where there is no sum, its own PSS."""
    if branch.share is not None:
        return branch.share.part.pss
    totals = branch.layout.totals if branch.layout else None
    return totals.pss if totals else None


def tree_view(
    recording: Recording,
    asked: Asked | str | int = PEAK,
    *,
    selection: RecordedSelection | None = None,
    figure: str = "pss",
    by: By = "name",
    top: int | None = None,
    shown: int | None = None,
) -> TreeView:
    """The processes of the last run at their highest sum of PSS, or at another moment.

    `selection` is what was asked for when they were recorded, by default that of the last run.
    `figure` is pss: RSS of several processes is refused, because it cannot be added up. Mappings
    are added up `by` name, kind or mapping, the `top` biggest lines of them. With `shown` so many
    processes at most have a line of their own; None: all. Sizes are bytes.

    Raises SelectionError, UsageError.
    """
    asked = understood(asked)
    choices.check(Named(Setting.BY, "by"), by, get_args(By))
    choices.check(choices.FIGURE, figure, get_args(PeakFigure))
    choices.summable(figure, several=True)
    selection = selection or recording.selection()
    if selection is None:
        raise SelectionError(
            f"{recording.path}: neither a command nor a selection of processes was recorded"
        )
    runs = recording.runs()
    if not runs:
        raise NothingRecorded(recording.path)
    run = runs[-1]
    passes = read(recording)
    moment = pass_of(asked, recording, passes, run.id)
    if moment is not None:
        tick = moment.tick
    elif asked.kind == "floor":
        raise SelectionError(f"{recording.path}: {asked.text}: {why_no_sum(passes)}")
    elif asked.kind == "peak":
        tick = _last_layout(recording, run)
    else:
        tick = tick_of(asked, recording)
    is_peak, by_cgroup = asked.kind == "peak", asked.kind == "tick"
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
        is_peak=is_peak,
        moment=asked.text,
        asked=asked_time(asked, recording),
        whole=None if moment is None else _whole(recording, moment, branches, by, top),
        why=why_no_sum(passes) if moment is None else None,
        refused=None if moment is None else refused(passes),
        branches=_placed(lines, parent_of, {number: sizes[number] for number in biggest}),
        other=add_up(pss_of(each) for line in others for each in (line, *line.alike)),
        other_count=sum(1 + len(line.alike) for line in others),
        between=None if moment is None else between_passes(recording, moment),
        judges=tuple(judges(recording, run, tick)) if is_peak or by_cgroup else (),
        recorded=len(_recorded_by(run, processes, passes)),
        cgroups=cgroups_at(recording, run, asked.value if by_cgroup else tick),
    )


def asked_time(asked: Asked, recording: Recording) -> int | None:
    """The time that was asked for, UTC nanoseconds; None if it was no time."""
    return time_of(asked, recording) if asked.is_time else None


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


def _last_layout(recording: Recording, run: RecordedRun) -> int:
    last = run.last_tick if run.last_tick is not None else 2**62
    return recording.last_layout(run.first_tick, last)


def members_at(
    recording: Recording,
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
    branches, containers = [], recording.containers()
    for process in processes:
        known, share = found.get(process.id), shares.get(process.id)
        if share is None and (
            moment is not None or known is None or not known.latest.state.has_memory
        ):
            continue
        latest, layout = (known.latest, known.layout) if known else (None, None)
        branches.append(
            Branch(
                *(0, process, role_of[process.id], latest, layout, share),
                place=place_of(process, containers),
            )
        )
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
    recording: Recording, moment: Moment, branches: Sequence[Branch], by: By, top: int | None
) -> Whole:
    counted = [branch for branch in branches if branch.share and branch.share.counted]
    huge: list[list[MappingUsage]] = []
    return Whole(
        moment,
        sum_up([branch.share for branch in counted if branch.share]),
        break_down(_mappings(recording, counted, huge), "pss", by, top),
        layouts_age(moment, counted, recording.axis),
        sum(branch.layout is None and pss_of(branch) is not None for branch in counted),
        together(huge),
    )


def _mappings(
    recording: Recording, branches: Iterable[Branch], huge: list[list[MappingUsage]]
) -> Iterator[tuple[MappingUsage, Attribution]]:
    """All mappings of all; into `huge` goes, for each process, what is in huge pages."""
    for branch in branches:
        if branch.layout is not None:
            mappings = list(attributed(recording, branch.layout))
            huge.append([entry for entry, _ in mappings if entry.usage.hugetlb])
            yield from mappings


def between_passes(recording: Recording, moment: Moment) -> GroupMark | None:
    """The highest sum of private memory between passes, if it is above that of this pass."""
    marks = [mark for mark in recording.group_marks() if mark.run_id == moment.run_id]
    highest = max(marks, key=lambda mark: mark.private, default=None)
    if highest is None or moment.private is None or highest.private <= moment.private:
        return None
    return highest


def every_moment(
    recording: Recording,
) -> Iterator[tuple[Moment | None, int, list[Branch], str | None]]:
    """Each pass over all processes: it, its time, who was there, and why there is no sum.

    Where there is no pass with a sum, each tick: then the pass is None.
    """
    passes, processes = read(recording), recording.processes()
    why = None if passes.sums else why_no_sum(passes)
    moments = {moment.tick: moment for moment in passes.sums}
    for tick in moments or [row.tick for row in recording.tick_rows()]:
        found = members_at(recording, processes, passes, moments.get(tick), tick)
        yield moments.get(tick), recording.tick_time(tick), found, why
