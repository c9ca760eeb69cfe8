"""The SQL examples of docs/sql.md give what a computation without SQL gives.

A small recording of two processes is written, and everything that goes into it is also kept in
plain Python lists ("flat": one entry per mapping and tick). Each example has a test of its name.
"""

from __future__ import annotations

import random
import re
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import pytest

from memory_watcher.model import (
    LayoutState,
    Mapping,
    MappingUsage,
    Reading,
    Rollup,
    Usage,
    sum_totals,
)
from memory_watcher.store.schema import STILL_VALID
from memory_watcher.units import format_time
from tests.recordings import RecordingBuilder

PAGE = 4096
TICKS = 60
FIRST_TIME = 1_772_380_000_123_456_789
PERIOD = 200_000_000
DELAY = 3_000_000
KEYFRAME_EVERY = 8
END = 50  # the tick at which the second process is gone
LIBRARY = "/usr/lib/libexample.so.6"
BUILD_ID = "0123456789abcdef"
PATHS = ("", "[heap]", "/usr/bin/example", LIBRARY, "/usr/lib/name with  blanks.so (deleted)")
VSYSCALL = Mapping(0xFFFFFFFFFF600000, 0xFFFFFFFFFF601000, "--xp", 0, 0, 0, "[vsyscall]")

NOTHING = Usage(rss=0, pss=0, private_clean=0, private_dirty=0, swap=0, swap_pss=0)

Row = tuple[object, ...]


# A recording, and the same facts in plain lists ---------------------------------------------------


@dataclass
class Flat:
    """All that was recorded of one process, by tick."""

    process_id: int
    pid: int
    names: dict[int, str] = field(default_factory=dict)
    readings: dict[int, Reading] = field(default_factory=dict)
    states: dict[int, LayoutState] = field(default_factory=dict)
    layouts: dict[int, list[MappingUsage]] = field(default_factory=dict)

    def total(self, tick: int, figure: str) -> int:
        return sum(getattr(entry.usage, figure) for entry in self.layouts[tick])

    def by_name(self, tick: int, figure: str) -> Counter[str]:
        sums: Counter[str] = Counter()
        for entry in self.layouts[tick]:
            sums[entry.mapping.pathname] += getattr(entry.usage, figure)
        return sums


@dataclass
class Example:
    """The recording, and what is known of it without SQL."""

    connection: sqlite3.Connection
    processes: list[Flat]
    meminfo: dict[int, dict[str, int]]
    queries: dict[str, str]

    def ask(self, name: str, **parameters: object) -> list[Row]:
        return self.connection.execute(self.queries[name], parameters).fetchall()

    def measurement(self, flat: Flat, tick: int) -> int:
        """The number of a measurement; it has no meaning outside the recording."""
        (number,) = self.connection.execute(
            "SELECT id FROM readings WHERE process_id = ? AND tick = ?", (flat.process_id, tick)
        ).fetchone()
        assert isinstance(number, int)
        return number


def time_of(tick: int) -> int:
    return FIRST_TIME + (tick - 1) * PERIOD


def random_usage(chance: random.Random) -> Usage:
    """Any figures; PSS is not a multiple of a page, as in life."""
    rss = chance.randrange(0, 500) * PAGE
    pss = rss // chance.choice((1, 2, 3)) // 1024 * 1024
    return Usage(
        rss=rss,
        pss=pss,
        private_clean=0,
        private_dirty=rss // 8192 * PAGE,
        swap=chance.choice((0, 0, 0, 8192)),
        swap_pss=0,
        vm_flags="rd wr mr mw me ac",
    )


class Target:
    """A made-up process whose mappings come, go and change."""

    def __init__(self, chance: random.Random, mappings: int) -> None:
        self._chance = chance
        self._next = 0x5500_0000_0000
        self.layout = [self._new() for _ in range(mappings)]
        self.layout.append(MappingUsage(VSYSCALL, NOTHING))

    def _new(self) -> MappingUsage:
        start = self._next
        self._next += PAGE * self._chance.randrange(1, 600)
        pathname = self._chance.choice(PATHS)
        mapping = Mapping(start, self._next, "rw-p", 0, 0x800001, 42, pathname)
        return MappingUsage(mapping, random_usage(self._chance))

    def step(self) -> list[MappingUsage]:
        """Let a few mappings change; now and then one goes and one comes."""
        last = len(self.layout) - 1  # [vsyscall] stays where it is
        for position in self._chance.sample(range(last), 4):
            mapping = self.layout[position].mapping
            self.layout[position] = MappingUsage(mapping, random_usage(self._chance))
        if self._chance.random() < 0.5:
            del self.layout[self._chance.randrange(last)]
        if self._chance.random() < 0.5:
            self.layout.insert(len(self.layout) - 1, self._new())
        return list(self.layout)


class Intervals:
    """The usages of one process as the schema has them: a row per change, cut at keyframes."""

    def __init__(self, builder: RecordingBuilder, process_id: int) -> None:
        self._builder = builder
        self._process_id = process_id
        self._open: dict[MappingUsage, int] = {}  # -> the first tick
        self._keyframe = 0

    def add(self, tick: int, layout: list[MappingUsage], measurement: int) -> None:
        """Store what changed since the layout before, and the sums of this one."""
        if not self._keyframe or tick >= self._keyframe + KEYFRAME_EVERY:
            self.close_all(tick - 1)
            self._keyframe = tick
        self.close(self._open.keys() - set(layout), tick - 1)
        for entry in layout:
            self._open.setdefault(entry, tick)
        self._builder.execute(
            "UPDATE readings SET keyframe = ?, mappings = ?, layout_size = ?, rss = ?, pss = ?,"
            " uss = ?, layout_swap = ?, swap_pss = ? WHERE id = ?",
            *(self._keyframe, *sum_totals(layout), measurement),
        )

    def close(self, entries: Iterable[MappingUsage], last_tick: int) -> None:
        """Write rows that were valid up to a tick."""
        for entry in list(entries):
            first_tick = self._open.pop(entry)
            self._builder.usage(self._process_id, entry.mapping, entry.usage, first_tick, last_tick)

    def close_all(self, last_tick: int) -> None:
        """Write the rows that were valid to the end."""
        self.close(self._open, last_tick)


class Recorded:
    """One made-up process, written to the recording and noted in a Flat."""

    def __init__(
        self, builder: RecordingBuilder, chance: random.Random, flat: Flat, mappings: int
    ) -> None:
        self.flat = flat
        self.intervals = Intervals(builder, flat.process_id)
        self._builder = builder
        self._target = Target(chance, mappings)
        self._mark = 0

    def record(self, tick: int) -> None:
        """Write one tick; every seventh has no layout, tick 33 had a spike before it."""
        layout = None if tick % 7 == 0 else self._target.step()
        state = LayoutState.NOT_TAKEN if layout is None else LayoutState.EXACT
        resident = sum(entry.usage.rss or 0 for entry in self._target.layout)
        self._mark = max(self._mark, resident + (200 * PAGE if tick == 33 else 0))
        reading = Reading(size=10**9, resident=resident, high_water_mark=self._mark)
        measurement = self._builder.reading(
            self.flat.process_id, reading, state=state, delay_ns=DELAY
        )
        self.flat.readings[tick], self.flat.states[tick] = reading, state
        if layout is not None:
            self.flat.layouts[tick] = layout
            self.intervals.add(tick, layout, measurement)


def random_meminfo(tick: int, chance: random.Random) -> dict[str, int]:
    """Make values of which some change at each tick, some rarely, some never."""
    return {
        "MemTotal": 2**34,
        "MemAvailable": 1024 * chance.randrange(10**6, 10**6 + 50),
        "Cached": 1024 * (tick // 20),
        "HugePages_Total": 0,
    }


def write_recording(path: Path) -> tuple[list[Flat], dict[int, dict[str, int]]]:
    """Two processes; the second starts later, ends earlier, and execs once."""
    chance = random.Random(20180817)
    builder = RecordingBuilder(path)
    processes: list[Recorded] = []
    meminfo: dict[int, dict[str, int]] = {0: {}}  # before the first tick: nothing

    def start(pid: int, name: str, tick: int, mappings: int) -> None:
        flat = Flat(builder.process(pid, name, 5 * pid), pid, {tick: name})
        processes.append(Recorded(builder, chance, flat, mappings))

    for tick in range(1, TICKS + 1):
        if tick == 1:
            start(100, "first", tick, 30)
        elif tick == 10:
            start(200, "before exec", tick, 12)
        elif tick == 20:
            builder.image(processes[1].flat.process_id, "after exec", tick)
            processes[1].flat.names[tick] = "after exec"
        builder.tick(time_of(tick))
        meminfo[tick] = random_meminfo(tick, chance)
        changes = dict(meminfo[tick].items() - meminfo[tick - 1].items())
        builder.meminfo(tick, **changes)
        for process in processes[: 1 if tick >= END else None]:
            process.record(tick)
        take_pass(builder, [process.flat for process in processes[: 1 if tick >= END else None]])
    processes[0].intervals.close_all(STILL_VALID)  # as if the recorder was still running
    processes[1].intervals.close_all(END - 1)
    builder.end(processes[1].flat.process_id, END)
    builder.execute("INSERT INTO build_ids VALUES (1, ?, 42, ?)", 0x800001, BUILD_ID)
    builder.close()
    return [process.flat for process in processes], meminfo


def rollup_of(flat: Flat, tick: int) -> Rollup:
    """What a process has at a pass: it changes every third tick."""
    return Rollup(*(flat.pid * (tick // 3 % 7 + 1) * PAGE // part for part in (1, 2, 4, 8)))


def moved_at(tick: int) -> int:
    """Too much at the ticks at which the sums would be highest but one."""
    return 2**30 if tick % 21 == 19 else 0


def take_pass(builder: RecordingBuilder, alive: list[Flat]) -> None:
    """Store a pass, and of its members only what changed, as a recorder does."""
    tick = builder.last_tick
    now = {flat.process_id: rollup_of(flat, tick) for flat in alive}
    builder.take_pass(dict(now), moved=moved_at(tick))
    for flat in alive:
        if tick - 1 in flat.readings and rollup_of(flat, tick - 1) == now[flat.process_id]:
            builder.execute(
                "DELETE FROM rollups WHERE process_id = ? AND first_tick = ?", flat.process_id, tick
            )


def read_queries() -> dict[str, str]:
    """The SQL blocks of the page, by the names in front of them."""
    text = (Path(__file__).resolve().parents[3] / "docs" / "sql.md").read_text(encoding="utf-8")
    found = re.findall(r"<!-- example: ([^>]+) -->\n```sql\n(.*?)```", text, re.DOTALL)
    assert len(found) == text.count("```sql"), "a block without a name is not tested"
    queries = dict(found)
    assert len(queries) == len(found), "two blocks have the same name"
    return queries


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Example]:
    path = tmp_path_factory.mktemp("sql") / "measurement.db"
    flats, meminfo = write_recording(path)
    del meminfo[0]
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        yield Example(connection, flats, meminfo, read_queries())


@pytest.fixture(params=[0, 1], ids=["first process", "second process"])
def flat(example: Example, request: pytest.FixtureRequest) -> Flat:
    index: int = request.param
    return example.processes[index]


# The page -----------------------------------------------------------------------------------------


def test_every_example_has_a_test() -> None:
    """No query of the page is left without a check of its answer."""
    source = Path(__file__).read_text(encoding="utf-8")
    asked = set(re.findall(r"\.ask\(\s*\"([^\"]+)\"", source))
    assert asked == set(read_queries())


def test_recording_has_keyframes_and_changes(example: Example) -> None:
    """The recording is of the kind that the queries are about: intervals, cut at keyframes."""
    (keyframes, longest, rows) = example.connection.execute(
        "SELECT (SELECT count(DISTINCT keyframe) FROM readings WHERE process_id = 1),"
        " max(last_tick - first_tick), count(*) FROM usages"
    ).fetchone()
    assert keyframes >= 3
    assert longest >= 3
    assert rows < sum(len(layout) for flat in example.processes for layout in flat.layouts.values())


# Processes ----------------------------------------------------------------------------------------


def test_processes(example: Example) -> None:
    """Each process appears once, under the name that it had last."""
    assert example.ask("processes") == [
        (flat.process_id, flat.pid, name, f"{name} --flag")
        for flat, name in zip(example.processes, ("first", "after exec"), strict=True)
    ]


def test_peak(example: Example, flat: Flat) -> None:
    """The peak is the tick with the highest sum of PSS, the first if there are several."""
    peak = max(flat.layouts, key=lambda tick: (flat.total(tick, "pss"), -tick))
    reading = flat.readings[peak]
    assert example.ask("peak", process=flat.process_id) == [
        (
            example.measurement(flat, peak),
            peak,
            flat.total(peak, "pss"),
            flat.total(peak, "rss"),
            reading.resident,
            reading.high_water_mark,
        )
    ]


def test_peak_by_name(example: Example, flat: Flat) -> None:
    """The names of any layout come with the sums of their mappings, biggest first."""
    for tick, layout in flat.layouts.items():
        rows = example.ask("peak by name", measurement=example.measurement(flat, tick))
        counts = Counter(entry.mapping.pathname for entry in layout)
        sums = flat.by_name(tick, "pss")
        assert {row[0]: row[1:] for row in rows} == {
            name: (sums[name], count) for name, count in counts.items()
        }
        assert [row[1] for row in rows] == sorted(sums.values(), reverse=True)


@pytest.mark.parametrize("offset_ms", [-1, 0, 1, 150])
def test_layout_at_a_time(example: Example, flat: Flat, offset_ms: int) -> None:
    """A time gives the last layout up to it, to the millisecond; none before the first."""
    for asked in flat.readings:
        moment = time_of(asked) + DELAY + offset_ms * 1_000_000
        ticks = [tick for tick in flat.layouts if time_of(tick) + DELAY <= moment]
        rows = example.ask("layout at a time", process=flat.process_id, time=format_time(moment))
        layout = flat.layouts[max(ticks)] if ticks else []
        assert rows == [
            (
                f"{mapping.start:x}",
                f"{mapping.end:x}",
                mapping.perms,
                mapping.pathname,
                usage.rss,
                usage.pss,
                usage.swap,
            )
            for mapping, usage in ((entry.mapping, entry.usage) for entry in layout)
        ]


# Timelines ----------------------------------------------------------------------------------------


def test_timeline_of_a_process(example: Example, flat: Flat) -> None:
    """Each tick has its time and sums; a tick without a layout has NULL, not 0."""
    rows = example.ask("timeline of a process", process=flat.process_id)
    assert rows == [
        (
            time_of(tick) + DELAY,
            *(
                flat.total(tick, figure) if tick in flat.layouts else None
                for figure in ("rss", "pss", "private_dirty")
            ),
            reading.resident,
        )
        for tick, reading in flat.readings.items()
    ]


@pytest.mark.parametrize("pathname", PATHS)
def test_timeline_of_a_library(example: Example, flat: Flat, pathname: str) -> None:
    """Each layout that has the library gives the sum of its mappings' PSS."""
    expected: dict[int, int] = defaultdict(int)
    for tick, layout in flat.layouts.items():
        for entry in layout:
            if entry.mapping.pathname == pathname:
                expected[tick] += entry.usage.pss or 0
    rows = example.ask("timeline of a library", process=flat.process_id, pathname=pathname)
    assert rows == sorted(expected.items())


def test_builds(example: Example) -> None:
    """Each name with each build ID, and how many processes have mapped it; not what has none."""
    users: dict[str, set[int]] = defaultdict(set)
    for flat in example.processes:
        for layout in flat.layouts.values():
            for entry in layout:
                if entry.mapping != VSYSCALL:
                    users[entry.mapping.pathname].add(flat.process_id)
    assert example.ask("builds") == sorted(
        (pathname, BUILD_ID, len(processes)) for pathname, processes in users.items()
    )


def test_timeline_of_a_library_goes_through_the_changes_once(example: Example) -> None:
    """SQLite's plan has the changes in the outer loop and looks ticks up by the index."""
    plan = [
        row[3]
        for row in example.connection.execute(
            "EXPLAIN QUERY PLAN " + example.queries["timeline of a library"],
            {"process": 1, "pathname": LIBRARY},
        )
    ]
    loops = [line for line in plan if re.match(r"(SEARCH|SCAN) (usage_rows|r)\b", line)]
    assert loops[0].startswith("SEARCH usage_rows USING PRIMARY KEY (process_id=?")
    assert loops[1].startswith("SEARCH r USING INDEX readings_by_process (process_id=? AND tick>?")


# Changes ------------------------------------------------------------------------------------------


def pairs_of_ticks(flat: Flat) -> list[tuple[int, int]]:
    """Neighbours, far apart, and backwards."""
    ticks = list(flat.layouts)
    return [
        *pairwise(ticks),
        (ticks[0], ticks[-1]),
        (ticks[-1], ticks[0]),
        (ticks[5], ticks[5]),
    ]


def test_change_by_name(example: Example, flat: Flat) -> None:
    """Names that grew or shrank come with the difference, the largest first."""
    for before, after in pairs_of_ticks(flat):
        change = flat.by_name(after, "pss")
        change.subtract(flat.by_name(before, "pss"))
        rows = example.ask(
            "change by name",
            before=example.measurement(flat, before),
            after=example.measurement(flat, after),
        )
        assert rows == sorted(
            ((name, size) for name, size in change.items() if size),
            key=lambda row: (-abs(row[1]), row[0]),
        )


def test_change_by_mapping(example: Example, flat: Flat) -> None:
    """Mappings whose RSS differs come with both figures, NULL where the mapping was not."""
    for before, after in pairs_of_ticks(flat):
        old, new = (
            {entry.mapping: entry.usage.rss for entry in flat.layouts[tick]}
            for tick in (before, after)
        )
        rows = example.ask(
            "change by mapping",
            before=example.measurement(flat, before),
            after=example.measurement(flat, after),
        )
        assert rows == [
            (
                f"{mapping.start:x}",
                f"{mapping.end:x}",
                mapping.perms,
                mapping.pathname,
                old.get(mapping),
                new.get(mapping),
            )
            for mapping in sorted(old.keys() | new.keys())
            if old.get(mapping) != new.get(mapping)
        ]


# Marks and the machine ----------------------------------------------------------------------------


def test_high_water_mark(example: Example) -> None:
    """The highest mark of each process stands beside its highest captured RSS."""
    expected = []
    for flat in example.processes:
        mark = max(reading.high_water_mark or 0 for reading in flat.readings.values())
        captured = max(flat.total(tick, "rss") for tick in flat.layouts)
        expected.append((flat.process_id, mark, captured, mark - captured))
    assert example.ask("high-water mark") == sorted(expected, key=lambda row: -row[1])


def test_high_water_mark_reached(example: Example, flat: Flat) -> None:
    """The first tick that shows the highest mark is found."""
    marks = {tick: reading.high_water_mark or 0 for tick, reading in flat.readings.items()}
    highest = max(marks.values())
    tick = min(tick for tick, mark in marks.items() if mark == highest)
    rows = example.ask("high-water mark reached", process=flat.process_id)
    assert rows == [(tick, highest, time_of(tick))]


def lowest_available(example: Example) -> tuple[int, int]:
    """The lowest MemAvailable and the first tick that had it."""
    return min((values["MemAvailable"], tick) for tick, values in example.meminfo.items())


def test_lowest_mem_available(example: Example) -> None:
    """The first tick with the lowest MemAvailable is found."""
    value, tick = lowest_available(example)
    assert example.ask("lowest MemAvailable") == [(tick, time_of(tick), value)]


def test_meminfo_at_a_tick(example: Example) -> None:
    """Any tick shows all fields as they were then."""
    for tick, values in example.meminfo.items():
        assert sorted(example.ask("meminfo at a tick", tick=tick)) == sorted(values.items())


def test_processes_at_a_tick(example: Example) -> None:
    """Any tick shows the processes that were there, the largest first."""
    for tick in range(1, TICKS + 1):
        expected = [
            (
                flat.pid,
                flat.total(tick, "pss") if tick in flat.layouts else None,
                flat.total(tick, "rss") if tick in flat.layouts else None,
            )
            for flat in example.processes
            if tick in flat.readings
        ]
        rows = example.ask("processes at a tick", tick=tick)
        assert rows == sorted(expected, key=lambda row: -(row[1] or 0))


def test_highest_sum(example: Example) -> None:
    """It is that of the members at one pass, of those in which little moved."""
    sums = {
        tick: sum(
            rollup_of(flat, tick).pss or 0 for flat in example.processes if tick in flat.readings
        )
        for tick in range(1, TICKS + 1)
        if not moved_at(tick)
    }
    ((tick, time_ns, pss, *_),) = example.ask("highest sum")
    best = max(sums, key=lambda each: sums[each])
    assert (tick, time_ns, pss) == (best, time_of(best), sums[best])


@pytest.mark.parametrize("tick", [1, 2, 11, 49, END, TICKS])
def test_members_of_a_pass(example: Example, tick: int) -> None:
    """Each process that lived then, with its last figures."""
    there = [flat for flat in example.processes if tick in flat.readings]
    expected = {flat.pid: (1, *rollup_of(flat, tick)[1:3]) for flat in there}
    rows = example.ask("members of a pass", tick=tick)
    assert {row[0]: tuple(row[1:]) for row in rows} == expected


def test_layout_states(example: Example, flat: Flat) -> None:
    """Every state that occurs is named, explained and counted."""
    counts = Counter(flat.states.values())
    assert example.ask("layout states", process=flat.process_id) == [
        (state.label, state.meaning, count) for state, count in counts.most_common()
    ]


# The original's tables ----------------------------------------------------------------------------


def test_view_process(example: Example) -> None:
    """The original's table of processes: number, PID and last name."""
    assert example.ask("view process") == [
        (flat.process_id, flat.pid, list(flat.names.values())[-1]) for flat in example.processes
    ]


def test_view_memory_range(example: Example, flat: Flat) -> None:
    """The original's table of mappings has each mapping that ever was, once."""
    mappings = {entry.mapping for layout in flat.layouts.values() for entry in layout}
    assert example.ask("view memory_range", process=flat.process_id) == [
        (f"{mapping.start:x}", f"{mapping.end:x}", mapping.perms, mapping.pathname)
        for mapping in sorted(mappings)
        if ".so" in mapping.pathname
    ]


def test_view_measurement(example: Example, flat: Flat) -> None:
    """The original's measurements: local time to the millisecond, sums in KiB; layouts only."""
    assert example.ask("view measurement", process=flat.process_id) == [
        (
            example.measurement(flat, tick),
            format_time(time_of(tick) + DELAY),
            flat.total(tick, "rss") // 1024,
            flat.total(tick, "pss") // 1024,
            (flat.readings[tick].resident or 0) // 1024,
        )
        for tick in flat.layouts
    ]


def test_view_data(example: Example, flat: Flat) -> None:
    """The original's figures, by name and in KiB, for any measurement."""
    for tick in flat.layouts:
        rss, pss = flat.by_name(tick, "rss"), flat.by_name(tick, "pss")
        expected = [(name, rss[name] // 1024, pss[name] // 1024) for name in rss]
        rows = example.ask("view data", measurement=example.measurement(flat, tick))
        assert rows == sorted(expected, key=lambda row: (-row[2], row[0]))


def test_view_system_memory(example: Example) -> None:
    """The original's table of the machine's memory, in KiB and local time."""
    value, tick = lowest_available(example)
    assert example.ask("view system_memory") == [
        (format_time(time_of(tick)), 2**34 // 1024, value // 1024)
    ]
