"""Timelines of several processes: sums are those of passes, whatever else was read."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memory_watcher.analysis.identity import By
from memory_watcher.analysis.timeline import Figure, Timeline, reduce
from memory_watcher.answers.usages import load
from memory_watcher.model import Rollup, Usage
from memory_watcher.store.recording import Recording
from tests.recordings import KI, MI, SECOND, START, Entry, RecordingBuilder, mapping


def figures(pss: int) -> Rollup:
    return Rollup(rss=4 * pss, pss=pss, uss=pss // 2, swap_pss=pss // 4)


def heap(pss: int, pathname: str = "[heap]") -> list[Entry]:
    usage = Usage(
        rss=4 * pss, pss=pss, private_clean=0, private_dirty=pss // 2, swap=pss, swap_pss=pss // 4
    )
    return [(mapping(0x1000, MI, pathname=pathname), usage)]


@pytest.fixture(name="builder")
def new_recording(tmp_path: Path) -> Iterator[RecordingBuilder]:
    made = RecordingBuilder(tmp_path / "a.db")
    yield made
    made.close()


def timeline(
    builder: RecordingBuilder, by: By = "process", figure: Figure = "pss", top: int | None = None
) -> Timeline:
    with Recording(builder.path) as recording:
        return load(recording, recording.processes(), figures=(figure,)).timeline(figure, by, top)


def a_fork(builder: RecordingBuilder) -> None:
    """100 MiB are shared by a fork at an extra tick; the layout of one alone is read then."""
    parent, child = builder.process(11), builder.process(12)
    builder.tick()
    builder.layout(parent, heap(100 * MI))
    builder.take_pass({parent: figures(100 * MI)})
    builder.tick()
    builder.execute("UPDATE ticks SET cause = 'start' WHERE id = 2")
    builder.layout(child, heap(50 * MI))
    builder.tick()
    builder.take_pass({parent: figures(50 * MI), child: figures(51 * MI)}, layouts=0)
    builder.tick()
    builder.layout(parent, heap(50 * MI))
    builder.layout(child, heap(50 * MI))
    builder.take_pass({parent: figures(50 * MI), child: figures(50 * MI)})
    builder.end_run()


def test_no_spike_and_no_notch(builder: RecordingBuilder) -> None:
    """A fresh figure beside an old one is no sum: there is nothing between two passes."""
    a_fork(builder)
    made = timeline(builder)
    assert list(made.ticks) == [1, 3, 4]
    assert list(made.sums) == list(made.total) == [100 * MI, 101 * MI, 100 * MI]
    assert {series.name: list(series.values) for series in made.groups} == {
        "firefox (11)": [100 * MI, 50 * MI, 50 * MI],
        "firefox (12)": [0, 51 * MI, 50 * MI],
    }
    assert list(made.until_ns) == [made.times_ns[1], made.times_ns[2], made.times_ns[2] + SECOND]
    assert made.peak == 1


def test_kinds_stand_from_whole_pass_to_whole_pass(builder: RecordingBuilder) -> None:
    """By kind there is a stack where every layout is of the pass; the sums are a line over it."""
    a_fork(builder)
    made = timeline(builder, "kind")
    assert list(made.sums) == [100 * MI, 101 * MI, 100 * MI]
    assert list(made.total) == [100 * MI, None, 100 * MI]
    (series,) = made.groups
    assert (series.name, list(series.values)) == ("heap", [100 * MI, None, 100 * MI])
    assert made.until_ns[0] == made.times_ns[2], "it stands over the pass without layouts"
    assert made.peak == 1, "the peak is that of the sums"
    assert made.standing(1) == 0
    small = reduce(made, 1)
    assert [*small.sums] == [100 * MI, 101 * MI], "the stack survives beside the peak"


def test_layouts_that_are_not_what_the_pass_found(builder: RecordingBuilder) -> None:
    """A pass whose layouts do not come to its sum, within 2 %, has no stack."""
    one, two = builder.process(11), builder.process(12)
    for off in (0, 2, 3):
        builder.tick()
        for process in (one, two):
            builder.layout(process, heap(50 * MI))
        builder.take_pass({one: figures((50 + off) * MI), two: figures(50 * MI)})
    made = timeline(builder, "name")
    assert list(made.total) == [100 * MI, 100 * MI, None]
    assert list(made.sums) == [100 * MI, 102 * MI, 103 * MI]


def test_nothing_stands_for_long(builder: RecordingBuilder) -> None:
    """Where passes stop although ticks go on, a sum does not stand to the end."""
    one, two = builder.process(11), builder.process(12)
    for number in range(60):
        builder.tick()
        if number in (0, 2, 4, 6):
            builder.take_pass({one: figures(MI), two: figures(MI)})
    made = timeline(builder)
    assert made.until_ns[-1] == START + (6 + 10) * SECOND


def test_without_any_sum(builder: RecordingBuilder) -> None:
    """Processes stand beside each other with their own figures, and nothing is their total."""
    one, two = builder.process(11), builder.process(12)
    for process, other in ((one, two), (two, one)):
        builder.tick()
        builder.layout(process, heap(100 * MI))
        builder.reading(other)
    made = timeline(builder, "kind", top=1)
    assert not made.is_stacked
    assert made.peak is None
    assert list(made.total) == [None, None]
    assert [list(series.values) for series in made.groups] == [[100 * MI, None]]
    assert made.other_groups == 1


def test_member_without_the_figure(builder: RecordingBuilder) -> None:
    """What nobody tells is None and not 0; what one lacks is counted."""
    one, two = builder.process(11), builder.process(12)
    builder.tick()
    builder.take_pass({one: figures(MI)._replace(swap_pss=None), two: None})
    builder.tick()
    builder.take_pass({one: figures(MI), two: None})
    made = timeline(builder, figure="swap_pss")
    assert list(made.sums) == [None, MI // 4]
    assert list(made.lacking) == [2, 1]


STEPS = st.lists(
    st.dictionaries(st.integers(0, 3), st.integers(0, 400), max_size=4), min_size=1, max_size=10
)


@settings(max_examples=25, deadline=None)
@given(STEPS, st.sampled_from(["pss", "uss", "swap_pss"]), st.integers(0, 3))
def test_against_slow_sums(steps: list[dict[int, int]], figure: Figure, top: int) -> None:
    """Groups and sums are what the members' figures come to, added slowly."""
    with tempfile.TemporaryDirectory() as folder:
        builder = RecordingBuilder(Path(folder) / "a.db")
        builder.execute("PRAGMA synchronous = OFF")
        processes = [builder.process(11 + number) for number in range(4)]
        expected = {}
        for step in steps:
            builder.tick()
            members = {
                process: figures(step.get(number, 0) * KI)
                for number, process in enumerate(processes)
            }
            builder.take_pass(members)
            for process, rollup in members.items():
                builder.layout(process, heap(rollup.pss or 0))
            expected[builder.last_tick] = sum(
                getattr(rollup, figure) or 0 for rollup in members.values()
            )
        made = {by: timeline(builder, by, figure, top) for by in ("process", "kind", "name")}
        builder.close()
    for each in made.values():
        assert dict(zip(each.ticks, each.sums, strict=True)) == expected
        for position, tick in enumerate(each.ticks):
            stack = sum(series.values[position] or 0 for series in each.groups)
            assert stack == each.total[position] == expected[tick]
