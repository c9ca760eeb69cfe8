"""The source that is a recording."""

from __future__ import annotations

import gc
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, NamedTuple, cast

from ..analysis.identity import OTHER, By
from ..analysis.passes import Moment, Passes, Share, read
from ..analysis.roles import Role, roles_at, shown_command_line
from ..analysis.timeline import Figure, Series, Timeline
from ..answers.cgroups import CgroupAt, CgroupStory, cgroups_at, run_of, stories
from ..answers.no_sum import why_no_sum
from ..answers.usages import Usages, evidence_of, load
from ..clocks import TimeAxis
from ..errors import SelectionError
from ..metrics import OFFERED, over_processes
from ..model import KindEvidence, LayoutState, Reading
from ..recorded import InstantRow, Measurement, RecordedProcess
from ..render.activity import cpu_share
from ..render.colours import GREY, Shades
from ..store.recording import Recording
from ..units import format_time
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
    together_of,
    top_of,
)
from .chart_columns import CgroupHistory, History, draw, whole_span
from .grouping import GroupedLayout, Grouper
from .process_colours import ProcessColours
from .view import Band, Chart, Question, ShownFigure, Snapshot

#: Mappings of layouts that are kept, to be asked for by another grouping: no more, because the
#: garbage collector walks over them now and then (2 us for each).
_KEPT_MAPPINGS = 12_000
_PROCESS_BANDS = 7
#: For so many spans between two execve the roles of all processes are kept.
_KEPT_ROLES = 64


class _Instants(NamedTuple):
    ticks: list[int]
    times: list[int]
    runs: list[int]

    def time_of(self, tick: int) -> int:
        return self.times[self.ticks.index(tick)]


class _Owner:
    """A recorded process, and what makes groups of its layouts."""

    def __init__(self, recording: Recording, process: RecordedProcess) -> None:
        self.process = process
        self.evidence: Callable[[int], KindEvidence] = evidence_of(recording, process)
        self._groupers: dict[str, Grouper] = {}

    def name_at(self, tick: int) -> str:
        image = self.process.image_at(tick)
        return image.name if image else ""

    def command_at(self, tick: int) -> str:
        image = self.process.image_at(tick)
        return shown_command_line(image.command_line) if image and image.command_line else ""

    def grouper(self, tick: int) -> Grouper:
        name = self.name_at(tick)
        if name not in self._groupers:
            self._groupers[name] = Grouper(self.process.id, f"{name} ({self.process.pid})")
        return self._groupers[name]


class ReplaySource:
    """Snapshots of a recording."""

    def __init__(self, path: str) -> None:
        """Raises RecordingNotFound, NotARecording, NewerRecording, StoreError."""
        self._recording = Recording(path)
        self._owners: dict[int, _Owner] = {}
        self._instants: dict[int | None, _Instants] = {}
        self._layouts: OrderedDict[int, GroupedLayout] = OrderedDict()
        self._kept = 0  # mappings in them
        self._used: set[int] = set()  # those of the answer that is being made
        self._usages: tuple[int | None, Usages] | None = None
        self._histories: dict[tuple[int | None, str], History] = {}
        self._charts: dict[tuple[int | None, str, int], Chart] = {}
        self._stories: dict[int | None, CgroupStory | None] = {}
        self._passes: Passes | None = None
        self._colours = ProcessColours()
        self._layers: dict[str, list[int]] = {}  # processes of the chart of all, by its figure
        self._changes: list[int] = []  # ticks at which execve or a title changed any role
        self._roles: dict[int, dict[int, Role]] = {}

    def close(self) -> None:
        """Close the recording."""
        self._recording.close()

    def snapshots(self, question: Question) -> Iterator[Snapshot]:
        """Answer; before a history is read for the first time, at once without it."""
        instants = self._instants_of(question.process_id)
        tick = _nearest(instants, question.tick)
        now = Seen([], Together()) if tick is None else self._seen(question.process_id, tick)
        presents = now.presents
        shown, before, mark_time = now, None, None
        mark = None if question.mark is None else _nearest(instants, question.mark)
        if mark is not None and tick is not None:
            shown, before = self._compared(question.process_id, tick, mark)
            mark_time = instants.time_of(mark)
        if question.process_id is None:
            top = top_of(presents, question.figure)[:_PROCESS_BANDS]
            self._colours.give(self._layers.get(over_processes(question.figure), top))
        rows, total = rows_of(shown, before, question.by, self._colours)
        alone = presents[0] if len(presents) == 1 else None
        snapshot = Snapshot(
            question=question,
            title=alone.title if alone else self._recording.path,
            process_count=len(presents),
            ticks=instants.ticks,
            times=instants.times,
            tick=tick,
            time=None if tick is None else instants.time_of(tick),
            mark_time=mark_time,
            state=alone.state if alone else None,
            reading=alone.reading if alone else None,
            rows=rows,
            total=total,
            notes=(
                *notes_of(now, question.by),
                *about_comparison(shown, before, mark_time),
                *self._jumps(instants),
            ),
            clock=self._recording.axis,
            **self._activity(tick, alone),
            cgroup=self._cgroup(tick, question.process_id),
            layers=layers_of(presents, question.figure, self._colours),
            chart=self._charts.get((question.process_id, question.figure, question.columns)),
        )
        self._forget()
        yield snapshot
        if snapshot.chart is None and len(instants.ticks) > 0:
            chart = self._chart(question)
            rows, _ = rows_of(shown, before, question.by, self._colours)
            layers = layers_of(presents, question.figure, self._colours)
            yield replace(snapshot, chart=chart, rows=rows, layers=layers)

    def _cgroup(self, tick: int | None, process_id: int | None) -> CgroupAt | None:
        """That which was recorded, at this tick; of one process, the one that it is in."""
        if tick is None:
            return None
        owner = None if process_id is None else self._owner(process_id).process
        found = cgroups_at(self._recording, run_of(self._recording, tick), tick, owner)
        story = self._story(process_id)
        return next((each for each in found if story and each.path == story.path), None)

    def _story(self, process_id: int | None) -> CgroupStory | None:
        """The cgroup over time that is shown beside all, or one process: with the most memory."""
        if process_id not in self._stories:
            owner = None if process_id is None else self._owner(process_id).process
            self._stories[process_id] = next(iter(stories(self._recording, owner)), None)
        return self._stories[process_id]

    # -- the moment -------------------------------------------------------------------------------

    def _instants_of(self, process_id: int | None) -> _Instants:
        if process_id not in self._instants:
            rows: Sequence[InstantRow] = (
                self._recording.tick_rows()
                if process_id is None
                else self._recording.reading_rows(process_id)
            )
            self._instants[process_id] = _Instants(
                [row.tick for row in rows], [row.time for row in rows], [row.run_id for row in rows]
            )
        return self._instants[process_id]

    def _activity(self, tick: int | None, alone: ProcessNow | None) -> dict[str, Any]:
        """The limit of mappings, and the share of a CPU, of a single process."""
        if tick is None or alone is None:
            return {}
        found: dict[str, Any] = {"most_mappings": self._recording.max_map_count(tick)}
        with suppress(SelectionError):  # nothing was read of it at this tick
            now = self._recording.measurement_at(alone.id, tick)
            before = self._recording.reading_before(now)
            found["cpu_share"] = None if before is None else cpu_share(now.reading, *before)
        return found

    def _jumps(self, instants: _Instants) -> list[str]:
        """What happened to the clock on the wall."""
        if not instants.times:
            return []
        axis = self._recording.axis
        return [
            f"┊ {format_time(axis.wall(jump.place_ns))[:19]} {jump.text}"
            for jump in axis.jumps_between(instants.times[0], instants.times[-1])
        ]

    def _owner(self, process_id: int) -> _Owner:
        return self._all_owners()[process_id]

    def _all_owners(self) -> dict[int, _Owner]:
        if not self._owners:
            self._owners = {
                process.id: _Owner(self._recording, process)
                for process in self._recording.processes()
            }
        return self._owners

    def _roles_at(self, tick: int) -> dict[int, Role]:
        """The roles of all processes; the same from one execve of any of them to the next."""
        processes = [owner.process for owner in self._all_owners().values()]
        if not self._changes:
            self._changes = sorted({i.first_tick for each in processes for i in each.images})
        number = bisect_right(self._changes, tick)
        if number not in self._roles:
            if len(self._roles) > _KEPT_ROLES:
                self._roles.clear()
            self._roles[number] = roles_at(processes, tick)
        return self._roles[number]

    def _seen(self, process_id: int | None, tick: int) -> Seen:
        if process_id is not None:
            latest = self._recording.measurement_at(process_id, tick)
            return Seen([self._present(latest, self._with_layout(latest), None)], Together())
        together = self._together(tick)
        presents = [
            self._present(moment.latest, moment.layout, together.shares.get(moment.process.id))
            for moment in self._recording.processes_at(tick)
            if moment.latest.state.has_memory
        ]
        here = {present.id for present in presents}
        presents += [
            self._at_pass(share, tick)
            for number, share in together.shares.items()
            if number not in here
            and (self._owner(number).process.end_tick or 2**62) > tick - (together.age_ns == 0)
        ]
        return Seen(presents, together)

    def _compared(self, process_id: int | None, tick: int, mark: int) -> tuple[Seen, Seen | None]:
        """What is shown, and what was at the mark; of several processes at the last passes."""
        several = process_id is None
        ticks = [self._pass_until(each) if several else each for each in (tick, mark)]
        now, before = (self._seen(process_id, each) for each in ticks)
        return compared(now, before, several=several)

    def _pass_until(self, tick: int) -> int:
        """The tick of the pass whose sums are shown at a tick; without one, the tick itself."""
        moment = self._moment(tick)
        return tick if moment is None else moment.tick

    def _moment(self, tick: int) -> Moment | None:
        """The last pass of the same run until a tick."""
        if self._passes is None:
            self._passes = read(self._recording)
        instants = self._instants_of(None)
        moment = self._passes.at(tick)
        run = instants.runs[instants.ticks.index(tick)]
        return moment if moment is not None and moment.run_id == run else None

    def _together(self, tick: int) -> Together:
        """The sums of the last pass of the same run until a tick."""
        moment = self._moment(tick)
        assert self._passes is not None
        passes = self._passes
        if moment is None:
            why = why_no_sum(passes) if not passes.sums else "no sum: no pass until then"
            return Together(why=why)
        when = self._recording.tick_time(moment.tick)
        shares = passes.members(moment.tick)
        found = together_of(moment.sums, shares, when, moment.wall_ns, moment.lacking)
        return found._replace(age_ns=self._instants_of(None).time_of(tick) - moment.time)

    def _present(
        self, latest: Measurement, with_layout: Measurement | None, share: Share | None
    ) -> ProcessNow:
        owner = self._owner(latest.process_id)
        return ProcessNow(
            id=latest.process_id,
            pid=owner.process.pid,
            role=self._roles_at(latest.tick)[latest.process_id],
            command=owner.command_at(latest.tick),
            state=latest.state,
            reading=latest.reading,
            totals=with_layout.totals if with_layout else None,
            layout=lambda: with_layout and self._layout(with_layout),
            layout_time=with_layout.time if with_layout else None,
            share=share,
        )

    def _at_pass(self, share: Share, tick: int) -> ProcessNow:
        """A process of which only the pass tells anything."""
        owner = self._owner(share.process_id)
        return ProcessNow(
            id=share.process_id,
            pid=owner.process.pid,
            role=self._roles_at(tick)[share.process_id],
            command=owner.command_at(tick),
            state=LayoutState.NOT_TAKEN,
            reading=Reading(),
            totals=None,
            layout=lambda: None,
            share=share,
        )

    def _with_layout(self, latest: Measurement) -> Measurement | None:
        """The measurement itself, or the one before it if only cheap figures were read."""
        if latest.has_layout:
            return latest
        if latest.state is not LayoutState.NOT_TAKEN:
            return None
        try:
            return self._recording.layout_until(latest.process_id, latest.tick)
        except SelectionError:
            return None

    def _layout(self, measurement: Measurement) -> GroupedLayout:
        known = self._layouts.pop(measurement.id, None)
        if known is None:
            layout = self._recording.layout(measurement.id)
            owner = self._owner(measurement.process_id)
            known = owner.grouper(measurement.tick).group(
                layout.entries, owner.evidence(measurement.tick)
            )
            self._kept += len(layout)
        self._layouts[measurement.id] = known  # as the one used last
        self._used.add(measurement.id)
        return known

    def _forget(self) -> None:
        """Drop layouts that were not used for long, but none of what is shown now."""
        while self._kept > _KEPT_MAPPINGS and next(iter(self._layouts)) not in self._used:
            _, oldest = self._layouts.popitem(last=False)
            self._kept -= len(oldest.entries)
        self._used.clear()

    # -- the history ------------------------------------------------------------------------------

    def _chart(self, question: Question) -> Chart:
        key = question.process_id, question.figure, question.columns
        if key not in self._charts:
            history = self._history(question.process_id, question.figure)
            until = history.until[-1] if history.until else 0
            span = whole_span(history.times, until, question.columns)
            self._charts[key] = draw(history, span, self._cgroup_history(question.process_id))
        return self._charts[key]

    def _cgroup_history(self, process_id: int | None) -> CgroupHistory | None:
        story = self._story(process_id)
        if story is None:
            return None
        return CgroupHistory(story.times, story.until, story.current, story.limit)

    def _history(self, process_id: int | None, asked: ShownFigure) -> History:
        key = process_id, asked
        if key not in self._histories:
            usages = self._usages_of(process_id)
            if process_id is None:
                figure = cast(Figure, over_processes(asked))
                timeline = usages.timeline(figure, "process", _PROCESS_BANDS)
            else:
                timeline = usages.timeline(asked, "kind", None)
            if process_id is None:
                found = [series.key for series in timeline.groups if series.key != OTHER]
                layers = [int(each.rpartition(" ")[2]) for each in found]
                self._layers[figure] = layers
                self._colours.give(layers)
            self._histories[key] = _history_of(timeline, self._recording.axis, self._colours)
        return self._histories[key]

    def _usages_of(self, process_id: int | None) -> Usages:
        if self._usages is None or self._usages[0] != process_id:
            if process_id is None:
                processes = self._recording.processes()
                figures = cast("list[Figure]", list(dict.fromkeys(map(over_processes, OFFERED))))
            else:
                processes = [self._recording.process(process_id=process_id)]
                figures = [*OFFERED, "hugetlb"]
            self._usages = process_id, load(self._recording, processes, figures=figures)
            # What a history is made of stays: a collector that walks over it takes 0.1 s each time.
            gc.freeze()
        return self._usages[1]


def _history_of(timeline: Timeline, clock: TimeAxis, colours: ProcessColours) -> History:
    def bands(positions: Sequence[int | None]) -> tuple[Band, ...]:
        return tuple(
            Band(
                series.name,
                _colour(timeline.by, series, colours),
                [0 if position is None else series.values[position] or 0 for position in positions],
            )
            for series in timeline.groups
        )

    return History(
        figure=timeline.figure,
        ticks=timeline.ticks,
        times=timeline.times_ns,
        until=timeline.until_ns,
        totals=timeline.heights,
        marks=timeline.high_water_mark,
        torn=timeline.torn,
        gaps=timeline.gaps if timeline.is_stacked else [1] * len(timeline),
        bands=bands,
        clock=clock,
    )


def _colour(by: By, series: Series, colours: ProcessColours) -> Shades:
    if series.key == OTHER:
        return GREY
    if by == "process":
        return colours.of(int(series.key.rpartition(" ")[2]))
    return kind_colour(series.kind)


def _nearest(instants: _Instants, tick: int | None) -> int | None:
    """The tick itself, or the last one before it that there is; without one, the first."""
    if not instants.ticks:
        return None
    if tick is None or tick in instants.ticks:
        return instants.ticks[0] if tick is None else tick
    return max((each for each in instants.ticks if each < tick), default=instants.ticks[0])
