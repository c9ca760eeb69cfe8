"""Layouts one after the other as what changed: the same as each layout by itself."""

from __future__ import annotations

import random
import sqlite3
from collections import defaultdict
from contextlib import closing
from pathlib import Path

import pytest

from memory_watcher.analysis.kinds_over_time import attribute_lives
from memory_watcher.answers.walk import FIGURES, By, Group, Sums, Walk
from memory_watcher.model import (
    Image,
    LayoutState,
    Machine,
    MappingUsage,
    ProcessFacts,
    ProcessKey,
    Reading,
    Sample,
    Tick,
    Usage,
    WholeLayout,
    add_up,
    counted_size,
    is_gate,
    sum_totals,
)
from memory_watcher.store.recording import Recording
from memory_watcher.store.writer import Writer
from tests.recordings import KI, SECOND, START, RecordingBuilder, mapping

RECORDINGS = sorted((Path(__file__).parents[2] / "data" / "recordings").glob("*.sql"))


def summed(entries: list[MappingUsage]) -> Sums:
    """What these mappings come to, by the model's own properties."""
    return Sums(
        len(entries),
        sum(counted_size(entry) for entry in entries if not is_gate(entry.mapping)),
        tuple(add_up(getattr(entry.usage, each.name) for entry in entries) for each in FIGURES),
    )


def assert_each_layout_is_met(path: Path) -> int:
    """At each layout of each process, groups by kind and mapping are those of the layout itself."""
    met = 0
    with Recording(path) as recording:
        for process in recording.processes():
            walk = Walk(recording, process, "mapping")
            ticks = []
            for instant in walk:
                ticks.append(instant.measurement.tick)
                layout = recording.layout(instant.measurement.id)
                walked = defaultdict(list)
                for group, sums in walk.groups:
                    walked[group.mapping].append(sums)
                expected = defaultdict(list)
                for entry in layout:
                    expected[entry.mapping].append(summed([entry]))
                assert {key: sorted(each, key=str) for key, each in walked.items()} == {
                    key: sorted(each, key=str) for key, each in expected.items()
                }
                met += 1
            assert ticks == [
                each.tick for each in recording.measurements(process.id) if each.has_layout
            ]
            assert_sums_are_those_of_the_layouts(recording, process.id)
    return met


def assert_sums_are_those_of_the_layouts(recording: Recording, process_id: int) -> None:
    process = recording.process(process_id=process_id)
    bys: tuple[By, ...] = ("kind", "name")
    for by in bys:
        walk = Walk(recording, process, by)
        known: dict[Group, Sums | None] = {}
        for instant in walk:
            known.update({group: group.sums() for group in instant.changed})
            living = {group: sums for group, sums in known.items() if sums is not None}
            assert living == dict(walk.groups), "what is not told as changed stays the same"
            totals = instant.measurement.totals
            assert totals is not None
            assert sum(sums.mappings for sums in living.values()) == totals.mappings
            for figure in ("rss", "pss", "uss", "swap"):
                told = add_up(sums.figure(figure) for sums in living.values())
                assert told == getattr(totals, figure)


@pytest.mark.parametrize("script", RECORDINGS, ids=lambda path: path.stem)
def test_recordings_of_every_format(script: Path, tmp_path: Path) -> None:
    """The layouts of older recordings are met as well."""
    path = tmp_path / "a.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(script.read_text(encoding="utf-8"))
    assert assert_each_layout_is_met(path) > 0


class _Change:
    """How a layout differs from the one before."""

    def __init__(self, removed: list[MappingUsage], layout: list[MappingUsage]) -> None:
        self.removed = removed
        before = set(map(id, removed))
        self.added = [entry for entry in layout if id(entry) not in before]
        self._layout = layout
        self.totals = sum_totals(layout)

    def entries(self) -> list[MappingUsage]:
        return self._layout


def write_busy(path: Path, ticks: int, is_closed: bool) -> None:
    """Mappings come, change and go, with keyframes in between; one run after the other."""
    choose = random.Random(ticks)
    for run in range(2):
        writer = Writer(str(path))
        writer.start_run(Machine("boot", "host", "6.1", 4096, 2), SECOND, ["a test"])
        process = writer.add_process(ProcessFacts(ProcessKey(7, 1), Image("busy")))
        layout: list[MappingUsage] = []
        for tick in range(ticks):
            writer.tick(Tick(START + (run * 1000 + tick) * SECOND, run * 1000 + tick))
            gone = [entry for entry in layout if choose.random() < 0.2]
            kept = [entry for entry in layout if all(entry is not each for each in gone)]
            born = [some_mapping(choose) for _ in range(choose.randrange(6))]
            taken = {entry.mapping.start for entry in kept}
            fresh = {e.mapping.start: e for e in born if e.mapping.start not in taken}
            change = _Change(gone, [*kept, *fresh.values()])
            change.added = list(fresh.values())
            layout = change.entries()
            state = choose.choice([LayoutState.EXACT, LayoutState.TORN])
            if choose.random() < 0.2:
                layout = [*kept, *gone]
                writer.sample(process, Sample(Reading(), LayoutState.NOT_TAKEN), 0)
            else:
                writer.sample(process, Sample(Reading(), state, change), 0)
        writer.commit()
        writer.close("end" if is_closed else None)


def some_mapping(choose: random.Random) -> MappingUsage:
    name = choose.choice(["", "[heap]", "/lib/a.so", "/tmp/b (deleted)", "[vsyscall]"])
    sizes = [choose.choice([None, 4 * KI]) if choose.random() < 0.1 else 4 * KI for _ in range(9)]
    usage = Usage._make([*sizes, *[None] * (len(Usage._fields) - 9)])
    usage = usage._replace(swap=choose.choice([0, 8 * KI]), private_hugetlb=0)
    return MappingUsage(mapping(0x1000 + 0x100000 * choose.randrange(40), pathname=name), usage)


@pytest.mark.parametrize("is_closed", [True, False])
def test_mappings_that_come_and_go(tmp_path: Path, is_closed: bool) -> None:
    """With keyframes, several runs, ticks without a layout, and a recorder that was killed."""
    write_busy(tmp_path / "a.db", 330, is_closed)
    assert assert_each_layout_is_met(tmp_path / "a.db") > 450


def test_captures_loaded_backwards(tmp_path: Path) -> None:
    """Layouts come in order of time, in whatever order they were stored."""
    writer = Writer(str(tmp_path / "a.db"))
    for number in (3, 1, 2):
        writer.start_run(Machine(None, None, None, None), None, ["a test"])
        writer.tick(Tick(START + number * SECOND))
        process = writer.add_process(ProcessFacts(ProcessKey(7, 0), Image("a")))
        entry = MappingUsage(mapping(0x1000), Usage(rss=number * KI, pss=number * KI))
        writer.sample(process, Sample(Reading(), LayoutState.UNCHECKED, WholeLayout([entry])), None)
    writer.close("loaded")
    with Recording(tmp_path / "a.db") as recording:
        walk = Walk(recording, recording.process(), "kind")
        found = [(each.measurement.time, dict(walk.groups)) for each in walk]
    assert [(time - START) // SECOND for time, _ in found] == [1, 2, 3]
    assert [sums.figure("rss") for _, groups in found for sums in groups.values()] == [
        *(KI, 2 * KI, 3 * KI)
    ]
    assert_each_layout_is_met(tmp_path / "a.db")


@pytest.mark.parametrize("by", ["kind", "name", "mapping"])
def test_a_span(tmp_path: Path, by: By) -> None:
    """From one place to another, both included; what stood before it is known at its first one."""
    builder = RecordingBuilder(tmp_path / "a.db")
    process = builder.process(7)
    for _ in range(5):
        tick = builder.tick()
        builder.layout(process, [(mapping(0x1000), Usage(rss=tick * KI))])
    with Recording(builder.close()) as recording:
        places = START + SECOND, START + 3 * SECOND
        walk = Walk(recording, recording.process(), by, places)
        sizes = [[sums.figure("rss") for _, sums in walk.groups] for _ in walk]
    assert sizes == [[2 * KI], [3 * KI], [4 * KI]]


def test_kinds_are_those_of_the_timeline(tmp_path: Path) -> None:
    """The chart and the report tell kinds by the same rule, of all rows at once."""
    from memory_watcher.analysis.kinds_over_time import KindsOverTime
    from memory_watcher.answers.usages import evidence_of
    from memory_watcher.answers.walk import kinds_of

    write_busy(tmp_path / "a.db", 200, is_closed=True)
    with Recording(tmp_path / "a.db") as recording:
        process = recording.process()
        headers = recording.headers([process.id])
        pages = [row for page in recording.usage_pages(process.id, (), 0, 2**62) for row in page]
        flags = {number: row[0] for number, row in recording.details(("vm_flags",)).items()}
        keyframes = recording.keyframes(process.id)
        lives = KindsOverTime(*zip(*pages, strict=True))
        known = attribute_lives(lives, keyframes, headers, flags, evidence_of(recording, process))
        assert kinds_of(recording, process, headers) == known
