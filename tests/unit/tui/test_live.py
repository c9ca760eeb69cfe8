"""The live source on a proc filesystem of plain files."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from memory_watcher.errors import CannotWrite
from memory_watcher.model import Image, Member, Pass, ProcessFacts, ProcessKey, Rollup, Tick
from memory_watcher.procfs.source import ProcSource
from memory_watcher.record.policy import Policy
from memory_watcher.record.selection import Selection
from memory_watcher.record.targets import NamedTargets, WholeMachine
from memory_watcher.store.recording import Recording
from memory_watcher.tui.history import LiveHistory
from memory_watcher.tui.live import LiveSource, Output
from memory_watcher.tui.view import Question, Sizes, Snapshot
from tests.fakeproc import SMALL, Area, FakeProc, FakeProcess
from tests.programs import wait_until

KI = 1024
PERIOD = 20_000_000
SECOND = 1_000_000_000


@pytest.fixture
def proc(tmp_path: Path) -> FakeProc:
    return FakeProc(tmp_path / "proc")


class Watch:
    """A live source, and questions to it."""

    def __init__(self, proc: FakeProc, pids: list[int], output: Path | None = None) -> None:
        source = ProcSource(str(proc.root))
        targets = NamedTargets(source, pids) if pids else WholeMachine(source)
        self.news = threading.Event()
        self.source = LiveSource(
            "host",
            source,
            targets,
            Policy(),
            PERIOD,
            Output(str(output), ["top"]) if output else None,
            self.news.set,
        )

    def see(
        self, condition: Callable[[Snapshot], object], question: Question | None = None
    ) -> Snapshot:
        """Wait for a snapshot that is as wanted."""

        def ask() -> Snapshot | None:
            for snapshot in self.source.snapshots(question or Question(by="name")):
                if condition(snapshot):
                    return snapshot
            return None

        return wait_until(ask, "such a snapshot")


@pytest.fixture
def watch(proc: FakeProc) -> Iterator[Callable[..., Watch]]:
    opened: list[Watch] = []

    def open_(pids: list[int], output: Path | None = None) -> Watch:
        opened.append(Watch(proc, pids, output))
        return opened[-1]

    yield open_
    for each in opened:
        each.source.close()


def grown(heap: int) -> tuple[Area, ...]:
    return SMALL[0], Area(0x600000, 132, heap, "[heap]"), SMALL[2]


def rss_of(snapshot: Snapshot, name: str) -> int | None:
    return next(row.sizes.rss for row in snapshot.rows if row.name == name)


def test_one_process(proc: FakeProc, watch: Callable[..., Watch]) -> None:
    """What is read is what is shown, and what changes is seen at the next tick."""
    proc.put(FakeProcess(7, "server", areas=grown(20)))
    seeing = watch([7])
    first = seeing.see(lambda _: True)
    assert first.title == "server (7)"
    assert rss_of(first, "heap") == 20 * KI
    assert first.total.sizes.rss == (4 + 20 + 12) * KI
    proc.put(FakeProcess(7, "server", areas=grown(90)))
    seeing.see(lambda snapshot: rss_of(snapshot, "heap") == 90 * KI)


def test_the_cgroup_beside_a_process(
    proc: FakeProc, watch: Callable[..., Watch], tmp_path: Path
) -> None:
    """Without a recording, too: its memory and its limit now, and over time in the chart."""
    proc.put(FakeProcess(7, "server", areas=grown(20)))
    mount = f"41 31 0:38 / {tmp_path}/cgroups rw - cgroup2 cgroup2 rw\n"
    proc.write("self/mountinfo", mount.encode())
    folder = tmp_path / "cgroups/some.slice"
    folder.mkdir(parents=True)
    for path, text in (("memory.current", 90 * KI), ("memory.max", "max")):
        (folder / path).write_text(f"{text}\n")
    seeing = watch([7])
    first = seeing.see(lambda snapshot: snapshot.cgroup)
    assert first.cgroup is not None
    assert (first.cgroup.path, first.cgroup.figures["current"]) == ("/some.slice", 90 * KI)
    assert first.cgroup.limit() is None
    (folder / "memory.current").write_text(f"{70 * KI}\n")
    (folder / "memory.max").write_text(f"{200 * KI}\n")
    later = seeing.see(lambda snapshot: snapshot.cgroup and snapshot.cgroup.limit())
    assert later.chart is not None
    assert later.chart.beside is not None
    shown = [size for size in later.chart.beside.current if size is not None]
    assert (max(shown), shown[-1]) == (90 * KI, 70 * KI)
    assert later.chart.beside.limit[-1] in (200 * KI, None)
    assert 200 * KI in later.chart.beside.limit


def test_marks_and_going_back(proc: FakeProc, watch: Callable[..., Watch]) -> None:
    """Earlier instants can be looked at, and be compared with."""
    proc.put(FakeProcess(7, areas=grown(20)))
    seeing = watch([7])
    first = seeing.see(lambda _: True)
    proc.put(FakeProcess(7, areas=grown(90)))
    question = Question(by="name", mark=first.tick)
    later = seeing.see(lambda snapshot: rss_of(snapshot, "heap") == 90 * KI, question)
    heap = next(row for row in later.rows if row.name == "heap")
    assert heap.change("rss") == 70 * KI
    assert later.mark_time == first.time
    back = seeing.see(lambda _: True, Question(by="name", tick=first.tick))
    assert (back.tick, rss_of(back, "heap")) == (first.tick, 20 * KI)


def test_chart(proc: FakeProc, watch: Callable[..., Watch]) -> None:
    """Layers add up to the total in each column; the peak is known after it is over."""
    proc.put(FakeProcess(7, areas=grown(90)))
    seeing = watch([7])
    seeing.see(lambda _: True)
    proc.put(FakeProcess(7, areas=grown(10)))
    now = seeing.see(lambda snapshot: rss_of(snapshot, "heap") == 10 * KI, Question(by="name"))
    chart = now.chart
    assert chart is not None
    assert chart.peak is not None
    assert chart.peak.size == (4 + 90 + 12) * KI
    for column, total in enumerate(chart.totals):
        assert sum(band.values[column] for band in chart.bands) == (total or 0)
    assert max(total or 0 for total in chart.totals) == chart.peak.size


def test_all_processes(proc: FakeProc, watch: Callable[..., Watch]) -> None:
    """All processes by PSS, of which RSS is not added up; who ends is gone."""
    proc.put(FakeProcess(7, "server", areas=grown(92)))
    proc.put(FakeProcess(8, "worker", areas=grown(12)))
    seeing = watch([])
    question = Question(by="process")
    both = seeing.see(lambda snapshot: len(snapshot.rows) == 2, question)
    assert both.title == "host"
    assert both.total.sizes.pss == (4 + 92 + 12 + 1 + 4 + 12 + 12 + 1) * KI, "of smaps_rollup"
    assert both.total.sizes.rss is None
    assert both.state is None
    worker = next(row for row in both.rows if row.name == "worker (8)")
    alone = seeing.see(lambda _: True, Question(process_id=worker.opens, by="name"))
    assert rss_of(alone, "heap") == 12 * KI
    proc.remove(8)
    seeing.see(lambda snapshot: [row.name for row in snapshot.rows] == ["server (7)"], question)
    last = seeing.see(lambda _: True, Question(process_id=worker.opens, by="name"))
    assert last.ended
    assert last.title == "worker (8)"


def test_sums_are_those_of_the_last_pass() -> None:
    """A pass gives the sum until the next one, and its age; one in which too much moved gives none.

    What a single process reads in between is its own, and in no sum.
    """
    history = LiveHistory(4096)
    facts = [ProcessFacts(ProcessKey(pid, 1), Image(f"p{pid}")) for pid in (11, 12)]
    history.tick(Tick(10 * SECOND, 10 * SECOND, 0))
    one, two = map(history.add_process, facts)
    history.freeze()
    figures = {one: Member(Rollup(90, 60, 30, 5)), two: Member(Rollup(40, 40, 40, 0))}
    history.tick(Tick(11 * SECOND, 11 * SECOND, 0))
    history.take_pass(Pass(7, 2, 0, 0, 0, None, 130, 100, 70, 5), figures)
    history.freeze()
    history.tick(Tick(12 * SECOND, 12 * SECOND, 0))
    history.take_pass(
        Pass(7, 2, 0, 1 << 30, 0, None, 130, 100, 70, 5),
        {one: Member(Rollup(900, 600, 300, 0)), two: figures[two]},
    )
    history.freeze()
    first, second, third = history.instants()
    assert first.together.why is not None
    assert second.together.sizes == Sizes(pss=100, uss=70, swap_pss=5)
    assert (second.together.age_ns, third.together.age_ns) == (0, SECOND)
    assert third.together.sizes == second.together.sizes
    assert third.presents is not None
    assert third.presents[one].sizes.pss == 60


def test_the_end(proc: FakeProc, watch: Callable[..., Watch]) -> None:
    """When the process has gone its last picture stays, marked as the end."""
    proc.put(FakeProcess(7, areas=grown(20)))
    seeing = watch([7])
    seeing.see(lambda _: True)
    proc.remove(7)
    last = seeing.see(lambda snapshot: snapshot.ended)
    assert last.title == "program (7)"
    assert last.ticks


def test_output_is_a_recording(proc: FakeProc, watch: Callable[..., Watch], tmp_path: Path) -> None:
    """With an output, what was seen can be read back as from any recorder."""
    proc.put(FakeProcess(7, "server", areas=grown(20)))
    path = tmp_path / "seen.db"
    seeing = watch([7], path)
    seeing.see(lambda snapshot: len(snapshot.ticks) >= 3)
    seeing.source.close()
    with Recording(path) as recording:
        process = recording.process(pid=7)
        assert process.name == "server"
        measurements = list(recording.measurements(process.id))
        assert len(measurements) >= 3
        assert recording.layout(measurements[0].id).totals.rss == 36 * KI
        assert recording.runs()[0].end_reason == "closed"


def test_output_that_cannot_be_written(proc: FakeProc, tmp_path: Path) -> None:
    """A folder that is not there is told before anything is shown."""
    proc.put(FakeProcess(7))
    with pytest.raises(CannotWrite, match="no folder"):
        Watch(proc, [7], tmp_path / "none" / "a.db")


def test_what_the_recorder_has_to_say_is_shown(
    proc: FakeProc, watch: Callable[..., Watch], tmp_path: Path
) -> None:
    """A process whose smaps makes no sense costs its figures, and the reason is on the screen."""
    proc.put(FakeProcess(7, "server", changed={"smaps": b"no smaps\n"}))
    proc.put(FakeProcess(8, "worker"))
    seeing = watch([], tmp_path / "a.db")
    shown = seeing.see(lambda snapshot: any("process 7" in note for note in snapshot.notes))
    assert any("process 7" in str(notice) for notice in seeing.source.said)
    assert len([note for note in shown.notes if "process" in note]) <= 3


def test_what_was_selected_is_in_the_recording(proc: FakeProc, tmp_path: Path) -> None:
    """So that no command takes it for a recording of the whole machine."""
    proc.put(FakeProcess(7, "server"))
    source = ProcSource(str(proc.root))
    news = threading.Event()
    file = tmp_path / "a.db"
    named = ("selection", "--name server", Selection(names=("server",)))
    live = LiveSource(
        *("server", source, NamedTargets(source, [7]), Policy(), PERIOD),
        Output(str(file), ["top"], *named),
        news.set,
    )
    news.wait(10)
    live.close()
    with Recording(file) as recording:
        selection = recording.selection()
        (run,) = recording.runs()
    assert selection is not None
    assert (selection.kind, selection.description) == ("selection", "--name server")
    assert (run.end_reason, run.peak_rss is not None) == ("closed", True)
