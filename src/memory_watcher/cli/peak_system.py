"""memory-peak of all processes of a machine: when it had the least memory, or at a time."""

from __future__ import annotations

import os
import pwd
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from ..analysis.passes import Moment, Passes, read
from ..analysis.peak import add_up
from ..analysis.ranking import Ranking, rank
from ..errors import SelectionError, UsageError
from ..render.pass_text import refused, why_no_sum
from ..render.system_view import Lowest, ProcessGroup, SystemView, layout_age, size_in_sum, size_of
from ..render.tree_view import Branch
from ..store.recording import SystemFigure
from ..store.trees import TreeRecording
from .peak_tree import members_at, pass_at


def system_view(
    recording: TreeRecording,
    time_ns: int | None,
    *,
    figure: str,
    lowest: SystemFigure,
    by: str | None,
    top: int | None,
) -> SystemView:
    """All processes at the pass at or before the lowest `lowest`, or a time; by `figure`.

    Added up `by` "name" or "user", if wanted. Raises UsageError, SelectionError where that is
    impossible.
    """
    if by is not None:
        _check_grouping(by, figure)
    wanted = recording.system_peak(lowest) if time_ns is None else recording.tick_at(time_ns)
    passes = read(recording)
    near = _pass_near(passes, wanted)
    moment = near if time_ns is None else pass_at(recording, passes, time_ns)
    tick = wanted if moment is None else moment.tick
    at, axis = recording.tick_time(tick), recording.axis
    branches = members_at(recording, recording.processes(), passes, moment, tick)
    if by is not None and moment is None:
        raise SelectionError(f"{recording.path}: --by {by}: {why_no_sum(passes)}")
    return SystemView(
        tick=tick,
        time=at,
        asked=time_ns,
        lowest=_lowest(recording, wanted, lowest, tick) if time_ns is None else None,
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
    if by not in ("name", "user"):
        raise UsageError(
            f"--by {by}: of a whole machine processes are added up by name or user;"
            " choose one process with --pid"
        )
    if figure != "pss":
        raise UsageError(
            f"--by {by}: only PSS can be added up over processes, not --process-memory {figure}"
        )


def _namer(recording: TreeRecording, by: str) -> Callable[[Branch], str]:
    """What the group of a process is called; users have names only on the machine recorded."""
    if by == "name":
        return lambda branch: branch.process.name or "(no name)"
    is_here = recording.runs()[-1].machine.hostname == os.uname().nodename

    def user(branch: Branch) -> str:
        uid = branch.process.uid
        if uid is None:
            return "user not told"
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


def _lowest(recording: TreeRecording, tick: int, name: SystemFigure, shown_tick: int) -> Lowest:
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
