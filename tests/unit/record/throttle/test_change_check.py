"""ChangeCheck: what shows without smaps that memory may have changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from memory_watcher.errors import NoSuchProcess, SourceError
from memory_watcher.record.throttle.change_check import ChangeCheck, _sums, hash_of_sums
from tests.fakeproc import SMALL, FakeProc, FakeProcess
from tests.unit.record.scripted import BROKEN, GONE, REFUSED, ScriptedFiles

PROCESS = FakeProcess(7)


@pytest.fixture(name="files")
def scripted_files(tmp_path: Path) -> Iterator[ScriptedFiles]:
    files = ScriptedFiles(FakeProc(tmp_path / "proc"), PROCESS)
    yield files
    files.close()


@pytest.fixture(name="check")
def check_of_unchanged(files: ScriptedFiles) -> ChangeCheck:
    """One that was asked once."""
    check = ChangeCheck(files)
    assert not check.unchanged(), "at first nothing is known"
    return check


def test_nothing_changes(check: ChangeCheck) -> None:
    """As long as the files say the same."""
    assert [check.unchanged() for _ in range(3)] == [True] * 3


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
def test_changes(check: ChangeCheck, files: ScriptedFiles, now: FakeProcess) -> None:
    """Told once when RSS, size or the fault counts differ; then all is unchanged again."""
    files.process = now
    assert not check.unchanged()
    assert check.unchanged()


@pytest.mark.parametrize(
    "now",
    [replace(PROCESS, state="R"), replace(PROCESS, threads=2), replace(PROCESS, name="renamed")],
    ids=["state", "threads", "name"],
)
def test_what_is_no_change_of_memory(
    check: ChangeCheck, files: ScriptedFiles, now: FakeProcess
) -> None:
    """What else changes in stat is no change."""
    files.process = now
    assert check.unchanged()


def test_asleep(check: ChangeCheck, files: ScriptedFiles) -> None:
    """Of a process of one thread that did not run, stat is not read: it has had no faults."""
    assert files.watching == {"statm": PROCESS.statm(), "schedstat": PROCESS.schedstat()}
    files.reads.clear()
    assert check.unchanged()
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
    check = ChangeCheck(files)
    check.unchanged()
    assert files.watching == {"statm": process.statm(), "stat": process.stat()}
    assert check.unchanged()
    files.process = replace(process, faults=(101, 5))
    assert not check.unchanged()


def test_runs_while_it_is_looked_at(files: ScriptedFiles) -> None:
    """What it does after schedstat was read, and before the others are, is not lost later."""
    check = ChangeCheck(files)
    files.says("schedstat", b"1 1 1\n")
    check.unchanged()
    files.process = replace(PROCESS, faults=(200, 5))
    assert not check.unchanged()


def test_zombie(check: ChangeCheck, files: ScriptedFiles) -> None:
    """An end always counts as a change, so that it is noticed."""
    files.process = replace(PROCESS, state="Z")
    assert not check.unchanged()


def test_gone(check: ChangeCheck, files: ScriptedFiles) -> None:
    """That the process has gone is told as such."""
    files.always("statm", GONE)
    with pytest.raises(NoSuchProcess):
        check.unchanged()


def test_others(check: ChangeCheck, files: ScriptedFiles) -> None:
    """What smaps_rollup said last is remembered, whoever read it; a difference counts once."""
    check.remember(hash_of_sums(PROCESS.rollup()))
    assert check.others_unchanged()
    files.process.changed["smaps_rollup"] = PROCESS.rollup().replace(b"Pss:  37", b"Pss:  20")
    assert not check.others_unchanged()
    assert check.others_unchanged()
    files.process.changed.clear()


@pytest.mark.parametrize("error", [BROKEN, REFUSED, GONE], ids=["broken", "refused", "gone"])
def test_no_rollup(check: ChangeCheck, files: ScriptedFiles, error: OSError) -> None:
    """Where there is no smaps_rollup (before 4.14), nothing shows that others changed nothing."""
    check.remember(hash_of_sums(PROCESS.rollup()))
    files.always("smaps_rollup", error)  # type: ignore[arg-type]
    assert not check.others_unchanged()
    assert not check.others_unchanged()


def test_accessed_bits_are_no_change() -> None:
    """Kernel daemons clear them all the time: Referenced alone is no reason to read a layout."""
    before = b"x [rollup]\nRss: 8 kB\nReferenced: 8 kB\nAnonymous: 4 kB\n"
    assert _sums(before) == _sums(before.replace(b"Referenced: 8", b"Referenced: 0"))
    assert _sums(before) != _sums(before.replace(b"Anonymous: 4", b"Anonymous: 8"))
    assert _sums(b"Rss: 8 kB\n") == b"Rss: 8 kB\n"
