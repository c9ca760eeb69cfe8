"""Opening a recording: what is refused, and that nothing is created or changed."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from memory_watcher.errors import NewerRecording, NotARecording, RecordingNotFound, StoreError
from memory_watcher.model import Usage
from memory_watcher.store import schema
from memory_watcher.store.recording import Recording
from tests.recordings import KI, RecordingBuilder, mapping
from tests.rights import unprivileged

ONE_MAPPING = [(mapping(0x1000), Usage(rss=4 * KI, pss=4 * KI))]


@pytest.fixture
def folder() -> Iterator[Path]:
    """Provide a folder that others may enter, which pytest's own is not."""
    path = Path(tempfile.mkdtemp())
    path.chmod(0o755)
    yield path
    path.chmod(0o755)
    shutil.rmtree(path)


def small_recording(path: Path, *, wal: bool = False) -> RecordingBuilder:
    """Make a recording of one process with one measurement, still open for writing."""
    builder = RecordingBuilder(path)
    if wal:
        builder.execute("PRAGMA journal_mode = WAL")
    process = builder.process(4711)
    builder.tick()
    builder.layout(process, ONE_MAPPING)
    return builder


def killed_recording(folder: Path, *, shm: bool = True) -> Path:
    """Make what a killed recorder leaves: the last measurement is in -wal only."""
    origin = folder / "origin.db"
    builder = small_recording(origin, wal=True)
    path = folder / "killed.db"
    for suffix in ("", "-wal", "-shm") if shm else ("", "-wal"):
        shutil.copy(f"{origin}{suffix}", f"{path}{suffix}")
        Path(f"{path}{suffix}").chmod(0o644)
    builder.close()
    origin.unlink()
    return path


def contents(folder: Path) -> dict[str, bytes]:
    """All files but -shm, which is SQLite's shared memory and holds nothing of its own."""
    return {
        path.name: path.read_bytes()
        for path in folder.iterdir()
        if path.is_file() and not path.name.endswith("-shm")
    }


def measurements(path: Path | str) -> int:
    with Recording(path) as recording:
        (process,) = recording.processes()
        return len(list(recording.measurements(process.id)))


def test_a_missing_file_is_refused_and_not_created(tmp_path: Path) -> None:
    """Asking for a recording that is not there names it and leaves the folder empty."""
    with pytest.raises(RecordingNotFound, match=r"none\.db: no such recording"):
        Recording(tmp_path / "none.db")
    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    """A file in a folder that is not there, or that is a file, is not found."""
    (tmp_path / "file").write_bytes(b"x")
    for path in (tmp_path / "none" / "a.db", tmp_path / "file" / "a.db"):
        with pytest.raises(RecordingNotFound):
            Recording(path)


def test_a_directory_is_refused(tmp_path: Path) -> None:
    """A directory is called one."""
    with pytest.raises(NotARecording, match="a directory"):
        Recording(tmp_path)


def test_a_pipe_is_refused_without_waiting_for_it(tmp_path: Path) -> None:
    """Opening a pipe would wait for its writer."""
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(NotARecording, match="not a regular file"):
        Recording(tmp_path / "pipe")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "an empty file"),
        (b"just some text, longer than a header" * 100, "not a recording"),
        (b"SQLite format 3\0" + b"\xff" * 4096, "not a recording"),
    ],
)
def test_a_file_that_is_not_sqlite_is_refused(tmp_path: Path, data: bytes, words: str) -> None:
    """Whatever the file holds, it is one clear line and the file stays as it was."""
    path = tmp_path / "a.db"
    path.write_bytes(data)
    with pytest.raises(NotARecording, match=words) as error:
        Recording(path)
    assert "\n" not in str(error.value)
    assert contents(tmp_path) == {"a.db": data}


def test_sqlite_without_a_recording_is_refused(tmp_path: Path) -> None:
    """Another program's database is no recording."""
    path = tmp_path / "a.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE measurement (id)")
    connection.close()
    with pytest.raises(NotARecording, match="not a memory-watcher recording"):
        Recording(path)


def test_a_newer_version_is_refused_and_stays_as_it_is(tmp_path: Path) -> None:
    """A newer format is never guessed at."""
    builder = small_recording(tmp_path / "a.db")
    builder.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    path = builder.close()
    before = contents(tmp_path)
    with pytest.raises(NewerRecording, match="newer"):
        Recording(path)
    assert contents(tmp_path) == before


def test_no_permission_is_said(folder: Path) -> None:
    """A file or a folder that may not be read is named as such, not as a missing one."""
    path = small_recording(folder / "a.db").close()
    path.chmod(0)
    with unprivileged(), pytest.raises(StoreError, match="no permission to read"):
        Recording(path)
    path.chmod(0o644)
    folder.chmod(0)
    with unprivileged(), pytest.raises(StoreError, match="no permission"):
        Recording(path)


def test_a_damaged_file_is_said(tmp_path: Path) -> None:
    """Pages that make no sense end in one line, not in a traceback."""
    builder = small_recording(tmp_path / "a.db")
    builder.execute("PRAGMA wal_checkpoint")
    path = builder.close()
    data = bytearray(path.read_bytes())
    data[4096:] = b"\xa5" * (len(data) - 4096)
    path.write_bytes(data)
    with pytest.raises(StoreError, match="cannot be read"):
        measurements(path)


def test_a_closed_recording_says_so(tmp_path: Path) -> None:
    """After `with`, questions are refused."""
    path = small_recording(tmp_path / "a.db").close()
    with Recording(path) as recording:
        pass
    recording.close()
    with pytest.raises(StoreError, match="closed"):
        recording.processes()


@pytest.mark.parametrize(
    "name", ["a?mode=rwc&b.db", "100%25 #1.db", "é ✓.db", "latin\udce9.db", "file:a.db", "-a.db"]
)
def test_any_file_name_opens(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A path is only ever a path, whatever SQLite's URIs make of its characters."""
    small_recording(tmp_path / "a.db").close().rename(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    assert measurements(name) == 1
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_reading_a_closed_recording_creates_nothing(tmp_path: Path) -> None:
    """Also in WAL mode, in which SQLite would leave -wal and -shm beside the file."""
    path = small_recording(tmp_path / "a.db", wal=True).close()
    before = contents(tmp_path)
    assert list(before) == ["a.db"]
    assert measurements(path) == 1
    assert contents(tmp_path) == before
    assert [path.name for path in tmp_path.iterdir()] == ["a.db"]


@pytest.mark.parametrize("wal", [False, True])
def test_a_read_only_folder_is_enough(folder: Path, wal: bool) -> None:
    """A recording on read-only media opens."""
    path = small_recording(folder / "a.db", wal=wal).close()
    path.chmod(0o444)
    folder.chmod(0o555)
    with unprivileged():
        assert measurements(path) == 1


@pytest.mark.parametrize("shm", [True, False])
def test_after_a_recorder_was_killed_all_that_was_committed_is_there(
    tmp_path: Path, shm: bool
) -> None:
    """What was committed into -wal is read, and both files stay as they were."""
    path = killed_recording(tmp_path, shm=shm)
    before = contents(tmp_path)
    assert sorted(before) == ["killed.db", "killed.db-wal"]
    assert measurements(path) == 1
    assert contents(tmp_path) == before


def test_after_a_recorder_was_killed_a_read_only_folder_is_enough(folder: Path) -> None:
    """With -wal and -shm there, nothing needs to be written."""
    path = killed_recording(folder)
    folder.chmod(0o555)
    with unprivileged():
        assert measurements(path) == 1


def test_a_wal_is_read_in_a_folder_that_cannot_be_written(folder: Path) -> None:
    """Never a recording without its last measurements: the index of -wal is made in memory."""
    path = killed_recording(folder, shm=False)
    folder.chmod(0o555)
    with unprivileged():
        assert measurements(path) == 1


def test_a_symbolic_link_leads_to_the_wal_as_well(tmp_path: Path) -> None:
    """The -wal file lies beside the file itself, not beside the link."""
    (tmp_path / "there").mkdir()
    path = killed_recording(tmp_path / "there")
    (tmp_path / "link.db").symlink_to(path)
    assert measurements(tmp_path / "link.db") == 1


def test_reading_while_a_recorder_writes(tmp_path: Path) -> None:
    """A reader sees what is committed at each question, and never more."""
    path = tmp_path / "a.db"
    builder = small_recording(path, wal=True)
    with Recording(path) as recording:
        (process,) = recording.processes()
        builder.execute("BEGIN")
        builder.tick()
        builder.layout(process.id, ONE_MAPPING)
        assert len(list(recording.measurements(process.id))) == 1
        builder.execute("COMMIT")
        assert len(list(recording.measurements(process.id))) == 2
    builder.close()


def test_a_slow_reader_does_not_hold_the_recorder_up(tmp_path: Path) -> None:
    """However long a reader takes between two measurements, -wal can be folded in meanwhile."""
    path = tmp_path / "a.db"
    builder = small_recording(path, wal=True)
    builder.tick()
    builder.layout(1, ONE_MAPPING)
    with Recording(path) as recording:
        slow = recording.measurements(1)
        next(slow)
        builder.tick()
        (busy, *_) = builder.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        assert busy == 0
        assert len(list(slow)) == 1
    builder.close()


@pytest.mark.parametrize("close", [False, True])
def test_a_recorder_that_starts_after_the_reader_is_noticed(tmp_path: Path, close: bool) -> None:
    """A file opened as one that nobody writes is opened anew when somebody does."""
    path = small_recording(tmp_path / "a.db").close()
    with Recording(path) as recording:
        assert len(list(recording.measurements(1))) == 1
        writer = sqlite3.connect(path, isolation_level=None)
        writer.execute("PRAGMA journal_mode = WAL")
        writer.execute("INSERT INTO ticks (id, run_id, time_ns, skipped) VALUES (2, 1, 9, 0)")
        writer.execute("INSERT INTO readings (process_id, tick, layout_state) VALUES (1, 2, 4)")
        if close:
            writer.close()
        assert len(list(recording.measurements(1))) == 2
        writer.close()


def test_a_file_replaced_by_another_is_noticed(tmp_path: Path) -> None:
    """Answers never mix two files: the new one is read."""
    path = small_recording(tmp_path / "a.db").close()
    other = RecordingBuilder(tmp_path / "b.db")
    other.process(1, "other")
    other.close()
    with Recording(path) as recording:
        assert recording.processes()[0].name == "firefox"
        (tmp_path / "b.db").rename(path)
        assert recording.processes()[0].name == "other"
        path.unlink()
        with pytest.raises(RecordingNotFound):
            recording.processes()
