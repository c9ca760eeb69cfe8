"""What grew, of recordings made by plain SQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from memory_watcher.analysis.identity import By
from memory_watcher.analysis.kinds import Kind
from memory_watcher.analysis.verdicts import Word
from memory_watcher.answers.growth import Group, Growth, growth, growths
from memory_watcher.errors import NothingThen, SelectionError, UsageError
from memory_watcher.model import LayoutState, Reading, Rollup, Usage
from memory_watcher.store.recording import Recording
from tests.recordings import KI, MI, SECOND, START, Entry, RecordingBuilder, mapping

TICKS = 120
HEAP = mapping(0x1000_0000, 64 * MI, pathname="[heap]")
FILE = mapping(0x2000_0000, 4 * MI, "r--p", "/data", 9)


def usage(size: int, lazy_free: int = 0, anon_huge_pages: int = 0, swap: int = 0) -> Usage:
    return Usage(
        rss=size,
        pss=size,
        private_clean=0,
        private_dirty=size,
        swap=swap,
        lazy_free=lazy_free,
        anon_huge_pages=anon_huge_pages,
    )


def leak(tick: int) -> list[Entry]:
    """The heap grows by 64 KiB a tick, a file stays."""
    return [(HEAP, usage(MI + tick * 64 * KI)), (FILE, usage(MI))]


@pytest.fixture(name="builder")
def new_recording(tmp_path: Path) -> Iterator[RecordingBuilder]:
    made = RecordingBuilder(tmp_path / "a.db")
    yield made
    made.close()


def filled(
    builder: RecordingBuilder, layout: Callable[[int], list[Entry]], ticks: int = TICKS
) -> RecordingBuilder:
    process = builder.process(7)
    for tick in range(ticks):
        builder.tick()
        builder.layout(process, layout(tick))
    return builder


def asked(builder: RecordingBuilder, **how: object) -> Growth:
    with Recording(builder.path) as recording:
        return growth(recording, **how)  # type: ignore[arg-type]


def named(found: Growth, name: str) -> Group:
    return next(group for group in found.groups if group.name == name)


def test_what_grows_comes_first(builder: RecordingBuilder) -> None:
    """A heap that grows by 64 KiB/s, with its figures at both ends; all else is flat."""
    found = asked(filled(builder, leak))
    heap = found.groups[0]
    assert (heap.name, heap.kind, heap.verdict.word) == ("heap", Kind.HEAP, Word.GROWING)
    assert heap.verdict.rate == pytest.approx(3600 * 64 * KI, rel=0.01)
    assert (heap.first, heap.last) == (MI, MI + 119 * 64 * KI)
    assert heap.highest == heap.last
    assert (heap.mappings_first, heap.mappings_last) == (1, 1)
    assert named(found, "/data").verdict.word is Word.FLAT
    assert found.total.verdict.word is Word.GROWING
    assert found.total.last == (heap.last or 0) + MI
    assert (found.total.mappings_first, found.total.mappings_last) == (2, 2)
    assert found.span.duration_ns == 119 * SECOND
    assert found.span.instants == TICKS


def test_several_groupings_at_once(builder: RecordingBuilder) -> None:
    """Each is what is answered when it is asked for alone, but for where a group grew."""
    filled(builder, leak)
    with Recording(builder.path) as recording:
        by_kind, by_name = growths(recording, recording.processes(), "uss", ("kind", "name"))
    groupings: tuple[tuple[By, Growth], ...] = (("kind", by_kind), ("name", by_name))
    for by, found in groupings:
        alone = asked(builder, figure="uss", by=by)
        groups = tuple(replace(group, placement=None) for group in alone.groups)
        assert found == replace(alone, groups=groups)


def test_where_in_the_heap(builder: RecordingBuilder) -> None:
    """The one mapping that has the rise is named, with its bytes after the warm-up and now."""
    heap = asked(filled(builder, leak)).groups[0]
    assert heap.placement is not None and heap.placement.main is not None
    assert heap.placement.main.before == MI + 12 * 64 * KI  # where the warm-up ends
    assert heap.placement.main.after == MI + 119 * 64 * KI
    assert heap.placement.main.name.endswith("rw-p heap")


def test_since_when_it_is_mapped(builder: RecordingBuilder) -> None:
    """Of the mapping that has the rise the first layout with anything at its place is named."""

    def layout(tick: int) -> list[Entry]:
        late = max(0, tick - 39) * 64 * KI
        grown = [(mapping(0x7F00_0000_0000 - late, late), usage(late))] if late else []
        return [(mapping(0x10_0000, MI), usage(MI)), *grown]

    found = asked(filled(builder, layout))
    main = found.groups[0].placement and found.groups[0].placement.main
    assert main is not None and main.since_ns is not None
    assert main.since_ns - found.span.begin_ns == 40 * SECOND
    assert main.after == 80 * 64 * KI


def test_what_was_unmapped_before_is_another_mapping(builder: RecordingBuilder) -> None:
    """Addresses that were used before, and were free for a while, do not make a mapping older."""

    def layout(tick: int) -> list[Entry]:
        place = 0x7F00_0000_0000
        size = MI if tick < 10 else max(0, tick - 39) * 64 * KI
        there = [(mapping(place, size), usage(size))] if size else []
        return [(mapping(0x10_0000, MI), usage(MI)), *there]

    found = asked(filled(builder, layout))
    main = found.groups[0].placement and found.groups[0].placement.main
    assert main is not None and main.since_ns is not None
    assert main.since_ns - found.span.begin_ns == 40 * SECOND


def test_ever_more_mappings(builder: RecordingBuilder) -> None:
    """It is told how many are new, of what size, and how much is in huge pages."""

    def layout(tick: int) -> list[Entry]:
        return [
            (
                mapping(0x4000_0000 + at * 128 * KI, 64 * KI),
                usage(64 * KI, anon_huge_pages=32 * KI),
            )
            for at in range(tick + 1)
        ]

    group = asked(filled(builder, layout)).groups[0]
    assert (group.name, group.verdict.word) == ("anonymous", Word.GROWING)
    assert (group.mappings_first, group.mappings_last) == (1, TICKS)
    assert group.placement is not None
    assert (group.placement.new, group.placement.new_size) == (TICKS - 13, 64 * KI)
    assert group.placement.main is None
    assert (group.placement.huge, group.placement.resident) == (
        TICKS * 32 * KI,
        TICKS * 64 * KI,
    )


def test_flat_groups_that_are_next_to_nothing_are_counted(builder: RecordingBuilder) -> None:
    """Growing groups first, then flat ones from the biggest on; those below 1 % are no lines."""
    sizes = {"/tiny": 4 * KI, "/small": 64 * KI, "/big": 2 * MI}

    def layout(tick: int) -> list[Entry]:
        files = [
            (mapping(0x3000_0000 + at * 4 * MI, 4 * MI, "r--p", name, at + 1), usage(size))
            for at, (name, size) in enumerate(sizes.items())
        ]
        return [*leak(tick), *files]

    found = asked(filled(builder, layout))
    assert [group.name for group in found.groups] == ["heap", "/big", "/data", "/small", "/tiny"]
    short = found.notable(10)
    assert [group.name for group in short.groups] == ["heap", "/big", "/data"]
    assert (short.other_groups, short.total) == (2, found.total)
    assert [group.name for group in found.notable(1).groups] == ["heap"]


def test_what_did_not_change_stands(builder: RecordingBuilder) -> None:
    """Three readings in two minutes, for nothing changed in between: flat, not too short."""
    process = builder.process(7)
    for tick in range(TICKS):
        builder.tick()
        if tick % 4 == 0:
            builder.layout(process, [(FILE, usage(MI))])
    assert asked(builder).total.verdict.word is Word.FLAT


def test_held_counts_swap_and_not_what_is_free(builder: RecordingBuilder) -> None:
    """RSS is steady while ever more is swapped out, and less is marked as free: held grows."""

    def layout(tick: int) -> list[Entry]:
        return [(HEAP, usage(20 * MI, lazy_free=(TICKS - tick) * 64 * KI, swap=tick * KI))]

    filled(builder, layout)
    assert asked(builder, figure="rss").groups[0].verdict.word is Word.FLAT
    found = asked(builder, figure="held")
    assert (found.figure, found.groups[0].verdict.word) == ("held", Word.GROWING)
    assert found.groups[0].first == 20 * MI - TICKS * 64 * KI
    assert found.groups[0].last == 20 * MI - 64 * KI + (TICKS - 1) * KI


def test_a_program_that_was_started_again(builder: RecordingBuilder) -> None:
    """Each life is judged by itself: both grow, though the second began at nothing again."""
    builder.tick()
    for pid in (7, 8):
        process = builder.process(pid, "server", start_time=pid)
        for tick in range(TICKS):
            builder.tick()
            builder.layout(process, leak(tick))
        builder.end(process, builder.tick())
    found = asked(builder)
    assert [life.process.pid for life in found.lives] == [7, 8]
    assert [life.verdict.word for life in found.lives] == [Word.GROWING, Word.GROWING]
    assert found.groups[0].name == "heap"
    assert found.groups[0].verdict.rate == pytest.approx(3600 * 64 * KI, rel=0.01)


def test_by_process(builder: RecordingBuilder) -> None:
    """Of several processes the one that grows, from passes; one that came late is no growth."""
    grows, stays, late = (builder.process(pid, f"p{pid}", pid) for pid in (1, 2, 3))
    for tick in range(TICKS):
        builder.tick()
        sizes = {grows: MI + tick * 64 * KI, stays: 5 * MI}
        if tick > 60:
            sizes[late] = 30 * MI
        for process, size in sizes.items():
            builder.layout(process, [(HEAP, usage(size))])
        builder.take_pass(
            {
                process: Rollup(rss=size, pss=size, uss=size, swap_pss=0)
                for process, size in sizes.items()
            },
            layouts=len(sizes),
        )
    found = asked(builder)
    assert found.by == "process"
    assert {group.name: group.verdict.word for group in found.groups} == {
        "p1 (1)": Word.GROWING,
        "p2 (2)": Word.FLAT,
        "p3 (3)": Word.FLAT,
    }
    with pytest.raises(UsageError, match="rss cannot be added up"):
        asked(builder, figure="rss")


def test_torn_layouts_are_left_out(builder: RecordingBuilder) -> None:
    """A tenth is torn and half as big: the leak is told nevertheless, and how many were torn."""
    process = builder.process(7)
    for tick in range(TICKS):
        builder.tick()
        if tick % 10 == 5:
            builder.layout(process, [(HEAP, usage(tick * 32 * KI))], state=LayoutState.TORN)
        else:
            builder.layout(process, leak(tick))
    found = asked(builder)
    assert found.groups[0].verdict.word is Word.GROWING
    assert (found.span.torn, found.span.torn_used) == (12, False)


def test_instants_without_a_layout_are_counted(builder: RecordingBuilder) -> None:
    """Where nothing could be read there is no value, and no verdict is bent by it."""
    process = builder.process(7)
    for tick in range(TICKS):
        builder.tick()
        if 50 <= tick < 60:
            builder.reading(process, Reading(), state=LayoutState.NO_PERMISSION)
        else:
            builder.layout(process, leak(tick))
    found = asked(builder)
    assert found.groups[0].verdict.word is Word.GROWING
    assert found.span.gaps > 5


def test_only_a_span(builder: RecordingBuilder) -> None:
    """From and to: the leak that ends before it is not seen."""

    def layout(tick: int) -> list[Entry]:
        return leak(min(tick, 60))

    filled(builder, layout)
    assert asked(builder, begin="+65s").groups[0].verdict.word is Word.FLAT
    assert asked(builder, end="50%").groups[0].verdict.word is Word.GROWING


def test_what_was_before_execve_is_left_out(builder: RecordingBuilder) -> None:
    """Another program's memory is no part of this one's story."""
    filled(builder, lambda tick: [(HEAP, usage(MI if tick < 30 else 40 * MI))])
    builder.image(1, "server", 31)
    found = asked(builder)
    assert found.span.since_execve
    assert found.groups[0].verdict.word is Word.FLAT


@pytest.mark.parametrize(
    ("ticks", "how", "error", "text"),
    [
        (1, {}, SelectionError, "only one layout"),
        (5, {"begin": "+100s"}, NothingThen, "nothing was recorded in that time"),
        (5, {"figure": "size"}, UsageError, "choose one of pss, rss, uss, swap, hugetlb, held"),
        (5, {"by": "colour"}, UsageError, "choose one of kind"),
    ],
)
def test_what_cannot_be_told(
    builder: RecordingBuilder, ticks: int, how: dict[str, str], error: type[Exception], text: str
) -> None:
    """One layout, a time outside, a figure there is not: one clear line each."""
    filled(builder, leak, ticks)
    with pytest.raises(error, match=text):
        asked(builder, **how)


def test_unreadable_processes(builder: RecordingBuilder) -> None:
    """No layout at all is said, not judged."""
    process = builder.process(7)
    for _ in range(30):
        builder.tick()
        builder.reading(process, Reading(), state=LayoutState.NO_PERMISSION)
    with pytest.raises(SelectionError, match="no layout was recorded"):
        asked(builder)


def test_a_clock_that_is_set_makes_no_slope(builder: RecordingBuilder) -> None:
    """The rate is by the clock that is never set."""
    process = builder.process(7)
    for tick in range(TICKS):
        builder.tick()
        builder.layout(process, leak(tick))
    builder.execute("UPDATE ticks SET time_ns = time_ns + 3600000000000 WHERE id > 60")
    found = asked(builder)
    assert found.groups[0].verdict.rate == pytest.approx(3600 * 64 * KI, rel=0.02)
    assert found.span.begin_ns == START + SECOND or found.span.begin_ns == START
