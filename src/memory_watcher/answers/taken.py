"""What processes of one recording had at a moment: one at its layout, several at one pass."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple, cast

from ..analysis.diff import Owner, Part, Run
from ..analysis.figures import best
from ..analysis.passes import Passes, Sums, read, sum_up
from ..analysis.roles import Role, roles_at
from ..errors import NoProcess, SelectionError
from ..message import Named, Setting
from ..recorded import Measurement, RecordedProcess, StoredFigure
from ..store.recording import Recording
from ..units import format_duration
from .group import members_at
from .layouts import attributed
from .moment import Moment, measurement_of, pass_of
from .no_sum import why_no_sum

#: By which figure a peak is found: nothing stores what is held.
_PEAK_BY: dict[str, StoredFigure] = {"held": "rss"}


# -- who is compared --------------------------------------------------------------------------


@dataclass(frozen=True)
class Chosen:
    """Processes of one recording that are compared."""

    recording: Recording
    members: tuple[RecordedProcess, ...]

    @cached_property
    def passes(self) -> Passes:
        """The passes over these processes: peak, floor and end are theirs."""
        passes = read(self.recording)
        mine = {each.id for each in self.members}
        is_all = all(each.id in mine for each in self.recording.processes())
        return passes if is_all else passes.of(mine)

    @property
    def span(self) -> tuple[int, int]:
        """Places on the axis of the first and the last that may be compared: layouts, or passes."""
        if len(self.members) == 1:
            rows = self.recording.reading_rows(self.members[0].id)
            places = [row.time for row in rows if row.keyframe is not None]
        else:
            places = [each.time for each in self.passes.sums]
        return min(places, default=0), max(places, default=0)


def members(
    recording: Recording, asked: RecordedProcess | str | None
) -> tuple[RecordedProcess, ...]:
    """All processes, or one, or those of a name, else of a role, else of a PID.

    Raises SelectionError if there is none.
    """
    if isinstance(asked, RecordedProcess):
        return (asked,)
    every = recording.processes()
    if not every:
        raise NoProcess(recording.path)
    if asked is None:
        return tuple(every)
    role_of = roles_at(every)
    for fits in (_name_is(asked), _role_is(asked, role_of), _pid_is(asked)):
        if found := tuple(each for each in every if fits(each)):
            return found
    raise SelectionError(f"{recording.path}: no process {asked!r}; there is: {names(every)}")


def _name_is(asked: str) -> Callable[[RecordedProcess], bool]:
    return lambda process: any(image.name == asked for image in process.images)


def _role_is(asked: str, role_of: dict[int, Role]) -> Callable[[RecordedProcess], bool]:
    return lambda process: asked in (role_of[process.id].label, role_of[process.id].group)


def _pid_is(asked: str) -> Callable[[RecordedProcess], bool]:
    return lambda process: str(process.pid) == asked


#: How many names an error lists.
_LISTED = 20


def names(processes: Iterable[RecordedProcess]) -> str:
    """Names for an error."""
    return listed(process.name for process in processes)


def listed(texts: Iterable[str]) -> str:
    """Texts for an error, each once; repr makes hostile ones harmless."""
    every = sorted(set(texts))
    more = [f"and {len(every) - _LISTED} more"] if len(every) > _LISTED else []
    return ", ".join([*map(repr, every[:_LISTED]), *more])


# -- what they had then -----------------------------------------------------------------------


class Taken(NamedTuple):
    """Layouts of one run at a moment.

    `processes` are all of them, `without` how many of these have no layout then. `sums` is what the
    pass found of all together, None of a single process.
    """

    recording: Recording
    parts: Run
    time: int
    tick: int
    layouts: tuple[Measurement, ...]
    processes: tuple[tuple[int, str], ...]
    without: int
    sums: Sums | None = None

    @property
    def marks(self) -> list[tuple[int, int]]:
        """What tells the moment: process and measurement of each."""
        return [(each.process_id, each.id) for each in self.layouts]


def take(chosen: Chosen, moment: Moment, figure: str) -> Taken:
    """What they had at a moment; peak and floor are those of `figure`, if that was recorded.

    Raises SelectionError if nothing was recorded then, UsageError.
    """
    recording = chosen.recording
    _refuse_after_the_end(chosen, moment)
    if len(chosen.members) == 1:
        (process,) = chosen.members
        measurement = _measurement(recording, process, moment, figure)
        role = roles_at(recording.processes(), measurement.tick)[process.id]
        return Taken(
            recording,
            [_part(recording, process, role, measurement)],
            measurement.time,
            measurement.tick,
            (measurement,),
            ((process.pid, role.label),),
            0,
        )
    return _take_pass(chosen, moment, figure)


def _refuse_after_the_end(chosen: Chosen, moment: Moment) -> None:
    """An age that none of them reached is not compared with another age by mistake."""
    if moment.kind != "after":
        return
    ends = [each.end_tick for each in chosen.members]
    last = None if None in ends else max(each for each in ends if each is not None)
    begin = min((each.first_tick for each in chosen.members if each.first_tick), default=0)
    times = [
        row.time
        for row in chosen.recording.tick_rows()
        if begin <= row.tick and (last is None or row.tick <= last)
    ]
    if not times:
        return
    lasting = times[-1] - times[0]
    # What was read at the last tick stands until there would have been another.
    period = max((after - before for before, after in pairwise(times[-3:])), default=0)
    if moment.value > lasting + period:
        raise SelectionError(
            f"{chosen.recording.path}: {moment.text} is after the end: this recording has"
            f" {format_duration(lasting)} of it"
        )


def _measurement(
    recording: Recording, process: RecordedProcess, moment: Moment, figure: str
) -> Measurement:
    told = recording.told_figures(process.id)
    wanted = _PEAK_BY.get(figure, figure)
    by = cast("StoredFigure", best(wanted, told) or best("pss", told) or "pss")
    return measurement_of(moment, recording, process.id, by)


def _take_pass(chosen: Chosen, moment: Moment, figure: str) -> Taken:
    """Several processes at the pass over all of them that a moment stands for."""
    recording = chosen.recording
    passes = chosen.passes
    found = pass_of(moment, recording, passes, figure=_added_up(figure, passes))
    if found is None:
        raise SelectionError(
            f"{recording.path}: {why_no_sum(passes)} Choose one process",
            Named(Setting.PROCESS, "", " with {}"),
            ".",
        )
    wanted = {process.id for process in chosen.members}
    there = [
        branch
        for branch in members_at(recording, recording.processes(), passes, found, found.tick)
        if branch.process.id in wanted and branch.share and branch.share.counted
    ]
    time = recording.tick_time(found.tick)
    with_layout = [
        (branch, branch.layout) for branch in there if branch.layout and branch.layout.has_layout
    ]
    if not with_layout:
        raise SelectionError(
            f"{recording.path}: no process has a layout at this moment ({moment.text})"
        )
    return Taken(
        recording,
        [_part(recording, each.process, each.role, layout) for each, layout in with_layout],
        time,
        found.tick,
        tuple(layout for _, layout in with_layout),
        tuple((branch.process.pid, branch.role.label) for branch in there),
        len(there) - len(with_layout),
        sum_up([branch.share for branch in there if branch.share]),
    )


def _added_up(figure: str, passes: Passes) -> str:
    """By which sum a peak of several processes is found: nothing adds up any other figure."""
    if figure not in ("uss", "swap_pss"):
        return "pss"
    return figure if any(getattr(each.sums, figure) is not None for each in passes.sums) else "pss"


def _part(
    recording: Recording, process: RecordedProcess, role: Role, measurement: Measurement
) -> Part:
    image = process.image_at(measurement.tick)
    owner = Owner(process.id, image.name if image else "", role.label or "(no name)", role.group)
    return Part(owner, attributed(recording, measurement), recording.build_ids(process.id))
