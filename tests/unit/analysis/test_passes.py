"""Sums over processes are of one moment: which moments give one, and who has what in it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memory_watcher.analysis.passes import (
    LEAST_MOVED,
    Fault,
    Figures,
    Passes,
    Share,
    find_fault,
    read,
    sum_up,
)
from memory_watcher.model import LayoutState, Reading, Rollup, Usage
from memory_watcher.store.recording import Recording
from tests.recordings import KI, MI, START, Entry, RecordingBuilder, mapping


@pytest.fixture(name="builder")
def new_recording(tmp_path: Path) -> Iterator[RecordingBuilder]:
    made = RecordingBuilder(tmp_path / "a.db")
    yield made
    made.close()


def passes_of(builder: RecordingBuilder) -> Passes:
    with Recording(builder.path) as recording:
        return read(recording)


def rollup(pss: int, uss: int = 0, rss: int | None = None) -> Rollup:
    return Rollup(rss=2 * pss if rss is None else rss, pss=pss, uss=uss, swap_pss=0)


def heap(pss: int, uss: int | None = None) -> list[Entry]:
    usage = Usage(
        rss=2 * pss, pss=pss, private_clean=0, private_dirty=pss if uss is None else uss,
        swap=0, swap_pss=0,
    )  # fmt: skip
    return [(mapping(0x1000, 2 * MI, pathname="[heap]"), usage)]


def test_members_and_sums(builder: RecordingBuilder) -> None:
    """A process has its last row until the next, its end, or the end of the run."""
    one, two = builder.process(11), builder.process(12)
    builder.tick()
    builder.take_pass({one: rollup(40 * MI), two: rollup(2 * MI)})
    builder.tick()
    builder.take_pass({one: rollup(50 * MI), two: rollup(2 * MI)})
    builder.execute("DELETE FROM rollups WHERE process_id = ? AND first_tick = 2", two)
    builder.tick()
    builder.end(two, 3)
    builder.take_pass({one: rollup(30 * MI)})
    builder.end_run()
    builder.run()
    builder.tick()
    builder.take_pass({two + 1: rollup(MI)})
    passes = passes_of(builder)
    assert [each.sums.pss for each in passes.sums] == [42 * MI, 52 * MI, 30 * MI, MI]
    assert [each.processes for each in passes.sums] == [2, 2, 1, 1]
    assert set(passes.members(2)) == {one, two}
    assert set(passes.members(3)) == {one}
    assert set(passes.members(4)) == {two + 1}, "nobody of the run before"
    peak = passes.peak()
    assert peak is not None
    assert (peak.tick, peak.time) == (2, START + 10**9)
    found = passes.at(3)
    assert found is not None
    assert found.tick == 3
    assert passes.at(0) is None


def test_shown_memory_of_a_parent_is_counted_once(builder: RecordingBuilder) -> None:
    """What shows its parent's memory is a member, and in no sum."""
    one, two = builder.process(11), builder.process(12)
    builder.tick()
    builder.take_pass({one: rollup(40 * MI), two: rollup(40 * MI)}, shared=[two])
    (moment,) = passes_of(builder).sums
    assert (moment.sums.pss, moment.processes) == (40 * MI, 1)


def test_unreadable_member_lacks(builder: RecordingBuilder) -> None:
    """It is a member without figures: the sum lacks it, and says so."""
    one, two = builder.process(11), builder.process(12)
    builder.tick()
    builder.take_pass({one: rollup(40 * MI), two: None})
    passes = passes_of(builder)
    (moment,) = passes.sums
    assert (moment.sums.pss, moment.processes, moment.lacking) == (40 * MI, 1, 1)
    assert sum_up(list(passes.members(1).values())).pss == (40 * MI, 1)


@pytest.mark.parametrize(
    ("moved", "fault"),
    [(0, None), (2 * MI, None), (2 * MI + 1, Fault.MOVED)],
)
def test_moved(builder: RecordingBuilder, moved: int, fault: Fault | None) -> None:
    """A round during which more than 2 % changed is no sum."""
    one = builder.process(11)
    builder.tick()
    builder.take_pass({one: rollup(100 * MI)}, moved=moved)
    passes = passes_of(builder)
    assert passes.every[0].fault is fault
    assert passes.faults() == ({} if fault is None else {fault: 1})


def test_small_ones_may_move_a_little(builder: RecordingBuilder) -> None:
    """Of a small group a quarter of a MiB may have changed."""
    one = builder.process(11)
    builder.tick()
    builder.take_pass({one: rollup(MI)}, moved=LEAST_MOVED)
    assert len(passes_of(builder).sums) == 1


@pytest.mark.parametrize(
    "figures",
    [
        [Figures(rss=10 * MI, pss=11 * MI, uss=0)],
        [Figures(rss=10 * MI, pss=5 * MI, uss=6 * MI)],
        [Figures(rss=10 * MI, pss=2 * MI, uss=MI), Figures(rss=MI, pss=0, uss=MI + MI // 2)],
    ],
)
def test_bounds(figures: list[Figures]) -> None:
    """PSS is neither above RSS, nor below USS, in sum; nor below the USS of any single one."""
    members = [Share(n, 1, 2, True, each) for n, each in enumerate(figures)]
    assert find_fault(members, 0) is Fault.CONTRADICTORY


def test_sums_that_are_not_those_of_the_members(builder: RecordingBuilder) -> None:
    """A pass whose sums are not what its members come to is no sum."""
    one = builder.process(11)
    builder.tick()
    builder.take_pass({one: rollup(100 * MI)})
    builder.execute("UPDATE passes SET pss = pss * 2, rss = rss * 2")
    assert passes_of(builder).faults() == {Fault.CONTRADICTORY: 1}


def test_private_huge_pages_break_no_bound(builder: RecordingBuilder) -> None:
    """The kernel counts huge pages in USS, but neither in RSS nor in PSS."""
    one = builder.process(11)
    builder.tick()
    builder.take_pass({one: rollup(10 * MI, uss=70 * MI)})
    assert passes_of(builder).faults() == {Fault.CONTRADICTORY: 1}
    builder.reading(one, Reading(hugetlb=64 * MI))
    assert [each.sums.uss for each in passes_of(builder).sums] == [70 * MI]


# -- recordings without passes ------------------------------------------------------------------


def test_layouts_of_all_are_a_pass(builder: RecordingBuilder) -> None:
    """A regular tick with a layout of everyone is one, as long as reading them all took."""
    one, two = builder.process(11), builder.process(12)
    builder.tick()
    builder.layout(one, heap(MI), delay_ns=5)
    builder.layout(two, heap(2 * MI), delay_ns=70)
    builder.execute("UPDATE readings SET wall_ns = 30")
    (moment,) = passes_of(builder).sums
    assert (moment.sums.pss, moment.wall_ns, moment.moved) == (3 * MI, 95, None)
    assert moment.is_whole


def test_ticks_that_lack_a_layout_are_none(builder: RecordingBuilder) -> None:
    """Neither is one that left a process out, nor one that only started, nor a torn one."""
    one, two = builder.process(11), builder.process(12)
    builder.tick()
    builder.layout(one, heap(MI))
    builder.layout(two, heap(MI))
    builder.tick()
    builder.layout(one, heap(9 * MI))  # two had not changed
    builder.tick()
    builder.layout(one, heap(9 * MI))
    builder.reading(two)  # only the cheap figures
    builder.tick()
    builder.execute("UPDATE ticks SET cause = 'start' WHERE id = 4")
    builder.layout(one, heap(9 * MI))
    builder.layout(two, heap(MI))
    builder.tick()
    builder.layout(one, heap(9 * MI), state=LayoutState.TORN)
    builder.layout(two, heap(MI))
    builder.tick()
    builder.end(two, 6)
    builder.layout(one, heap(4 * MI))
    assert [(each.tick, each.sums.pss) for each in passes_of(builder).sums] == [
        (1, 2 * MI),
        (6, 4 * MI),
    ]


def test_layouts_between_which_memory_moved(builder: RecordingBuilder) -> None:
    """A round of layouts that took long, while processes changed, is no sum: by the same rule."""
    one, two = builder.process(11), builder.process(12)

    def read(process: int, size: int, delay: int, faults: int) -> None:
        reading = Reading(resident=2 * size, minor_faults=faults)
        builder.layout(process, heap(size), reading, delay_ns=delay)

    for number, touched in enumerate((0, 0, 50_000, 50_000, 50_000)):
        builder.tick()
        read(one, 50 * MI, 0, 0)
        read(two, 50 * MI, 300_000_000, touched)
        if number == 4:
            builder.execute("UPDATE readings SET delay_ns = 1000000 WHERE tick = 5")
    passes = passes_of(builder)
    assert [each.tick for each in passes.sums] == [1, 2, 4, 5]
    assert passes.faults() == {Fault.MOVED: 1}


def test_what_has_no_memory_need_not_be_read(builder: RecordingBuilder) -> None:
    """Kernel threads and zombies are no members; one that may not be read is, and lacks."""
    one, two, three = (builder.process(pid) for pid in (11, 12, 13))
    builder.tick()
    builder.layout(one, heap(MI))
    builder.reading(two, state=LayoutState.ZOMBIE)
    builder.reading(three, state=LayoutState.NO_PERMISSION)
    builder.tick()
    builder.layout(one, heap(3 * MI))
    builder.reading(three, state=LayoutState.UNREADABLE)
    passes = passes_of(builder)
    assert [(each.sums.pss, each.processes, each.lacking) for each in passes.sums] == [
        (MI, 1, 1),
        (3 * MI, 1, 1),
    ]


def test_vfork_in_layouts(builder: RecordingBuilder) -> None:
    """A child that shows its parent's memory is found by its figures, and counted once."""
    one, two = builder.process(10), builder.process(11)
    builder.execute("UPDATE processes SET parent_pid = 10 WHERE id = ?", two)
    builder.tick()
    builder.layout(one, heap(80 * MI))
    builder.layout(two, heap(80 * MI))
    passes = passes_of(builder)
    assert passes.sums[0].sums.pss == 80 * MI
    assert [share.counted for share in passes.members(1).values()] == [True, False]


def test_runs_are_judged_one_by_one(builder: RecordingBuilder) -> None:
    """A recording that was migrated has runs with passes and others without."""
    one = builder.process(11)
    builder.tick()
    builder.layout(one, heap(MI))
    builder.end_run()
    builder.run()
    builder.tick()
    builder.layout(one, heap(7 * MI))
    builder.take_pass({one: rollup(8 * MI)})
    assert [each.sums.pss for each in passes_of(builder).sums] == [MI, 8 * MI]


def test_recordings_of_older_formats(tmp_path: Path) -> None:
    """They are read as they are."""
    for version in (1, 2):
        path = tmp_path / f"{version}.db"
        script = Path("tests/data/recordings", f"version-{version}.sql").read_text("utf-8")
        with closing(sqlite3.connect(path)) as connection:
            connection.executescript(script)
        with Recording(path) as recording:
            assert not recording.passes()
            assert not recording.rollups()
            assert not recording.group_marks()
            read(recording)


SCRIPT = st.lists(
    st.lists(
        st.tuples(st.integers(0, 3), st.none() | st.integers(1, 500), st.booleans()), max_size=4
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=30, deadline=None)
@given(SCRIPT)
def test_against_a_slow_sum(ticks: list[list[tuple[int, int | None, bool]]]) -> None:
    """Whatever comes and goes, each sum is what its members' last rows come to."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        builder = RecordingBuilder(Path(folder) / "a.db")
        builder.execute("PRAGMA synchronous = OFF")
        processes = [builder.process(pid) for pid in range(4)]
        expected = {}
        for each in ticks:
            builder.tick()
            members = {
                processes[number]: None if pss is None else rollup(pss * KI, uss=KI * pss // 2)
                for number, pss, _ in each
            }
            shared = [processes[number] for number, _, is_shared in each if is_shared]
            for process in processes:
                if process not in members:
                    builder.execute(
                        "INSERT OR IGNORE INTO rollups VALUES (?, ?, 0, 0, 0, 0, 0)",
                        *(process, builder.last_tick),
                    )
            builder.take_pass(members, shared=shared)
            told = [
                found.pss
                for number, found in members.items()
                if found is not None and number not in shared
            ]
            expected[builder.last_tick] = sum(size for size in told if size is not None)
            if not told:
                del expected[builder.last_tick]
        passes = passes_of(builder)
        builder.close()
    found = {each.tick: each.sums.pss for each in passes.every if each.processes}
    assert found == expected
