"""memory-peak of all processes of a machine: when it had the least memory, or at a time."""

from __future__ import annotations

from ..analysis.passes import Moment, Passes, read
from ..analysis.ranking import Ranking, rank
from ..errors import SelectionError
from ..render.pass_text import refused, why_no_sum
from ..render.system_view import Lowest, SystemView, layout_age, size_in_sum, size_of
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
    top: int | None,
) -> SystemView:
    """All processes at the pass at or before the lowest `lowest`, or a time; by `figure`."""
    wanted = recording.system_peak(lowest) if time_ns is None else recording.tick_at(time_ns)
    passes = read(recording)
    near = _pass_near(passes, wanted)
    moment = near if time_ns is None else pass_at(recording, passes, time_ns)
    tick = wanted if moment is None else moment.tick
    at = recording.tick_time(tick)
    branches = members_at(recording, recording.processes(), passes, moment, tick)
    return SystemView(
        tick=tick,
        time=at,
        asked=time_ns,
        lowest=_lowest(recording, wanted, lowest) if time_ns is None else None,
        memory=recording.system_memory(tick),
        process_memory=figure,
        moment=moment,
        why=why_no_sum(passes) if moment is None else None,
        refused=None if moment is None else refused(passes),
        ranking=_ranked(branches, figure, top),
        uncounted=sum(branch.shows_parents_memory for branch in branches),
        older={
            branch.process.id: age
            for branch in branches
            if branch.share is None and (age := layout_age(branch, at)) is not None
        },
    )


def _pass_near(passes: Passes, tick: int) -> Moment | None:
    """The pass at a tick or the last before it; if there are only later ones, the first."""
    return passes.at(tick) or next(iter(passes.sums), None)


def _lowest(recording: TreeRecording, tick: int, name: SystemFigure) -> Lowest:
    memory = recording.system_memory(tick)
    if memory is None:
        raise SelectionError(f"{recording.path}: {name} was not recorded at tick {tick}")
    size = memory.available if name == "MemAvailable" else memory.available_computed
    return Lowest(name, tick, recording.tick_time(tick), size)


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
