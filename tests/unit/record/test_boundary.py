"""The boundary around one target: whatever reading it raises costs its own figures alone."""

from __future__ import annotations

import errno
import gc
import inspect
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from memory_watcher.errors import (
    CannotWrite,
    NoPermission,
    NoSuchProcess,
    SourceError,
    UnexpectedFault,
)
from memory_watcher.model import LayoutState, Machine
from memory_watcher.procfs.process_files import ProcessFiles
from memory_watcher.procfs.source import ProcSource
from memory_watcher.record.boundary import Boundary, describe, supervised
from memory_watcher.record.clock import Deadline
from memory_watcher.record.evidence import ElfHeaders, StackPointers
from memory_watcher.record.policy import Policy
from memory_watcher.record.recorder import Recorder
from memory_watcher.record.targets import WholeMachine
from memory_watcher.record.throttle.schedule import LayoutSchedule
from memory_watcher.store.writer import Writer
from tests.fakeproc import FakeProc, FakeProcess

BAD, GOOD = 7, 8
FAULTS = [ValueError("\x1b[31mred\nline"), MemoryError(), OSError(errno.EIO, "")]


def _methods(kind: type, *left_out: str) -> list[str]:
    found = inspect.getmembers(kind, inspect.isfunction)
    return [name for name, _ in found if not name.startswith("_") and name not in left_out]


#: What the loop calls: of a process, of the machine, of evidence and of the schedule.
CALLS = [
    *[(ProcessFiles, name) for name in _methods(ProcessFiles)],
    # What a recording begins with is not a target's.
    *[(ProcSource, name) for name in _methods(ProcSource, "machine")],
    (StackPointers, "collect"),
    (ElfHeaders, "collect"),
    *[(LayoutSchedule, name) for name in ("prepare", "due", "due_for_peak", "took")],
]


@pytest.fixture(autouse=True)
def thaw() -> Iterator[None]:
    yield
    gc.unfreeze()


def _raising(call: Callable[..., object], fault: Exception, is_bad: Callable[..., bool]) -> object:
    def instead(self: object, *args: object, **kwargs: object) -> object:
        if is_bad(self, *args):
            raise type(fault)(*fault.args)
        return call(self, *args, **kwargs)

    return instead


def _is_of_bad(self: object, *args: object) -> bool:
    """Whether a call is about the bad process (or about the whole machine)."""
    if isinstance(self, ProcSource):
        return not args or not isinstance(args[0], int) or args[0] == BAD
    files = next((arg for arg in args if isinstance(arg, ProcessFiles)), self)
    files = getattr(files, "_files", files)
    return isinstance(files, ProcessFiles) and files.pid == BAD


def _record(folder: Path, inject: Callable[[], None]) -> tuple[list[LayoutState], list[str]]:
    """Six ticks, with a fault from the third on; the good process's states and what was said."""
    proc = FakeProc(folder / "proc")
    good, bad = FakeProcess(GOOD), FakeProcess(BAD, threads=2)
    for process in (good, bad):
        proc.put(process)
    source = ProcSource(str(proc.root))
    writer = Writer(str(folder / "a.db"))
    writer.start_run(Machine("boot", "host", "6.18", 4096), 10**8, ["memory-record"])
    said: list[str] = []
    policy = Policy(fast_period_ns=1, reset_peak=True, full_every_ns=1)
    recorder = Recorder(
        source, WholeMachine(source), writer, policy, lambda notice: said.append(str(notice))
    )
    for number in range(5):
        if number == 2:
            inject()
        for process in (good, bad):
            process.faults = (process.faults[0] + 1, 5)
            process.high_water_mark += 1
            proc.put(process)
        recorder.tick(Deadline(0, 0))
        recorder.fast_pass()
    proc.put(FakeProcess(9))
    recorder.tick(Deadline(0, 0))
    recorder.close()
    writer.close("SIGINT")
    with closing(sqlite3.connect(folder / "a.db")) as database:
        rows = database.execute(
            "SELECT r.layout_state FROM readings AS r JOIN processes AS p ON p.id = r.process_id"
            " WHERE p.pid = ? ORDER BY r.tick",
            (GOOD,),
        ).fetchall()
    return [LayoutState(row[0]) for row in rows], said


def test_without_a_fault(tmp_path: Path) -> None:
    """Nothing is said, and all is read: what the tests below compare with."""
    states, said = _record(tmp_path, lambda: None)
    assert states == [LayoutState.EXACT] * len(states)
    assert len(states) >= 5
    assert not [line for line in said if "unexpected" in line]


@pytest.mark.parametrize(("kind", "name"), CALLS, ids=[f"{k.__name__}.{n}" for k, n in CALLS])
def test_fault_in_each_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: type, name: str
) -> None:
    """The others' figures are complete; what failed is named, in lines fit for a terminal."""
    for number, fault in enumerate(FAULTS):
        folder = tmp_path / str(number)
        folder.mkdir()
        with monkeypatch.context() as patched:
            instead = _raising(getattr(kind, name), fault, _is_of_bad)
            states, said = _record(folder, partial(patched.setattr, kind, name, instead))
        assert states == [LayoutState.EXACT] * len(states)
        assert len(states) >= 5
        assert all(line.isprintable() for line in said)
        assert len(said) == len(set(said))


def test_supervised() -> None:
    """What is expected passes; all else becomes one error that tells what and where."""

    def raises(error: Exception) -> None:
        raise error

    for expected in (NoSuchProcess("gone"), NoPermission("no"), SourceError("I/O error")):
        with pytest.raises(type(expected)) as same:
            supervised(raises)(expected)
        assert same.value is expected
    with pytest.raises(UnexpectedFault, match=r"^unexpected ValueError in test_boundary.py:\d+: "):
        supervised(raises)(ValueError("x"))
    with pytest.raises(KeyboardInterrupt):
        supervised(raises)(KeyboardInterrupt())  # type: ignore[arg-type]


def test_description_is_fit_for_a_terminal() -> None:
    """The text of an exception may be the target's: escaped, and short."""
    text = describe(ValueError("\x1b[31m\n" + "x" * 10000))
    assert text.isprintable()
    assert len(text) < 200


@pytest.mark.parametrize("name", ["stat", "statm", "status", "smaps", "threads"])
def test_a_bug_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """The notice tells the process, the exception and where it was raised."""
    instead = _raising(getattr(ProcessFiles, name), ValueError("why"), _is_of_bad)
    _, said = _record(tmp_path, lambda: monkeypatch.setattr(ProcessFiles, name, instead))
    faults = [line for line in said if "unexpected ValueError in test_boundary.py:" in line]
    assert faults
    assert all(line.startswith(f"process {BAD} cannot be read in full now: ") for line in faults)


def raising(problem: Exception) -> Callable[[], int]:
    def question() -> int:
        raise problem

    return question


@pytest.mark.parametrize(
    ("problem", "faults"),
    [
        (NoSuchProcess("process 7: no such process"), 0),
        (UnexpectedFault("unexpected ValueError in elf.py:57"), 1),
        (ZeroDivisionError(), 1),
    ],
)
def test_a_question_that_cannot_be_answered(problem: Exception, faults: int) -> None:
    """What holds otherwise is the answer; what should not happen is told with its PID."""
    told: list[tuple[int, str]] = []
    boundary = Boundary(lambda pid, text: told.append((pid, text)))
    assert boundary.ask(7, raising(problem), -1) == -1
    assert boundary.ask(7, lambda: 3, -1) == 3
    assert [pid for pid, _ in told] == [7] * faults


def test_what_is_no_process_s_ends_the_recording() -> None:
    """A disk that is full is not one process's: it is raised again."""
    with pytest.raises(CannotWrite):
        Boundary(lambda _pid, _text: None).ask(7, raising(CannotWrite("no space left")), -1)
