"""The loop: what is written when, for processes that come, change, refuse, fail and go."""

from __future__ import annotations

import contextlib
import gc
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from itertools import count, pairwise, repeat
from pathlib import Path
from typing import Any

import pytest

from memory_watcher.analysis.passes import read
from memory_watcher.errors import SourceError
from memory_watcher.model import LayoutState, Machine, ProcessKey, Tick
from memory_watcher.procfs.mapped import NotReady
from memory_watcher.procfs.process_files import ProcessFiles
from memory_watcher.procfs.scan import Scanner
from memory_watcher.procfs.source import ProcSource
from memory_watcher.record import firsts as firsts_module
from memory_watcher.record.clock import Clock, Deadline, WentBy
from memory_watcher.record.fast_pass import FastPasses
from memory_watcher.record.notices import Notice, Unrecordable
from memory_watcher.record.policy import FOR_MACHINE, FOR_NAMED, Policy
from memory_watcher.record.progress import Progress
from memory_watcher.record.recorder import Recorder
from memory_watcher.record.targets import NamedTargets, Targets, Unread
from memory_watcher.record.throttle import cpu_budget
from memory_watcher.store.recording import Recording
from memory_watcher.store.writer import Writer
from tests.fakeproc import PF_KTHREAD, SMALL, FakeProc, FakeProcess, pread_as_in_proc

from .faketime import MS, SECOND, UTC_START, FakeStop, FakeTime
from .scripted import BROKEN, GONE, REFUSED, Answer, ScriptedFiles, moved, smaps_takes

KI = 1024
ON_TIME = Deadline(0, 0)
NO_SIZES = "size, resident, shared, text, data, high_water_mark, swap, hugetlb"


class Arriving:
    """Targets that come when the test says so."""

    open_ended = False
    discovery_period_ns: int | None = None
    is_group = False
    problems: tuple[Unrecordable, ...] = ()
    limit_reached = False

    def __init__(self) -> None:
        self.too_short = 0
        self.unread = Unread()
        self.coming: list[ProcessFiles] = []
        self.recorded: set[int] = set()
        self.gone: list[ProcessKey] = []

    def arrivals(self, *, all_sharers: bool = False) -> Iterator[ProcessFiles]:
        while now := [files for files in self.coming if files.pid not in self.recorded]:
            self.coming.remove(now[0])
            yield now[0]

    def may_have_come(self) -> bool:
        return bool(self.coming)

    def outcome(self, pid: int, problem: SourceError | None) -> None:
        if problem is None:
            self.recorded.add(pid)
        else:
            self.unread.add(pid, problem)

    def ended(self, key: ProcessKey) -> None:
        self.recorded.remove(key.pid)
        self.gone.append(key)


class Stage:
    """A fake proc filesystem, a recorder on it, and its recording."""

    def __init__(self, folder: Path, time: FakeTime) -> None:
        self.time = time
        self.proc = FakeProc(folder / "proc")
        self.path = folder / "a.db"
        self.writer = Writer(str(self.path))
        self.writer.start_run(Machine("boot", "host", "6.18", 4096), 100 * MS, ["memory-record"])
        self.targets = Arriving()
        self.said: list[str] = []
        self.source = ProcSource(str(self.proc.root))
        self.recorder = self.records(Policy())
        self.is_open = True

    def hear(self, notice: Notice) -> None:
        """What the user is told."""
        self.said.append(str(notice))

    def records(self, policy: Policy, targets: Targets | None = None) -> Recorder:
        """Put another recorder in the place of the one that has recorded nothing yet."""
        arriving = self.targets if targets is None else targets
        self.recorder = Recorder(
            self.source, arriving, self.writer, policy, say=self.hear, time=self.time
        )
        return self.recorder

    def comes(self, process: FakeProcess) -> ScriptedFiles:
        """Let a process be found at the next tick."""
        files = ScriptedFiles(self.proc, process)
        self.targets.coming.append(files)
        return files

    def tick(self, number: int = 1, deadline: Deadline = ON_TIME) -> None:
        for _ in range(number):
            self.time.now += 100 * MS
            self.recorder.tick(deadline)

    def end(self) -> None:
        """End the run cleanly; closing twice is allowed."""
        if self.is_open:
            self.is_open = False
            self.recorder.close()
            for files in self.targets.coming:
                files.close()
            self.writer.close("SIGINT")

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        """Ask the recording, after it has ended."""
        self.end()
        with closing(sqlite3.connect(self.path)) as database:
            return database.execute(sql).fetchall()

    def states(self, process_id: int = 1) -> list[LayoutState]:
        found = self.rows(
            f"SELECT layout_state FROM readings WHERE process_id = {process_id} ORDER BY tick"
        )
        return [LayoutState(int(str(row[0]))) for row in found]


@pytest.fixture
def time() -> FakeTime:
    return FakeTime()


@pytest.fixture
def stage(tmp_path: Path, time: FakeTime) -> Iterator[Stage]:
    stage = Stage(tmp_path, time)
    yield stage
    stage.end()
    gc.unfreeze()


# -- what is written ----------------------------------------------------------------------------


def test_process_that_stays(stage: Stage) -> None:
    """One reading per tick, times in UTC, layouts that are read back as they were."""
    files = stage.comes(FakeProcess(7))
    stage.tick(2)
    files.process.areas = (*SMALL[:2], SMALL[2]._replace(rss=20))
    stage.tick(1)
    assert stage.states() == [LayoutState.EXACT] * 3
    assert stage.rows("SELECT time_ns FROM ticks") == [
        (UTC_START + number * 100 * MS,) for number in (1, 2, 3)
    ]
    assert stage.rows("SELECT rss / 1024, resident / 1024 FROM readings") == [
        *((36, 36), (36, 36), (44, 44)),
    ]
    assert stage.rows("SELECT count(*) FROM usages") == [(4,)]
    with Recording(stage.path) as recording:
        (process,) = recording.processes()
        assert (process.pid, process.name, process.ended) == (7, "program", False)
        assert len(recording.layout(3)) == 3


def test_progress(stage: Stage) -> None:
    """What the status line and the closing line tell is what was done."""
    files = stage.comes(FakeProcess(7, high_water_mark=80))
    stage.comes(FakeProcess(8, high_water_mark=90))
    stage.tick()
    files.process.areas = ()
    stage.tick(1, Deadline(5, 3))
    progress = stage.recorder.progress
    assert (progress.ticks, progress.skipped, progress.layouts, progress.processes) == (2, 3, 3, 2)
    assert (progress.highest_rss, progress.high_water_mark) == (36 * KI, 90 * KI)
    assert progress.latest is not None
    assert (progress.latest.mappings, progress.torn) == (3, 0)


def test_a_layout_that_is_asked_for_is_read_at_once_and_safe(stage: Stage) -> None:
    """It is a tick of its own, whatever the budget says, and a reader finds it right then."""
    stage.comes(FakeProcess(7))
    stage.records(Policy(max_cpu=0.000001, free_firsts=False))
    stage.tick(2)
    assert stage.recorder.look_at(7)
    assert not stage.recorder.look_at(8)
    with Recording(stage.path) as recording:
        assert recording.measurement_at(1, 3).has_layout
    assert stage.rows("SELECT cause FROM ticks") == [(None,), (None,), ("asked",)]


def test_what_was_a_peak_before_is_one_again_when_watched_anew(stage: Stage) -> None:
    """A process that comes back to what it had is read at once, as it would not be else."""
    files = stage.comes(FakeProcess(7, high_water_mark=90000))
    high = (*SMALL[:2], SMALL[2]._replace(rss=80000))
    for areas in (high, SMALL):
        files.process.areas = areas
        stage.tick()
    stage.recorder.watch_anew(7)
    files.process.areas = high
    stage.recorder.fast_pass()
    assert stage.rows("SELECT cause FROM ticks") == [(None,), (None,), ("peak",)]


def test_lateness_and_skipped_deadlines(stage: Stage) -> None:
    """Each tick tells how late it was, and how many before it were given up."""
    stage.comes(FakeProcess(7))
    stage.tick(1, Deadline(12, 0))
    stage.tick(1, Deadline(34, 5))
    assert stage.rows("SELECT late_ns, skipped FROM ticks") == [(12, 0), (34, 5)]
    assert stage.rows("SELECT monotonic_ns FROM ticks") == [
        (stage.time.start + number * 100 * MS,) for number in (1, 2)
    ]


def test_figures_bear_the_time_at_which_they_were_read(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that is read late in its tick says how late."""
    smaps_takes(monkeypatch, stage.time, now=30 * MS)
    for pid in (7, 8, 9):
        stage.comes(FakeProcess(pid))
    stage.tick(2)
    assert stage.rows("SELECT delay_ns / 1000000 FROM readings WHERE tick = 2") == [
        *((0,), (30,), (60,)),
    ]


def test_meminfo_only_when_it_changes(stage: Stage) -> None:
    """Every field at first, then those that changed; at each tick the whole is known."""
    stage.comes(FakeProcess(7))
    stage.tick(2)
    stage.proc.write("meminfo", b"MemTotal:  1000 kB\nMemFree:  400 kB\n")
    stage.tick(2)
    (stage.proc.root / "meminfo").unlink()
    stage.tick()
    assert stage.rows("SELECT first_tick, value / 1024 FROM meminfo ORDER BY field_id") == [
        *((1, 1000), (1, 500), (3, 400)),
    ]
    with Recording(stage.path) as recording:
        found = [recording.system_memory(tick) for tick in range(1, 6)]
    assert [memory.values["MemFree"] for memory in found if memory] == [
        free * KI for free in (500, 500, 400, 400, 400)
    ]


# -- processes that end -------------------------------------------------------------------------


def test_process_that_goes(stage: Stage) -> None:
    """A last reading says so, its end is noted, its descriptors are given back."""
    files = stage.comes(FakeProcess(7))
    stage.comes(FakeProcess(8))
    stage.tick(2)
    files.always("stat", GONE)
    stage.tick(2)
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(files._held.directory)
    assert stage.states(1) == [LayoutState.EXACT, LayoutState.EXACT, LayoutState.GONE]
    assert stage.states(2) == [LayoutState.EXACT] * 4
    assert stage.rows("SELECT pid, end_tick FROM processes") == [(7, 3), (8, None)]
    assert stage.rows("SELECT max(last_tick) FROM usages WHERE process_id = 1") == [(2,)]


@pytest.mark.parametrize("name", ["statm", "smaps"])
def test_process_that_goes_while_it_is_read(stage: Stage, name: str) -> None:
    """It is gone, whichever file tells; nothing of a half-read layout is stored."""
    files = stage.comes(FakeProcess(7))
    stage.tick()
    files.always(name, GONE)
    stage.tick()
    assert stage.states() == [LayoutState.EXACT, LayoutState.GONE]
    assert stage.rows(f"SELECT {NO_SIZES} FROM readings WHERE tick = 2") == [(None,) * 8]


def test_zombie(stage: Stage) -> None:
    """Its figures are NULL and never 0; it has ended, which the targets are told once."""
    files = stage.comes(FakeProcess(7))
    stage.tick()
    files.process.state, files.process.areas = "Z", ()
    stage.tick()
    stage.tick(2)
    assert stage.states() == [LayoutState.EXACT, LayoutState.ZOMBIE]
    assert stage.rows(f"SELECT {NO_SIZES}, rss, pss FROM readings WHERE tick = 2") == [(None,) * 10]
    assert stage.rows("SELECT end_tick FROM processes") == [(2,)]
    assert stage.rows("SELECT count(*) FROM images") == [(1,)]
    assert [key.pid for key in stage.targets.gone] == [7]


def test_process_that_came_and_went(stage: Stage) -> None:
    """One that has gone before anything could be read leaves no row, and stops nothing."""
    files = stage.comes(FakeProcess(7))
    files.always("status", GONE)
    stage.comes(FakeProcess(8))
    stage.tick()
    assert stage.rows("SELECT pid FROM processes") == [(8,)]


def test_pid_that_is_used_again(stage: Stage) -> None:
    """Another start time is another process: two rows, nothing is mixed."""
    first = stage.comes(FakeProcess(7, name="old", start_time=1000))
    stage.tick(2)
    first.always("stat", GONE)
    areas = tuple(area._replace(rss=0) for area in SMALL)
    stage.comes(FakeProcess(7, name="new", start_time=2000, areas=areas))
    stage.tick(2)
    assert stage.rows("SELECT pid, start_time, end_tick FROM processes") == [
        (7, 1000, 3),
        (7, 2000, None),
    ]
    assert stage.rows("SELECT process_id, tick, rss / 1024 FROM readings ORDER BY id") == [
        *((1, 1, 36), (1, 2, 36), (1, 3, None), (2, 3, 0), (2, 4, 0)),
    ]
    assert stage.rows("SELECT process_id, name FROM images") == [(1, "old"), (2, "new")]


def test_last_target_ends_the_run(stage: Stage) -> None:
    """`run` returns True when the last process has gone, and takes the last reading first."""
    files = stage.comes(FakeProcess(7))
    clock = ScriptedClock(stage.time)

    def on_tick(progress: Progress) -> None:
        if progress.ticks == 3:
            files.always("stat", GONE)

    assert stage.recorder.run(clock, threading.Event(), on_tick)
    assert stage.states()[-1] is LayoutState.GONE
    assert len(stage.states()) == 4


def test_told_to_stop(stage: Stage) -> None:
    """`run` returns False; what was read is stored when the writer is closed."""
    stage.comes(FakeProcess(7))
    stop = threading.Event()
    ticks = []

    def on_tick(progress: Progress) -> None:
        ticks.append(progress.ticks)
        if len(ticks) == 5:
            stop.set()

    assert not stage.recorder.run(ScriptedClock(stage.time), stop, on_tick)
    assert ticks == [1, 2, 3, 4, 5]
    assert len(stage.states()) == 5


def test_told_to_stop_within_a_tick(stage: Stage) -> None:
    """The tick of one process has its reading all the same: none is left empty."""
    stage.comes(FakeProcess(7))
    stop = threading.Event()

    class StoppingClock(ScriptedClock):
        def wait(self, stop: threading.Event) -> Deadline | None:
            deadline = super().wait(stop)
            if self.left == 0:
                stop.set()
            return deadline

    assert not stage.recorder.run(StoppingClock(stage.time, ticks=4), stop)
    assert len(stage.states()) == 4
    assert stage.rows("SELECT count(*) FROM ticks") == [(4,)]


# -- processes that refuse or fail --------------------------------------------------------------


def test_kernel_thread(stage: Stage) -> None:
    """It has no memory: told by its state, without sizes, tick after tick."""
    stage.comes(FakeProcess(2, areas=(), flags=PF_KTHREAD))
    stage.tick(2)
    assert stage.states() == [LayoutState.KERNEL_THREAD] * 2
    assert stage.rows(f"SELECT DISTINCT {NO_SIZES} FROM readings") == [(None,) * 8]


def test_no_permission(stage: Stage) -> None:
    """The cheap figures and the reason; it stops no other, and goes on when it is allowed."""
    files = stage.comes(FakeProcess(7))
    stage.comes(FakeProcess(8))
    files.says("smaps", REFUSED, REFUSED)
    stage.tick(3)
    assert stage.states(1) == [LayoutState.NO_PERMISSION] * 2 + [LayoutState.EXACT]
    assert stage.states(2) == [LayoutState.EXACT] * 3
    assert stage.rows("SELECT resident / 1024, rss, keyframe FROM readings WHERE id = 1") == [
        (36, None, None)
    ]


def test_layout_across_a_refusal(stage: Stage) -> None:
    """A refused tick in between has no layout; those around it are right."""
    files = stage.comes(FakeProcess(7))
    stage.tick()
    files.says("smaps", REFUSED)
    stage.tick(2)
    files.process.areas = SMALL[:2]
    stage.tick()
    stage.end()
    with Recording(stage.path) as recording:
        measurements = list(recording.measurements(1))
        assert [measurement.has_layout for measurement in measurements] == [
            *(True, False, True, True),
        ]
        sizes = [len(recording.layout(each.id)) for each in measurements if each.has_layout]
        assert sizes == [3, 3, 2]


def test_hidden_process(stage: Stage) -> None:
    """Where every file is refused (hidepid=1) that is the reason that is stored."""
    files = stage.comes(FakeProcess(7))
    stage.comes(FakeProcess(8))
    stage.tick()
    files.always("stat", REFUSED)
    stage.tick(2)
    assert stage.states(1) == [LayoutState.EXACT] + [LayoutState.NO_PERMISSION] * 2
    assert stage.states(2) == [LayoutState.EXACT] * 3


@pytest.mark.parametrize(
    ("name", "state"),
    [
        ("stat", LayoutState.UNREADABLE),
        ("smaps", LayoutState.UNREADABLE),
        ("statm", LayoutState.UNCHECKED),
    ],
)
@pytest.mark.parametrize("answer", [BROKEN, b"no such text\n"])
def test_process_that_cannot_be_read(
    stage: Stage, name: str, state: LayoutState, answer: Answer
) -> None:
    """An I/O error or nonsense of one process stops neither the others nor the recording.

    Without statm the layout has nothing to be checked by, and is stored. The user is told once;
    when it can be read again, it is.
    """
    files = stage.comes(FakeProcess(7))
    stage.comes(FakeProcess(8))
    stage.tick()
    files.says(name, *[answer] * 2)
    stage.tick(4)
    assert stage.states(2) == [LayoutState.EXACT] * 5
    states = stage.states(1)
    assert states[0] is states[-1] is LayoutState.EXACT
    assert state in states
    assert len([message for message in stage.said if "process 7" in message]) == 1


def test_torn_layout(stage: Stage) -> None:
    """It is stored and marked, and counted for the closing line."""
    files = stage.comes(FakeProcess(7))
    files.always("smaps", moved(SMALL, rss=100))
    stage.tick()
    assert stage.recorder.progress.torn == 1
    assert stage.states() == [LayoutState.TORN]


# -- images -------------------------------------------------------------------------------------


def test_exec(stage: Stage) -> None:
    """Execve keeps the process and adds an image from that tick on."""
    files = stage.comes(FakeProcess(7, name="sh"))
    stage.tick(2)
    files.process.name = "sleep"
    files.process.marks = (9, 9, 9)
    files.process.command_line = b"sleep\x005\0"
    stage.tick(2)
    assert stage.rows("SELECT process_id, first_tick, name, command_line FROM images") == [
        (1, 1, "sh", "program --option"),
        (1, 3, "sleep", "sleep 5"),
    ]
    assert stage.rows("SELECT count(*) FROM processes") == [(1,)]


def test_new_name(stage: Stage) -> None:
    """A process that renames itself has a new image row, and only one."""
    files = stage.comes(FakeProcess(7))
    stage.tick(2)
    files.process.name = "worker"
    stage.tick(3)
    assert stage.rows("SELECT first_tick, name FROM images") == [(1, "program"), (3, "worker")]


# -- commits ------------------------------------------------------------------------------------


class ScriptedClock(Clock):
    """Ticks at once, and lets a period pass each time."""

    def __init__(self, time: FakeTime, period_ns: int = 100 * MS, ticks: int = 1000) -> None:
        super().__init__(period_ns, time=time)
        self.time = time
        self.left = ticks

    def wait(self, stop: threading.Event) -> Deadline | None:
        self.left -= 1
        if stop.is_set() or self.left < 0:
            return None
        self.time.now += self.period_ns
        return ON_TIME

    def until_next(self) -> int:
        return self.period_ns


@pytest.mark.parametrize("period", [1, 10, 100, 300, 999, 1000, 5000])
def test_a_kill_loses_at_most_a_second(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, period: int
) -> None:
    """Whatever the period, no transaction is open for longer; and they are not more than needed."""
    stage.comes(FakeProcess(7))
    commits = [stage.time.now]
    oldest: list[int] = []
    begun: list[int] = []
    real_commit, real_tick = stage.writer.commit, stage.writer.tick

    def commit() -> None:
        real_commit()
        commits.append(stage.time.now)
        if begun:
            oldest.append(stage.time.now - begun[0])
        begun.clear()

    def tick(tick: Tick) -> int:
        begun.append(stage.time.now)
        return real_tick(tick)

    monkeypatch.setattr(stage.writer, "commit", commit)
    monkeypatch.setattr(stage.writer, "tick", tick)
    ticks = min(1000, 5000 // period + 3)
    stage.recorder.run(ScriptedClock(stage.time, period * MS, ticks), threading.Event())
    assert all(age <= SECOND for age in oldest)
    # What is not committed yet will be, before it is a second old.
    if begun:
        assert stage.time.now - begun[0] + period * MS <= SECOND
    took = ticks * period * MS
    apart = max(SECOND // 2, period * MS)  # a tick that is longer is committed by itself
    assert took // max(SECOND, period * MS) - 1 <= len(commits) - 1 <= took // apart + 1


def test_commit_is_there_for_others(stage: Stage) -> None:
    """What was committed can be read while the recording goes on."""
    stage.comes(FakeProcess(7))
    stage.tick(2)
    stage.recorder.commit()
    stage.tick(3)
    with Recording(stage.path) as recording:
        assert len(list(recording.measurements(1))) == 2


# -- with the real clock and the real targets ---------------------------------------------------


class ActingStop(FakeStop):
    """Lets a process do something when its time has come; ends after a time."""

    def __init__(self, time: FakeTime, acts: dict[int, Callable[[], None]], end: int) -> None:
        super().__init__(time)
        self.acts = {time.now + at * MS: act for at, act in acts.items()}
        self.stop_at = time.now + end * MS

    def wait(self, timeout: float | None = None) -> bool:
        is_set = super().wait(timeout)
        for at in [at for at in self.acts if at <= self.clock.now]:
            self.acts.pop(at)()
        return is_set


def _record_a_restless_one(stage: Stage) -> tuple[list[int], list[list[tuple[object, ...]]]]:
    """Commits (ms from the start) and rows of a process that rests, grows, shrinks and ends."""
    stage.records(Policy(fast_period_ns=20 * MS))
    files = stage.comes(FakeProcess(7, high_water_mark=90))
    start, commit = stage.time.now, stage.writer.commit
    commits: list[int] = []

    def grow(rss: int) -> None:
        files.process.areas = (*SMALL[:2], SMALL[2]._replace(rss=rss))

    def noting() -> None:
        commits.append((stage.time.now - start) // MS)
        commit()

    stage.writer.commit = noting  # type: ignore[method-assign]
    acts: dict[int, Callable[[], None]] = {
        250: lambda: grow(20),
        270: lambda: grow(24),
        290: lambda: grow(20),
        1010: lambda: grow(30000),
        2500: lambda: grow(21),
        3330: lambda: files.always("stat", GONE),
        3331: lambda: files.always("statm", GONE),
    }
    stop = ActingStop(stage.time, acts, 6000)
    stage.recorder.run(Clock(1000 * MS, 20 * MS, stage.time), stop)
    tables = ["ticks", "readings", "fast_readings", "usages", "processes"]
    return commits, [stage.rows(f"SELECT * FROM {table}") for table in tables]


def test_passes_that_go_by_leave_nothing_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is recorded is to the digit what it is when each fast pass is taken, and as safe."""
    for name in ("by", "each"):
        (tmp_path / name).mkdir()
    by, each = Stage(tmp_path / "by", FakeTime()), Stage(tmp_path / "each", FakeTime())
    went_by: list[int] = []
    wait_while = Clock.wait_while

    def noting(*arguments: Any) -> WentBy | None:
        went = wait_while(*arguments)
        went_by.append(went.passes if went else 0)
        return went

    monkeypatch.setattr(Clock, "wait_while", noting)
    commits, rows = _record_a_restless_one(by)
    assert sum(went_by) > 130  # of 166
    monkeypatch.setattr(FastPasses, "go_by", lambda *_: None)
    _, expected = _record_a_restless_one(each)
    assert rows == expected
    assert all(later - earlier <= 1000 for earlier, later in pairwise(commits))


def test_skipped_deadlines_of_a_slow_machine(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading takes three periods: two deadlines are skipped each time, none is queued."""
    smaps_takes(monkeypatch, stage.time, now=310 * MS)
    stage.comes(FakeProcess(7))
    stop = FakeStop(stage.time)
    stop_after = stage.time.now + 1200 * MS

    def on_tick(progress: Progress) -> None:
        if stage.time.now >= stop_after:
            stop.set()

    stage.recorder.run(Clock(100 * MS, time=stage.time), stop, on_tick)
    found = stage.rows("SELECT skipped, late_ns / 1000000 FROM ticks")
    assert found == [(0, 0), (2, 10), (2, 20), (2, 30)]
    assert stage.recorder.progress.skipped == 6


def test_named_processes(stage: Stage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Two named PIDs on plain files: one goes, then the other, then the run is over."""
    monkeypatch.setattr(os, "pread", pread_as_in_proc)
    for pid in (7, 8):
        stage.proc.put(FakeProcess(pid))
    source = ProcSource(str(stage.proc.root))
    recorder = stage.records(Policy(), NamedTargets(source, [7, 8]))

    def on_tick(progress: Progress) -> None:
        if progress.ticks in (2, 4):
            stage.proc.remove(7 if progress.ticks == 2 else 8)

    assert recorder.run(ScriptedClock(stage.time), threading.Event(), on_tick)
    assert stage.states(1) == [LayoutState.EXACT] * 2 + [LayoutState.GONE]
    assert stage.states(2) == [LayoutState.EXACT] * 4 + [LayoutState.GONE]
    assert stage.rows("SELECT pid, end_tick FROM processes") == [(7, 3), (8, 5)]


def test_descriptors_are_given_back(stage: Stage) -> None:
    """Closing the recorder closes every process's files."""
    for pid in (7, 8, 9):
        stage.proc.put(FakeProcess(pid))
    source = ProcSource(str(stage.proc.root))
    stage.records(Policy(), NamedTargets(source, [7, 8, 9]))
    stage.tick(2)
    stage.end()
    held = []
    for name in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):
            held.append(os.readlink(f"/proc/self/fd/{name}"))
    assert not [path for path in held if path.startswith(str(stage.proc.root))]


def test_member_that_ends_after_its_pass_read_it(stage: Stage) -> None:
    """A pass stands with all whom it read, also one of whom no layout could be read any more."""
    stage.targets.is_group = True
    stage.records(Policy())
    stage.comes(FakeProcess(7))
    stage.comes(FakeProcess(8)).always("smaps", GONE)
    stage.tick()
    stage.end()
    with Recording(stage.path) as recording:
        passes = read(recording)
        ended = recording.processes()[1].end_tick
    assert passes.faults() == {}
    assert ended == 1
    assert [each.processes for each in passes.sums] == [2]
    assert len(passes.members(1)) == 2


# -- between the ticks --------------------------------------------------------------------------


def test_fast_readings_only_when_they_change(stage: Stage) -> None:
    """Between ticks RSS and high-water mark are stored when they differ from what was stored."""
    files = stage.comes(FakeProcess(7))
    stage.tick()
    for rss in (12, 20, 20, 16):
        files.process.areas = (*SMALL[:2], SMALL[2]._replace(rss=rss))
        stage.time.now += 20 * MS
        stage.recorder.fast_pass()
    assert stage.rows(
        "SELECT (time_ns - (SELECT time_ns FROM ticks)) / 1000000, since_ns / 1000000,"
        " resident / 1024, high_water_mark / 1024 FROM fast_readings"
    ) == [(40, 20, 44, 50), (80, 20, 40, 50)]
    assert stage.rows("SELECT count(*) FROM ticks") == [(1,)]


def test_exit_between_two_ticks(stage: Stage) -> None:
    """A process that ends between two deadlines is noted when it is found."""
    files = stage.comes(FakeProcess(7))
    stage.tick()
    files.process.state, files.process.areas = "Z", ()
    stage.time.now += 20 * MS
    stage.recorder.fast_pass()
    assert stage.states() == [LayoutState.EXACT, LayoutState.ZOMBIE]
    assert stage.rows("SELECT cause FROM ticks") == [(None,), ("exit",)]


@pytest.mark.parametrize("answer", [BROKEN, REFUSED, b"no such text\n", b"1\n"])
@pytest.mark.parametrize("name", ["statm", "status"])
def test_fast_reading_that_fails(stage: Stage, name: str, answer: Answer) -> None:
    """It stops nothing: the process is looked at, and goes on being recorded."""
    files = stage.comes(FakeProcess(7))
    stage.tick()
    files.says(name, answer)
    stage.recorder.fast_pass()
    stage.tick()
    assert stage.states()[-1] is LayoutState.EXACT
    assert stage.rows("SELECT end_tick FROM processes") == [(None,)]


@pytest.mark.parametrize("answer", [None, BROKEN, REFUSED])
def test_living_process_without_resident_memory(stage: Stage, answer: Answer | None) -> None:
    """Swapped out or unreadable, it is no end: fast passes take no layout, the tick looks at it."""
    files = stage.comes(FakeProcess(7))
    stage.tick()
    if answer is None:
        files.process.areas = tuple(area._replace(rss=0) for area in SMALL)
    else:
        files.always("statm", answer)
    for _ in range(10):
        stage.recorder.fast_pass()
    files.script.clear()
    stage.tick()
    assert stage.rows("SELECT cause FROM ticks") == [(None,), (None,)]
    assert stage.states() == [LayoutState.EXACT] * 2


def test_nothing_grows_with_the_processes_that_ended(stage: Stage) -> None:
    """Of those that ended nothing is kept: what was said of one is said of the next with its PID.

    The targets are told of each.
    """
    pids = [*range(10, 20), 10]
    for pid in pids:
        files = stage.comes(FakeProcess(pid))
        stage.tick()
        files.says("smaps", BROKEN)
        stage.tick()
        files.always("stat", GONE)
        stage.tick()
    assert [key.pid for key in stage.targets.gone] == pids
    assert len(stage.said) == len(pids)


def test_layouts_are_not_starved(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Though cheap figures use up all of the budget, layouts have their half of it."""
    stage.records(replace(Policy(), max_cpu=0.01))
    stage.comes(FakeProcess(7))
    smaps_takes(monkeypatch, stage.time, cpu=30 * MS)
    stage.time.cpu += 10 * MS
    for _ in range(600):
        stage.time.cpu += 2 * MS
        stage.tick()
    layouts = stage.recorder.progress.layouts
    assert 6 <= layouts <= 1 + 60 * SECOND * 0.01 / 2 / (30 * MS)
    (message,) = stage.said
    assert "one layout takes 30 ms CPU, so the CPU budget of 1 % allows one every" in message


def test_what_cannot_be_recorded_is_said_once(stage: Stage) -> None:
    """Processes that are hidden, and that descriptors do not suffice for, are told with numbers."""
    stage.comes(FakeProcess(7)).says("stat", REFUSED)
    stage.comes(FakeProcess(8))
    stage.targets.unread.no_descriptor |= {20, 21}
    stage.tick(3)
    assert len(stage.said) == 2
    assert "2 processes are not recorded: no file descriptors left; raise" in stage.said[0]
    assert "ulimit -n" in stage.said[0]
    assert stage.said[1] == (
        "1 process is hidden from this user (hidepid) and not recorded; run as root"
    )
    assert stage.recorder.progress.processes == 1


def test_end_that_only_stat_tells(stage: Stage) -> None:
    """A fast reading that fails because the process has gone notes its end at once."""
    files = stage.comes(FakeProcess(7))
    stage.tick()
    files.always("statm", GONE)
    files.always("stat", GONE)
    stage.recorder.fast_pass()
    assert stage.states() == [LayoutState.EXACT, LayoutState.GONE]
    assert stage.rows("SELECT cause FROM ticks") == [(None,), ("exit",)]


def test_the_last_look_before_an_end_is_stored(stage: Stage) -> None:
    """Though nothing had changed: from then on nobody knows what it had."""
    files = stage.comes(FakeProcess(7))
    stage.tick()
    for _ in range(3):
        stage.time.now += 20 * MS
        stage.recorder.fast_pass()
    stage.time.now += 15 * MS
    files.always("statm", GONE)
    files.always("stat", GONE)
    stage.recorder.fast_pass()
    assert stage.rows(
        "SELECT (time_ns - (SELECT min(time_ns) FROM ticks)) / 1000000, since_ns / 1000000,"
        " resident / 1024 FROM fast_readings"
    ) == [(60, 20, 36)]


def test_sleep_of_the_machine_is_noted(stage: Stage) -> None:
    """At the first tick after it, with how long it was; it is no time of the monotonic clock."""
    stage.comes(FakeProcess(7))
    stage.tick()
    stage.time.slept += 3600 * SECOND
    stage.tick()
    stage.tick()
    assert stage.rows("SELECT suspended_ns FROM ticks") == [(0,), (3600 * SECOND,), (0,)]


def test_peak_between_two_ticks(stage: Stage) -> None:
    """RSS well above the highest layout has its layout taken at once, and once."""
    files = stage.comes(FakeProcess(7))
    stage.tick()
    files.process.areas = (*SMALL[:2], SMALL[2]._replace(size=8192, rss=8000))
    for _ in range(3):
        stage.time.now += 20 * MS
        stage.recorder.fast_pass()
    assert stage.rows("SELECT cause FROM ticks") == [(None,), ("peak",)]
    assert stage.rows("SELECT rss / 1024 FROM readings") == [(36,), (8024,)]
    assert stage.recorder.progress.peaks == 1


# -- many processes -----------------------------------------------------------------------------


def many(stage: Stage, monkeypatch: pytest.MonkeyPatch, number: int = 70) -> list[ScriptedFiles]:
    """Processes of the machine, whose layouts cost 1 ms each, after the first tick."""
    smaps_takes(monkeypatch, stage.time, cpu=MS)
    stage.records(Policy(full_every_ns=10 * SECOND, in_turns=True))
    found = [stage.comes(FakeProcess(pid)) for pid in range(100, 100 + number)]
    stage.tick()
    return found


def test_processes_that_change_take_turns(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """All change at each tick: each has one layout in --full-every, else cheap figures."""
    processes = many(stage, monkeypatch)
    for tick in range(100):
        for files in processes:
            files.process.faults = (200 + tick, 5)
        stage.tick()
    layouts = stage.rows(
        "SELECT count(keyframe), count(*), count(resident) FROM readings WHERE tick > 1"
        " GROUP BY process_id"
    )
    assert {row[0] for row in layouts} <= {0, 1, 2}
    assert 60 <= sum(int(str(row[0])) for row in layouts) <= 80
    assert {row[1:] for row in layouts} == {(100, 100)}
    (message,) = stage.said
    assert "reading all layouts takes 70 ms CPU." in message
    assert "per 10.0 s." in message


def test_a_peak_does_not_wait_for_its_turn(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """RSS well above the highest layout is read at the tick that sees it."""
    processes = many(stage, monkeypatch)
    for tick in range(3):
        for files in processes:
            files.process.faults = (200 + tick, 5)
        last = processes[-1]
        last.process.areas = (*SMALL[:2], SMALL[2]._replace(size=65536, rss=2048 * (tick + 1)))
        stage.tick()
    assert stage.states(process_id=70) == [LayoutState.EXACT] * 4


def test_nobody_waits_for_more_than_two_rounds(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though processes that always rise to new peaks take all there is, others are read as well."""
    processes = many(stage, monkeypatch)
    for tick in range(450):
        for files in processes[:3]:
            files.process.areas = (SMALL[0]._replace(size=2**21, rss=4096 * (tick + 1)),)
        processes[10].process.faults = (200 + tick, 5)
        stage.tick()
    assert stage.recorder.progress.waiting > 400
    (layouts,) = stage.rows("SELECT count(keyframe) FROM readings WHERE process_id = 11")
    assert 3 <= int(str(layouts[0])) <= 5


def test_unchanged_processes_are_counted(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each tick tells how many processes it did not read because nothing showed a change."""
    processes = many(stage, monkeypatch)
    stage.tick(2)
    processes[3].process.faults = (101, 5)
    stage.tick()
    assert stage.recorder.progress.unchanged == 209
    assert stage.rows("SELECT unchanged FROM ticks") == [(None,), (70,), (70,), (69,)]


def test_refused_layouts_take_no_turns(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the kernel refuses costs nothing: each tick tries, and tells why there is no layout."""
    processes = many(stage, monkeypatch)
    refused = stage.comes(FakeProcess(99))
    refused.always("smaps", REFUSED)
    stage.tick()
    for tick in range(20):
        for files in [*processes, refused]:
            files.process.faults = (200 + tick, 5)
        stage.tick()
    assert stage.recorder.progress.waiting > 1000
    assert set(stage.states(process_id=71)) == {LayoutState.NO_PERMISSION}


def test_few_that_can_be_read_take_no_turns(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes of others do not count: one's own few are read at each tick."""
    for pid in range(200, 270):
        stage.comes(FakeProcess(pid)).always("smaps", REFUSED)
    for tick, own in enumerate([many(stage, monkeypatch, 10)] * 20):
        for files in own:
            files.process.faults = (200 + tick, 5)
        stage.tick()
    assert stage.recorder.progress.layouts == 10 * 21
    assert stage.recorder.progress.waiting == 0


def test_zombies_do_not_wait(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is counted as waiting are readings that say `not taken`; an end is told at once."""
    processes = many(stage, monkeypatch)
    for tick in range(10):
        for files in processes:
            files.process.faults = (200 + tick, 5)
        processes[tick].process = replace(processes[tick].process, state="Z", areas=())
        stage.tick()
    progress = stage.recorder.progress
    assert 0 < progress.waiting == progress.not_taken
    states = stage.rows("SELECT layout_state, count(*) FROM readings WHERE tick > 1 GROUP BY 1")
    assert (LayoutState.NOT_TAKEN, progress.waiting) in states
    assert (LayoutState.ZOMBIE, 10) in states


def test_exec_while_it_waits(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another program is noticed at once, and its highest layout is not the old one's."""
    processes = many(stage, monkeypatch)
    waiting = processes[50]
    waiting.process.areas = (SMALL[0]._replace(size=2**21, rss=2**20),)
    stage.tick()
    for tick in range(5):
        for files in processes:
            files.process.faults = (200 + tick, 5)
        if tick == 2:
            waiting.process = replace(
                waiting.process, name="other", marks=(7, 8, 9), areas=(SMALL[0]._replace(rss=2048),)
            )
        stage.tick()
    assert stage.rows("SELECT first_tick, name FROM images WHERE process_id = 51") == [
        (1, "program"),
        (5, "other"),
    ]
    assert stage.states(process_id=51)[-1] is LayoutState.NOT_TAKEN
    assert LayoutState.EXACT in stage.states(process_id=51)[-3:]


def test_real_files_of_processes_that_rest(stage: Stage) -> None:
    """Asleep, awake, asleep again, renamed, gone: each is noticed at the tick that follows."""
    process = stage.proc.put(FakeProcess(7))
    stage.records(Policy(full_every_ns=10 * SECOND))
    stage.targets.coming.append(stage.source.open_process(7, keep_open=False))
    stage.tick(4)
    assert stage.recorder.progress.layouts == 1
    assert 7 in stage.source.resting
    process.areas = (*SMALL[:2], SMALL[2]._replace(rss=20))
    stage.proc.put(process)
    stage.tick(4)
    assert stage.recorder.progress.layouts == 2
    process.faults = (300, 5)
    stage.proc.put(process)
    stage.tick(4)
    assert stage.recorder.progress.layouts == 3
    process.state = "Z"
    stage.proc.put(process)
    stage.tick(2)
    assert 7 not in stage.source.resting
    assert stage.states() == [LayoutState.EXACT] * 3 + [LayoutState.ZOMBIE]
    assert stage.rows("SELECT count(*) FROM ticks WHERE unchanged = 1") == [(9,)]


def test_a_sleeper_is_read_again_while_its_files_wait(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What its files tell is not put off until it changes: the helper may lack a CPU at first."""
    is_ready = False

    def answer(*_: object) -> None:
        if not is_ready:
            raise NotReady("starting")

    monkeypatch.setattr(ProcessFiles, "mapped_file", answer)
    program = SMALL[0]._replace(perms="r-xp", inode=77)
    stage.proc.put(FakeProcess(7, areas=(program, *SMALL[1:])))
    stage.records(Policy(full_every_ns=10 * SECOND))
    stage.targets.coming.append(stage.source.open_process(7, keep_open=False))
    stage.tick(3)
    assert stage.recorder.progress.layouts == 3
    is_ready = True
    stage.tick(3)
    assert stage.recorder.progress.layouts == 4


def test_so_few_are_left_that_none_rests(stage: Stage) -> None:
    """Named processes are read at each tick again when they are not many any more."""
    stage.records(Policy(full_every_ns=None))
    for pid in range(100, 170):
        stage.proc.put(FakeProcess(pid))
        stage.targets.coming.append(stage.source.open_process(pid, keep_open=False))
    stage.tick(3)
    assert stage.recorder.progress.layouts == 70
    for pid in range(100, 120):
        stage.proc.put(FakeProcess(pid, state="Z", areas=()))
    stage.tick()
    before = stage.recorder.progress.layouts
    stage.tick(2)
    assert stage.recorder.progress.layouts == before + 100


# -- many that come at once -----------------------------------------------------------------------


@pytest.fixture
def group(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """A stage that records a group, whose ticks have no time for first layouts."""
    for name in ("_AT_START_NS", "_AT_TICK_NS", "_AT_LEAST_NS"):
        monkeypatch.setattr(firsts_module, name, 0)
    stage.targets.is_group = True
    stage.recorder.close()
    stage.records(FOR_NAMED)
    return stage


def test_newcomers_without_a_layout_have_their_figures(group: Stage) -> None:
    """Who waits for the first layout has cheap figures, and is in the sums, from the first tick."""
    for pid in range(100, 105):
        group.comes(FakeProcess(pid))
    group.tick(3)
    states = group.rows("SELECT DISTINCT layout_state, resident IS NULL FROM readings")
    assert states == [(LayoutState.NOT_TAKEN, 0)]
    assert group.rows("SELECT tick, processes, lacking, layouts FROM passes") == [
        (tick, 5, 0, 0) for tick in (1, 2, 3)
    ]
    assert group.rows("SELECT count(*) FROM readings") == [(15,)]
    assert group.said == []


@pytest.mark.parametrize("starts", [repeat(b"1"), count()])
def test_a_layout_that_is_asked_for_has_the_sum_of_all_beside_it(
    group: Stage, monkeypatch: pytest.MonkeyPatch, starts: Iterator[object]
) -> None:
    """Also that of one alone, whatever is started elsewhere; and with who came since the tick."""
    monkeypatch.setattr(Scanner, "last_pid", lambda scanner: next(starts))
    group.comes(FakeProcess(100))
    group.tick()
    assert group.recorder.look_at(100)
    group.comes(FakeProcess(101))
    assert group.recorder.look_at(100)
    assert group.rows("SELECT cause, processes FROM passes JOIN ticks ON id = tick")[1:] == [
        ("asked", 1),
        ("asked", 2),
    ]


def test_passes_over_a_machine_that_stands_still(
    group: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every fourth is taken, until somebody comes; MemAvailable that falls calls for one, too."""
    monkeypatch.setattr(Scanner, "last_pid", lambda scanner: b"1")  # nobody was started within one
    group.records(replace(FOR_MACHINE, max_cpu=None, pass_every_ns=SECOND))
    group.proc.write("meminfo", b"MemAvailable:  900000 kB\n")
    for pid in (100, 101):
        group.comes(FakeProcess(pid))
    group.tick(100)
    group.proc.write("meminfo", b"MemAvailable:  800000 kB\n")
    group.tick(20)
    group.comes(FakeProcess(102))
    group.tick(20)
    ticks = [tick for (tick,) in group.rows("SELECT tick FROM passes ORDER BY tick")]
    assert ticks == [1, 41, 81, 101, 121]


def test_newcomers_are_read_when_there_is_time(
    group: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All have their first layouts at the next tick that has room; then all are read again."""
    for pid in range(100, 105):
        group.comes(FakeProcess(pid))
    group.tick()
    monkeypatch.setattr(firsts_module, "_AT_TICK_NS", 200 * MS)
    group.tick(2)
    assert group.recorder.progress.layouts == 10
    assert group.rows("SELECT layouts FROM passes ORDER BY tick") == [(0,), (5,), (5,)]


def test_first_layouts_are_counted_while_they_are_read(
    group: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A first tick over many takes its time: it tells how many of how many have theirs."""
    for name in ("_AT_START_NS", "_AT_TICK_NS"):
        monkeypatch.setattr(firsts_module, name, 200 * MS)
    for pid in range(100, 104):
        group.comes(FakeProcess(pid))
    told: list[tuple[int, int]] = []
    group.recorder.meanwhile = lambda now: told.append((now.living - now.newcomers, now.living))
    group.tick()
    assert told == [(0, 4), (1, 4), (2, 4), (3, 4)]
    progress = group.recorder.progress
    assert (progress.living, progress.newcomers) == (4, 0)


def test_how_many_waited_for_their_layouts(group: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Layouts that come less often are those of all that waited, not of who is left by then."""
    monkeypatch.setattr(firsts_module, "_AT_TICK_NS", 200 * MS)
    files = [group.comes(FakeProcess(pid)) for pid in (100, 101, 102)]
    group.tick(2)
    layouts = group.recorder.progress.layouts
    group.time.cpu += 100 * MS  # more than is earned in three ticks
    group.tick(3)
    assert group.recorder.progress.layouts == layouts
    files[2].always("stat", GONE)
    group.tick(20)
    assert group.recorder.progress.layouts > layouts
    (said,) = [message for message in group.said if message.startswith("layouts of")]
    assert said.startswith("layouts of all 3 processes every "), said


def test_newcomers_at_each_tick_cost_the_others_nothing(
    group: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where something starts at every tick, those that were there have their layouts all the same.

    First layouts come first, so that none is left when the others have their turn.
    """
    for name in ("_AT_START_NS", "_AT_TICK_NS"):
        monkeypatch.setattr(firsts_module, name, 200 * MS)
    for pid in range(100, 105):
        group.comes(FakeProcess(pid))
        group.tick()
    assert group.rows("SELECT layouts FROM passes ORDER BY tick") == [(n,) for n in range(1, 6)]
    assert set(group.states()) == {LayoutState.EXACT}


def of_size(pid: int, resident: int) -> FakeProcess:
    """One that has so many KiB in one mapping."""
    return FakeProcess(pid, areas=(SMALL[0]._replace(size=resident, rss=resident),))


def test_one_that_would_be_held_up_is_in_no_pass_of_its_group(
    group: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither its sums nor its layout are read, also at a peak; that is told, apart from a budget.

    When it has shrunk it is read as the others are.
    """
    for name in ("_AT_START_NS", "_AT_TICK_NS"):
        monkeypatch.setattr(firsts_module, name, 200 * MS)
    group.records(replace(FOR_NAMED, max_stall_ns=10 * MS, max_cpu=None))
    held_up, other = group.comes(of_size(100, KI * KI)), group.comes(FakeProcess(101))
    group.tick(2)
    other.process = of_size(101, 90_000)  # a peak of all
    group.recorder.fast_pass()
    assert held_up.count("smaps") == held_up.count("smaps_rollup") == 0
    progress = group.recorder.progress
    assert progress.peaks == 1
    assert progress.too_slow == progress.not_taken == 3
    assert len(group.said) == 1
    assert "process 100: reading its layout holds it up for" in group.said[0]
    held_up.process = of_size(100, 4_000)
    group.tick()
    assert group.rows("SELECT processes, lacking, layouts FROM passes ORDER BY tick") == [
        *[(2, 1, 1)] * 3,
        (2, 0, 2),
    ]
    assert group.rows("SELECT sum(too_slow) FROM ticks") == [(3,)]


def test_a_newcomer_that_ends_without_a_layout_is_told_of(group: Stage) -> None:
    """Once, and with the reason; what is read by chance at its end is no loss."""
    files = [group.comes(FakeProcess(pid)) for pid in range(100, 105)]
    group.tick(2)
    for each in files[:3]:
        each.always("stat", GONE)
    group.tick()
    assert len(group.said) == 1
    assert "exited before its first layout was read" in group.said[0]


def test_nobody_is_looked_for_while_ticks_lack_their_passes(group: Stage) -> None:
    """Where the budget does not suffice for a pass at a tick, newcomers are taken in at ticks."""
    group.comes(FakeProcess(100))
    group.tick()
    group.targets.discovery_period_ns = 20 * MS
    group.time.cpu += SECOND
    group.tick()
    group.comes(FakeProcess(101))
    group.recorder.fast_pass()
    assert group.recorder.progress.processes == 1
    group.tick()
    assert group.recorder.progress.processes == 2


def test_nobody_is_read_between_two_ticks_without_budget(
    group: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fast pass begins a tick for first layouts only if the budget has room for one."""
    monkeypatch.setattr(cpu_budget, "ALLOWANCE_NS", 0)
    group.records(FOR_NAMED)
    group.comes(FakeProcess(100))
    group.tick()
    group.time.cpu += SECOND
    group.time.now += 20 * MS
    group.recorder.fast_pass()
    assert group.rows("SELECT count(*) FROM ticks") == [(1,)]
