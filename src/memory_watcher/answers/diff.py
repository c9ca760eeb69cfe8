"""What differs: two moments of one recording, or of two recordings, or several runs on a side."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, get_args

from ..analysis.attribution import BY_PATH, Attribution
from ..analysis.breakdown import add_up
from ..analysis.crowds import NO_CROWDS, Crowds, crowd_name, crowds_of
from ..analysis.diff import Group, Part, Side, change_of, compare, total
from ..analysis.figures import STAND_INS, best, explain
from ..analysis.identity import By
from ..errors import SelectionError, UsageError
from ..message import Named, Setting
from ..metrics import JUDGED, LAYOUT, JudgedFigure
from ..model import LayoutState, MappingUsage
from ..recorded import RecordedProcess
from ..store.recording import Recording
from . import choices
from .choices import FIGURE, summable
from .moment import PEAK, Moment, understood
from .same_program import of_processes, refuse_other_runs, refuse_others
from .taken import Chosen, Taken, members, take

Figure = JudgedFigure
BY: tuple[By, ...] = get_args(By)


class At(NamedTuple):
    """One side of a comparison: a recording, or several runs of the same thing, at a moment.

    `process` is a process, a name, a role or a PID; None: all, or the only one.
    """

    recordings: Recording | Sequence[Recording]
    moment: Moment | str | int = PEAK
    process: RecordedProcess | str | None = None

    @property
    def runs(self) -> Sequence[Recording]:
        """All recordings of this side."""
        if isinstance(self.recordings, Recording):
            return (self.recordings,)
        return self.recordings


class RunFacts(NamedTuple):
    """One run as it was compared: times are UTC nanoseconds, `total` and `figure`'s sum in bytes.

    `measurement` is of the only process, None of several. `torn` counts torn layouts, `without`
    processes that lived then, but have no layout.
    """

    file: str
    moment: str
    time: int
    tick: int
    measurement: int | None
    processes: tuple[tuple[int, str], ...]
    total: Side
    torn: int
    without: int


@dataclass(frozen=True, slots=True)
class DiffView:
    """What differs, the biggest change first; bytes.

    `groups` are all of them: also noise and what did not change. They add up to `totals`, which of
    several runs are sums of medians. `is_one_run` tells two moments of the same processes of one
    recording. `instead` says why `figure` is not the one asked for.
    """

    before: tuple[RunFacts, ...]
    after: tuple[RunFacts, ...]
    figure: str
    by: By
    groups: tuple[Group, ...]
    totals: tuple[Side, Side]
    is_one_run: bool
    instead: str | None = None

    @property
    def total_change(self) -> int | None:
        """Bytes after less bytes before; None if one of them was not reported."""
        return change_of(*(side.sum.size for side in self.totals))

    @property
    def is_of_several(self) -> bool:
        """Whether one of the runs is of several processes."""
        return any(len(run.processes) > 1 for run in (*self.before, *self.after))


def diff(
    before: At | Recording,
    after: At | Recording,
    *,
    by: By = "name",
    figure: Figure = "pss",
) -> DiffView:
    """Compare two moments, group by group: see analysis.matching for what belongs together.

    `At(recording, "peak", process="redis")` names a moment and a process; a recording alone is its
    peak. Of several processes the layouts of one pass are compared, by a figure that may be added
    up over processes.

    Raises SelectionError, UsageError.
    """
    compared = Comparison(before, after)
    return compared.at(*compared.moments, by=by, figure=figure)


class Comparison:
    """Two sides, compared at one moment after another: what each has at a moment is read once."""

    def __init__(self, before: At | Recording, after: At | Recording) -> None:
        """See `diff`. Raises SelectionError, UsageError."""
        asked = [each if isinstance(each, At) else At(each) for each in (before, after)]
        self._sides = [_side(each) for each in asked]
        _refuse_strangers(self._sides)
        self._is_one_run = _is_one_run(self._sides) and _share_processes(self._sides)
        self._taken: dict[tuple[object, ...], Taken] = {}

    @property
    def moments(self) -> tuple[Moment, Moment]:
        """Those that were asked for: before and after."""
        before, after = (side.moment for side in self._sides)
        return before, after

    @property
    def spans(self) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
        """Of each run before and after, when it starts and ends: places on its recording's axis."""
        before, after = ([each.span for each in side.chosen] for side in self._sides)
        return before, after

    @property
    def is_of_several(self) -> bool:
        """Whether one of the runs is of several processes."""
        return any(len(each.members) > 1 for side in self._sides for each in side.chosen)

    def at(
        self, before: Moment, after: Moment, *, by: By = "name", figure: Figure = "pss"
    ) -> DiffView:
        """Compare two moments: see `diff`. Raises SelectionError, UsageError."""
        choices.check(Named(Setting.BY, "by"), by, BY)
        choices.check(FIGURE, figure, JUDGED)
        several = self.is_of_several
        asked = summable(figure, several)
        taken = [self._take(0, before, figure), self._take(1, after, figure)]
        if self._is_one_run and taken[0][0].marks == taken[1][0].marks:
            raise SelectionError(
                f"{taken[0][0].recording.path}: both moments are the same measurement; name two"
                " that differ",
                Named(Setting.AT, "", " with {}"),
                Named(Setting.AT_B, "", " and {}"),
            )
        shown = _told_by_all([run for side in taken for run in side], asked, several)
        size_of = _size_of(shown)
        before_parts, after_parts = _in_the_same_crowds(taken)
        groups = compare(
            before_parts,
            after_parts,
            size_of,
            by,
            same_run=self._is_one_run,
        )
        return DiffView(
            tuple(_facts(run, before, size_of) for run in taken[0]),
            tuple(_facts(run, after, size_of) for run in taken[1]),
            shown,
            by,
            tuple(groups),
            (total(group.before for group in groups), total(group.after for group in groups)),
            self._is_one_run,
            explain(asked, shown),
        )

    def _take(self, side: int, moment: Moment, figure: str) -> list[Taken]:
        """What the runs of a side have at a moment; only peak and floor are those of a figure."""
        key = (side, moment, figure if moment.kind in ("peak", "floor") else None)
        return [
            self._taken.get((number, *key))
            or self._taken.setdefault((number, *key), _named_take(each, moment, figure))
            for number, each in enumerate(self._sides[side].chosen)
        ]


def _in_the_same_crowds(sides: Sequence[Sequence[Taken]]) -> list[list[list[Part]]]:
    """The parts of the runs, with files put together that are a crowd in any of the recordings."""
    runs = [run for side in sides for run in side]
    crowds = NO_CROWDS.union(*(crowds_of(run.recording.mapped_files()) for run in runs))
    if not crowds or len({run.recording for run in runs}) == 1:  # then they are already
        return [[list(run.parts) for run in side] for side in sides]
    return [[[_in_crowds(part, crowds) for part in run.parts] for run in side] for side in sides]


def _in_crowds(part: Part, crowds: Crowds) -> Part:
    return part._replace(
        entries=[
            (entry, Attribution(kind, crowd_name(name, crowds)) if kind in BY_PATH else told)
            for entry, told in part.entries
            for kind, name in (told,)
        ]
    )


# -- who is compared --------------------------------------------------------------------------


class _Side(NamedTuple):
    chosen: tuple[Chosen, ...]
    moment: Moment
    is_named: bool


def _side(asked: At) -> _Side:
    if not asked.runs:
        raise UsageError("name at least one recording on each side")
    chosen = tuple(Chosen(each, members(each, asked.process)) for each in asked.runs)
    return _Side(chosen, understood(asked.moment), asked.process is not None)


def _refuse_strangers(sides: Sequence[_Side]) -> None:
    """Recordings whose processes have no name in common are not compared by mistake."""
    for side in sides:
        if not side.is_named:
            refuse_other_runs([each.recording for each in side.chosen])
    if all(side.is_named for side in sides) or _is_one_run(sides):
        return
    refuse_others(
        [
            of_processes(
                side.chosen[0].recording.path, [one for each in side.chosen for one in each.members]
            )
            for side in sides
        ],
        "choose a process of each",
        Named(Setting.PROCESS, "", " with {}"),
        Named(Setting.PROCESS_B, "", " and {}"),
    )


def _is_one_run(sides: Sequence[_Side]) -> bool:
    """Whether both sides are of one recording."""
    if any(len(side.chosen) != 1 for side in sides):
        return False
    one, other = (side.chosen[0].recording for side in sides)
    try:
        return one is other or os.path.samefile(one.path, other.path)
    except OSError:  # it was removed since it was opened
        return one.path == other.path


def _share_processes(sides: Sequence[_Side]) -> bool:
    ids = [{one.id for each in side.chosen for one in each.members} for side in sides]
    return bool(ids[0] & ids[1])


def _named_take(chosen: Chosen, moment: Moment, figure: str) -> Taken:
    """Take it; an error says in which of several recordings it is."""
    try:
        return take(chosen, moment, figure)
    except SelectionError as error:
        if chosen.recording.path in str(error):
            raise
        raise SelectionError(f"{chosen.recording.path}: ", *error.message) from None


# -- figures ----------------------------------------------------------------------------------


def _told_by_all(runs: Sequence[Taken], asked: str, several: bool) -> str:
    """The figure that is asked for if all runs report it, else the best that stands for it."""
    candidates = (asked, *STAND_INS.get(asked, ()))
    told = [{figure for figure in candidates if _is_told(run, figure)} for run in runs]
    shown = best(asked, set.intersection(*told), summed=several)
    if shown is None:
        lacking = next(
            (run for run, each in zip(runs, told, strict=True) if asked not in each), runs[0]
        )
        raise SelectionError(
            f"{lacking.recording.path}: {LAYOUT[asked].title} was not reported at this moment;"
            " choose another figure"
        )
    return shown


def _is_told(run: Taken, figure: str) -> bool:
    size_of = _size_of(figure)
    return any(size_of(entry) is not None for part in run.parts for entry, _ in part.entries)


def _size_of(figure: str) -> Callable[[MappingUsage], int | None]:
    def size_of(entry: MappingUsage) -> int | None:
        size: int | None = getattr(entry.usage, figure)
        return size

    return size_of


def _facts(run: Taken, moment: Moment, size_of: Callable[[MappingUsage], int | None]) -> RunFacts:
    sizes = [size_of(entry) for part in run.parts for entry, _ in part.entries]
    return RunFacts(
        run.recording.path,
        moment.text,
        run.time,
        run.tick,
        run.layouts[0].id if len(run.processes) == 1 else None,
        run.processes,
        Side(len(sizes), add_up(sizes)),
        sum(each.state is LayoutState.TORN for each in run.layouts),
        run.without,
    )
