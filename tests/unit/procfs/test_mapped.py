"""Files that processes map: only those that are known to answer are opened, and apart."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from memory_watcher.model import Mapping
from memory_watcher.procfs import filehelper, mapped
from memory_watcher.procfs.filehelper import Mounts, answer, is_leased, read_mapped
from memory_watcher.procfs.mapped import HELPERS, MappedFiles, NotAnswered, NotReady
from memory_watcher.procfs.source import ProcSource
from tests.fakeproc import FakeProc, FakeProcess

PART = slice(0, 4)
USER, OTHER = 1000, 1001


def device_of(path: Path) -> str:
    device = path.stat().st_dev
    return f"{os.major(device)}:{os.minor(device)}"


def mapping_of(path: Path, pathname: str) -> Mapping:
    status = path.stat()
    device = os.major(status.st_dev) << 20 | os.minor(status.st_dev)
    return Mapping(0x1000, 0x3000, "r-xp", 0, device, status.st_ino, pathname)


class Stage:
    """Process 7 maps `/lib/x.so` of its root; `opened` tells what was opened for reading."""

    def __init__(self, proc: FakeProc, monkeypatch: pytest.MonkeyPatch) -> None:
        proc.put(FakeProcess(7))
        proc.write("7/root/lib/x.so", b"0123456789")
        folder = proc.root / "7"
        self.file = folder / "root" / "lib" / "x.so"
        self.by_mapping = folder / "map_files" / "1000-3000"
        self.by_mapping.parent.mkdir()
        self.mapping = mapping_of(self.file, "/lib/x.so")
        self.device = device_of(self.file)
        self.opened: list[str] = []
        self.flags: list[int] = []
        real = os.open

        def watching(path: Any, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
            descriptor = real(path, flags, mode, dir_fd=dir_fd)
            target = os.readlink(f"/proc/self/fd/{descriptor}")
            if not flags & os.O_PATH and not target.startswith("/proc/"):
                self.opened.append(target)
                self.flags.append(flags)
            return descriptor

        monkeypatch.setattr(os, "open", watching)

    def read(self, part: slice = PART, **changes: Any) -> bytes | None:
        found = {"device": self.device, "inode": self.mapping.inode, **changes}
        paths = [os.fsencode(self.by_mapping), os.fsencode(self.file)]
        return read_mapped(7, found["device"].encode(), found["inode"], part, paths)


@pytest.fixture(name="proc")
def make_proc(tmp_path: Path) -> FakeProc:
    return FakeProc(tmp_path / "proc")


@pytest.fixture(name="stage")
def make_stage(proc: FakeProc, monkeypatch: pytest.MonkeyPatch) -> Stage:
    return Stage(proc, monkeypatch)


@pytest.fixture(name="files")
def make_files(proc: FakeProc) -> Iterator[MappedFiles]:
    yield from closed(MappedFiles(str(proc.root)))


@pytest.fixture(name="here")
def make_files_here() -> Iterator[MappedFiles]:
    yield from closed(MappedFiles("/proc"))


def closed(files: MappedFiles) -> Iterator[MappedFiles]:
    yield files
    until = time.monotonic() + 10
    files.close()
    while files._abandoned and time.monotonic() < until:
        time.sleep(0.005)
        files.close()
    assert not files._abandoned


# -- what is opened -------------------------------------------------------------------------------


def test_by_name(stage: Stage) -> None:
    """Below the process's root, if it is the mapping's own file."""
    assert stage.read(slice(2, 5)) == b"234"
    assert stage.opened == [str(stage.file)]
    assert stage.flags[0] & os.O_NONBLOCK
    assert stage.read(slice(20, 25)) == b""
    assert stage.read(inode=stage.mapping.inode + 1) is None


def test_by_mapping(stage: Stage, tmp_path: Path) -> None:
    """The kernel's own link is followed first, whatever the name leads to now."""
    stage.by_mapping.symlink_to(stage.file.rename(tmp_path / "moved"))
    stage.file.symlink_to("/dev/null")
    assert stage.read() == b"0123"
    assert "/dev/null" not in stage.opened


@pytest.mark.parametrize("kind", ["link", "link to device", "pipe", "another file", "folder"])
def test_traps_are_not_opened(stage: Stage, tmp_path: Path, kind: str) -> None:
    """What a process puts in the place of its file is not opened for reading, not even once."""
    secret = tmp_path / "secret"
    secret.write_bytes(b"secret")
    stage.file.rename(tmp_path / "moved")
    if kind == "link":
        stage.file.symlink_to(secret)
    elif kind == "link to device":
        stage.file.symlink_to("/dev/zero")
    elif kind == "pipe":
        os.mkfifo(stage.file)
    elif kind == "another file":
        stage.file.write_bytes(b"another")
    else:
        stage.file.mkdir()
    inode = stage.file.stat().st_ino if kind in ("pipe", "folder") else stage.mapping.inode
    stage.opened.clear()
    assert stage.read(inode=inode) is None
    assert stage.opened == []


@pytest.mark.parametrize(
    "kind", ["fuse", "fuse.sshfs", "fuseblk", "nfs", "nfs4", "cifs", "smb3", "9p", "autofs", "proc"]
)
def test_file_systems_that_may_not_answer(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """By the mapping's device, before any open, not even with O_PATH."""
    line = f"36 35 {stage.device} / /mnt rw shared:1 - {kind} source rw\n"
    monkeypatch.setattr(filehelper, "find_mounts", lambda _pid, _device: [Mounts(line.encode())])

    def no_open(*_args: object) -> int:
        raise AssertionError("opened")

    monkeypatch.setattr(os, "open", no_open)
    assert stage.read() is None


def test_device_that_nobody_knows(stage: Stage) -> None:
    """A file system that is mounted nowhere any more, or in a namespace that is not seen."""
    assert stage.read(device="4095:77") is None
    assert stage.opened == []


def test_mount_of_another_kind_than_the_device(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A device number that was used again meanwhile: the mount that was found is looked at, too."""
    found = Mounts(b"")
    found.by_device[stage.device.encode()] = "ext4"
    found.by_number = dict.fromkeys(
        Mounts(Path("/proc/self/mountinfo").read_bytes()).by_number, "fuse"
    )
    monkeypatch.setattr(filehelper, "find_mounts", lambda _pid, _device: [found])
    assert stage.read() is None
    assert stage.opened == []


def test_leased_file(stage: Stage) -> None:
    """It is not opened, so that its holder keeps the lease; without it, it is."""
    if os.geteuid() == 0:
        os.chown(stage.file, 65534, -1)
    signalled: list[int] = []
    before = signal.signal(signal.SIGIO, lambda number, _frame: signalled.append(number))
    holder = os.open(stage.file, os.O_RDWR)
    try:
        try:
            fcntl.fcntl(holder, fcntl.F_SETLEASE, fcntl.F_WRLCK)
        except OSError:
            pytest.skip("this file system has no leases")
        stage.opened.clear()
        assert stage.read() is None
        assert stage.opened == []
        assert signalled == []
        assert fcntl.fcntl(holder, fcntl.F_GETLEASE) == fcntl.F_WRLCK
        # Whoever opens it all the same does not wait.
        with pytest.raises(BlockingIOError):
            os.open(stage.file, os.O_RDONLY | os.O_NONBLOCK)
        fcntl.fcntl(holder, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    finally:
        os.close(holder)
        signal.signal(signal.SIGIO, before)
    assert stage.read() == b"0123"


def test_list_of_locks() -> None:
    """A lease on this very file, of either kind; a list too long to be read tells nothing."""
    locks = (
        b"1: FLOCK  ADVISORY  WRITE 71 fe:00:21 0 EOF\n"
        b"2: LEASE  ACTIVE    WRITE 72 fe:00:22 0 EOF\n"
        b"3: LEASE  BREAKING  READ  73 fe:01:23 0 EOF\n"
    )
    assert is_leased(os.makedev(0xFE, 0), 22, locks)
    assert is_leased(os.makedev(0xFE, 1), 23, locks)
    assert not is_leased(os.makedev(0xFE, 0), 21, locks)
    assert not is_leased(os.makedev(0xFE, 0), 23, locks)
    assert not is_leased(os.makedev(0xFE, 0), 2, locks)
    assert is_leased(os.makedev(0xFE, 0), 21, locks + b"4: POSIX\n" * (1 << 17))


def test_mountinfo() -> None:
    """Fields before the dash vary in number; what is no line of it is passed over."""
    mounts = Mounts(
        b"36 35 98:0 /mnt1 /a\\040b rw,noatime master:1 shared:2 - ext3 /dev/root rw\n"
        b"37 35 0:57 / /c rw - fuse.x y rw\nnonsense\n - \n38 - \n"
    )
    assert mounts.by_device == {b"98:0": "ext3", b"0:57": "fuse.x"}
    assert mounts.by_number == {b"36": "ext3", b"37": "fuse.x"}


# -- the helper -----------------------------------------------------------------------------------


def test_answer_of_the_helper(stage: Stage) -> None:
    """One line for one line, whatever the path holds."""
    path = os.fsencode(stage.file).hex().encode()
    line = b"7 %s %d 2 3 %s\n" % (stage.device.encode(), stage.mapping.inode, path)
    assert answer(line).endswith(b" " + b"234".hex().encode() + b"\n")
    assert answer(line.replace(b" 2 3 ", b" 99 3 ")).endswith(b" =\n")
    assert answer(line.replace(b"7 ", b"8 ", 1) + b"\n").count(b"\n") == 1


def test_helper_reads_what_is_asked(files: MappedFiles, stage: Stage) -> None:
    """Started when needed; its CPU time is told; it ends when it is let go."""
    assert files.read(7, USER, stage.mapping, PART) == b"0123"
    assert files.read(7, USER, stage.mapping, slice(9, 12)) == b"9"
    assert files.read(7, USER, stage.mapping._replace(pathname="/lib/none"), PART) is None
    assert files.read(7, USER, stage.mapping._replace(pathname="anon_inode:x"), PART) is None
    assert 0 < files.cpu_ns < 10**9
    assert str(stage.file) not in stage.opened  # not here
    helpers = set(HELPERS)
    files.close()
    for pid in helpers:
        _wait_until_gone(pid)


def _wait_until_gone(pid: int) -> None:
    until = time.monotonic() + 10
    while time.monotonic() < until:
        try:
            if os.waitpid(pid, os.WNOHANG)[0]:
                return
        except ChildProcessError:
            return
        time.sleep(0.005)
    raise AssertionError(f"{pid} lives")


def test_nothing_is_asked_of_another_machine(
    proc: FakeProc, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over sshfs a path leads to a file of this machine, not of the process's."""
    line = f"36 35 {device_of(proc.root)} / /mnt rw - fuse.sshfs far: rw\n"
    monkeypatch.setattr(filehelper, "find_mounts", lambda _pid, _device: [Mounts(line.encode())])
    files = MappedFiles(str(proc.root))
    assert files.read(7, USER, stage.mapping, PART) is None
    assert files.cpu_ns == 0


class HungHelper:
    """A helper that says it is ready, and then nothing any more; `starts` counts them."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.starts = 0
        script = folder / "hung.py"
        script.write_text("import os, time\nos.write(1, b'5 ready\\n')\ntime.sleep(1000)\n")
        monkeypatch.setattr(filehelper, "__file__", str(script))
        real = subprocess.Popen

        def counting(*args: Any, **kwargs: Any) -> Any:
            self.starts += 1
            return real(*args, **kwargs)

        monkeypatch.setattr(subprocess, "Popen", counting)


def test_hung_file(
    files: MappedFiles, stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given up after 100 ms; that user's files are not asked again for ever, nor all users'."""
    hung = HungHelper(tmp_path, monkeypatch)
    files.prepare()
    for _ in range(2):
        files.begin_tick()
        started = time.monotonic()
        with pytest.raises(NotAnswered, match="100 ms"):
            files.read(7, USER, stage.mapping, PART)
        assert time.monotonic() - started < 2  # with the start of a helper, on a busy machine
    assert files.read(7, USER, stage.mapping, PART) is None
    assert hung.starts == 2
    for user in range(OTHER, OTHER + 20):
        files.begin_tick()
        try:
            files.read(7, user, stage.mapping, PART)
        except NotAnswered:
            continue
    assert hung.starts == 8


def test_wait_for_a_hung_file_is_100_ms(
    files: MappedFiles, stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As told: at least that, for a slow disk, and hardly more."""
    HungHelper(tmp_path, monkeypatch)
    files.start()
    assert files._is_running()
    started = time.monotonic()
    with pytest.raises(NotAnswered):
        files.read(7, USER, stage.mapping, PART)
    assert 0.1 <= time.monotonic() - started < 0.6


class BusyHelper:
    """A helper that uses CPU time for so long before it is ready, and before it answers."""

    def __init__(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch, start_s: float, answer_s: float
    ) -> None:
        script = folder / "busy.py"
        script.write_text(
            "import os, time\n"
            "def work(seconds):\n"
            "    until = time.process_time() + seconds\n"
            "    while time.process_time() < until: pass\n"
            f"work({start_s})\nos.write(1, b'5 ready\\n')\n"
            f"while os.read(0, 65536): work({answer_s}); os.write(1, b'6 30\\n')\n"
        )
        monkeypatch.setattr(filehelper, "__file__", str(script))


def test_helper_that_lacks_cpu(
    here: MappedFiles, stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is given more than 100 ms: the machine is busy, and the file is not at fault."""
    monkeypatch.setattr(mapped, "_STARVED_S", 30)
    BusyHelper(tmp_path, monkeypatch, 0, 0.3)
    for _ in range(2):
        assert _read_when_ready(here, stage.mapping) == b"0"


def test_helper_that_goes_on_for_ever(
    here: MappedFiles, stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is given up after a second more."""
    BusyHelper(tmp_path, monkeypatch, 0, 1000)
    with pytest.raises(NotAnswered):
        _read_when_ready(here, stage.mapping)


def test_a_tick_waits_for_helpers_that_lack_cpu_no_longer_than_for_one(
    here: MappedFiles, stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However much is asked in it; what has no answer yet is asked again, and nothing left out."""
    monkeypatch.setattr(mapped, "_STARVED_S", 1000)
    files = [stage.mapping._replace(inode=number) for number in range(1, 9)]
    BusyHelper(tmp_path, monkeypatch, 0, 0.3)
    assert _read_when_ready(here, stage.mapping) == b"0"
    helper = here._process
    until = time.monotonic() + 60
    while files and time.monotonic() < until:
        here.begin_tick()
        asked = list(files)
        for each in asked:
            with contextlib.suppress(NotReady):
                assert here.read(7, USER, each, PART) == b"0"
                files.remove(each)
        # Three have that much CPU time in 1.1 s, beside one of before and one that ends with it.
        assert len(asked) - len(files) <= 5
    assert not files
    assert here._process is helper  # it was not given up


def test_answer_that_comes_when_it_is_not_waited_for_any_more(
    here: MappedFiles, stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In two parts, a tick apart: it is that of what was asked, and not of what is asked next."""
    script = tmp_path / "apart.py"
    script.write_text(
        "import os, time\nos.write(1, b'5 ready\\n')\n"
        "while line := os.read(0, 65536):\n"
        "    inode = b'%02x' % int(line.split()[2])\n"
        "    os.write(1, b'6 ' + inode[:1])\n"
        f"    while not os.path.exists({str(tmp_path / 'go')!r}): pass\n"
        "    os.write(1, inode[1:] + b'\\n')\n"
    )
    monkeypatch.setattr(filehelper, "__file__", str(script))
    monkeypatch.setattr(mapped, "_STARVED_S", 1000)
    first, second = (stage.mapping._replace(inode=number) for number in (0x31, 0x32))
    until = time.monotonic() + 30
    while here._owed is None and time.monotonic() < until:
        here.begin_tick()
        with pytest.raises(NotReady):
            here.read(7, USER, first, PART)
    (tmp_path / "go").touch()
    assert _read_when_ready(here, second) == b"2"
    assert _read_when_ready(here, first) == b"1"


def test_helper_that_starts_slowly(
    here: MappedFiles, stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever asks meanwhile is told so, and it is not started anew."""
    monkeypatch.setattr(mapped, "_STARVED_S", 0)
    BusyHelper(tmp_path, monkeypatch, 1, 0)
    with pytest.raises(NotReady):
        here.read(7, USER, stage.mapping, PART)
    first = here._process
    assert _read_when_ready(here, stage.mapping) == b"0"
    assert here._process is first


def _read_when_ready(files: MappedFiles, mapping: Mapping) -> bytes | None:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        files.begin_tick()
        try:
            return files.read(7, USER, mapping, PART)
        except NotReady:
            continue
    raise AssertionError("the helper did not start")


@pytest.mark.parametrize("script", ["", "print('x')", "import os; os.write(1, b'')"])
def test_helper_that_does_not_work(
    *,
    files: MappedFiles,
    stage: Stage,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    script: str,
) -> None:
    """No files are read; nothing fails."""
    broken = tmp_path / "broken.py"
    broken.write_text(script)
    monkeypatch.setattr(filehelper, "__file__", str(broken))
    assert files.read(7, USER, stage.mapping, PART) is None


def test_no_interpreter(files: MappedFiles, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a program that was made of this one: no files are read; nothing fails."""
    monkeypatch.setattr(sys, "executable", "/nonexistent/python")
    assert files.read(7, USER, stage.mapping, PART) is None
    monkeypatch.setattr(sys, "executable", "")
    assert files.read(7, USER, stage.mapping, PART) is None


def test_idle_helper_is_let_go(
    files: MappedFiles, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And started again when it is needed."""
    assert files.read(7, USER, stage.mapping, PART) == b"0123"
    first = set(HELPERS)
    files.rest()
    assert first <= HELPERS
    monkeypatch.setattr(mapped, "_IDLE_S", -1)
    files.rest()
    assert files._process is None
    assert files.read(7, USER, stage.mapping, PART) == b"0123"


def test_by_way_of_a_process(proc: FakeProc, stage: Stage) -> None:
    """What the recorder asks of a process's files."""
    source = ProcSource(str(proc.root))
    held = source.open_process(7, keep_open=False)
    try:
        assert held.mapped_file(stage.mapping, 2, 3) == b"234"
    finally:
        held.close()
        source.mapped_files.close()


def test_a_list_that_cannot_be_read() -> None:
    """As /proc/PID/mountinfo of a process that has gone: nothing is known."""
    assert filehelper._read_list("/nonexistent") == b""
    assert filehelper.find_mounts(2**30, b"4095:9")[1].by_device == {}


@pytest.mark.parametrize("link", ["absolute", "relative"])
def test_no_link_below_the_root_of_a_process_is_followed(
    link: str, proc: FakeProc, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder that was replaced by a link leads out of the root: nothing there is opened."""
    stage = Stage(proc, monkeypatch)
    assert stage.read() is not None
    outside = proc.root / "outside"
    stage.file.parent.rename(outside)
    stage.file.parent.symlink_to(outside if link == "absolute" else "../../outside")
    stage.opened.clear()
    assert stage.file.exists()
    assert stage.read() is None
    assert stage.opened == []
