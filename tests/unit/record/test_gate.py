"""ChangeGate: what shows without smaps that memory may have changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from memory_watcher.errors import NoSuchProcess, SourceError
from memory_watcher.record.gate import ChangeGate, _sums
from tests.fakeproc import SMALL, FakeProc, FakeProcess
from tests.unit.record.scripted import BROKEN, GONE, REFUSED, ScriptedFiles

PROCESS = FakeProcess(7)


@pytest.fixture(name="files")
def scripted_files(tmp_path: Path) -> Iterator[ScriptedFiles]:
    files = ScriptedFiles(FakeProc(tmp_path / "proc"), PROCESS)
    yield files
    files.close()


@pytest.fixture(name="gate")
def shut_gate(files: ScriptedFiles) -> ChangeGate:
    """A gate that was asked once."""
    gate = ChangeGate(files)
    assert not gate.is_shut(), "at first nothing is known"
    return gate


def test_nothing_changes(gate: ChangeGate) -> None:
    """Shut as long as the files say the same."""
    assert [gate.is_shut() for _ in range(3)] == [True] * 3


@pytest.mark.parametrize(
    "now",
    [
        replace(PROCESS, areas=(*SMALL[:2], SMALL[2]._replace(rss=16))),
        replace(PROCESS, areas=SMALL[:2]),
        replace(PROCESS, faults=(101, 5)),
        replace(PROCESS, faults=(100, 6)),
    ],
    ids=["resident", "size", "minor faults", "major faults"],
)
def test_changes(gate: ChangeGate, files: ScriptedFiles, now: FakeProcess) -> None:
    """Open once when RSS, size or the fault counts differ; then shut again."""
    files.process = now
    assert not gate.is_shut()
    assert gate.is_shut()


@pytest.mark.parametrize(
    "now",
    [replace(PROCESS, state="R"), replace(PROCESS, threads=2), replace(PROCESS, name="renamed")],
    ids=["state", "threads", "name"],
)
def test_what_is_no_change_of_memory(
    gate: ChangeGate, files: ScriptedFiles, now: FakeProcess
) -> None:
    """What else changes in stat does not open it."""
    files.process = now
    assert gate.is_shut()


def test_asleep(gate: ChangeGate, files: ScriptedFiles) -> None:
    """Of a process of one thread that did not run, stat is not read: it has had no faults."""
    assert files.watching == {"statm": PROCESS.statm(), "schedstat": PROCESS.schedstat()}
    files.reads.clear()
    assert gate.is_shut()
    assert files.reads == ["statm", "schedstat"]


@pytest.mark.parametrize(
    ("process", "schedstat"),
    [
        (replace(PROCESS, threads=2), None),
        (PROCESS, b"0 0 0\n"),
        (PROCESS, GONE),
        (PROCESS, REFUSED),
    ],
    ids=["several threads", "not counted", "no such file", "refused"],
)
def test_schedstat_does_not_tell(
    files: ScriptedFiles, process: FakeProcess, schedstat: bytes | SourceError | None
) -> None:
    """It is the first thread's, and not every kernel counts: then stat is read each time."""
    files.process = process
    if schedstat is not None:
        files.always("schedstat", schedstat)
    gate = ChangeGate(files)
    gate.is_shut()
    assert files.watching == {"statm": process.statm(), "stat": process.stat()}
    assert gate.is_shut()
    files.process = replace(process, faults=(101, 5))
    assert not gate.is_shut()


def test_runs_while_it_is_looked_at(files: ScriptedFiles) -> None:
    """What it does after schedstat was read, and before the others are, is not lost later."""
    gate = ChangeGate(files)
    files.says("schedstat", b"1 1 1\n")
    gate.is_shut()
    files.process = replace(PROCESS, faults=(200, 5))
    assert not gate.is_shut()


def test_zombie(gate: ChangeGate, files: ScriptedFiles) -> None:
    """An end always opens it, so that it is noticed."""
    files.process = replace(PROCESS, state="Z")
    assert not gate.is_shut()


def test_gone(gate: ChangeGate, files: ScriptedFiles) -> None:
    """That the process has gone is told as such."""
    files.always("statm", GONE)
    with pytest.raises(NoSuchProcess):
        gate.is_shut()


def test_others(gate: ChangeGate, files: ScriptedFiles) -> None:
    """What smaps_rollup said last is remembered, whoever read it; a difference opens it once."""
    gate.remember(PROCESS.rollup())
    assert gate.is_shut_for_others()
    files.process.changed["smaps_rollup"] = PROCESS.rollup().replace(b"Pss:  37", b"Pss:  20")
    assert not gate.is_shut_for_others()
    assert gate.is_shut_for_others()
    files.process.changed.clear()


@pytest.mark.parametrize("error", [BROKEN, REFUSED, GONE], ids=["broken", "refused", "gone"])
def test_no_rollup(gate: ChangeGate, files: ScriptedFiles, error: OSError) -> None:
    """Where there is no smaps_rollup (before 4.14), nothing shows that others changed nothing."""
    gate.remember(PROCESS.rollup())
    files.always("smaps_rollup", error)  # type: ignore[arg-type]
    assert not gate.is_shut_for_others()
    assert not gate.is_shut_for_others()


def test_accessed_bits_are_no_change() -> None:
    """Kernel daemons clear them all the time: Referenced alone is no reason to read a layout."""
    before = b"x [rollup]\nRss: 8 kB\nReferenced: 8 kB\nAnonymous: 4 kB\n"
    assert _sums(before) == _sums(before.replace(b"Referenced: 8", b"Referenced: 0"))
    assert _sums(before) != _sums(before.replace(b"Anonymous: 4", b"Anonymous: 8"))
    assert _sums(b"Rss: 8 kB\n") == b"Rss: 8 kB\n"
