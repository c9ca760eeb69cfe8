"""Pulses: what tells whether memory stood still, without reading anew what cannot have changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from memory_watcher.errors import NoSuchProcess
from memory_watcher.record.pulses import Pulse, Pulses
from tests.fakeproc import FakeProc, FakeProcess
from tests.unit.record.faketime import MS, SECOND, FakeTime
from tests.unit.record.scripted import GONE, ScriptedFiles

PROCESS = FakeProcess(7)
THREADED = replace(PROCESS, threads=3)


@pytest.fixture(name="time")
def fake_time() -> FakeTime:
    return FakeTime()


@pytest.fixture(name="files")
def scripted_files(tmp_path: Path) -> Iterator[ScriptedFiles]:
    files = ScriptedFiles(FakeProc(tmp_path / "proc"), PROCESS)
    yield files
    files.close()


class Stage:
    """Takes pulses of one process as time passes."""

    def __init__(self, files: ScriptedFiles, time: FakeTime) -> None:
        self.pulses, self.files, self.time = Pulses(time), files, time

    def take(self, after: int = 10 * SECOND) -> Pulse:
        self.time.now += after
        return self.pulses.take(1, self.files)


@pytest.fixture
def stage(files: ScriptedFiles, time: FakeTime) -> Stage:
    return Stage(files, time)


def test_a_sleeper_is_not_read_anew(stage: Stage, files: ScriptedFiles) -> None:
    """What has not run has the pulse that it had: stat is read once."""
    first = stage.take()
    assert first.faults == 100
    files.count("stat")
    assert [stage.take() for _ in range(5)] == [first] * 5
    assert files.count("stat") == 0


def test_whoever_ran_is_read_anew(stage: Stage, files: ScriptedFiles) -> None:
    """Faults show at once, also within a round, and again when it sleeps."""
    stage.take()
    for faults in (101, 150, 151):
        files.process = replace(PROCESS, faults=(faults, 5))
        assert stage.take(MS).faults == faults
        assert stage.take().faults == faults


def test_what_others_took_away_shows(stage: Stage, files: ScriptedFiles) -> None:
    """Reclaim takes pages of a process that sleeps: statm tells."""
    before = stage.take()
    files.process.changed["schedstat"] = files.process.schedstat()  # it does not run
    files.process = replace(files.process, areas=PROCESS.areas[:1])
    assert stage.take().resident < before.resident
    files.process.changed.clear()


def test_who_may_be_on_a_cpu_is_asked(stage: Stage, files: ScriptedFiles) -> None:
    """Schedstat lags behind one that runs right now: it proves nothing before it has stood."""
    files.process.changed["schedstat"] = b"1 1 1\n"
    stage.take()
    files.process = replace(PROCESS, faults=(101, 5))
    assert stage.take(MS).faults == 101
    files.process.changed.clear()


def test_what_runs_while_it_is_read(stage: Stage, files: ScriptedFiles) -> None:
    """What it did after schedstat was read, and before stat was, is not lost, nor kept as known."""
    files.says("schedstat", b"1 1 1\n")
    stage.take()
    files.process = replace(PROCESS, faults=(200, 5))
    assert stage.take().faults == 200


def test_threads(stage: Stage, files: ScriptedFiles) -> None:
    """Schedstat is the first thread's: of several stat is asked, which tells all their faults."""
    files.process = THREADED
    files.process.changed["schedstat"] = b"1 1 1\n"
    for number in range(4):
        files.process = replace(THREADED, faults=(100 + number, 5))
        assert stage.take().faults == 100 + number
    files.count("schedstat")
    stage.take()
    stage.take()
    assert files.count("schedstat") == 0
    files.process.changed.clear()


def test_no_schedstat(stage: Stage, files: ScriptedFiles) -> None:
    """Kernels that do not count (no CONFIG_SCHED_INFO): stat tells."""
    files.always("schedstat", b"0 0 0\n")
    for faults in (100, 101, 101, 102):
        files.process = replace(PROCESS, faults=(faults, 5))
        assert stage.take().faults == faults


def test_the_end(stage: Stage, files: ScriptedFiles) -> None:
    """One that has gone, and one that is a zombie, have no pulse, whatever was known."""
    stage.take()
    stage.take()
    files.process = replace(PROCESS, state="Z")
    with pytest.raises(NoSuchProcess):
        stage.take()
    files.always("schedstat", GONE)
    files.always("stat", GONE)
    with pytest.raises(NoSuchProcess):
        stage.take()


def test_another_with_the_number(stage: Stage, files: ScriptedFiles) -> None:
    """What is forgotten is read anew."""
    stage.take()
    stage.pulses.forget(1)
    files.count("stat")
    stage.take()
    assert files.count("stat") == 1
