"""The live source: a recorder whose figures go to memory, and to a recording if one is wanted.

    recorder's thread   reads, groups, and appends an instant to the history
    asker's thread      makes snapshots of the history; see worker

What is read, how often, and how much it may cost is the recorder's own business (record.recorder).
"""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice, pairwise
from statistics import median_low
from typing import NamedTuple

from ..analysis.kinds import Kind
from ..errors import MemoryWatcherError
from ..metrics import over_processes
from ..model import LayoutState
from ..procfs.source import ProcSource
from ..record.notices import Notice
from ..record.policy import Policy
from ..record.selection import Selection
from ..record.session import Plan, Session
from ..record.targets import NamedTargets, Targets
from ..record.tee import Tee
from ..render.activity import cpu_share
from ..render.colours import GREY
from ..store.writer import Writer
from .answers import (
    ProcessNow,
    Seen,
    Together,
    about_comparison,
    compared,
    kind_colour,
    layers_of,
    notes_of,
    rows_of,
)
from .chart_columns import CgroupHistory, History, draw, sliding_span
from .history import Instant, LiveHistory
from .process_colours import ProcessColours
from .view import Band, Chart, Question, ShownFigure, Sizes, Snapshot

#: An instant stands for no more than so many periods.
_PAUSE = 5
#: Processes that have a layer of their own in the chart of all.
_PROCESS_BANDS = 7
#: So many of the recorder's notices are shown, the latest; all are printed at the end.
_SAID = 2


class Output(NamedTuple):
    """A recording to be written besides; `command` is this program's command line.

    `kind`, `description` and `selection` say what is recorded, as record.session.Plan does.
    """

    path: str
    command: Sequence[str]
    kind: str | None = None
    description: str = ""
    selection: Selection = Selection()


class _Stop:
    """What ends the recorder: the user who quits."""

    def __init__(self) -> None:
        self.event = threading.Event()
        self.reason = "closed"

    def set(self, reason: str) -> None:
        """End it."""
        self.reason = reason
        self.event.set()


class LiveSource:
    """Snapshots of what a recorder reads right now. Starts the recorder's thread."""

    def __init__(
        self,
        title: str,
        source: ProcSource,
        targets: Targets,
        policy: Policy,
        period_ns: int,
        output: Output | None,
        wake: Callable[[], None],
    ) -> None:
        """Raises what opening the output raises."""
        self._title = title
        self._most_mappings: int | None = None
        self._period_ns = period_ns
        self._wake = wake
        self._stop = _Stop()
        #: What the recorder had to say so far.
        self.said: list[Notice] = []
        self._started = threading.Event()
        self._error: BaseException | None = None
        self._ended = False
        self._history: LiveHistory | None = None
        self._mark: tuple[Instant, dict[int, ProcessNow]] | None = None
        self._colours = ProcessColours()
        self._thread = threading.Thread(
            target=self._record,
            args=(source, targets, policy, output),
            name="recorder",
            daemon=True,
        )
        self._thread.start()
        self._started.wait()
        if self._error is not None:
            raise self._error

    def close(self) -> None:
        """End the recording, if any, cleanly."""
        self._stop.event.set()
        self._thread.join()
        if self._error is not None:
            raise self._error

    # -- the recorder's thread --------------------------------------------------------------------

    def _record(
        self, source: ProcSource, targets: Targets, policy: Policy, output: Output | None
    ) -> None:
        try:
            writer = None if output is None else Writer(output.path)
            self._most_mappings = source.max_map_count()
            history = self._history = LiveHistory(source.page_size)
            session = Session(
                source,
                targets,
                _plan(policy, self._period_ns, output, targets),
                self.said.append,
                writer=writer,
                sink=history if writer is None else Tee(writer, history),
            )
            self._run(session, history)
        except (MemoryWatcherError, OSError) as error:
            self._error = self._error or error
        finally:
            self._ended = True
            self._started.set()
            self._wake()

    def _run(self, session: Session, history: LiveHistory) -> None:
        reason = None
        try:
            session.start()
            self._started.set()
            reason = session.run(self._stop, lambda _: self._after_pass(history))
        except (MemoryWatcherError, OSError) as error:
            self._error = error
        finally:
            session.close(reason)
        session.tell_what_was_missed()

    def _after_pass(self, history: LiveHistory) -> None:
        history.freeze()
        self._wake()

    # -- the asker's thread -----------------------------------------------------------------------

    def snapshots(self, question: Question) -> Iterator[Snapshot]:
        """Answer from memory."""
        if self._error is not None:
            raise self._error
        assert self._history is not None
        instants = self._history.instants()
        found = self._find(instants, question.tick, question.process_id)
        if found is None:
            return
        shown, presents = found
        seen = _chosen(shown, presents, question.process_id)
        now = list(seen.presents)
        compare, mark, then = seen, None, None
        if question.mark is not None:
            mark, before = self._marked(instants, question.mark)
            if mark is not None and before is not None:
                then = _chosen(mark, before, question.process_id)
                several = len(seen.presents) > 1 or len(then.presents) > 1
                compare, then = compared(seen, then, several=several)
        alone = now[0] if len(now) == 1 else None
        chart = self._chart(instants, question, alone)
        rows, total = rows_of(compare, then, question.by, self._colours)
        yield Snapshot(
            question=question,
            title=alone.title if alone else self._title,
            process_count=len(presents),
            ticks=[instant.number for instant in instants],
            times=[instant.time for instant in instants],
            tick=shown.number,
            time=shown.time,
            mark_time=mark.time if mark else None,
            state=alone.state if alone else None,
            reading=alone.reading if alone else None,
            rows=rows,
            total=total,
            layers=layers_of(now, question.figure, self._colours),
            notes=(
                *self._notes(instants, shown, seen, question),
                *about_comparison(compare, then, mark.time if mark else None),
            ),
            chart=chart._replace(clock=self._history.clock),
            clock=self._history.clock,
            most_mappings=self._most_mappings if alone else None,
            cpu_share=_cpu_share(instants, shown, alone),
            cgroup=shown.cgroup,
            ended=self._ended or (question.tick is None and shown is not instants[-1]),
        )

    def _notes(
        self, instants: list[Instant], shown: Instant, seen: Seen, question: Question
    ) -> tuple[str, ...]:
        notes = notes_of(seen, question.by)
        assert self._history is not None
        notes += tuple(
            f"┊ {jump.text}"
            for jump in self._history.clock.jumps_between(instants[0].time, instants[-1].time)
        )
        notes += tuple(map(str, self.said[-_SAID:]))
        if question.tick is not None and question.tick != shown.number:
            notes += ("that layout is no longer in memory; showing the nearest one",)
        return notes

    def _find(
        self, instants: list[Instant], number: int | None, process_id: int | None
    ) -> tuple[Instant, dict[int, ProcessNow]] | None:
        """The instant that is asked for, or the first after it that still has its layouts.

        Without a number it is the latest at which the process lived.
        """
        if number is None:
            candidates: Iterable[Instant] = reversed(instants)
        else:
            position = bisect_left(instants, number, key=lambda instant: instant.number)
            candidates = islice(instants, position, None)
        for instant in candidates:
            presents = instant.presents
            if presents and (process_id is None or process_id in presents):
                return instant, presents
        return None if number is None else self._find(instants, None, process_id)

    def _marked(
        self, instants: list[Instant], number: int
    ) -> tuple[Instant | None, dict[int, ProcessNow] | None]:
        """The marked instant, which is kept for as long as it is the mark."""
        if self._mark is None or self._mark[0].number != number:
            self._mark = self._find(instants, number, None)
        return self._mark or (None, None)

    def _chart(
        self, instants: list[Instant], question: Question, alone: ProcessNow | None
    ) -> Chart:
        span = sliding_span(instants[-1].time, instants[0].time, self._period_ns, question.columns)
        if alone is not None:
            history = _history_of_one(instants, alone.id, question.figure, self._period_ns)
        else:
            history = _history_of_all(instants, question.figure, self._period_ns, self._colours)
        return draw(history, span, _cgroup_history(instants, self._period_ns))


def _plan(policy: Policy, period_ns: int, output: Output | None, targets: Targets) -> Plan:
    """Beside a single process its control group is read as well."""
    pid = targets.only_pid if isinstance(targets, NamedTargets) else None
    if output is None:
        return Plan(policy, period_ns, (), finds_between_ticks=False, cgroup_of=pid)
    return Plan(
        policy,
        period_ns,
        output.command,
        kind=output.kind,
        description=output.description,
        selection=output.selection,
        finds_between_ticks=False,
        cgroup_of=pid,
    )


def _chosen(shown: Instant, presents: dict[int, ProcessNow], process_id: int | None) -> Seen:
    if process_id is None:
        return Seen(list(presents.values()), shown.together)
    alone = [presents[process_id]._replace(share=None)] if process_id in presents else []
    return Seen(alone, Together())


def _cpu_share(instants: list[Instant], shown: Instant, alone: ProcessNow | None) -> float | None:
    """How much of a CPU a single process used since the instant before."""
    position = bisect_left(instants, shown.number, key=lambda instant: instant.number)
    if alone is None or position == 0:
        return None
    before = instants[position - 1]
    present = (before.presents or {}).get(alone.id)
    if present is None or present.reading is None or alone.reading is None:
        return None
    return cpu_share(alone.reading, present.reading, shown.time - before.time)


def _until(times: list[int], period_ns: int) -> list[int]:
    """An instant stands until the next, but not for long if that did not come."""
    if not times:
        return []
    ends = [
        after if after - before <= _PAUSE * period_ns else before + period_ns
        for before, after in pairwise(times)
    ]
    return [*ends, times[-1] + period_ns]


def _cgroup_history(instants: list[Instant], period_ns: int) -> CgroupHistory | None:
    """The control group beside, from the first instant that has it."""
    found = [(each.time, each.cgroup) for each in instants if each.cgroup is not None]
    if not found:
        return None
    times = [time for time, _ in found]
    limits = [cgroup.limit() for _, cgroup in found]
    return CgroupHistory(
        times,
        _until(times, period_ns),
        [cgroup.figures.get("current") for _, cgroup in found],
        [None if each is None else each.size for each in limits],
    )


def _history_of_one(
    instants: list[Instant], process_id: int, figure: str, period_ns: int
) -> History:
    briefs = [instant.briefs.get(process_id) for instant in instants]
    place = Sizes._fields.index(figure)
    times = [instant.time for instant in instants]

    def bands(positions: Sequence[int | None]) -> tuple[Band, ...]:
        kinds = [
            found.kinds if position is not None and (found := briefs[position]) else {}
            for position in positions
        ]
        there = {group.identity.kind for each in kinds for group in each.values()}
        return tuple(
            Band(
                kind.value,
                kind_colour(kind),
                [
                    (group.sizes[place] or 0) if (group := each.get(kind.value)) else 0
                    for each in kinds
                ],
            )
            for kind in Kind
            if kind in there
        )

    return History(
        figure=figure,
        ticks=[instant.number for instant in instants],
        times=times,
        until=_until(times, period_ns),
        totals=[brief.sizes[place] if brief and brief.kinds else None for brief in briefs],
        marks=[brief.mark if brief else None for brief in briefs],
        torn=[brief is not None and brief.state is LayoutState.TORN for brief in briefs],
        gaps=[brief is None or not brief.kinds for brief in briefs],
        bands=bands,
    )


def _history_of_all(
    every: list[Instant], asked: ShownFigure, period_ns: int, colours: ProcessColours
) -> History:
    """The sums at passes; one stands until the next, which may be several periods later."""
    instants = [each for each in every if each.together.why is None and not each.together.age_ns]
    figure = over_processes(asked)
    times = [instant.time for instant in instants]
    sums = [getattr(instant.together.sizes, figure) for instant in instants]
    steps = [after - before for before, after in pairwise(times)]
    period_ns = max(period_ns, median_low(steps) if steps else 0)

    def bands(positions: Sequence[int | None]) -> tuple[Band, ...]:
        columns = [{} if each is None else _parts(instants[each], figure) for each in positions]
        highest: dict[int, int] = {}
        for parts in columns:
            for number, size in parts.items():
                highest[number] = max(highest.get(number, 0), size)
        titles = _titles(instants[each] for each in positions if each is not None)
        top = sorted(highest, key=lambda number: -highest[number])[:_PROCESS_BANDS]
        layers = [[parts.get(number, 0) for parts in columns] for number in top]
        totals = [0 if each is None else sums[each] or 0 for each in positions]
        rest = [total - sum(parts) for total, *parts in zip(totals, *layers, strict=True)]
        colours.give(top)
        named = zip(top, layers, strict=True)
        found = [
            Band(title, colours.of(each), layer)
            for each, layer in named
            if (title := titles.get(each, f"process {each}"))
        ]
        return (*found, Band("other", GREY, rest)) if any(rest) else tuple(found)

    return History(
        figure=figure,
        ticks=[instant.number for instant in instants],
        times=times,
        until=_until(times, period_ns),
        totals=sums,
        marks=[None] * len(instants),
        torn=[0] * len(instants),
        gaps=[0] * len(instants),
        bands=bands,
    )


def _parts(instant: Instant, figure: str) -> dict[int, int]:
    """What each process has in the sum."""
    shares = instant.together.shares
    return {number: getattr(share.part, figure) or 0 for number, share in shares.items()}


def _titles(instants: Iterable[Instant]) -> dict[int, str]:
    return {number: brief.title for each in instants for number, brief in each.briefs.items()}
