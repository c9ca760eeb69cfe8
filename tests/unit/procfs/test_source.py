"""Opening a proc filesystem's files, and what errno means."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from memory_watcher.errors import NoPermission, NoSuchProcess, NotAProcRoot, SourceError
from memory_watcher.model import FastReading, Image, Machine, ProcessFacts, ProcessKey
from memory_watcher.procfs.buffer import READ_SIZE, TextBuffer
from memory_watcher.procfs.fast import FastReader
from memory_watcher.procfs.files import meaning_of
from memory_watcher.procfs.held import HeldFiles
from memory_watcher.procfs.process_files import ProcessFiles
from memory_watcher.procfs.source import ProcSource
from tests.captures import KI
from tests.fakeproc import PF_KTHREAD, FakeProc, FakeProcess, pread_as_in_proc
from tests.rights import unprivileged
from tests.unit.record.scripted import ScriptedFiles

READS: list[tuple[str, Callable[[ProcessFiles], object]]] = [
    ("stat", ProcessFiles.stat),
    ("statm", ProcessFiles.statm),
    ("status", ProcessFiles.status),
    ("smaps", ProcessFiles.smaps),
    ("rollup", ProcessFiles.rollup),
    ("facts", ProcessFiles.facts),
]


@pytest.fixture
def proc(tmp_path: Path) -> FakeProc:
    return FakeProc(tmp_path / "proc")


@contextlib.contextmanager
def opened(
    proc: FakeProc, pid: int = 7, *, keep_open: bool = True
) -> Iterator[tuple[ProcSource, ProcessFiles]]:
    """A source on the fake filesystem and one process of it."""
    source = ProcSource(str(proc.root))
    files = source.open_process(pid, keep_open=keep_open)
    try:
        yield source, files
    finally:
        files.close()


def descriptors() -> set[str]:
    """What this process has open below the test's folder."""
    found = set()
    for name in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):
            found.add(os.readlink(f"/proc/self/fd/{name}"))
    return found


# -- the root -----------------------------------------------------------------------------------


def test_folders_that_are_no_proc_root(tmp_path: Path) -> None:
    """A missing folder, a file and any other folder are refused with what is wrong."""
    (tmp_path / "file").touch()
    for path in (tmp_path / "missing", tmp_path / "file", tmp_path):
        with pytest.raises(NotAProcRoot, match=r"no such directory|not a proc") as raised:
            ProcSource(str(path))
        assert str(path) in str(raised.value)


def test_pids(proc: FakeProc) -> None:
    """Folders that are numbers, nothing else."""
    for pid in (1, 42, 4194304):
        proc.put(FakeProcess(pid))
    proc.write("sys/7", b"")
    assert sorted(ProcSource(str(proc.root)).pids()) == [1, 42, 4194304]


def test_machine_by_its_own_files(proc: FakeProc) -> None:
    """Name, kernel and boot come from the given root, not from where the test runs."""
    proc.put(FakeProcess(7, page_size=4))
    machine = ProcSource(str(proc.root)).machine()
    assert (machine.boot_id, machine.hostname, machine.kernel, machine.page_size) == (
        *("11111111-2222", "fakehost", "6.18.0", 4 * KI),
    )


def test_machine_that_tells_nothing(tmp_path: Path) -> None:
    """Hidden files (subset=pid) are None, not a failure."""
    (tmp_path / "uptime").touch()
    source = ProcSource(str(tmp_path))
    machine = source.machine()
    assert (machine.boot_id, machine.hostname, machine.kernel) == (None, None, None)
    assert isinstance(machine, Machine)
    assert source.meminfo() is None


def test_meminfo(proc: FakeProc) -> None:
    """The whole file, read anew each time."""
    source = ProcSource(str(proc.root))
    assert source.meminfo() == b"MemTotal:  1000 kB\nMemFree:  500 kB\n"
    proc.write("meminfo", b"x" * 100_000)
    assert source.meminfo() == b"x" * 100_000


@pytest.mark.parametrize("page_size", [4, 16, 64])
def test_page_size_of_the_target(proc: FakeProc, page_size: int) -> None:
    """A device's page size is told by its own files; statm is multiplied by that."""
    proc.put(FakeProcess(2, areas=(), flags=PF_KTHREAD))  # tells nothing
    areas = tuple(area._replace(size=1024, rss=256) for area in FakeProcess(7).areas)
    proc.put(FakeProcess(7, page_size=page_size, areas=areas))
    with opened(proc) as (source, files):
        assert source.page_size == page_size * KI
        assert files.statm().size == 3 * 1024 * KI
        assert files.statm().resident == 3 * 256 * KI


def test_page_size_of_the_reader_comes_first(proc: FakeProc) -> None:
    """The process `self` is looked at first: it is there and may be read."""
    proc.put(FakeProcess(7, page_size=4))
    shutil.copytree(proc.root / "7", proc.root / "self", symlinks=True)
    large = FakeProcess(7, page_size=64, areas=(FakeProcess(7).areas[0]._replace(size=6400),))
    for name in ("statm", "status"):
        proc.write(f"self/{name}", large.files()[name])
    assert ProcSource(str(proc.root)).page_size == 64 * KI


def test_page_size_that_nothing_tells(proc: FakeProc) -> None:
    """Without any process to tell it, it is this machine's."""
    assert ProcSource(str(proc.root)).page_size == os.sysconf("SC_PAGE_SIZE")


# -- one process --------------------------------------------------------------------------------


@pytest.mark.parametrize("keep_open", [True, False])
def test_every_file(proc: FakeProc, keep_open: bool) -> None:
    """Each file's content arrives, and follows when it changes."""
    process = proc.put(FakeProcess(7))
    with opened(proc, keep_open=keep_open) as (_, files):
        for faults in ((1, 2), (30, 40)):
            process.faults = faults
            proc.put(process)
            assert (files.stat().minor_faults, files.stat().major_faults) == faults
        assert files.status().high_water_mark == 50 * KI
        assert files.statm().resident == 36 * KI
        assert files.number("oom_score") == 666
        assert files.number("oom_score_adj") == 0
        assert bytes(files.smaps()) == process.files()["smaps"]
        assert files.rollup() == process.files()["smaps_rollup"]


@pytest.mark.parametrize("keep_open", [True, False])
def test_awake(proc: FakeProc, keep_open: bool) -> None:
    """All but those that rest until later, and whose files say to the byte what they said."""
    process = proc.put(FakeProcess(7))
    proc.put(FakeProcess(8))
    with opened(proc, keep_open=keep_open) as (source, files):
        other = source.open_process(8, keep_open=keep_open)
        both = {7: files, 8: other}
        files.rest_until(100)
        files.watch(process.statm(), "schedstat", process.schedstat())
        files.rest_until(100)
        assert not files.is_still()
        assert source.awake(both, 0) == [7, 8], "it was never read"
        for each in both.values():
            each.watch(each.small("statm"), "schedstat", each.small("schedstat"))
            each.rest_until(100)
        assert files.is_still()
        assert source.awake(both, 99) == []
        process.faults = (101, 5)
        proc.put(process)
        assert not files.is_still()
        assert source.awake(both, 99) == [7]
        assert source.awake(both, 99) == [7], "until it is told again that it rests"
        assert source.awake(both, 100) == [7, 8]
        other.rest_until(200)
        other.close()
        assert source.awake(both, 100) == [7, 8]


def test_facts(proc: FakeProc) -> None:
    """What is read once: key, parent, user, cgroup, image."""
    proc.put(FakeProcess(7, parent_pid=3, uid=1001, start_time=5))
    with opened(proc) as (_, files):
        assert files.facts() == ProcessFacts(
            ProcessKey(7, 5),
            Image("program", ("program", "--option"), "/usr/bin/program"),
            parent_pid=3,
            uid=1001,
            cgroup="0::/some.slice",
        )


def test_facts_that_are_hidden(proc: FakeProc) -> None:
    """exe, command line and cgroup that cannot be read are None; the rest is there."""
    proc.put(FakeProcess(7))
    for name in ("exe", "cmdline", "cgroup", "oom_score"):
        (proc.root / "7" / name).unlink()
    with opened(proc) as (_, files):
        facts = files.facts()
        assert (facts.image, facts.cgroup) == (Image("program", None, None), None)
        assert files.number("oom_score") is None


def test_oom_score_that_is_no_number(proc: FakeProc) -> None:
    """An empty or odd file is None, not 0."""
    proc.put(FakeProcess(7, changed={"oom_score": b"", "oom_score_adj": b"x\n"}))
    with opened(proc) as (_, files):
        assert files.number("oom_score") is None
        assert files.number("oom_score_adj") is None


@pytest.mark.parametrize(
    ("text", "score"),
    [(b"-1000\n", -1000), (b"1_0\n", None), (b"+5\n", None), (b"--5\n", None), (b"9" * 30, None)],
)
def test_oom_score_of_digits_alone(proc: FakeProc, text: bytes, score: int | None) -> None:
    """Only what the kernel prints is a figure: no underscore, no plus, nothing cut."""
    proc.put(FakeProcess(7, changed={"oom_score_adj": text}))
    with opened(proc) as (_, files):
        assert files.number("oom_score_adj") == score


def test_descriptors_are_given_back(proc: FakeProc) -> None:
    """Kept ones are few and are closed with the process; smaps is never kept."""
    proc.put(FakeProcess(7))
    root = str(proc.root)
    with opened(proc) as (_, files):
        for _, read in READS:
            read(files)
        files.number("oom_score")
        files.number("oom_score_adj")
        held = {path for path in descriptors() if path.startswith(root)}
        assert held == {f"{root}/7"} | {
            f"{root}/7/{name}" for name in ("stat", "statm", "status", "oom_score", "oom_score_adj")
        }
    assert not {path for path in descriptors() if path.startswith(root)}
    with opened(proc, keep_open=False) as (_, files):
        for _, read in READS:
            read(files)
        held = {path for path in descriptors() if path.startswith(root)}
        assert held == {f"{root}/7", f"{root}/7/stat", f"{root}/7/statm"}


def test_smaps_is_opened_anew(proc: FakeProc) -> None:
    """A kept descriptor would go on showing the image before execve."""
    proc.put(FakeProcess(7))
    with opened(proc) as (_, files):
        files.smaps()
        (proc.root / "7" / "smaps").unlink()
        proc.write("7/smaps", b"another image\n")
        assert bytes(files.smaps()) == b"another image\n"


@pytest.mark.parametrize("size", [0, 1, 32 * KI - 1, 32 * KI, 64 * KI, 300_001])
def test_any_length(proc: FakeProc, size: int) -> None:
    """The buffer grows to what there is; what it held before is not part of the answer."""
    proc.put(FakeProcess(7))
    with opened(proc) as (_, files):
        for content in (b"y" * 70_000, bytes(range(256)) * (size // 256) + b"z" * (size % 256)):
            proc.write("7/smaps", content)
            text = files.smaps()
            assert (len(text), bytes(text)) == (len(content), content)


def test_short_reads_and_their_size(proc: FakeProc, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel gives 4 KiB at a time; never more than 32 KiB are asked for (sshfs)."""
    content = os.urandom(100_000)
    asked = []
    real = os.readv

    def short(descriptor: int, buffers: tuple[memoryview, ...]) -> int:
        asked.append(sum(map(len, buffers)))
        return real(descriptor, [buffers[0][:4000]])

    proc.put(FakeProcess(7))
    proc.write("7/smaps", content)
    with opened(proc) as (_, files):
        monkeypatch.setattr(os, "readv", short)
        assert bytes(files.smaps()) == content
    assert set(asked) == {32 * KI}


@pytest.mark.parametrize("keep_open", [True, False])
@pytest.mark.parametrize("groups", [1000, 2000, 65_536])
def test_status_of_any_length(proc: FakeProc, keep_open: bool, groups: int) -> None:
    """A process of very many groups has a long status: what stands behind them is read, too."""
    process = proc.put(FakeProcess(7, threads=3))
    head, rest = process.files()["status"].split(b"\n", 1)
    line = b"Groups:\t" + b" ".join(b"%d" % (100_000 + number) for number in range(groups))
    proc.write("7/status", b"\n".join((head, line, rest)))
    with opened(proc, keep_open=keep_open) as (_, files):
        assert (files.status().high_water_mark, files.status().threads) == (50 * KI, 3)
        reading = files.fast_reading()
        assert reading
        assert reading.high_water_mark == 50 * KI


# -- the first thread has ended -----------------------------------------------------------------


def with_thread(proc: FakeProc, tid: int) -> None:
    """Let process 7's first thread have ended, and another live."""
    proc.put(FakeProcess(7, state="Z", areas=()))
    for name, content in FakeProcess(tid).files().items():
        proc.write(f"7/task/{tid}/{name}", content)


def fast_reads(files: ScriptedFiles) -> tuple[FastReading | None, list[str]]:
    """A fast reading, and which files it took."""
    files.reads.clear()
    return files.fast_reading(), list(files.reads)


def test_fast_reading_of_a_process_that_sleeps(tmp_path: Path) -> None:
    """Status is read only if it may have changed: the process ran, or its RSS is another."""
    files = ScriptedFiles(FakeProc(tmp_path / "proc"), FakeProcess(7))
    asleep = FastReading(36 * KI, 50 * KI, 0)
    assert fast_reads(files) == (asleep, ["schedstat", "statm", "status"])
    assert fast_reads(files) == (asleep, ["schedstat", "statm"])
    files.process = FakeProcess(7, high_water_mark=60)
    assert fast_reads(files)[0] == FastReading(36 * KI, 60 * KI, 0)
    assert fast_reads(files)[1] == ["schedstat", "statm"]
    files.says("statm", b"70 20 0 1 0 1 0\n")
    assert fast_reads(files)[0] == FastReading(80 * KI, 60 * KI, 0), "by others, who do not wake it"
    files.process = FakeProcess(7, threads=2)
    assert [fast_reads(files)[1][-1] for _ in range(3)] == ["status"] * 3
    files.close()


def test_fast_reading_after_another_thread_has_ended(tmp_path: Path) -> None:
    """What the first thread's schedstat stood beside while there were two proves nothing later."""
    files = ScriptedFiles(FakeProc(tmp_path / "proc"), FakeProcess(7, threads=2))
    assert fast_reads(files)[1] == ["schedstat", "statm", "status"]
    files.process = FakeProcess(7, high_water_mark=60)
    files.has_one_thread = True  # stat said so
    assert fast_reads(files)[0] == FastReading(36 * KI, 60 * KI, 0)
    files.close()


@pytest.mark.parametrize("answer", [b"0 0 0\n", NoSuchProcess("no such file")])
def test_fast_reading_where_the_kernel_does_not_count(
    tmp_path: Path, answer: bytes | NoSuchProcess
) -> None:
    """Without schedstat status is read each time, and schedstat is not asked for again."""
    files = ScriptedFiles(FakeProc(tmp_path / "proc"), FakeProcess(7))
    files.always("schedstat", answer)
    found = [fast_reads(files) for _ in range(4)]
    assert [reading for reading, _ in found] == [FastReading(36 * KI, 50 * KI, 0)] * 4
    assert [names for _, names in found[2:]] == [["statm", "status"]] * 2
    files.close()


def test_fast_reading_after_a_reset(proc: FakeProc) -> None:
    """A high-water mark that the recorder itself resets is read anew, though nobody ran."""
    process = proc.put(FakeProcess(7))
    proc.write("7/clear_refs", b"")
    with opened(proc) as (_, files):
        for _ in range(3):
            assert files.fast_reading() == FastReading(36 * KI, 50 * KI, 0)
        files.reset_peak()
        proc.write("7/status", process.status().replace(b"50 kB", b"36 kB"))
        assert files.fast_reading() == FastReading(36 * KI, 36 * KI, 0)


def test_awake_as_another_thread_is_followed(proc: FakeProc) -> None:
    """Descriptors that were given back are looked at no more: they may be other files' by now."""
    with_thread(proc, 8)
    with opened(proc) as (source, files):
        files.watch(files.small("statm"), "stat", files.small("stat"))
        files.rest_until(100)
        assert files.is_still()
        assert source.awake([7], 0) == []
        assert files.follow_living_thread()
        assert not files.is_still()
        assert source.awake([7], 0) == [7]


@pytest.mark.parametrize("keep_open", [True, False])
@pytest.mark.parametrize("name", ["statm", "status", "smaps", "rollup", "stat"])
def test_execve_by_another_thread(
    proc: FakeProc, monkeypatch: pytest.MonkeyPatch, name: str, keep_open: bool
) -> None:
    """The thread that calls execve becomes the first one: the process lives, and is read as such.

    Whichever file is read first after it, and whether or not it was open.
    """
    monkeypatch.setattr(os, "pread", pread_as_in_proc)
    with_thread(proc, 8)
    with opened(proc, keep_open=keep_open) as (_, files):
        assert files.stat().state == "Z"
        assert files.follow_living_thread()
        assert files.statm().resident == 36 * KI
        assert files.status().high_water_mark == 50 * KI
        shutil.rmtree(proc.root / "7" / "task" / "8")
        proc.put(FakeProcess(7, areas=FakeProcess(7).areas[:2]))
        dict(READS)[name](files)
        assert files.statm().resident == 24 * KI
        assert files.status().high_water_mark == 50 * KI
        two = FakeProcess(7, areas=FakeProcess(7).areas[:2])
        assert bytes(files.smaps()) == two.files()["smaps"]


@pytest.mark.parametrize("name", ["statm", "smaps"])
def test_end_of_the_thread_that_is_followed(
    proc: FakeProc, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Another that lives is followed; without any, the process is a zombie: no memory."""
    monkeypatch.setattr(os, "pread", pread_as_in_proc)
    with_thread(proc, 8)
    with_thread(proc, 9)
    with opened(proc) as (_, files):
        assert files.follow_living_thread()
        assert files.statm().resident == 36 * KI
        shutil.rmtree(proc.root / "7" / "task" / "8")
        dict(READS)[name](files)
        assert files.statm().resident == 36 * KI
        shutil.rmtree(proc.root / "7" / "task" / "9")
        dict(READS)[name](files)
        assert (files.statm().resident, len(files.smaps())) == (0, 0)
        proc.remove(7)
        with pytest.raises(NoSuchProcess):
            files.statm()


# -- what errno means ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "meaning"),
    [
        (errno.ENOENT, NoSuchProcess),
        (errno.ESRCH, NoSuchProcess),
        (errno.EACCES, NoPermission),
        (errno.EPERM, NoPermission),
        (errno.EIO, SourceError),
        (errno.EMFILE, SourceError),
        (errno.ENOTCONN, SourceError),
    ],
)
def test_meanings(number: int, meaning: type[SourceError]) -> None:
    """Each errno has one meaning; the message names the process in one line."""
    found = meaning_of(OSError(number, "x"), 4711)
    assert type(found) is meaning
    assert str(found).startswith("process 4711: ")
    if meaning is SourceError:
        assert os.strerror(number) in str(found)


def test_remedy_for_missing_permission() -> None:
    """The message says what helps."""
    message = str(meaning_of(OSError(errno.EACCES, ""), 1))
    assert "root" in message
    assert "CAP_SYS_PTRACE" in message
    assert "CAP_PERFMON" in message


def test_no_such_process(proc: FakeProc) -> None:
    """A PID that is not there is told at once."""
    with pytest.raises(NoSuchProcess, match=r"process 7: no such process"):
        ProcSource(str(proc.root)).open_process(7, keep_open=True)


def test_open_files_of_a_process_that_has_gone(
    proc: FakeProc, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Descriptors that were kept answer ESRCH: gone, for each file that is kept."""
    proc.put(FakeProcess(7))
    monkeypatch.setattr(os, "pread", pread_as_in_proc)
    with opened(proc) as (_, files):
        for read in (files.stat, files.statm, files.status):
            read()
        assert files.number("oom_score") == 666
        proc.remove(7)
        for read in (files.stat, files.statm, files.status):
            with pytest.raises(NoSuchProcess):
                read()
        assert files.number("oom_score") is None


@pytest.mark.parametrize(("name", "read"), READS)
@pytest.mark.parametrize("keep_open", [True, False])
def test_process_that_has_gone(
    proc: FakeProc, name: str, read: Callable[[ProcessFiles], object], keep_open: bool
) -> None:
    """Once the process has gone, every file of it says so."""
    proc.put(FakeProcess(7))
    with opened(proc, keep_open=keep_open) as (_, files):
        shutil.rmtree(proc.root / "7")
        with pytest.raises(NoSuchProcess):
            read(files)
        assert files.number("oom_score") is None


def test_another_process_of_the_same_pid(proc: FakeProc) -> None:
    """The held folder belongs to the process that has gone: the new one is not mixed in."""
    proc.put(FakeProcess(7))
    with opened(proc, keep_open=False) as (_, files):
        shutil.rmtree(proc.root / "7")
        proc.put(FakeProcess(7, name="another"))
        with pytest.raises(NoSuchProcess):
            files.stat()


@pytest.fixture
def others(tmp_path: Path) -> Iterator[FakeProc]:
    """A proc filesystem that other users can enter; pytest's own folder they cannot."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield FakeProc(folder / "proc")
    shutil.rmtree(folder)


def test_files_of_another_user(others: FakeProc) -> None:
    """Smaps is refused, statm is not: as with another user's process."""
    others.put(FakeProcess(7))
    for name in ("smaps", "smaps_rollup"):
        (others.root / "7" / name).chmod(0)
    with unprivileged(), opened(others) as (_, files):
        assert files.statm().resident == 36 * KI
        for read in (files.smaps, files.rollup):
            with pytest.raises(NoPermission):
                read()


def test_hidden_folder(others: FakeProc) -> None:
    """A folder that may not be opened (hidepid=1) is a matter of permission."""
    others.put(FakeProcess(7))
    (others.root / "7").chmod(0)
    with unprivileged(), pytest.raises(NoPermission):
        ProcSource(str(others.root)).open_process(7, keep_open=True)


def failing(number: int) -> Callable[..., Any]:
    def fail(*_arguments: object) -> Any:
        raise OSError(number, os.strerror(number))

    return fail


@pytest.mark.parametrize(("name", "read"), READS)
@pytest.mark.parametrize(
    ("number", "meaning"), [(errno.ESRCH, NoSuchProcess), (errno.EIO, SourceError)]
)
def test_failure_at_reading(
    *,
    proc: FakeProc,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    read: Callable[[ProcessFiles], object],
    number: int,
    meaning: type[SourceError],
) -> None:
    """A read that fails means the same as an open that fails, and closes what was opened."""
    proc.put(FakeProcess(7))
    with opened(proc) as (source, files):
        assert source.page_size
        for function in ("readv", "pread", "read"):
            monkeypatch.setattr(os, function, failing(number))
        with pytest.raises(SourceError) as raised:
            read(files)
        assert type(raised.value) is meaning
        assert not any(path.endswith("/smaps") for path in descriptors())


def test_eperm_at_reading_over_sshfs(proc: FakeProc, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sshfs says EPERM for every failure: the process has gone unless its stat is there."""
    proc.put(FakeProcess(7))
    with opened(proc) as (_, files):
        monkeypatch.setattr(os, "readv", failing(errno.EPERM))
        with pytest.raises(NoPermission):
            files.smaps()
        (proc.root / "7" / "stat").unlink()
        with pytest.raises(NoSuchProcess):
            files.smaps()


def test_buffer_is_usable_after_a_failure(proc: FakeProc, monkeypatch: pytest.MonkeyPatch) -> None:
    """A failed read leaves no view behind that would keep the buffer from growing."""
    proc.put(FakeProcess(7))
    buffer = TextBuffer()
    with monkeypatch.context() as patch:
        patch.setattr(os, "readv", failing(errno.EIO))
        with pytest.raises(OSError, match="Input/output error"):
            buffer.fill_from(0)
    proc.write("7/smaps", b"x" * 200_000)
    descriptor = os.open(proc.root / "7" / "smaps", os.O_RDONLY)
    try:
        assert len(buffer.fill_from(descriptor)) == 200_000
    finally:
        os.close(descriptor)


def test_a_text_is_borrowed_until_the_next_one(proc: FakeProc) -> None:
    """What was copied stays; the text itself lies where the next long file is read."""
    proc.put(FakeProcess(7))
    with opened(proc) as (_, files):
        proc.write("7/smaps", b"first")
        text = files.smaps()
        copy = bytes(text)
        proc.write("7/smaps", b"other")
        assert bytes(files.smaps()) == b"other"
        assert (copy, bytes(text)) == (b"first", b"other")


def test_read_size_is_what_the_module_says() -> None:
    """32 KiB: more is quadratic over sshfs."""
    assert READ_SIZE == 32 * KI


@pytest.mark.parametrize(
    ("statm", "status"),
    [
        (b"9 9x 0 1 0 1 0\n", None),
        (b"9 9 0\n", None),
        (b"9 99999999999999999999 0 1 0 1 0\n", None),
        (None, b"Name:\tx\nVmHWM:\t     5 kB\nThreads:\t1\n"),
        (None, b"Name:\tx\nVmHWM:\tmany kB\nThreads:\t1\n"),
        (None, b"Name:\tx\nThreads:\t1\n"),
        (None, b"Name:\tx\nVmHWM:\t99999999999999999999 kB\nThreads:\t2\n"),
        (b"0 0 0 0 0 0 0\n", b"Name:\tx\nThreads:\t1\n"),
    ],
)
def test_fast_readings_by_kept_files_and_by_name(
    proc: FakeProc, statm: bytes | None, status: bytes | None
) -> None:
    """The short way says what the long one says, whatever stands there."""

    def asked(ask: Callable[[], FastReading | None]) -> object:
        try:
            return ask()
        except SourceError as problem:
            return type(problem)

    process = proc.put(FakeProcess(7))
    with opened(proc) as (source, files):
        assert [files.fast_reading() for _ in range(3)] == [FastReading(36 * KI, 50 * KI, 0)] * 3
        proc.write("7/schedstat", b"9 9 9\n")
        proc.write("7/statm", process.files()["statm"] if statm is None else statm)
        proc.write("7/status", process.status() if status is None else status)
        short = asked(files.fast_reading)
        assert short == asked(FastReader({}, files.small, lambda: source.page_size).by_name)
        assert asked(files.fast_reading) == short


def test_smaps_is_tried_without_reading_it(proc: FakeProc, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading it would hold a large process up before it is known how long; a copy has no maps."""
    proc.put(FakeProcess(7, changed={"maps": b"1000-2000 rw-p 00000000 00:00 0\n"}))
    read: list[str] = []
    real = HeldFiles.fill

    def fill(self: HeldFiles, buffer: TextBuffer, name: str, limit: int | None) -> object:
        read.append(name)
        return real(self, buffer, name, limit)

    monkeypatch.setattr(HeldFiles, "fill", fill)
    with opened(proc) as (_, files):
        files.check_smaps()
        assert read == ["maps"]
        (proc.root / "7" / "maps").unlink()
        files.check_smaps()
        (proc.root / "7" / "smaps").unlink()
        with pytest.raises(NoSuchProcess):
            files.check_smaps()
        assert files.lacks("smaps")
    assert "smaps" not in read


def test_mappings_are_counted_by_maps(proc: FakeProc) -> None:
    """A line each; names with newlines are escaped there by the kernel."""
    proc.put(FakeProcess(7, changed={"maps": b"1000-2000 rw-p 00000000 00:00 0 /a b\n" * 1234}))
    with opened(proc) as (_, files):
        assert files.count_mappings() == 1234
