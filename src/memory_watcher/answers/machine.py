"""All processes of a machine at a moment: when it had the least memory, or any other."""

from __future__ import annotations

import os
import pwd
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import NamedTuple, get_args

from ..analysis.breakdown import Sum, add_up
from ..analysis.passes import Moment, Passes, read
from ..analysis.ranking import Ranking, rank
from ..clocks import TimeAxis
from ..errors import SelectionError, UsageError
from ..message import Named, Setting
from ..metrics import adds_up
from ..model import LayoutState, SystemMemory
from ..recorded import SystemFigure
from ..store.recording import Recording
from . import choices
from .group import Branch, asked_time, members_at
from .moment import PEAK, pass_of, tick_of, understood
from .moment import Moment as Asked
from .no_sum import refused, why_no_sum

#: By which figures processes are ranked, and what they are added up by.
_FIGURES = ("pss", "rss", "statm")
_GROUPINGS = ("name", "user")

_BY = Named(Setting.BY, "by")


class Lowest(NamedTuple):
    """When a figure of /proc/meminfo was lowest, and how low (bytes).

    `after_ns` is how long after the pass that is shown, below 0 if before it.
    """

    name: str
    tick: int
    time: int
    size: int | None
    after_ns: int = 0


class ProcessGroup(NamedTuple):
    """Processes that are added up: those of one name or user."""

    name: str
    processes: int
    sum: Sum


class SystemView(NamedTuple):
    """All processes at the pass `moment`; if there is none, `why` there is no sum.

    `lowest` is when the machine had the least memory, if that was wanted; the pass may be earlier.
    `process_memory` (pss, rss, statm) is the figure by which the processes are ranked. `uncounted`
    show their parent's memory, and are in no sum. `refused` says which passes give no sum. `older`
    are how old the layouts are, nanoseconds, from which figures come that are of no pass.
    `groups` are the processes added up, if that was wanted. `asked_as` is the moment as written.
    """

    tick: int
    time: int
    asked: int | None
    lowest: Lowest | None
    memory: SystemMemory | None
    process_memory: str
    moment: Moment | None
    why: str | None
    refused: str | None
    ranking: Ranking[Branch]
    uncounted: int
    older: Mapping[int, int] = {}
    groups: Ranking[ProcessGroup] | None = None
    asked_as: str = "peak"


def size_of(branch: Branch, process_memory: str) -> int | None:
    """Tell a process's PSS or RSS (at the pass; else of its last layout) or statm's, bytes."""
    if process_memory == "statm":
        return branch.latest.reading.resident if branch.latest else None
    totals = branch.layout.totals if branch.layout else None
    figures = totals if branch.share is None else branch.share.figures
    if figures is None:
        return None
    size: int | None = getattr(figures, process_memory)
    return size


def size_in_sum(branch: Branch, process_memory: str) -> int | None:
    """The same, but nothing of what shows its parent's memory."""
    return 0 if branch.shows_parents_memory else size_of(branch, process_memory)


def layout_age(branch: Branch, place: int, axis: TimeAxis) -> int | None:
    """How old a process's layout was at a place on the axis, nanoseconds; None if it was current.

    It is older if later ticks had no time to read it. One that did not change is current: there
    is no reading after it.
    """
    layout, latest = branch.layout, branch.latest
    if layout is None or latest is None or latest.state is not LayoutState.NOT_TAKEN:
        return None
    last = max(place, axis.place(latest.tick, latest.time))
    return last - axis.place(layout.tick, layout.time)


def system_view(
    recording: Recording,
    asked: Asked | str | int = PEAK,
    *,
    figure: str = "pss",
    lowest: SystemFigure = "MemAvailable",
    by: str | None = None,
    top: int | None = None,
) -> SystemView:
    """All processes at the pass at or before the lowest `lowest`, or another moment; by `figure`.

    The peak is when the machine had the least memory available. Added up `by` "name" or "user", if
    wanted; the `top` biggest have lines. Sizes are bytes.

    Raises UsageError, SelectionError where that is impossible.
    """
    asked = understood(asked)
    choices.check(choices.FIGURE, figure, _FIGURES)
    choices.check(Named(Setting.LOWEST, "lowest"), lowest, get_args(SystemFigure))
    if by is not None:
        _check_grouping(by, figure)
    passes = read(recording)
    is_peak = asked.kind == "peak"
    if is_peak:
        wanted = recording.system_peak(lowest)
        moment = _pass_near(passes, wanted)
    else:
        moment = pass_of(asked, recording, passes)
        if moment is None and asked.kind == "floor":
            raise SelectionError(f"{recording.path}: {asked.text}: {why_no_sum(passes)}")
        wanted = moment.tick if moment else tick_of(asked, recording)
    tick = wanted if moment is None else moment.tick
    at, axis = recording.tick_time(tick), recording.axis
    branches = members_at(recording, recording.processes(), passes, moment, tick)
    if by is not None and moment is None:
        raise SelectionError(f"{recording.path}: ", _BY, f" {by}: {why_no_sum(passes)}")
    return SystemView(
        tick=tick,
        time=at,
        asked=asked_time(asked, recording),
        asked_as=asked.text,
        lowest=_lowest(recording, wanted, lowest, tick) if is_peak else None,
        memory=recording.system_memory(tick),
        process_memory=figure,
        moment=moment,
        why=why_no_sum(passes) if moment is None else None,
        refused=None if moment is None else refused(passes),
        ranking=_ranked(branches, figure, top),
        groups=None
        if by is None or moment is None
        else _grouped(branches, figure, _namer(recording, by), top),
        uncounted=sum(branch.shows_parents_memory for branch in branches),
        older={
            branch.process.id: age
            for branch in branches
            if branch.share is None
            and (age := layout_age(branch, axis.place(tick, at), axis)) is not None
        },
    )


def _check_grouping(by: str, figure: str) -> None:
    if by not in _GROUPINGS:
        raise UsageError(
            _BY,
            f" {by}: of a whole machine processes are added up by {' or '.join(_GROUPINGS)};"
            " choose one process",
            Named(Setting.PID, "", " with {}"),
        )
    if not adds_up(figure):
        raise UsageError(
            _BY,
            f" {by}: only PSS can be added up over processes, not ",
            choices.FIGURE,
            f" {figure}",
        )


def _namer(recording: Recording, by: str) -> Callable[[Branch], str]:
    """What the group of a process is called; users have names only on the machine recorded."""
    if by == "name":
        return lambda branch: branch.process.name or "(no name)"
    is_here = recording.runs()[-1].machine.hostname == os.uname().nodename

    def user(branch: Branch) -> str:
        uid = branch.process.uid
        if uid is None:
            return "user unknown"
        with suppress(KeyError):
            if is_here:
                return f"{pwd.getpwuid(uid).pw_name} ({uid})"
        return f"user {uid}"

    return user


def _grouped(
    branches: list[Branch], figure: str, name_of: Callable[[Branch], str], top: int | None
) -> Ranking[ProcessGroup]:
    """Add up processes of the same name; what shows its parent's memory adds nothing."""
    members: dict[str, list[Branch]] = defaultdict(list)
    for branch in branches:
        members[name_of(branch)].append(branch)
    groups = [
        ProcessGroup(name, len(each), add_up(size_in_sum(branch, figure) for branch in each))
        for name, each in members.items()
    ]
    ranking = rank(groups, lambda group: group.sum.size, top)
    lacking = sum(group.sum.lacking for group in groups)
    return replace(ranking, total=ranking.total._replace(lacking=lacking))


def _pass_near(passes: Passes, tick: int) -> Moment | None:
    """The pass at a tick or the last before it; if there are only later ones, the first."""
    return passes.at(tick) or next(iter(passes.sums), None)


def _lowest(recording: Recording, tick: int, name: SystemFigure, shown_tick: int) -> Lowest:
    memory = recording.system_memory(tick)
    if memory is None:
        raise SelectionError(f"{recording.path}: {name} was not recorded at tick {tick}")
    size = memory.available if name == "MemAvailable" else memory.available_computed
    time, axis = recording.tick_time(tick), recording.axis
    shown = axis.place(shown_tick, recording.tick_time(shown_tick))
    return Lowest(name, tick, time, size, axis.place(tick, time) - shown)


def _ranked(branches: list[Branch], figure: str, top: int | None) -> Ranking[Branch]:
    """By size; what shows its parent's memory has a size, but is in no sum."""
    ranking = rank(branches, lambda branch: size_of(branch, figure), top)
    shown = {branch.process.id for branch, _ in ranking.top}
    rest = rank(
        [branch for branch in branches if branch.process.id not in shown],
        lambda branch: size_in_sum(branch, figure),
    )
    whole = rank(branches, lambda branch: size_in_sum(branch, figure))
    return Ranking(ranking.top, rest.total, ranking.other_count, whole.total)
