"""The memory of a cgroup beside its process: what is read at ticks, and once more at the end."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from memory_watcher.procfs.cgroup import Cgroup
from memory_watcher.procfs.source import ProcSource
from memory_watcher.record.cgroups import CgroupWatch, is_machine, is_own_cgroup
from memory_watcher.record.policy import Policy
from memory_watcher.record.progress import Progress
from memory_watcher.record.session import Plan, Session
from memory_watcher.record.targets import NamedTargets
from memory_watcher.store.recording import Recording
from memory_watcher.store.writer import Writer
from tests.fakeproc import FakeProc, FakeProcess

from .parts import Told

KI = 1024
#: Of a fake process, as tests.fakeproc has it.
PATH = "some.slice"


class Ending:
    """Ends a recording when it is told to."""

    def __init__(self) -> None:
        self.event = threading.Event()
        self.reason = "SIGINT"

    def set(self, reason: str) -> None:
        self.reason = reason
        self.event.set()


@pytest.fixture(name="cgroup")
def cgroup_of_a_process(tmp_path: Path) -> Path:
    """The folder of a cgroup of version 2 that PID 7 is in."""
    proc = FakeProc(tmp_path / "proc")
    proc.put(FakeProcess(7, "server"))
    mount = f"41 31 0:38 / {tmp_path}/cgroups rw - cgroup2 cgroup2 rw\n"
    proc.write("self/mountinfo", mount.encode())
    folder = tmp_path / "cgroups" / PATH
    folder.mkdir(parents=True)
    put(folder, current=8 * KI, peak=9 * KI, max="max", events="max 0\noom_kill 0")
    return folder


def put(folder: Path, **files: object) -> None:
    """Write files of the memory controller in place: who has one open sees it."""
    for name, text in files.items():
        (folder / f"memory.{name}").write_text(f"{text}\n")


def recorded(folder: Path, after_first: Callable[[], None]) -> dict[str, int | None]:
    """Record PID 7 for one tick, let something happen after it, and end; its figures then."""
    proc, file = folder.parents[1] / "proc", folder.parents[1] / "of.db"
    source, ending = ProcSource(str(proc)), Ending()
    plan = Plan(Policy(fast_period_ns=None), 60 * 10**9, (), cgroup_of=7)
    session = Session(
        source, NamedTargets(source, [7]), plan, lambda notice: None, writer=Writer(str(file))
    )

    def on_pass(progress: Progress) -> None:
        after_first()
        ending.set("SIGINT")

    session.record(ending, on_pass)
    with Recording(str(file)) as recording:
        ((number, _, path),) = recording.cgroups()
        assert path == f"/{PATH}"
        return recording.cgroup_figures(number, 1, 1)


def test_what_happens_after_the_last_tick(cgroup: Path) -> None:
    """An OOM kill and a peak are in the recording; the memory in use is that of the tick."""
    told = recorded(
        cgroup,
        lambda: put(cgroup, current=KI, peak=64 * KI, events="max 3\noom_kill 1"),
    )
    assert told == {
        "current": 8 * KI,
        "peak": 64 * KI,
        "max": None,
        "events.max": 3,
        "events.oom_kill": 1,
    }


def test_a_container_calls_its_own_cgroup_root(tmp_path: Path) -> None:
    """Its memory is recorded; that of the machine's root, which has no such file, is not."""
    mount = f"41 31 0:38 / {tmp_path} rw - cgroup2 cgroup2 rw\n".encode()
    root = Cgroup(None, "/")
    assert is_machine(root, mount)
    assert is_machine(root, b"")
    put(tmp_path, current=KI)
    (tmp_path / "cgroup.procs").write_text("7\n9\n")
    assert not is_machine(root, mount)
    assert is_own_cgroup(root, [7, 9], mount)
    assert not is_own_cgroup(root, [7], mount)
    assert is_machine(Cgroup("memory", "/"), mount.replace(b"cgroup2", b"cgroup"))


@pytest.fixture(name="removable")
def files_of_which_nothing_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that was unlinked cannot be read any more, as of a cgroup that was removed."""
    whole = os.pread

    def pread(descriptor: int, length: int, offset: int) -> bytes:
        if os.fstat(descriptor).st_nlink == 0:
            raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))
        return whole(descriptor, length, offset)

    monkeypatch.setattr(os, "pread", pread)


@pytest.mark.usefixtures("removable")
def test_a_cgroup_that_is_removed_after_the_last_tick(cgroup: Path) -> None:
    """What was read before stands."""

    def remove() -> None:
        for file in cgroup.iterdir():
            file.unlink()

    told = recorded(cgroup, remove)
    assert (told["peak"], told["events.oom_kill"]) == (9 * KI, 0)


@pytest.mark.usefixtures("removable")
def test_one_that_is_made_again_is_read_again(tmp_path: Path) -> None:
    """A cgroup that was removed has no figures; made again it has, and so has the one above it."""
    heard: list[tuple[str, int]] = []

    class Heard(Told):
        def cgroup(self, version: int, path: str) -> int:
            return 5

        def cgroup_figures(self, cgroup_id: int, changes: Mapping[str, int]) -> None:
            heard.extend(sorted(changes.items()))

    folder = tmp_path / "pod/box"

    def make(limit: int) -> None:
        folder.mkdir(parents=True)
        put(folder, current=KI)
        put(folder.parent, max=limit)

    make(40)
    watch = CgroupWatch(Cgroup(None, "/pod/box"), str(folder), Heard())
    watch.store(watch.changes())
    assert heard == [("above.max", 40), ("above.max_levels", 1), ("current", KI)]
    for each in (folder, folder.parent):
        for file in each.glob("memory.*"):
            file.unlink()
        each.rmdir()
    heard.clear()
    watch.store(watch.changes())
    assert heard == [("above.max", -1), ("above.max_levels", -1), ("current", -1)]
    heard.clear()
    make(50)
    watch.store(watch.changes())
    assert heard == [("above.max", 50), ("above.max_levels", 1), ("current", KI)]
    watch.close()
