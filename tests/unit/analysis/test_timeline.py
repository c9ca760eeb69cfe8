"""Timelines: one sweep over intervals means the same as one layout per tick."""

from __future__ import annotations

import os
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import get_args
from unittest import mock

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from memory_watcher.analysis.identity import By, identify, is_rest
from memory_watcher.analysis.kinds import Kind, attribute
from memory_watcher.analysis.passes import read
from memory_watcher.analysis.timeline import Figure, Series, Timeline, merge_smallest, reduce
from memory_watcher.answers.usages import load, timeline
from memory_watcher.model import LayoutState, MappingUsage, Reading, Usage
from memory_watcher.store.recording import Recording
from memory_watcher.store.write import layouts
from tests.recordings import KI, MI, SECOND, START, Entry, RecordingBuilder, mapping
from tests.unit.store.flat import RUNS, Flat, Row, Run, Step, write

FIGURES: tuple[Figure, ...] = get_args(Figure)
BYS: tuple[By, ...] = get_args(By)


@contextmanager
def written(runs: list[Run], keyframe_rows: int) -> Iterator[tuple[Recording, Flat]]:
    """Store a script with keyframes as often as asked for; open it."""
    with (
        tempfile.TemporaryDirectory() as folder,
        mock.patch.object(layouts, "KEYFRAME_ROWS_PER_MAPPING", keyframe_rows),
    ):
        flat = write(os.path.join(folder, "a.db"), runs)
        with Recording(os.path.join(folder, "a.db")) as recording:
            yield recording, flat


def value_of(usage: Usage, figure: Figure) -> int | None:
    """What one mapping adds: it counts as one, whatever it tells."""
    return 1 if figure == "mappings" else getattr(usage, figure)


def sums(layout: Sequence[Entry], figure: Figure, by: By, process: int) -> dict[str, int]:
    """Sum up one layout by key, without the groups that have nothing."""
    groups: dict[str, int] = defaultdict(int)
    for entry, attribution in attribute([MappingUsage(*entry) for entry in layout]):
        identity = identify(entry.mapping, attribution, by, (process, ""))
        groups[identity.key] += value_of(entry.usage, figure) or 0
    return {key: size for key, size in groups.items() if size}


def at(made: Timeline, position: int) -> dict[str, int]:
    """What a timeline says of an instant, by key."""
    return {
        series.key: value
        for series in made.groups
        if (value := series.values[position]) not in (None, 0)
    }


@settings(max_examples=80, deadline=None)
@given(RUNS, st.sampled_from([0, 1, 4, 1000]), st.sampled_from(FIGURES), st.sampled_from(BYS))
def test_sweep_equals_flat_computation(
    runs: list[Run], keyframe_rows: int, figure: Figure, by: By
) -> None:
    """At every tick each group of one process has what its layout gives, and nothing else does."""
    with written(runs, keyframe_rows) as (recording, flat):
        for process in recording.processes():
            made = load(recording, [process], figures=FIGURES).timeline(figure, by, None)
            rows = [row for row in flat.rows if row.process_id == process.id]
            assert list(made.ticks) == [row.tick for row in rows]
            assert list(made.times_ns) == [row.time_ns for row in rows]
            assert list(made.states) == [row.state for row in rows]
            for position, row in enumerate(rows):
                total = made.total[position]
                if row.layout is None:
                    assert total is None
                    assert all(series.values[position] is None for series in made.groups)
                    continue
                expected = sums(row.layout, figure, by, process.id)
                assert at(made, position) == expected
                missing = [value_of(usage, figure) for _, usage in row.layout].count(None)
                assert made.lacking[position] == missing
                # What the kernel tells of no mapping is unknown, not 0.
                nothing = missing and missing == len(row.layout)
                assert total == (None if nothing else sum(expected.values()))


def unfinished(row: Row | None) -> bool:
    """Whether a process is a member whose layout a tick did not read well."""
    if row is None:
        return True
    return row.state in (LayoutState.NOT_TAKEN, LayoutState.TORN)


def members(flat: Flat, runs: list[Run], tick: int) -> list[Row | None]:
    """What a tick read of each process that lived then and had memory; None: nothing."""
    ends: list[int] = []
    for run in runs:
        ends.append((ends[-1] if ends else 0) + len(run))
    begin = max([end for end in ends if end < tick], default=0)
    last: dict[int, Row] = {}
    for row in flat.rows:
        if begin < row.tick <= tick:
            last[row.process_id] = row
    return [
        row if row.tick == tick else None
        for number, row in last.items()
        if flat.ended.get(number, tick + 1) > tick and row.state.has_memory
    ]


#: Places in flat.ENTRIES: 1 KiB of USS as anonymous memory, without swap and with some; a file's
#: with more USS than PSS, of which no sum comes.
SMALL, SWAPPED, CONTRADICTORY = [9], [10], [32]
UNREAD = Step("state", state=LayoutState.NO_PERMISSION.value)

#: The first layouts give no sum. Then one process cannot be read, while what it had goes on in the
#: recording until it is read again.
UNREAD_AT_FIRST: Run = [
    ([Step("new", SMALL), Step("new", CONTRADICTORY)], {}),
    ([UNREAD, Step("new", SMALL)], {}),
    ([Step("same"), Step("same")], {}),
]
#: The same behind a pass; with many keyframes, one whose layouts count nowhere is between others.
UNREAD_LATER: Run = [([Step("new", SWAPPED), Step("new", SMALL)], {}), *UNREAD_AT_FIRST]


@settings(max_examples=60, deadline=None)
@given(RUNS, st.sampled_from([0, 1, 4, 1000]), st.sampled_from(BYS))
@example([UNREAD_AT_FIRST], 4, "kind")
@example([UNREAD_LATER], 0, "kind")
@example([UNREAD_LATER], 1, "kind")
def test_several_processes(runs: list[Run], keyframe_rows: int, by: By) -> None:
    """Several processes have a sum where each has a layout or is told as unreadable, else none.

    That is what a recording without passes gives. By slow addition of each tick's own layouts.
    """
    with written(runs, keyframe_rows) as (recording, flat):
        processes = recording.processes()
        if len(processes) < 2:
            return
        made = load(recording, processes, figures=("uss",)).timeline("uss", by, None)
        passes = {each.tick: each for each in read(recording).every}
        for tick in flat.tick_times:
            there = members(flat, runs, tick)
            layouts = [row for row in there if row is not None and row.layout is not None]
            assert (tick in passes) == (bool(layouts) and not any(map(unfinished, there)))
        if not made.is_stacked:
            assert not any(each.fault is None for each in passes.values())
            return
        assert list(made.ticks) == [tick for tick, each in passes.items() if each.fault is None]
        for position, tick in enumerate(made.ticks):
            expected: Counter[str] = Counter()
            counted = read(recording).members(tick)
            layouts = [row for row in members(flat, runs, tick) if row is not None and row.layout]
            told = [row for row in layouts if row.totals and row.totals.uss is not None]
            for row in told if by == "process" else layouts:
                if counted[row.process_id].counted:
                    expected.update(sums(row.layout or [], "uss", by, row.process_id))
            if made.total[position] is None:
                assert by != "process" or not told
                continue
            assert at(made, position) == dict(expected)
            assert made.resident[position] is None


@settings(max_examples=40, deadline=None)
@given(RUNS, st.sampled_from([0, 4, 1000]), st.integers(1, 9), st.integers(0, 9))
@example(
    [
        [
            ([Step("new", CONTRADICTORY), Step("absent")], {}),
            ([UNREAD, Step("absent")], {}),
            ([Step("new", SMALL), Step("absent")], {}),
        ]
    ],
    *(1000, 2, 9),
)
def test_a_span_is_a_part_of_the_whole(
    runs: list[Run], keyframe_rows: int, first: int, more: int
) -> None:
    """Of some ticks of one process groups have what they have in the whole, and so their peaks."""
    with written(runs, keyframe_rows) as (recording, flat):
        begin, end = (flat.tick_times.get(tick) for tick in (first, first + more))
        for process in recording.processes():
            whole = load(recording, [process]).timeline("pss", "mapping", None)
            made = load(recording, [process], first_ns=begin, last_ns=end)
            part = made.timeline("pss", "mapping", None)
            for position, tick in enumerate(part.ticks):
                assert at(part, position) == at(whole, list(whole.ticks).index(tick))
            for series in part.groups:
                assert series.peak == max(value or 0 for value in series.values)


@settings(max_examples=40, deadline=None)
@given(RUNS, st.integers(0, 3), st.sampled_from(BYS))
def test_other_makes_up_the_rest(runs: list[Run], top: int, by: By) -> None:
    """However few groups are asked for, they and `other` add up to the same total."""
    with written(runs, 4) as (recording, _):
        for process in recording.processes():
            usages = load(recording, [process], figures=("rss",))
            whole, cut = usages.timeline("rss", by, None), usages.timeline("rss", by, top)
            assert cut.total == whole.total
            for position, total in enumerate(cut.total):
                assert sum(at(cut, position).values()) == (total or 0)
            kept = {series.key: series.values for series in whole.groups}
            shown = [series for series in cut.groups if not is_rest(series.key)]
            rest = cut.groups[len(shown) :]
            assert all(series.values == kept[series.key] for series in shown)
            assert sum(series.stands_for for series in rest) == cut.other_groups
            assert cut.other_groups + len(shown) == len(kept)
            assert by == "mapping" or [series.key for series in rest] in ([], ["other"])


@settings(max_examples=40, deadline=None)
@given(RUNS, st.integers(0, 12))
def test_by_mapping_the_rest_is_told_by_kind(runs: list[Run], top: int) -> None:
    """The mappings of a kind, those without a place of their own too, are what the kind is."""
    with written(runs, 4) as (recording, _):
        for process in recording.processes():
            usages = load(recording, [process], figures=("rss",))
            kinds = {each.kind: each for each in usages.timeline("rss", "kind", None).groups}
            made = usages.timeline("rss", "mapping", top)
            assert {series.kind for series in made.groups} == set(kinds)
            for kind, whole in kinds.items():
                parts = [series.values for series in made.groups if series.kind is kind]
                added = [sum(each or 0 for each in values) for values in zip(*parts, strict=True)]
                assert added == [value or 0 for value in whole.values]


def mappings_of(counts: dict[Kind, int]) -> Timeline:
    """A timeline by mapping of so many of each kind, of 1, 2, 3… bytes."""
    parts = [(kind, n) for kind, count in counts.items() for n in range(1, count + 1)]
    groups = tuple(
        Series(f"0 {kind.value} {size}", kind, f"{kind.value} {size}", [size], size, size)
        for kind, size in sorted(parts, key=lambda part: -part[1])
    )
    total = [sum(size for _, size in parts)]
    return replace(plain([None]), by="mapping", groups=groups, total=total)


def test_smallest_are_merged_by_kind() -> None:
    """What a legend has no room for is a band for each kind, with how many it stands for."""
    made = merge_smallest(mappings_of({Kind.FILE: 40, Kind.ANONYMOUS: 10}), 8)
    assert [(each.name, each.stands_for) for each in made.groups] == [
        *((f"file {size}", 1) for size in (40, 39, 38, 37, 36, 35)),
        *(("other file", 34), ("other anonymous", 10)),
    ]
    assert [list(each.values) for each in made.groups[-2:]] == [[34 * 35 // 2], [55]]
    assert made.other_groups == 44
    fewer = merge_smallest(made, 4)
    assert [(each.name, each.stands_for) for each in fewer.groups] == [
        *(("file 40", 1), ("file 39", 1)),
        *(("other file", 38), ("other anonymous", 10)),
    ]


@given(st.dictionaries(st.sampled_from(list(Kind)), st.integers(1, 9)), st.integers(1, 30))
def test_merged_groups_fit_and_add_up(counts: dict[Kind, int], most: int) -> None:
    """There are never more than asked for, none is lost, and half of the places stay."""
    whole = mappings_of(counts)
    made = merge_smallest(whole, most)
    assert len(made.groups) <= most
    assert sum(each.values[0] or 0 for each in made.groups) == whole.total[0]
    assert sum(each.stands_for for each in made.groups) == len(whole.groups)
    rest = [each for each in made.groups if is_rest(each.key)]
    assert made.other_groups == sum(each.stands_for for each in rest)
    assert len(made.groups) - len(rest) >= min(len(whole.groups), most // 2)
    assert len({each.key for each in made.groups}) == len(made.groups)


@pytest.fixture
def builder(tmp_path: Path) -> Iterator[RecordingBuilder]:
    made = RecordingBuilder(tmp_path / "a.db")
    yield made
    made.close()


def heap(size: int, end: int = 0) -> list[Entry]:
    return [(mapping(0x1000, 64 * KI + end, pathname="[heap]"), Usage(rss=size, pss=size))]


def opened(builder: RecordingBuilder) -> tuple[Recording, Timeline]:
    recording = Recording(builder.close())
    with recording:
        return recording, timeline(recording, recording.processes()[0])


def test_torn_and_gaps_are_told(builder: RecordingBuilder) -> None:
    """Torn layouts keep their values and are counted; what could not be read has none."""
    process = builder.process(7)
    for state in (LayoutState.EXACT, LayoutState.TORN, LayoutState.NO_PERMISSION, LayoutState.GONE):
        builder.tick()
        if state.has_layout:
            builder.layout(process, heap(5 * MI), state=state)
        else:
            builder.reading(process, Reading(resident=9), state=state)
    made = opened(builder)[1]
    assert list(made.total) == [5 * MI, 5 * MI, None, None]
    assert list(made.torn) == [0, 1, 0, 0]
    assert list(made.gaps) == [0, 0, 1, 0], "what is gone has no memory, which is no gap"
    assert list(made.resident)[2] == 9
    assert [until - START for until in made.until_ns[:2]] == [SECOND, 2 * SECOND]


def test_layouts_stand_while_the_cheap_figures_are_read(builder: RecordingBuilder) -> None:
    """Between layouts the last one stands, but not much longer than usual."""
    process = builder.process(7)
    for number in range(40):
        builder.tick()
        if number in (0, 2, 4, 6, 8):
            builder.layout(process, heap(MI))
        else:
            builder.reading(process, Reading(resident=MI))
    made = opened(builder)[1]
    assert made.until_ns[0] == made.times_ns[2]
    assert made.until_ns[8] == made.times_ns[18]
    assert sum(made.gaps) == 40 - 18
    assert sum(reduce(made, 5).gaps) == 40 - 18


def test_nobody_looked(builder: RecordingBuilder) -> None:
    """Nothing stands between two runs, nor in a pause; unchanged processes have no readings."""
    process = builder.process(7)
    for _ in range(3):
        builder.tick()
        builder.layout(process, heap(MI))
    builder.end_run()
    builder.run()
    later = START + 100 * SECOND
    for number in range(20):
        builder.tick(later + number * SECOND)
        if number in (0, 15):
            builder.layout(process, heap(2 * MI))
    made = opened(builder)[1]
    assert made.until_ns[2] == made.times_ns[2] + SECOND
    assert made.until_ns[3] == made.times_ns[4], "it was looked at and had not changed"
    assert made.until_ns[4] == later + 20 * SECOND, "up to the end of the run"
    assert sum(made.gaps) == 0


def test_span(builder: RecordingBuilder) -> None:
    """Only the instants of a span are there, with the values they have in the whole."""
    process = builder.process(7)
    for number in range(10):
        builder.tick()
        builder.layout(process, heap(number * MI))
    with Recording(builder.close()) as recording:
        made = load(
            recording,
            recording.processes(),
            first_ns=START + 3 * SECOND,
            last_ns=START + 5 * SECOND,
        ).timeline("pss", "name")
    assert list(made.total) == [3 * MI, 4 * MI, 5 * MI]
    assert made.until_ns[-1] == START + 5 * SECOND


def test_a_mapping_that_grows_is_one(builder: RecordingBuilder) -> None:
    """By mapping, the heap is one series although its end moves."""
    process = builder.process(7)
    for number in range(4):
        builder.tick()
        builder.layout(process, heap(MI, end=number * 4 * KI))
    with Recording(builder.close()) as recording:
        made = timeline(recording, recording.processes()[0], by="mapping")
    (series,) = made.groups
    assert list(series.values) == [MI] * 4
    assert series.name == f"00001000-{0x1000 + 76 * KI:08x} rw-p heap"


def test_own_kinds_come_first_and_names_by_peak(builder: RecordingBuilder) -> None:
    """By name, heap and the like are kept besides the top names; `other` is last."""
    process = builder.process(7)
    builder.tick()
    files = [
        (mapping(0x10000000 * number, pathname=f"/file{number}", inode=number), Usage(pss=number))
        for number in range(1, 6)
    ]
    builder.layout(process, [*heap(1), *files])
    with Recording(builder.close()) as recording:
        made = timeline(recording, recording.processes()[0], top=2)
    assert [series.name for series in made.groups] == ["heap", "/file5", "/file4", "other"]
    assert [series.kind for series in made.groups] == [Kind.HEAP, Kind.FILE, Kind.FILE, None]
    assert made.other_groups == 3


def test_fast_readings_raise_the_lines(builder: RecordingBuilder) -> None:
    """RSS between two layouts is in the highest, not in the figure of the instant itself."""
    process = builder.process(7)
    for _ in range(3):
        builder.tick()
        builder.layout(process, heap(MI), Reading(resident=MI, high_water_mark=2 * MI))
    builder.execute(
        "INSERT INTO fast_readings VALUES (?, ?, 1000, ?, ?, NULL)",
        *(process, START + SECOND + 5, 7 * MI, 8 * MI),
    )
    made = opened(builder)[1]
    assert list(made.resident) == [MI] * 3
    assert list(made.resident_highest) == [MI, 7 * MI, MI]
    assert list(made.high_water_mark) == [2 * MI, 8 * MI, 2 * MI]


# -- reduce -------------------------------------------------------------------------------------


def plain(totals: list[int | None], step: int = SECOND) -> Timeline:
    """A timeline of two groups, a third and the rest of each total."""
    times = [START + number * step for number in range(len(totals))]
    until = [time + step for time in times]
    parts = (
        [None if t is None else t // 3 for t in totals],
        [None if t is None else t - t // 3 for t in totals],
    )
    series = tuple(Series(str(n), None, str(n), values, 1, 1) for n, values in enumerate(parts))
    zeros = [0] * len(totals)
    states = [LayoutState.NO_PERMISSION if t is None else LayoutState.EXACT for t in totals]
    return Timeline(
        figure="pss", by="name", ticks=list(range(1, len(totals) + 1)), times_ns=times,
        until_ns=until, read_until_ns=until, groups=series, other_groups=0, total=totals,
        states=states, lacking=zeros, sums=[None] * len(totals), resident=totals,
        resident_highest=totals, high_water_mark=totals, torn=zeros,
        gaps=[int(t is None) for t in totals],
    )  # fmt: skip


TOTALS = st.lists(st.none() | st.integers(0, 99), max_size=80)


@given(TOTALS, st.integers(1, 30))
def test_reduced_columns(totals: list[int | None], columns: int) -> None:
    """Peaks survive, each column is one real instant of all groups, and gaps are counted."""
    whole = plain(totals)
    small = reduce(whole, columns)
    assert len(small) <= columns
    position = {tick: index for index, tick in enumerate(whole.ticks)}
    for index, tick in enumerate(small.ticks):
        source = position[tick]
        assert small.times_ns[index] == whole.times_ns[source]
        assert small.total[index] == totals[source]
        for reduced, series in zip(small.groups, whole.groups, strict=True):
            assert reduced.values[index] == series.values[source]
    assert sum(small.gaps) == totals.count(None)
    told = [total for total in totals if total is not None]
    assert max((t for t in small.total if t is not None), default=None) == max(told, default=None)
    if whole.peak is not None:
        assert small.peak is not None
        assert small.ticks[small.peak] == whole.ticks[whole.peak], "the first of equals"


@given(TOTALS, st.integers(1, 30))
def test_each_column_has_its_highest(totals: list[int | None], columns: int) -> None:
    """Within each column of equal time the instant with the highest total is kept."""
    whole = plain(totals)
    small = reduce(whole, columns)
    kept = set(small.ticks)
    for column in range(columns):
        inside = [
            (tick, total)
            for number, (tick, total) in enumerate(zip(whole.ticks, totals, strict=True))
            if number * columns // len(totals) == column  # of a second each
        ]
        chosen = [(tick, total) for tick, total in inside if tick in kept]
        assert len(chosen) == bool(inside)
        if inside and chosen[0][1] is not None:
            assert chosen[0][1] == max(total for _, total in inside if total is not None)
        elif inside:
            assert all(total is None for _, total in inside)


def test_reduced_instants_stand_to_the_next(builder: RecordingBuilder) -> None:
    """A reduced timeline has no holes where the whole has none, and keeps those it has."""
    whole = plain([5] * 100)
    small = reduce(whole, 10)
    assert list(small.until_ns[:-1]) == list(small.times_ns[1:])
    assert small.until_ns[-1] == whole.until_ns[-1]
    broken = replace(
        whole, until_ns=[*whole.until_ns[:44], whole.times_ns[44], *whole.until_ns[45:]]
    )
    holes = reduce(broken, 10)
    (hole,) = [index for index in range(9) if holes.until_ns[index] != holes.times_ns[index + 1]]
    assert holes.until_ns[hole] == whole.times_ns[44]


def test_nothing() -> None:
    """A timeline without instants can be reduced."""
    assert len(reduce(plain([]), 10)) == 0
    assert plain([]).peak is None
    assert plain([None]).peak is None


class Counted(list[int | None]):
    """Counts how often it is gone through from its start."""

    times = 0

    def __iter__(self) -> Iterator[int | None]:
        self.times += 1
        return super().__iter__()


def test_reduce_goes_through_the_sums_once() -> None:
    """And not once for each column: of 120,000 instants that took nine seconds."""
    asked = Counted([None] * 100)
    reduce(replace(plain([5] * 100), sums=asked), 50)
    assert asked.times <= 1
