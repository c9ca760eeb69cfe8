"""Writing a recording: what is refused, what is kept whatever happens, and how it is laid out."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import shutil
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from memory_watcher.analysis.passes import read
from memory_watcher.errors import (
    CannotWrite,
    MemoryWatcherError,
    NewerRecording,
    NotARecording,
    RecordingBusy,
    StoreError,
)
from memory_watcher.model import (
    Cause,
    Image,
    LayoutState,
    Machine,
    Mapping,
    MappingUsage,
    Member,
    Pass,
    ProcessFacts,
    ProcessKey,
    Reading,
    Rollup,
    Sample,
    SystemMemory,
    Tick,
    Usage,
    WholeLayout,
)
from memory_watcher.store import schema
from memory_watcher.store.connection import WritableFile
from memory_watcher.store.recording import Recording
from memory_watcher.store.write.layouts import KEYFRAME_ROWS_PER_MAPPING
from memory_watcher.store.write.texts import Texts
from memory_watcher.store.write.transaction import Transaction
from memory_watcher.store.writer import Writer
from tests.rights import unprivileged
from tests.unit.store.flat import Change

MACHINE = Machine("boot", "host", "6.18", 4096)
KI = 1024


def entry(number: int, rss: int = 4 * KI, pathname: str = "/lib/x") -> MappingUsage:
    start = 0x1000 * number
    return MappingUsage(Mapping(start, start + 0x1000, "r--p", 0, 1, 2, pathname), Usage(rss=rss))


def facts(pid: int = 7, name: str = "program", start_time: int = 1) -> ProcessFacts:
    return ProcessFacts(ProcessKey(pid, start_time), Image(name), 1, 1000, "0::/slice")


def layout(*entries: MappingUsage) -> Sample:
    return Sample(Reading(), LayoutState.EXACT, WholeLayout(list(entries)))


@contextlib.contextmanager
def writing(path: Path, reason: str | None = "SIGINT") -> Iterator[Writer]:
    """A run on this file, ended cleanly."""
    writer = Writer(str(path))
    try:
        writer.start_run(MACHINE, 100, ["memory-record", "7"])
        yield writer
    finally:
        writer.close(reason)


def tick(writer: Writer, number: int = 1) -> None:
    writer.tick(Tick(number * 1000, number, 0, 0))


def rows(path: Path, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(f"file:{path}?immutable=1", uri=True)) as database:
        database.text_factory = lambda text: text.decode("utf-8", "surrogateescape")
        return database.execute(sql).fetchall()


def record_something(path: Path, pid: int = 7) -> None:
    with writing(path) as writer:
        tick(writer)
        writer.sample(writer.add_process(facts(pid)), layout(entry(1)), 0)


def content(folder: Path) -> dict[str, bytes]:
    """Every file of a folder, SQLite's shared memory aside: it is no part of what is stored."""
    return {
        path.name: path.read_bytes()
        for path in sorted(folder.iterdir())
        if not path.name.endswith("-shm")
    }


# -- the file -----------------------------------------------------------------------------------


def test_new_file_is_its_owners(tmp_path: Path) -> None:
    """It holds address layouts: mode 0600, whatever the umask; -wal is no more open than that."""
    before = os.umask(0)
    try:
        with writing(tmp_path / "a.db") as writer:
            tick(writer)
            writer.commit()
            modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    finally:
        os.umask(before)
    assert modes == {"a.db": 0o600, "a.db-wal": 0o600, "a.db-shm": 0o600}


def test_only_the_file_is_left(tmp_path: Path) -> None:
    """After a clean end there is no -wal, and the file can be read from read-only media."""
    record_something(tmp_path / "a.db")
    assert [*content(tmp_path)] == ["a.db"]
    assert rows(tmp_path / "a.db", "PRAGMA journal_mode") != [("wal",)]
    assert rows(tmp_path / "a.db", "PRAGMA integrity_check") == [("ok",)]


def test_marks_of_a_recording(tmp_path: Path) -> None:
    """application_id and user_version tell what it is."""
    record_something(tmp_path / "a.db")
    assert rows(tmp_path / "a.db", "PRAGMA application_id") == [(schema.APPLICATION_ID,)]
    assert rows(tmp_path / "a.db", "PRAGMA user_version") == [(schema.VERSION,)]
    assert schema.APPLICATION_ID.to_bytes(4, "big") == b"MWat"


def test_path_that_looks_like_a_uri(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file may be called as SQLite calls special ones."""
    monkeypatch.chdir(tmp_path)
    for name in ("file:a.db", "a?mode=ro#%41.db", ":memory:"):
        for _ in range(2):
            record_something(Path(name))
    assert sorted(os.listdir(tmp_path)) == sorted(["file:a.db", "a?mode=ro#%41.db", ":memory:"])


def test_empty_file_is_laid_out(tmp_path: Path) -> None:
    """An existing file without content, as mktemp makes, becomes a recording that is private."""
    path = tmp_path / "a.db"
    path.touch(0o640)
    record_something(path)
    assert len(rows(path, "SELECT * FROM readings")) == 1
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_recorder_killed_while_it_laid_the_file_out(tmp_path: Path) -> None:
    """What such a kill leaves (a database without anything in it) becomes a recording."""
    path = tmp_path / "a.db"
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode = WAL")
    assert path.stat().st_size > 0
    record_something(path)
    assert len(rows(path, "SELECT * FROM readings")) == 1


def test_journal_of_an_interrupted_end(tmp_path: Path) -> None:
    """A rollback journal that was left is used: the recording is added to."""
    path = tmp_path / "a.db"
    record_something(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("PRAGMA cache_size = 1")
        database.execute("BEGIN")
        database.execute("PRAGMA cache_spill = 1")
        for number in range(2000):
            database.execute("INSERT INTO paths (pathname) VALUES (?)", (f"{number}" * 20,))
        killed = tmp_path / "killed"
        killed.mkdir()
        for name in ("a.db", "a.db-journal"):
            shutil.copy(tmp_path / name, killed / name)
        database.execute("ROLLBACK")
    assert (killed / "a.db-journal").stat().st_size > 512
    record_something(killed / "a.db")
    assert rows(killed / "a.db", "SELECT count(*) FROM readings") == [(2,)]
    assert rows(killed / "a.db", "SELECT count(*) FROM paths") == [(1,)]


# -- what is refused ----------------------------------------------------------------------------


def other_database(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE mine (a)")


def newer_recording(path: Path) -> None:
    record_something(path)
    with closing(sqlite3.connect(path)) as database:
        database.execute(f"PRAGMA user_version = {schema.VERSION + 1}")


def other_database_of_another_version(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA user_version = 3")


def text_file(path: Path) -> None:
    path.write_text("dear diary\n" * 1000)


def binary_file(path: Path) -> None:
    path.write_bytes(os.urandom(9000))


def half_a_header(path: Path) -> None:
    path.write_bytes(b"SQLite format 3\0")


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (other_database, NotARecording),
        (other_database_of_another_version, NotARecording),
        (text_file, NotARecording),
        (binary_file, NotARecording),
        (half_a_header, NotARecording),
        (newer_recording, NewerRecording),
    ],
)
def test_other_files_stay_as_they_are(
    tmp_path: Path, make: Callable[[Path], None], error: type[MemoryWatcherError]
) -> None:
    """Refused in one line that names the file; no byte of it changes, nothing lies beside it."""
    path = tmp_path / "a.db"
    make(path)
    before = content(tmp_path)
    with pytest.raises(error, match=r"a\.db: ") as raised:
        Writer(str(path))
    assert "\n" not in str(raised.value)
    assert content(tmp_path) == before


@pytest.mark.parametrize("make", [other_database, newer_recording])
def test_wal_of_other_programs_stays_as_it_is(tmp_path: Path, make: Callable[[Path], None]) -> None:
    """Not even what another program left in -wal is folded in by looking at it."""
    path = tmp_path / "a.db"
    make(path)
    left = tmp_path / "left"
    left.mkdir()
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("CREATE TABLE later (a)")
        for name in ("a.db", "a.db-wal"):
            shutil.copy(tmp_path / name, left / name)
    before = content(left)
    assert len(before["a.db-wal"]) > 0
    with pytest.raises(StoreError):
        Writer(str(left / "a.db"))
    assert content(left) == before


def test_damaged_recording(tmp_path: Path) -> None:
    """A recording cut in the middle is refused in words, and the lock is given back."""
    path = tmp_path / "a.db"
    record_something(path)
    with path.open("r+b") as file:
        file.truncate(8192)
    for _ in range(2):
        with pytest.raises(StoreError, match=r"a\.db: "), writing(path) as writer:
            tick(writer)
            writer.sample(writer.add_process(facts()), layout(entry(1)), 0)
            writer.commit()


def test_places_that_cannot_be_written(tmp_path: Path) -> None:
    """A missing folder, a folder in the file's place: CannotWrite says which."""
    with pytest.raises(CannotWrite, match="no folder"):
        Writer(str(tmp_path / "missing" / "a.db"))
    with pytest.raises(CannotWrite, match="it is a folder"):
        Writer(str(tmp_path))
    (tmp_path / "file").touch()
    with pytest.raises(CannotWrite, match="Not a directory"):
        Writer(str(tmp_path / "file" / "a.db"))


def test_read_only_folder_and_file(tmp_path: Path) -> None:
    """Without permission nothing is created: CannotWrite with the reason."""
    tmp_path.chmod(0o555)
    with unprivileged(), pytest.raises(CannotWrite, match="Permission denied"):
        Writer(str(tmp_path / "a.db"))
    tmp_path.chmod(0o700)
    assert [*tmp_path.iterdir()] == []


SECOND_RECORDER = """
import sys
from memory_watcher.errors import RecordingBusy
from memory_watcher.store.writer import Writer
from tests.unit.store.flat import Change
try:
    Writer(sys.argv[1])
except RecordingBusy as error:
    print(error)
"""


def test_second_recorder(tmp_path: Path) -> None:
    """Refused at once, from this process and another; the first one goes on, then it is free."""
    path = tmp_path / "a.db"
    with writing(path) as writer:
        tick(writer)
        with pytest.raises(RecordingBusy):
            Writer(str(path))
        answer = subprocess.run(
            [sys.executable, "-c", SECOND_RECORDER, str(path)],
            capture_output=True,
            text=True,
            check=True,
        )
        assert answer.stdout.strip() == (
            f"{path}: another recorder is writing to this file; choose another file"
        )
        assert answer.stderr == ""
        writer.sample(writer.add_process(facts()), layout(entry(1)), 0)
    assert len(rows(path, "SELECT * FROM readings")) == 1
    record_something(path)


def test_lock_is_given_back_after_a_refusal(tmp_path: Path) -> None:
    """A file that was refused can be replaced and used in the same process."""
    path = tmp_path / "a.db"
    text_file(path)
    with pytest.raises(NotARecording):
        Writer(str(path))
    path.write_bytes(b"")
    record_something(path)


# -- readers ------------------------------------------------------------------------------------


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite does not wait for locks: a test need not either."""
    real = sqlite3.connect

    def connect(*arguments: object, **options: object) -> sqlite3.Connection:
        return real(*arguments, **{**options, "timeout": 0})  # type: ignore[call-overload, no-any-return]

    monkeypatch.setattr(sqlite3, "connect", connect)


@pytest.mark.usefixtures("impatient")
def test_reader_in_the_middle_of_reading(tmp_path: Path) -> None:
    """A read transaction, however long, stops neither ticks nor commits nor the end.

    It goes on seeing what it saw; then everything is there, and the next run tidies up.
    """
    path = tmp_path / "a.db"
    writer = Writer(str(path))
    writer.start_run(MACHINE, 100, ["x"])
    tick(writer, 1)
    process_id = writer.add_process(facts())
    writer.sample(process_id, layout(entry(1)), 0)
    writer.commit()
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        assert reader.execute("SELECT count(*) FROM readings").fetchone() == (1,)
        for number in range(2, 50):
            tick(writer, number)
            writer.sample(process_id, Sample(Reading(), LayoutState.NOT_TAKEN), 0)
            writer.commit()
        assert writer.close("SIGINT") is False
        assert reader.execute("SELECT count(*) FROM readings").fetchone() == (1,)
        with Recording(path) as recording:
            assert len(list(recording.measurements(process_id))) == 49
            assert recording.runs()[0].end_reason == "SIGINT"
    record_something(path)
    assert [*content(tmp_path)] == ["a.db"]
    assert rows(path, "SELECT count(*) FROM readings") == [(50,)]


@pytest.mark.usefixtures("impatient")
def test_program_that_locks_the_file_for_writing(tmp_path: Path) -> None:
    """Another program's write transaction: CannotWrite says so; what was committed is there."""
    path = tmp_path / "a.db"
    locked = pytest.raises(CannotWrite, match="another program keeps it locked")
    with locked, writing(path, reason=None) as writer:
        tick(writer)
        writer.sample(writer.add_process(facts()), layout(entry(1)), 0)
        writer.commit()
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            tick(writer, 2)
    assert rows(path, "SELECT count(*) FROM readings") == [(1,)]


# -- a full disk --------------------------------------------------------------------------------


def check_full(path: Path, written: int) -> None:
    with Recording(path) as recording:
        measurements = [
            measurement
            for process in recording.processes()
            for measurement in recording.measurements(process.id)
        ]
        assert len(measurements) == written
        for measurement in measurements:
            assert len(recording.layout(measurement.id)) == 50


def write_until_full(writer: Writer) -> int:
    done = 0
    process_id = 0
    with pytest.raises(CannotWrite, match="the disk is full; what was committed is kept"):
        for number in range(1, 10_000):
            tick(writer, number)
            process_id = writer.add_process(facts(start_time=number))
            entries = [entry(each, pathname=f"/{number}/{each}") for each in range(50)]
            writer.sample(process_id, layout(*entries), 0)
            writer.commit()
            done = number
    return done


def test_full_disk_by_the_databases_own_limit(tmp_path: Path) -> None:
    """SQLite's answer to a full disk: CannotWrite; what was committed can be read."""
    path = tmp_path / "a.db"
    writer = Writer(str(path))
    writer.start_run(MACHINE, 100, ["x"])
    writer._file._guard.allow_all()
    writer._file.connection.execute("PRAGMA max_page_count = 100")
    done = write_until_full(writer)
    assert writer.close(None)
    assert done > 1
    check_full(path, done)
    assert rows(path, "SELECT last_tick FROM runs") == [(None,)]


@contextlib.contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """A file system of its own; the test is skipped where it cannot be mounted."""
    disk = folder / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small file system takes root and CAP_SYS_ADMIN")
    try:
        yield disk
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_full_disk(tmp_path: Path) -> None:
    """A real file system without room: CannotWrite; what was committed can be read, and added to.

    Also where there is no room even to fold the -wal file in.
    """
    with small_disk(tmp_path, "512k") as disk:
        path = disk / "a.db"
        writer = Writer(str(path))
        writer.start_run(MACHINE, 100, ["x"])
        done = write_until_full(writer)
        writer.close(None)
        assert done > 1
        check_full(path, done)
        subprocess.run(["mount", "-o", "remount,size=4m", str(disk)], check=True)
        record_something(path, pid=8)
        assert rows(path, "PRAGMA integrity_check") == [("ok",)]
        assert rows(path, "SELECT count(*) FROM readings") == [(done + 1,)]
        assert rows(path, "SELECT end_reason FROM runs") == [("killed",), ("SIGINT",)]


def test_full_disk_from_the_start(tmp_path: Path) -> None:
    """No room even for the empty recording: CannotWrite, and the lock is given back."""
    with small_disk(tmp_path, "16k") as disk:
        for _ in range(2):
            with pytest.raises(CannotWrite, match=r"a\.db: "):
                Writer(str(disk / "a.db"))


# -- what is stored -----------------------------------------------------------------------------


def test_second_run_adds(tmp_path: Path) -> None:
    """Ticks go on, the same machine and process are found again, another boot's are not."""
    path = tmp_path / "a.db"
    for machine in (MACHINE, MACHINE, Machine("later", "host", "6.18", 4096)):
        writer = Writer(str(path))
        writer.start_run(machine, 100, ["x"])
        tick(writer)
        writer.sample(writer.add_process(facts()), layout(entry(1)), 0)
        assert writer.close("SIGINT")
    assert rows(path, "SELECT id, run_id FROM ticks") == [(1, 1), (2, 2), (3, 3)]
    assert rows(path, "SELECT first_tick, last_tick FROM runs") == [(1, 1), (2, 2), (3, 3)]
    assert rows(path, "SELECT machine_id, pid FROM processes") == [(1, 7), (2, 7)]
    assert rows(path, "SELECT process_id FROM readings") == [(1,), (1,), (2,)]


def test_machine_that_is_not_known(tmp_path: Path) -> None:
    """A loaded capture's machine is all NULL, and one row however many are loaded."""
    path = tmp_path / "a.db"
    for _ in range(2):
        writer = Writer(str(path))
        writer.start_run(Machine(None, None, None, None), None, ["x"])
        assert writer.close("loaded")
    assert rows(path, "SELECT boot_id, hostname, kernel, page_size FROM machines") == [(None,) * 4]


def test_run(tmp_path: Path) -> None:
    """Period, command quoted as for a shell, version, and what the recorder used."""
    path = tmp_path / "a.db"
    writer = Writer(str(path))
    writer.start_run(MACHINE, 100, ["memory-record", "a b", "\udcff"])
    assert writer.close("SIGTERM", cpu_ns=5, rss=6)
    assert rows(path, "SELECT period_ns, command_line, end_reason, cpu_ns, peak_rss FROM runs") == [
        (100, "memory-record 'a b' '\udcff'", "SIGTERM", 5, 6)
    ]
    assert rows(path, "SELECT first_tick, last_tick FROM runs") == [(1, 0)]


def test_only_changes_are_stored(tmp_path: Path) -> None:
    """A layout that does not change costs no usage row; one figure that does costs one."""
    path = tmp_path / "a.db"
    entries = [entry(number) for number in range(100)]
    with writing(path) as writer:
        tick(writer, 1)
        process_id = writer.add_process(facts())
        writer.sample(process_id, layout(*entries), 0)
        for number in range(2, 12):
            tick(writer, number)
            change = WholeLayout(list(entries))
            change.added = []
            if number == 7:
                change.added, change.removed = [entry(5, rss=8 * KI)], [entries[5]]
            writer.sample(process_id, Sample(Reading(), LayoutState.EXACT, change), 0)
    assert rows(path, "SELECT count(*), min(last_tick), max(last_tick) FROM usages") == [
        (101, 6, 11)
    ]
    assert rows(path, "SELECT first_tick, rss FROM usages WHERE rss > 4096") == [(7, 8 * KI)]
    assert rows(path, "SELECT count(*) FROM mappings") == [(100,)]
    assert rows(path, "SELECT count(*) FROM paths") == [(1,)]
    assert rows(path, "SELECT count(*) FROM details") == [(1,)]


def test_keyframes(tmp_path: Path) -> None:
    """However long the recording, a layout is found among a few times its own number of rows."""
    figures = [(each.mapping, each.usage) for each in map(entry, range(50))]
    change = Change([], figures, renew=False)
    with writing(tmp_path / "a.db") as writer:
        tick(writer, 1)
        process_id = writer.add_process(facts())
        writer.sample(process_id, Sample(Reading(), LayoutState.EXACT, change), 0)
        for number in range(2, 400):
            tick(writer, number)
            figures[number % 50] = figures[number % 50][0], Usage(rss=1000 * number)
            change = Change(change.entries(), figures, renew=False)
            writer.sample(process_id, Sample(Reading(), LayoutState.EXACT, change), 0)
    path = tmp_path / "a.db"
    found = rows(
        path,
        "SELECT (SELECT count(*) FROM usages WHERE first_tick BETWEEN r.keyframe AND r.tick)"
        " FROM readings AS r",
    )
    assert max(found) <= (KEYFRAME_ROWS_PER_MAPPING * 50,)
    assert rows(path, "SELECT count(DISTINCT keyframe) FROM readings") == [(2,)]
    assert rows(path, "SELECT count(*) FROM usages") == [(50 + 350 + 50 + 47,)]


def test_numbers_above_half_of_the_range(tmp_path: Path) -> None:
    """Addresses, offsets and inodes above 2^63 are stored less 2^64."""
    top = 2**64 - 4096
    mapping = Mapping(top, top + 4095, "--xp", top, 0xFFF << 20, 2**64 - 1, "[vsyscall]")
    with writing(tmp_path / "a.db") as writer:
        tick(writer)
        usage = MappingUsage(mapping, Usage())
        writer.sample(writer.add_process(facts()), layout(usage), 0)
    assert rows(tmp_path / "a.db", 'SELECT "start", "end", "offset", dev, inode FROM mappings') == [
        (-4096, -1, -4096, 0xFFF << 20, -1)
    ]


def test_absent_is_null(tmp_path: Path) -> None:
    """What was not reported is NULL, and not 0."""
    with writing(tmp_path / "a.db") as writer:
        tick(writer)
        process_id = writer.add_process(ProcessFacts(ProcessKey(7, 1), Image("x")))
        writer.sample(process_id, Sample(Reading(), LayoutState.NO_PERMISSION), None)
    (reading,) = rows(tmp_path / "a.db", "SELECT * FROM readings")
    assert reading[:5] == (1, 1, 1, None, LayoutState.NO_PERMISSION.value)
    assert set(reading[5:]) == {None}
    assert rows(tmp_path / "a.db", "SELECT parent_pid, uid, cgroup, end_tick FROM processes") == [
        (None, None, None, None)
    ]


def test_meaning_of_states_is_in_the_file(tmp_path: Path) -> None:
    """Whoever reads the file by SQL finds what each layout_state means."""
    record_something(tmp_path / "a.db")
    assert rows(tmp_path / "a.db", "SELECT * FROM layout_states") == [
        (state.value, state.label, state.meaning) for state in LayoutState
    ]


def executes(writer: Writer, process_id: int, image: Image) -> None:
    """An execve that this tick found."""
    writer.sample(process_id, Sample(Reading(), LayoutState.NOT_TAKEN, image=image), 0)


def test_images(tmp_path: Path) -> None:
    """An execve is a new row from its tick on; names may be any bytes."""
    with writing(tmp_path / "a.db") as writer:
        tick(writer, 1)
        process_id = writer.add_process(facts(name="first"))
        tick(writer, 2)
        executes(writer, process_id, Image("x\udcff", ("a b", "c"), "/x (deleted)"))
        tick(writer, 3)
        executes(writer, process_id, Image("y", None, None))
    assert rows(tmp_path / "a.db", "SELECT * FROM images") == [
        (1, 1, "first", None, None),
        (1, 2, "x\\xff", "'a b' c", "/x (deleted)"),
        (1, 3, "y", None, None),
    ]


def test_distinct_command_lines_are_stored_once(tmp_path: Path) -> None:
    """A title that comes back is the row that it was: over processes and runs, too."""
    path = tmp_path / "a.db"
    titles = ["idle", "SELECT \udcff", "x" * 5000]
    for start in range(2):
        with writing(path) as writer:
            tick(writer, 100 * start)
            for pid in (7, 8):
                process_id = writer.add_process(facts(pid=pid))
                for number in range(30):
                    tick(writer, 100 * start + 1 + number)
                    line = (titles[number % 3],)
                    executes(writer, process_id, Image("postgres", line, "/bin/postgres"))
    assert rows(path, "SELECT count(*), count(DISTINCT command_line) FROM command_lines") == [
        (3, 3)
    ]
    assert rows(path, "SELECT count(*) FROM paths WHERE pathname = '/bin/postgres'") == [(1,)]
    with Recording(path) as recording:
        for process in recording.processes():
            lines = [image.command_line for image in process.images if image.command_line]
            assert lines[:3] == [shlex.join([title]) for title in titles]
            assert len(lines) >= 60
            assert {image.exe for image in process.images if image.command_line} == {
                "/bin/postgres"
            }


def test_remembered_command_lines_are_bounded(tmp_path: Path) -> None:
    """Titles that never come back do not make the recorder grow; each is stored all the same."""
    with closing(WritableFile(str(tmp_path / "a.db"))) as file:
        texts = Texts(Transaction(file))
        numbers = {texts.number("command_lines", b"title %d" % number) for number in range(5000)}
        assert len(numbers) == 5000
        assert texts.number("command_lines", b"title 0") in numbers
        assert texts.remembered("command_lines") <= 4097
        file.connection.commit()
    (count,) = rows(tmp_path / "a.db", "SELECT count(*) FROM command_lines")
    assert count == (5000,)


def test_process_that_ended(tmp_path: Path) -> None:
    """Its usages end with the tick before the one that found it ended."""
    with writing(tmp_path / "a.db") as writer:
        tick(writer, 1)
        process_id = writer.add_process(facts())
        writer.sample(process_id, layout(entry(1)), 0)
        for number in (2, 3):
            tick(writer, number)
        writer.end_process(process_id)
        tick(writer, 4)
    assert rows(tmp_path / "a.db", "SELECT end_tick FROM processes") == [(3,)]
    assert rows(tmp_path / "a.db", "SELECT first_tick, last_tick FROM usages") == [(1, 2)]


def test_system_memory(tmp_path: Path) -> None:
    """A row per field and change; names are stored once, over runs too."""
    for value in (5, 6):
        with writing(tmp_path / "a.db") as writer:
            tick(writer)
            writer.system_memory(SystemMemory({"MemFree": value, "HugePages_Free": 0}))
            tick(writer)
            writer.system_memory(SystemMemory({}))
    assert rows(tmp_path / "a.db", "SELECT name FROM meminfo_fields") == [
        ("MemFree",),
        ("HugePages_Free",),
    ]
    assert rows(tmp_path / "a.db", "SELECT first_tick, value FROM meminfo WHERE field_id = 1") == [
        (1, 5),
        (3, 6),
    ]


def test_closing_ends_the_connection(tmp_path: Path) -> None:
    """After `close` nothing is open: neither the database nor the lock."""
    with writing(tmp_path / "a.db") as writer:
        tick(writer)
    held = []
    for name in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):
            held.append(os.readlink(f"/proc/self/fd/{name}"))
    assert not [path for path in held if path.startswith(str(tmp_path))]


def test_next_run_of_the_same_program_is_no_execve(tmp_path: Path) -> None:
    """A process has a row in images for each execve or new name, not for each run."""
    path = tmp_path / "a.db"
    odd = Image("a\udcff\nb", ("run", "with space", "\udcfe"), "/a\udcff (deleted)")
    for image in (odd, odd, odd, Image("other"), Image("other"), odd):
        with writing(path) as writer:
            tick(writer)
            writer.add_process(ProcessFacts(ProcessKey(7, 1), image))
    assert rows(path, "SELECT first_tick FROM images ORDER BY 1") == [(1,), (4,), (6,)]
    with Recording(path) as recording:
        assert [image.name for image in recording.process().images] == [odd.name, "other", odd.name]


def test_member_that_ends_after_it_was_read(tmp_path: Path) -> None:
    """It was in the pass of its last tick: its figures are stored, also where they are the same."""
    path = tmp_path / "a.db"
    sums = Pass(1000, 2, 0, 0, 1, private=5, rss=30, pss=20 * 2**20, uss=10, swap_pss=None)
    with writing(path) as writer:
        tick(writer)
        first, second = writer.add_process(facts(7)), writer.add_process(facts(8))
        big = Member(Rollup(16 * 2**20, 15 * 2**20, 0, 0))
        small = Member(Rollup(5 * 2**20, 5 * 2**20, 0, 0))
        writer.take_pass(sums, {first: small, second: big})
        tick(writer, 2)
        writer.end_process(second)
        writer.take_pass(sums, {first: small, second: big})
        tick(writer, 3)
        writer.take_pass(replace(sums, processes=1, pss=5 * 2**20), {first: small})
    with Recording(path) as recording:
        passes = read(recording)
    assert passes.faults() == {}
    assert [each.processes for each in passes.sums] == [2, 2, 1]
    assert [each.sums.pss for each in passes.sums] == [20 * 2**20, 20 * 2**20, 5 * 2**20]


def test_passes(tmp_path: Path) -> None:
    """Sums stand at their tick; a member's figures when they changed, and NULL if unread."""
    path = tmp_path / "a.db"
    sums = Pass(1000, 2, 0, 4096, 1, private=5, rss=30, pss=20, uss=10, swap_pss=None)
    with writing(path) as writer:
        tick(writer)
        first, second = writer.add_process(facts(7)), writer.add_process(facts(8))
        members = {first: Member(Rollup(10, 9, 8, 0)), second: Member(Rollup(20, 11, 2, 0), False)}
        writer.take_pass(sums, members)
        tick(writer, 2)
        writer.take_pass(sums, members | {second: Member(Rollup())})
        writer.group_mark(2500, 77, 2)
    with writing(path) as writer:
        tick(writer, 3)
        writer.add_process(facts(7))
        writer.take_pass(sums, {first: members[first]})
    assert rows(path, "SELECT * FROM passes") == [
        (number, 1000, 2, 0, 4096, 1, 5, 30, 20, 10, None) for number in (1, 2, 3)
    ]
    # The second run writes anew what has not changed: what the first knew may be long out of date.
    assert rows(path, "SELECT * FROM rollups ORDER BY first_tick, process_id") == [
        (1, 1, 1, 10, 9, 8, 0),
        (2, 1, 0, 20, 11, 2, 0),
        (2, 2, 1, None, None, None, None),
        (1, 3, 1, 10, 9, 8, 0),
    ]
    assert rows(path, "SELECT * FROM group_marks") == [(2500, 1, 77, 2)]


def test_causes_of_ticks_are_stored_by_their_words(tmp_path: Path) -> None:
    """As the schema lists them: each of them, and none besides; None for a deadline."""
    causes = [None, *Cause]
    writer = Writer(str(tmp_path / "a.db"))
    writer.start_run(MACHINE, 1, ["test"])
    for number, cause in enumerate(causes):
        writer.tick(Tick(number, number, 0, cause=cause))
    writer.close("done")
    with closing(sqlite3.connect(tmp_path / "a.db")) as connection:
        stored = connection.execute("SELECT cause, typeof(cause) FROM ticks ORDER BY id").fetchall()
    assert stored == [(None, "null"), *((cause.value, "text") for cause in Cause)]
    told = schema.TABLES.split("    cause TEXT,")[1].split("unchanged INTEGER")[0]
    assert set(re.findall(r"'(\w+)'", told)) == {cause.value for cause in Cause}
