"""Replaying several processes: the sum is that of the last pass, and its age is shown."""

from __future__ import annotations

from pathlib import Path

from memory_watcher.model import Rollup, Usage
from memory_watcher.tui.replay import ReplaySource
from memory_watcher.tui.view import Question, Sizes, Snapshot
from tests.recordings import MI, Entry, RecordingBuilder, mapping


def heap(pss: int) -> list[Entry]:
    usage = Usage(rss=2 * pss, pss=pss, private_clean=0, private_dirty=pss // 2, swap=0, swap_pss=0)
    return [(mapping(0x1000, MI, pathname="[heap]"), usage)]


def figures(pss: int) -> Rollup:
    return Rollup(2 * pss, pss, pss // 2, 0)


def seen(path: Path, question: Question) -> Snapshot:
    source = ReplaySource(str(path))
    try:
        *_, last = source.snapshots(question)
        return last
    finally:
        source.close()


def a_fork(path: Path) -> Path:
    """100 MiB, of which a child that comes at tick 2 has half; passes at ticks 1 and 4."""
    builder = RecordingBuilder(path)
    parent, child = builder.process(11), builder.process(12)
    builder.tick()
    builder.layout(parent, heap(100 * MI))
    builder.take_pass({parent: figures(100 * MI)})
    for _ in range(2):
        builder.tick()
        builder.layout(child, heap(50 * MI))
        builder.reading(parent)
    builder.tick()
    builder.layout(child, heap(50 * MI))
    builder.reading(parent)
    builder.take_pass({parent: figures(50 * MI), child: figures(50 * MI)}, layouts=1)
    builder.end_run()
    return builder.close()


def test_sum_of_the_last_pass(tmp_path: Path) -> None:
    """Between two passes nothing is added to the sum, whatever single processes had."""
    path = a_fork(tmp_path / "a.db")
    for tick, sum_of_pss in ((1, 100), (2, 100), (3, 100), (4, 100)):
        snapshot = seen(path, Question(by="process", tick=tick))
        sizes = snapshot.total.sizes
        assert (sizes.pss, sizes.uss) == (sum_of_pss * MI, sum_of_pss * MI // 2)
        old = any("sums of a pass" in note for note in snapshot.notes)
        assert old == (tick in (2, 3))
    chart = snapshot.chart
    assert chart is not None
    assert {total for total in chart.totals if total is not None} == {100 * MI}
    for column, total in enumerate(chart.totals):
        assert sum(band.values[column] for band in chart.bands) == (total or 0)


def test_members_that_only_the_pass_read(tmp_path: Path) -> None:
    """They have a row, so that the rows come to the sum; one that ended has it up to its pass."""
    builder = RecordingBuilder(tmp_path / "a.db")
    one, two, three = (builder.process(pid) for pid in (11, 12, 13))
    builder.tick()
    builder.layout(one, heap(60 * MI))
    members = {one: figures(60 * MI), two: figures(30 * MI), three: figures(10 * MI)}
    builder.take_pass(members, layouts=1)
    builder.end(three, 1)
    builder.tick()
    builder.reading(one)
    builder.end_run()
    path = builder.close()
    snapshot = seen(path, Question(by="process", tick=1))
    assert sorted(row.sizes.pss or 0 for row in snapshot.rows) == [10 * MI, 30 * MI, 60 * MI]
    assert snapshot.total.sizes.pss == 100 * MI
    later = seen(path, Question(by="process", tick=2))
    assert sorted(row.sizes.pss or 0 for row in later.rows) == [30 * MI, 60 * MI]


def test_age_of_layouts(tmp_path: Path) -> None:
    """By kind the layouts stand as they were read last, and how much older they are is said."""
    snapshot = seen(a_fork(tmp_path / "a.db"), Question(by="kind", tick=4))
    assert [row.sizes.pss for row in snapshot.rows] == [150 * MI]
    assert snapshot.total.sizes.pss == 100 * MI
    assert "layouts up to 3.0 s older than the sums" in snapshot.notes


def test_without_a_pass(tmp_path: Path) -> None:
    """Processes have their own figures, nothing is added up, and a sentence says why."""
    builder = RecordingBuilder(tmp_path / "a.db")
    one, two = builder.process(11), builder.process(12)
    for process, other in ((one, two), (two, one)):
        builder.tick()
        builder.layout(process, heap(10 * MI))
        builder.reading(other)
    snapshot = seen(builder.close(), Question(by="kind", tick=2))
    assert snapshot.total.sizes == Sizes()
    assert [row.sizes.pss for row in snapshot.rows] == [10 * MI, 10 * MI]
    assert "No sum: at no moment were all of them read in one pass." in snapshot.notes
