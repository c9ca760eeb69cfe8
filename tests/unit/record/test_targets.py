"""Who is found: families by parent, session, group and reaper; selections; the limit."""

from __future__ import annotations

import errno
import os
import re
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from memory_watcher.errors import NoSuchProcess, UsageError
from memory_watcher.model import ProcessKey
from memory_watcher.procfs.cgroup import Cgroup
from memory_watcher.procfs.scan import Kin, Scanner, parse_kin
from memory_watcher.procfs.source import ProcSource
from memory_watcher.record.discovery import DiscoveredTargets
from memory_watcher.record.family import Family
from memory_watcher.record.selection import (
    Selection,
    parse_command_line_pattern,
    parse_container,
    parse_user,
)
from memory_watcher.record.targets import WholeMachine

from ...fakeproc import FakeProc, FakeProcess


def kin(
    pid: int, parent: int = 1, *, group: int = 0, session: int = 0, start: int = 100, flags: int = 0
) -> Kin:
    return Kin(pid, "x", "S", parent, group or pid, session or 1, flags, start)


def taken(family: Family, *candidates: Kin) -> set[int]:
    return {found.pid for found in family.take_in(candidates)}


def test_stat() -> None:
    """Names with brackets and newlines do not shift the fields."""
    text = b"12 (a) R (b\n) S 3 4 5 0 -1 64 0 0 0 0 0 0 0 0 20 0 1 0 777 0 0\n"
    found = parse_kin(text)
    assert found == Kin(12, "a) R (b\n", "S", 3, 4, 5, 64, 777)
    assert found.has_not_called_exec
    assert not found.is_kernel_thread


def test_descendants_in_any_order() -> None:
    """Children and grandchildren are taken in, even if the youngest is looked at first."""
    family = Family()
    family.adopt(kin(10))
    assert taken(family, kin(13, 12), kin(12, 11), kin(11, 10), kin(20, 2)) == {11, 12, 13}
    assert taken(family, kin(14, 13)) == {14}


def test_double_fork() -> None:
    """A daemon whose parents have ended is known by the session that its parent began."""
    family = Family()
    family.adopt(kin(10))
    assert taken(family, kin(11, 10, session=11)) == {11}
    assert taken(family, kin(12, 1, session=11, group=12)) == {12}


def test_background_job() -> None:
    """An orphan is known by its process group, if a member began that."""
    family = Family()
    family.adopt(kin(10))
    assert taken(family, kin(11, 1, group=10)) == {11}
    assert taken(family, kin(12, 1, group=9)) == set()


def test_reaper() -> None:
    """What is handed over to the reaper belongs to the launched command."""
    family = Family(reaper=5)
    assert taken(family, kin(10, 5), kin(11, 1)) == {10}


def test_pid_used_again() -> None:
    """Who has the PID of a member that ended is a stranger, and so are its children."""
    family = Family()
    family.adopt(kin(10))
    assert taken(family, kin(11, 10)) == {11}
    assert taken(family, kin(11, 1, start=500), kin(12, 11, start=501)) == set()


@pytest.fixture(name="proc")
def fake_proc(tmp_path: Path) -> FakeProc:
    return FakeProc(tmp_path)


def add(
    proc: FakeProc, pid: int, name: str = "x", line: str = "x", uid: int = 0, cgroup: str = "/"
) -> None:
    command_line = line.replace(" ", "\0").encode() + b"\0"
    changed = {"cgroup": f"0::{cgroup}\n".encode()}
    proc.put(FakeProcess(pid, name, uid=uid, command_line=command_line, changed=changed))


@pytest.fixture(name="scanner")
def scanner_of_fake(proc: FakeProc) -> Iterator[Scanner]:
    scanner = Scanner(ProcSource(str(proc.root)))
    yield scanner
    scanner.close()


def matching(scanner: Scanner, selection: Selection) -> set[int]:
    looks = [scanner.look(pid) for pid in scanner.pids()]
    return {look.pid for look in looks if look and selection.matches(look, scanner)}


def test_selection_by_name(proc: FakeProc, scanner: Scanner) -> None:
    """Patterns are matched with comm and with the last part of the first argument, case and all."""
    add(proc, 1, "postgres", "postgres: walwriter")
    add(proc, 2, "a-name-cut-at-1", "/opt/a-name-cut-at-15-bytes --x")
    add(proc, 3, "bash", "/bin/bash postgres")
    assert matching(scanner, Selection(names=("postgres*",))) == {1}
    assert matching(scanner, Selection(names=("*-15-bytes",))) == {2}
    assert matching(scanner, Selection(names=("Postgres", "ba?h"))) == {3}


def test_selection_by_everything_else(proc: FakeProc, scanner: Scanner) -> None:
    """Command line, user, cgroup and container select; several of them must all hold."""
    identifier = "0123456789abcdef" * 4
    add(proc, 1, line="server --port 80", uid=33, cgroup="/system.slice/nginx.service")
    add(proc, 2, line="server --port 81", uid=33, cgroup="/system.slice/nginx.service/x")
    add(proc, 3, line="client", uid=0, cgroup=f"/system.slice/docker-{identifier}.scope")
    add(proc, 4, line="client", uid=33, cgroup=f"/kubepods/burstable/pod1-2/{identifier}/x")
    assert matching(scanner, Selection(command_line=re.compile(r"--port 8\d$"))) == {1, 2}
    assert matching(scanner, Selection(uid=33)) == {1, 2, 4}
    service = Cgroup(None, "/system.slice/nginx.service")
    assert matching(scanner, Selection(cgroup=service)) == {1, 2}
    assert matching(scanner, Selection(container="01234567")) == {3, 4}
    assert matching(scanner, Selection(container="1234")) == set()
    assert matching(scanner, Selection(container="0123", uid=33)) == {4}


def test_wrong_selections() -> None:
    """What cannot be meant is refused with the name of what is wrong."""
    with pytest.raises(UsageError, match=r"^command line: .*regular expression"):
        parse_command_line_pattern("(")
    with pytest.raises(UsageError, match=r"^user: .*no-such-user"):
        parse_user("no-such-user")
    assert parse_user("12345") == 12345
    assert parse_user("root") == 0
    for text in ("", "-x", "a b", "web?", "../x"):
        with pytest.raises(UsageError, match=r"^container: "):
            parse_container(text)


def arrivals(targets: DiscoveredTargets | WholeMachine) -> list[int]:
    """Ask as the recorder does: what arrives is recorded from then on."""
    found = []
    for files in targets.arrivals():
        found.append(files.pid)
        files.close()
        targets.outcome(files.pid, None)
    return found


def test_who_comes_is_told_once(proc: FakeProc) -> None:
    """Each process is told once, when it first matches; not again while it is there."""
    add(proc, 1, "server")
    add(proc, 2, "other")
    targets = DiscoveredTargets(ProcSource(str(proc.root)), selection=Selection(names=("server",)))
    targets.find_now()
    assert arrivals(targets) == [1]
    assert arrivals(targets) == []
    add(proc, 3, "server")
    add(proc, 4, "launcher")
    assert arrivals(targets) == [3]
    add(proc, 4, "server")  # execve
    assert arrivals(targets) == [4]
    assert arrivals(targets) == []
    assert targets.too_short == 0
    targets.close()


def test_whether_anybody_may_have_come(proc: FakeProc) -> None:
    """No only where nothing was started, nobody is held back and no stranger is to be asked."""
    add(proc, 1, "server")
    source = ProcSource(str(proc.root))
    silent = DiscoveredTargets(source, family=Family())
    arrivals(silent)
    assert silent.may_have_come()  # it is no filesystem of ours: it tells no last PID
    silent.close()
    (proc.root / "self").symlink_to(str(os.getpid()))
    last_pid = proc.root / "loadavg"
    last_pid.write_text("0.1 0.1 0.1 1/100 777\n")
    targets = DiscoveredTargets(source, family=Family())
    assert targets.may_have_come()
    arrivals(targets)
    assert targets.may_have_come()  # fork hands a PID out before the process is listed
    arrivals(targets)
    assert not targets.may_have_come()
    last_pid.write_text("0.1 0.1 0.1 1/101 778\n")
    assert targets.may_have_come()
    assert targets.may_have_come()  # to ask takes note of nothing
    for _ in range(2):
        arrivals(targets)
    assert not targets.may_have_come()
    targets.close()
    selecting = DiscoveredTargets(source, selection=Selection(names=("server",)))
    for _ in range(3):
        arrivals(selecting)
    assert not selecting.may_have_come()
    selecting._ask_all_ns = 0  # as when a second has passed
    assert selecting.may_have_come()
    selecting.close()


def test_nothing_matches(proc: FakeProc) -> None:
    """That is an error unless one waits; then more can come until one has."""
    add(proc, 1, "other")
    source = ProcSource(str(proc.root))
    selection = Selection(names=("server",))
    with pytest.raises(NoSuchProcess, match="no running process matches"):
        DiscoveredTargets(source, selection=selection).find_now()
    targets = DiscoveredTargets(source, selection=selection, wait=True)
    targets.find_now()
    assert targets.open_ended
    add(proc, 2, "server")
    assert arrivals(targets) == [2]
    assert not targets.open_ended
    targets.close()


def test_limit(proc: FakeProc) -> None:
    """No more than the limit at once; who was left out comes in when others have gone."""
    for pid in range(1, 11):
        add(proc, pid, "bomb")
    targets = DiscoveredTargets(
        ProcSource(str(proc.root)), selection=Selection(names=("bomb",)), limit=4
    )
    first = arrivals(targets)
    assert len(first) == 4
    assert targets.limit_reached
    assert arrivals(targets) == []
    for pid in first:
        proc.remove(pid)
        targets.ended(ProcessKey(pid, 100))
    assert len(arrivals(targets)) == 4
    assert targets.too_short == 0
    targets.close()


def test_pid_used_again_at_once(proc: FakeProc) -> None:
    """Who has the PID of one that ended is found, although it was listed all the time.

    A zombie that still has its PID is not.
    """
    proc.put(FakeProcess(1, "server", start_time=1000))
    targets = DiscoveredTargets(ProcSource(str(proc.root)), selection=Selection(names=("server",)))
    assert arrivals(targets) == [1]
    proc.put(FakeProcess(1, "server", start_time=1000, state="Z"))
    targets.ended(ProcessKey(1, 1000))
    assert arrivals(targets) == []
    proc.put(FakeProcess(1, "server", start_time=2000))
    assert arrivals(targets) == [1]
    assert targets.too_short == 0
    targets.close()


@pytest.mark.parametrize("kind", [WholeMachine, DiscoveredTargets])
def test_an_end_makes_it_look_again(
    kind: type[WholeMachine | DiscoveredTargets], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A PID that is used again leaves the kernel's last PID as it was: the end itself counts."""
    targets = kind(ProcSource())
    scanner = targets._scanner
    monkeypatch.setattr(os, "pread", lambda *_: b"0.0 0.0 0.0 1/2 77\n")
    while scanner.anything_started():
        pass
    targets.ended(ProcessKey(77, 1))
    assert scanner.anything_started()
    scanner.close()


def test_first_thread_has_ended(proc: FakeProc) -> None:
    """Another thread that lives keeps the process: it is found; a zombie without one is not."""
    for pid in (1, 2):
        proc.put(FakeProcess(pid, "server", state="Z"))
        proc.write(f"{pid}/task/{pid}/stat", FakeProcess(pid, "server", state="Z").stat())
    proc.write("1/task/9/stat", FakeProcess(9, "worker").stat())
    targets = DiscoveredTargets(ProcSource(str(proc.root)), selection=Selection(names=("server",)))
    assert arrivals(targets) == [1]
    assert targets.too_short == 1
    targets.close()
    whole = WholeMachine(ProcSource(str(proc.root)))
    assert arrivals(whole) == [1, 2]  # of a zombie it is told why there is nothing
    assert arrivals(whole) == []


@pytest.mark.parametrize("whole", [True, False])
def test_zombie_that_nobody_reaps(proc: FakeProc, whole: bool) -> None:
    """One that has ended is not handed out again, however long it is listed."""
    proc.put(FakeProcess(1, "server", start_time=1000))
    source = ProcSource(str(proc.root))
    targets: WholeMachine | DiscoveredTargets = WholeMachine(source)
    if not whole:
        targets = DiscoveredTargets(source, selection=Selection(names=("server",)))
    assert arrivals(targets) == [1]
    proc.put(FakeProcess(1, "server", start_time=1000, state="Z"))
    targets.ended(ProcessKey(1, 1000))
    assert arrivals(targets) == []
    assert arrivals(targets) == []
    proc.put(FakeProcess(1, "server", start_time=2000))
    targets.ended(ProcessKey(1, 1000))
    assert arrivals(targets) == [1]
    assert targets.too_short == 0


@pytest.mark.parametrize("whole", [True, False])
def test_nobody_comes_under_the_pid_of_one_that_is_recorded(proc: FakeProc, whole: bool) -> None:
    """Not before the end of the one before was told: also if the PID was not listed meanwhile."""
    proc.put(FakeProcess(1, "server", start_time=1000))
    source = ProcSource(str(proc.root))
    targets: WholeMachine | DiscoveredTargets = WholeMachine(source)
    if not whole:
        targets = DiscoveredTargets(source, selection=Selection(names=("server",)))
    assert arrivals(targets) == [1]
    proc.remove(1)
    assert arrivals(targets) == []
    proc.put(FakeProcess(1, "server", start_time=2000))
    assert arrivals(targets) == []
    targets.ended(ProcessKey(1, 1000))
    assert arrivals(targets) == [1]


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE, errno.EPERM])
@pytest.mark.parametrize("whole", [True, False])
def test_processes_that_cannot_be_opened(
    proc: FakeProc, monkeypatch: pytest.MonkeyPatch, number: int, whole: bool
) -> None:
    """For want of descriptors or of rights they are missing, which is told; not too short."""
    for pid in (1, 2, 3):
        add(proc, pid, "server")
    source = ProcSource(str(proc.root))
    targets: WholeMachine | DiscoveredTargets = WholeMachine(source)
    if not whole:
        targets = DiscoveredTargets(source, selection=Selection(names=("server",)))
    real = os.open

    def refusing(path: str, flags: int, *rest: int, **named: int) -> int:
        if flags & os.O_DIRECTORY:
            raise OSError(number, os.strerror(number))
        return real(path, flags, *rest, **named)

    monkeypatch.setattr(os, "open", refusing)
    assert list(targets.arrivals()) == []
    assert targets.too_short == 0
    ((_, notice),) = targets.unread.notices()
    assert str(notice).startswith("3 processes are ")
    assert str(notice).endswith(
        ("run as root", "raise the limit of open files (ulimit -n, LimitNOFILE=)")
    )


@pytest.mark.parametrize("whole", [True, False])
def test_room_is_left_for_the_recording(
    proc: FakeProc, monkeypatch: pytest.MonkeyPatch, whole: bool
) -> None:
    """No more processes are opened than leave descriptors for reading them."""
    for pid in range(1, 20):
        add(proc, pid, "server")
    source = ProcSource(str(proc.root))
    targets: WholeMachine | DiscoveredTargets = WholeMachine(source)
    if not whole:
        targets = DiscoveredTargets(source, selection=Selection(names=("server",)))
    monkeypatch.setattr(resource, "getrlimit", lambda _: (48, 48))
    assert len(arrivals(targets)) == (6 if whole else 3)
    assert len(targets.unread.no_descriptor) == (13 if whole else 16)
    assert targets.too_short == 0


@pytest.mark.parametrize("whole", [True, False])
def test_list_that_fails(proc: FakeProc, monkeypatch: pytest.MonkeyPatch, whole: bool) -> None:
    """When the processes cannot be listed the recording goes on; the next look finds them."""
    add(proc, 1, "server")
    source = ProcSource(str(proc.root))
    targets: WholeMachine | DiscoveredTargets = WholeMachine(source)
    if not whole:
        targets = DiscoveredTargets(source, selection=Selection(names=("server",)))

    def refusing(_path: str) -> list[str]:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    with monkeypatch.context() as patch:
        patch.setattr(os, "listdir", refusing)
        assert arrivals(targets) == []
        ((_, notice),) = targets.unread.notices()
        assert "ulimit -n" in str(notice)
    assert arrivals(targets) == [1]
    assert list(targets.unread.notices()) == []


def test_too_short_to_read(proc: FakeProc) -> None:
    """One that was handed out, but had ended before anything could be read, was too short."""
    add(proc, 1, "quick")
    targets = DiscoveredTargets(ProcSource(str(proc.root)), selection=Selection(names=("quick",)))
    for files in targets.arrivals():
        files.close()
        targets.outcome(files.pid, NoSuchProcess("gone"))
    assert targets.too_short == 1
    assert list(targets.arrivals()) == []
    targets.close()


def test_recorder_leaves_itself_out() -> None:
    """Whatever is asked for, the recorder itself is not found, nor who has its command line."""
    targets = DiscoveredTargets(
        ProcSource(), selection=Selection(command_line=re.compile(""), uid=os.getuid())
    )
    found = []
    for files in targets.arrivals():
        found.append(files.pid)
        files.close()
    assert not {os.getpid(), os.getppid()} & set(found)
    targets.close()


def test_descriptors_are_given_back(proc: FakeProc) -> None:
    """A refused selection leaves no descriptor open."""
    add(proc, 1, "server")
    before = len(os.listdir("/proc/self/fd"))
    targets = DiscoveredTargets(ProcSource(str(proc.root)), selection=Selection(names=("server",)))
    targets.find_now()
    targets.close()
    targets.close()
    assert len(os.listdir("/proc/self/fd")) == before
