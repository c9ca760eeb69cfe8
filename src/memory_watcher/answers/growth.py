"""What grew: a verdict on each group of mappings, or on each process, with what it rests on."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple, get_args

from ..analysis.figures import explain
from ..analysis.identity import By, identify
from ..analysis.kinds import Attribution, Kind
from ..analysis.placement import Part, Placement, place
from ..analysis.timeline import Figure, Timeline
from ..analysis.verdicts import Judge, Verdict, Word
from ..errors import NoProcess, NothingThen, SelectionError
from ..message import Named, Setting
from ..metrics import JUDGED
from ..model import LayoutState, Mapping, MappingUsage
from . import choices
from .choices import FIGURE, summable
from .layouts import attributed
from .over_time import about_sums, doubt, places_of, title_of, told
from .usages import Usages, load

if TYPE_CHECKING:
    from ..model import Usage
    from ..recorded import RecordedProcess
    from ..store.recording import Recording
    from .moment import Moment

#: So many columns a small picture has.
SPARK = 24
#: Of so many groups that grew it is told where in them.
_PLACED = 3
#: A flat group with less than this part of the whole is next to nothing.
_NEXT_TO_NOTHING = 100
#: What grew there is told by mapping: their names say nothing.
NAMELESS = (
    *(Kind.HEAP, Kind.ARENA, Kind.RUNTIME, Kind.ALLOCATOR, Kind.JIT_CODE),
    *(Kind.ANONYMOUS, Kind.NAMED_ANONYMOUS, Kind.THREAD_STACK),
)
#: The order of the groups.
_ORDER = (
    Word.GROWING,
    Word.STEP,
    Word.SATURATING,
    Word.UNCLEAR,
    Word.TOO_SHORT,
    Word.FREED,
    Word.FLAT,
)


@dataclass(frozen=True, slots=True)
class Group:
    """What one group did; bytes, times UTC nanoseconds of the wall clock.

    `first`, `last` and `highest` are of the instants that are judged, None if nothing is known.
    `mappings_first` and `mappings_last` count its mappings then, None if that is not known. `spark`
    is the highest value of each of a few equal parts of the span. `since_ns` is when a rise began.
    """

    key: str
    kind: Kind | None
    name: str
    verdict: Verdict
    since_ns: int | None
    first: int | None
    last: int | None
    highest: int | None
    mappings_first: int | None
    mappings_last: int | None
    spark: tuple[int | None, ...]
    placement: Placement | None = None


class Life(NamedTuple):
    """One process of several of the same name, one after the other: what it did as a whole."""

    process: RecordedProcess
    verdict: Verdict
    begin_ns: int
    end_ns: int
    first: int | None
    last: int | None


class Span(NamedTuple):
    """What was judged: from when to when (UTC), for how long by a clock that is never set.

    `instants` is how many layouts or passes stood in it, `torn` how many layouts were torn and
    `torn_used` whether they are judged nevertheless, `unchecked` how many could not be checked,
    `gaps` at how many instants nothing was known. `since_execve`: it begins where the process
    began to run what it runs.
    """

    begin_ns: int
    end_ns: int
    duration_ns: int
    instants: int
    torn: int
    torn_used: bool
    unchecked: int
    gaps: int
    since_execve: bool


@dataclass(frozen=True, slots=True)
class Growth:
    """What grew. `groups` are in the order of what matters, `other_groups` more are not shown.

    `is_several` tells whether it is of more than one process; `title` says which or how many.
    `total` is of all mappings, or of all processes. `instead` says why another figure is shown than
    the one asked for, `sums` which passes give no sum. `lives` are those of a program that was
    started again; `groups` are then of the last one that is long enough to be judged.
    """

    title: str
    is_several: bool
    figure: Figure
    by: By
    span: Span
    groups: tuple[Group, ...]
    other_groups: int
    total: Group
    lives: tuple[Life, ...]
    instead: str | None
    sums: str | None

    def notable(self, top: int) -> Growth:
        """The same with at most `top` groups, without flat ones that are next to nothing of it."""
        kept = [group for group in self.groups if not _is_small(group, self.total)][:top]
        others = self.other_groups + len(self.groups) - len(kept)
        return replace(self, groups=tuple(kept), other_groups=others)


def growth(
    recording: Recording,
    processes: Sequence[RecordedProcess] | None = None,
    *,
    figure: str = "pss",
    by: By | None = None,
    top: int | None = None,
    begin: Moment | str | int | None = None,
    end: Moment | str | int | None = None,
) -> Growth:
    """What grew in a figure: pss, rss, uss, swap, or held (see metrics.HELD); bytes, nanoseconds.

    `by` is what makes a group: kind, name (of one process the default), mapping, or process. Only
    from `begin` to `end`, if given; all processes by default. Of a program that was started again
    each life is judged by itself. What cannot be added up over processes is refused.

    Raises NothingThen, SelectionError, UsageError.
    """
    shown = recording.processes() if processes is None else list(processes)
    if not shown:
        raise NoProcess(recording.path)
    choices.check(FIGURE, figure, JUDGED)
    if by is not None:
        choices.check(Named(Setting.BY, "by"), by, get_args(By))
    places = places_of(recording, begin, end)
    lives = _lives(recording, shown, figure, places)
    if lives:
        long = [life for life in lives if life.verdict.rate is not None]
        shown = [(long or lives)[-1].process]
    by = by or ("process" if len(shown) > 1 else "name")
    asked = summable(figure, len(shown) > 1)
    story = _story(recording, shown, told(recording, shown, asked), by, places)
    found = replace(_answer(story, explain(asked, story.timeline.figure)), lives=tuple(lives))
    kept = found.groups[:top]
    return replace(
        found, groups=tuple(story.placed(kept)), other_groups=len(found.groups) - len(kept)
    )


def growths(
    recording: Recording, processes: Sequence[RecordedProcess], figure: Figure, by: Sequence[By]
) -> list[Growth]:
    """What `growth` says of a whole recording by each of these, which is read once for all.

    Without where in a group it grew, and without lives.

    Raises NothingThen, SelectionError.
    """
    usages = load(recording, processes, figures=(figure,))
    whole = (None, None)
    return [_answer(_of_usages(recording, processes, usages, each, whole), None) for each in by]


def _answer(story: _Story, instead: str | None) -> Growth:
    """All groups of a story, in the order of what matters."""
    return Growth(
        title=title_of(story.recording, story.processes),
        is_several=len(story.processes) > 1,
        figure=story.timeline.figure,
        by=story.timeline.by,
        span=story.span(),
        groups=tuple(sorted(story.groups(), key=_importance)),
        other_groups=0,
        total=story.total(),
        lives=(),
        instead=instead,
        sums=about_sums(story.usages, story.timeline),
    )


def _importance(group: Group) -> tuple[int, int, str]:
    """By verdict; then the fastest first, or what rose most, or of flat ones the biggest."""
    verdict = group.verdict
    by = verdict.rate if verdict.word is Word.GROWING else max(verdict.rise, verdict.held)
    if verdict.word is Word.FLAT or not by:
        by = group.highest
    return _ORDER.index(verdict.word), -(by or 0), group.name


def _is_small(group: Group, total: Group) -> bool:
    is_flat = group.verdict.word is Word.FLAT
    return is_flat and (group.highest or 0) * _NEXT_TO_NOTHING < (total.highest or 0)


# -- lives ----------------------------------------------------------------------------------------


def _lives(
    recording: Recording,
    processes: Sequence[RecordedProcess],
    figure: str,
    places: tuple[int | None, int | None],
) -> list[Life]:
    """The lives of a program that was started again; none if these are anything else."""
    if not _one_after_the_other(processes):
        return []
    lives = []
    for process in processes:
        try:
            chosen = told(recording, [process], summable(figure, several=False))
            story = _story(recording, [process], chosen, "kind", places)
        except SelectionError:
            continue
        total, span = story.total(), story.span()
        lives.append(
            Life(process, total.verdict, span.begin_ns, span.end_ns, total.first, total.last)
        )
    return lives if len(lives) > 1 else []


def _one_after_the_other(processes: Sequence[RecordedProcess]) -> bool:
    if len(processes) < 2 or len({process.name for process in processes}) > 1:
        return False
    order = sorted(processes, key=lambda process: process.first_tick or 0)
    return all(
        before.end_tick is not None and before.end_tick <= (after.first_tick or 0)
        for before, after in pairwise(order)
    )


# -- one story ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Story:
    """A timeline, and which of its positions stand at each of the judged instants (None: none)."""

    recording: Recording
    processes: Sequence[RecordedProcess]
    usages: Usages
    timeline: Timeline
    times: Sequence[int]
    positions: Sequence[int | None]
    torn_used: bool
    since_execve: bool
    #: Layouts that were read, by position.
    layouts: dict[int, Sequence[tuple[MappingUsage, Attribution]]] = field(default_factory=dict)

    def span(self) -> Span:
        states = self.timeline.states
        used = {position for position in self.positions if position is not None}
        wall = self.recording.axis.wall
        low = min(used)
        return Span(
            wall(self.times[0]),
            wall(self.times[-1]),
            self.times[-1] - self.times[0],
            len(used),
            sum(states[at] is LayoutState.TORN for at in range(low, len(states))),
            self.torn_used,
            sum(states[at] is LayoutState.UNCHECKED for at in used),
            sum(position is None for position in self.positions),
            self.since_execve,
        )

    def groups(self) -> Iterator[Group]:
        """All groups of the timeline, judged."""
        nothing = (0, 0) if self.counts else (None, None)
        for series in self.timeline.groups:
            values = self._values(series.values)
            yield self._group(
                (series.key, series.kind, series.name),
                _alive(values) if self.timeline.by == "process" else values,
                self.counts.get(series.key, nothing),
            )

    def total(self) -> Group:
        """All of it."""
        nothing = (None, None)
        counts = [sum(column) for column in zip(*self.counts.values(), strict=True)] or nothing
        return self._group(("total", None, "total"), self._values(self.timeline.heights), counts)

    def placed(self, groups: Sequence[Group]) -> Iterator[Group]:
        """The same groups, with where the first few of those grew that have nameless memory."""
        left = _PLACED if len(self.processes) == 1 and self.timeline.by in ("kind", "name") else 0
        for group in groups:
            grew = group.verdict.word in (Word.GROWING, Word.STEP, Word.SATURATING)
            if left and grew and group.kind in NAMELESS:
                left -= 1
                yield replace(group, placement=self._placement(group))
            else:
                yield group

    def _ends(self) -> tuple[int, int]:
        used = [position for position in self.positions if position is not None]
        return used[0], used[-1]

    def _values(self, values: Sequence[int | None]) -> Sequence[int | None]:
        if self.positions == range(len(values)):
            return values
        return [None if at is None else values[at] for at in self.positions]

    @cached_property
    def judge(self) -> Judge:
        """What judges values at these times."""
        return Judge(self.times)

    def _group(
        self,
        identity: tuple[str, Kind | None, str],
        values: Sequence[int | None],
        counts: Sequence[int | None],
    ) -> Group:
        verdict = self.judge.judge(values)
        known = [value for value in values if value is not None]
        since = verdict.since_ns
        return Group(
            *identity,
            verdict=verdict,
            since_ns=None if since is None else self.recording.axis.wall(since),
            first=known[0] if known else None,
            last=known[-1] if known else None,
            highest=max(known, default=None),
            mappings_first=counts[0],
            mappings_last=counts[1],
            spark=self._spark(values),
        )

    def _spark(self, values: Sequence[int | None]) -> tuple[int | None, ...]:
        """The highest value of each of SPARK equal parts of the time."""
        parts = [values[low:high] for low, high in pairwise(self.spark_edges)]
        return tuple(
            max((each for each in part if each is not None), default=None) for part in parts
        )

    @cached_property
    def spark_edges(self) -> list[int]:
        """Where these parts begin, and the last ends."""
        begin, width = self.times[0], self.times[-1] - self.times[0] + 1
        return [bisect_left(self.times, begin + width * at // SPARK) for at in range(SPARK + 1)]

    @cached_property
    def counts(self) -> dict[str, list[int]]:
        """How many mappings each group has at both ends; none if that is not known."""
        # What passes found of processes needs no layouts, so the positions may be none of theirs.
        if self.usages.passes is not None:
            return {}
        return self.usages.counts(self.timeline.by, self._ends())

    def _placement(self, group: Group) -> Placement:
        """Where it grew since the warm-up: what came before is in no rise."""
        used = [
            at
            for time, at in zip(self.times, self.positions, strict=True)
            if at is not None and time >= self.judge.begin_ns
        ]
        first, last = (self._parts(position, group) for position in (used[0], used[-1]))
        figure = self.timeline.figure

        def size_of(usage: Usage) -> int | None:
            size: int | None = getattr(usage, figure)
            return size

        placed = place(first, last, size_of, is_arena=group.kind is Kind.ARENA)
        if placed.main is None:
            return placed
        since_ns = self._mapped_since(placed.main.mapping, used[-1])
        return placed._replace(main=placed.main._replace(since_ns=since_ns))

    def _mapped_since(self, mapping: Mapping, position: int) -> int:
        """Since when a mapping of the layout at a position is there, of all that is judged."""
        (process,) = self.processes
        layout = self.recording.layout_until(process.id, self.timeline.ticks[position])
        tick = self.recording.mapped_since(process.id, mapping, layout.tick)
        begin = bisect_left(self.timeline.ticks, tick)
        times = zip(self.times, self.positions, strict=True)
        first = next(time for time, at in times if at is not None and at >= begin)
        return self.recording.axis.wall(first)

    def _attributed(self, position: int) -> Sequence[tuple[MappingUsage, Attribution]]:
        """All of the layout that stands at a position: several groups ask for the same two."""
        found = self.layouts.get(position)
        if found is None:
            (process,) = self.processes
            tick = self.timeline.ticks[position]
            measurement = self.recording.layout_until(process.id, tick)
            found = self.layouts[position] = list(attributed(self.recording, measurement))
        return found

    def _parts(self, position: int, group: Group) -> list[Part]:
        """The mappings of a group in the layout that stands at a position of the timeline."""
        (process,) = self.processes
        of_process = (process.id, "")
        return [
            Part(own.name, entry)
            for entry, what in self._attributed(position)
            if identify(entry.mapping, what, self.timeline.by, of_process).key == group.key
            for own in [identify(entry.mapping, what, "mapping", of_process)]
        ]


def _story(
    recording: Recording,
    processes: Sequence[RecordedProcess],
    figure: Figure,
    by: By,
    places: tuple[int | None, int | None],
) -> _Story:
    usages = load(recording, processes, figures=(figure,), places=places)
    story = _of_usages(recording, processes, usages, by, places)
    doubt(recording, processes, usages, figure)
    return story


def _of_usages(
    recording: Recording,
    processes: Sequence[RecordedProcess],
    usages: Usages,
    by: By,
    places: tuple[int | None, int | None],
) -> _Story:
    """By one grouping, of usages of one figure."""
    (figure,) = usages.figures
    timeline = usages.timeline(figure, by, None)
    if not len(timeline):
        raise NothingThen(f"{recording.path}: nothing was recorded in that time")
    first_tick = _last_execve(processes) if places[0] is None else None
    known = [
        at
        for at, total in enumerate(timeline.heights)
        if (total is not None if timeline.is_stacked else timeline.states[at].has_layout)
        and (first_tick is None or timeline.ticks[at] >= first_tick)
    ]
    torn = sum(timeline.torn[at] for at in known)
    torn_used = 2 * torn > len(known)
    usable = [at for at in known if torn_used or not timeline.torn[at]]
    if len(usable) < 2:
        raise SelectionError(_too_few(recording, usable))
    ended = processes[0].end_tick if len(processes) == 1 else None
    times = [
        row.time
        for row in recording.tick_rows()
        if timeline.times_ns[usable[0]] <= row.time
        and (places[1] is None or row.time <= places[1])
        and (ended is None or row.tick < ended)
    ]
    times = sorted({*times, *(timeline.times_ns[at] for at in usable)})
    positions = _standing(timeline, usable, times)
    # What stands behind the last known instant is the end of a process, or of the recording.
    while positions[-1] is None:
        positions.pop()
    return _Story(
        recording,
        processes,
        usages,
        timeline,
        times[: len(positions)],
        _dense(positions),
        torn_used and torn > 0,
        first_tick is not None,
    )


def _too_few(recording: Recording, usable: Sequence[int]) -> str:
    if not usable:
        return f"{recording.path}: no layout was recorded in that time, so nothing can be judged"
    return (
        f"{recording.path}: only one layout was recorded in that time; growth is told from many:"
        " record for some minutes"
    )


def _last_execve(processes: Sequence[RecordedProcess]) -> int | None:
    """The tick at which a single process began to run what it runs, if it ran something before."""
    if len(processes) != 1 or len(processes[0].images) < 2:
        return None
    return processes[0].images[-1].first_tick


def _standing(timeline: Timeline, usable: Sequence[int], times: Sequence[int]) -> list[int | None]:
    """Which of the usable positions stands at each time: that before it, if it still does."""
    begins = [timeline.times_ns[at] for at in usable]
    positions: list[int | None] = []
    for time in times:
        index = bisect_right(begins, time) - 1
        at = usable[index] if index >= 0 else None
        stands = at is not None and (time <= timeline.until_ns[at] or time == begins[index])
        positions.append(at if stands else None)
    return positions


def _dense(positions: list[int | None]) -> Sequence[int | None]:
    """As a range, if each instant of the timeline stands for itself, as nearly always."""
    every = range(len(positions))
    return every if positions == list(every) else positions


def _alive(values: Sequence[int | None]) -> Sequence[int | None]:
    """The same without the zeros before a process came and after it ended."""
    present = [at for at, value in enumerate(values) if value]
    if not present:
        return values
    first, last = present[0], present[-1]
    return [value if first <= at <= last else None for at, value in enumerate(values)]
