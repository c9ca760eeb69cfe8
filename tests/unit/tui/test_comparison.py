"""What the UI shows since the mark is what memory-watcher diff says of the same two moments."""

from __future__ import annotations

from itertools import permutations, product
from pathlib import Path

import pytest

from memory_watcher.answers.diff import At, DiffView, diff
from memory_watcher.model import LayoutState, Rollup, Usage
from memory_watcher.store.recording import Recording
from memory_watcher.tui.replay import ReplaySource
from memory_watcher.tui.view import GROUPINGS, Question, Snapshot
from tests.recordings import KI, MI, SECOND, Entry, RecordingBuilder, mapping

#: Name, before, after, and change; names need not differ.
Line = tuple[str, "int | None", "int | None", "int | None"]


def usage(size: int, swap: int | None) -> Usage:
    return Usage(
        rss=2 * size, pss=size, private_clean=0, private_dirty=size // 2, swap=swap, swap_pss=KI
    )  # fmt: skip


def layout(heap: int, *others: tuple[int, str, int]) -> list[Entry]:
    """A heap of so many MiB in a mapping as large, and others by start, name and MiB.

    The swap of shared memory is not reported.
    """
    entries = [(mapping(0x1000, heap * MI, pathname="[heap]"), usage(heap * MI, 4 * KI))]
    for start, name, size in others:
        inode = len(name) if name.startswith("/") else 0
        swap = None if name.startswith("/dev/shm") else 8 * KI
        header = mapping(start << 32, 64 * MI, pathname=name, inode=inode)
        entries.append((header, usage(size * MI, swap)))
    return entries


#: At each instant: what is there grows, shrinks, appears, vanishes, and comes back.
LAYOUTS = (
    layout(10, (1, "/lib/libx.so.1", 3), (2, "", 7)),
    layout(12, (1, "/lib/libx.so.1", 3), (3, "", 20), (4, "/dev/shm/a", 1)),
    layout(5, (3, "", 25)),
    layout(90, (1, "/lib/libx.so.1", 4), (2, "", 7), (3, "", 1)),
)


def seen(path: Path, question: Question) -> Snapshot:
    source = ReplaySource(str(path))
    try:
        *_, last = source.snapshots(question)
        return last
    finally:
        source.close()


def shown(snapshot: Snapshot, figure: str) -> list[Line]:
    """All rows and the sum, without the PIDs that stand beside the names of processes."""
    by_process = snapshot.question.by == "process"
    return sorted(
        (
            row.name.partition(" (")[0] if by_process else row.name,
            getattr(row.before, figure),
            getattr(row.sizes, figure),
            row.change(figure),  # type: ignore[arg-type]
        )
        for row in (*snapshot.rows, snapshot.total)
    )


def told(view: DiffView) -> list[Line]:
    """The same of a difference."""
    groups = [
        (each.name, each.before.sum.size, each.after.sum.size, each.change) for each in view.groups
    ]
    before, after = (side.sum.size for side in view.totals)
    return sorted([*groups, ("sum", before, after, view.total_change)])


@pytest.fixture(name="one", scope="module")
def one_process(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One process, some layouts read a little after their tick, and one whose layout is denied."""
    builder = RecordingBuilder(tmp_path_factory.mktemp("one") / "a.db")
    process = builder.process(7)
    for number, entries in enumerate(LAYOUTS):
        builder.tick()
        builder.layout(process, entries, delay_ns=number * SECOND // 10)
    builder.tick()
    builder.reading(process)
    builder.tick()
    builder.reading(process, state=LayoutState.NO_PERMISSION)
    builder.end_run()
    return builder.close()


@pytest.mark.parametrize("figure", ["pss", "rss", "uss", "swap"])
def test_one_process(one: Path, figure: str) -> None:
    """Every figure of every group, between any two moments; the fifth shows the fourth's layout."""
    compared = 0
    for (mark, tick), by in product(permutations(range(1, 6), 2), GROUPINGS):
        if {mark, tick} == {4, 5}:
            continue
        snapshot = seen(one, Question(1, by, figure, tick, mark))  # type: ignore[arg-type]
        with Recording(one) as recording:
            sides = [At(recording, time) for time in (snapshot.mark_time, snapshot.time) if time]
            view = diff(*sides, by=by, figure=figure)  # type: ignore[arg-type]
        assert shown(snapshot, figure) == told(view), (mark, tick, by)
        compared += len(view.groups)
    assert compared > 100


def test_without_a_layout_nothing_is_compared(one: Path) -> None:
    """Memory that cannot be read is not memory that was freed."""
    snapshot = seen(one, Question(1, "name", "pss", 6, 1))
    assert {row.change("pss") for row in (*snapshot.rows, snapshot.total)} == {None}
    assert "not compared: there is no layout at one of the two moments" in snapshot.notes


def sums(entries: list[Entry]) -> Rollup:
    """As the kernel gives them: a little more PSS than that of mappings, which is cut to KiB."""
    usages = [each for _, each in entries]
    rss, pss = sum(each.rss or 0 for each in usages), sum(each.pss or 0 for each in usages)
    return Rollup(rss, pss + 100, sum(each.uss or 0 for each in usages), 0)


@pytest.fixture(name="several", scope="module")
def several_processes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five ticks, passes at all but the third; who stays, ends, starts, or has no layout."""
    builder = RecordingBuilder(tmp_path_factory.mktemp("several") / "a.db")
    names = ("stays", "ends", "starts", "vforked", "closed")
    stays, ends, starts, vforked, closed = (
        builder.process(pid, name) for pid, name in enumerate(names, 11)
    )
    for tick in range(1, 6):
        builder.tick()
        alive = {stays: LAYOUTS[tick % 4], ends: LAYOUTS[tick % 3], starts: LAYOUTS[tick % 2]}
        del alive[starts if tick < 3 else ends]
        if tick == 2:
            alive[vforked] = LAYOUTS[2]
        for process, entries in alive.items():
            builder.layout(process, entries)
        builder.reading(closed, state=LayoutState.NO_PERMISSION)
        if tick != 3:
            members = {each: sums(entries) for each, entries in alive.items()}
            builder.take_pass({**members, closed: Rollup(9 * MI, 9 * MI, MI, 0)}, shared=[vforked])
        if tick == 2:
            builder.end(ends, 3)
            builder.end(vforked, 3)
    builder.end_run()
    return builder.close()


@pytest.mark.parametrize("figure", ["pss", "uss"])
def test_several_processes(several: Path, figure: str) -> None:
    """They are compared at passes, by their layouts; the third tick shows the second's pass."""
    compared = 0
    for (mark, tick), by in product(permutations(range(1, 6), 2), GROUPINGS):
        if {mark, tick} == {2, 3}:
            continue
        snapshot = seen(several, Question(None, by, figure, tick, mark))  # type: ignore[arg-type]
        with Recording(several) as recording:
            sides = [At(recording, time) for time in (snapshot.mark_time, snapshot.time) if time]
            view = diff(*sides, by=by, figure=figure)  # type: ignore[arg-type]
        assert shown(snapshot, figure) == told(view), (mark, tick, by)
        assert "1 process has no layout, and cannot be compared" in snapshot.notes
        compared += len(view.groups)
    assert compared > 100
