"""The life of a file that is written: its end, and what becomes of one that goes away."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from memory_watcher.errors import CannotWrite, RecordingBusy, RecordingMoved
from memory_watcher.model import Tick
from memory_watcher.store.connection import WritableFile
from memory_watcher.store.readonly import ReadOnlyDatabase
from memory_watcher.store.writer import Writer
from tests.unit.store.flat import MACHINE


def begin(path: Path) -> Writer:
    """A recorder that has committed one tick, and stored another."""
    writer = Writer(str(path))
    writer.start_run(MACHINE, 100, ["test"])
    writer.tick(Tick(time_ns=1, monotonic_ns=1, late_ns=0))
    writer.commit()
    writer.tick(Tick(time_ns=2, monotonic_ns=2, late_ns=0))
    return writer


def ticks(path: Path | str) -> int:
    database = ReadOnlyDatabase(path)
    try:
        return len(database.rows("SELECT id FROM ticks"))
    finally:
        database.close()


# -- the end --------------------------------------------------------------------------------------


def test_a_reader_keeps_the_wal(tmp_path: Path) -> None:
    """A reader that holds on is named as the reason."""
    path = tmp_path / "a.db"
    writer = begin(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM ticks").fetchall()
        assert not writer.close("SIGINT")
    assert writer.why_wal_is_kept == (
        f"another program still has {path} open: keep {path}-wal next to it, it holds part of the"
        " recording"
    )
    assert ticks(path) == 2


def test_nothing_is_left(tmp_path: Path) -> None:
    """Without a reader there is one file, in the mode for read-only media, and nothing to say."""
    path = tmp_path / "a.db"
    writer = begin(path)
    assert writer.close("SIGINT")
    assert writer.why_wal_is_kept is None
    assert os.listdir(tmp_path) == ["a.db"]
    assert path.read_bytes()[18:20] == b"\1\1"


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        ("database or disk is full", "the disk is full"),
        ("disk I/O error", "disk I/O error"),
    ],
)
def test_disk_at_the_end(tmp_path: Path, error: str, reason: str) -> None:
    """A full disk, or one that fails, is told as that, not as a reader."""
    file = WritableFile(str(tmp_path / "a.db"))
    connection = file.connection

    class Failing:
        def execute(self, *_: object) -> None:
            raise sqlite3.OperationalError(error)

    file.connection = Failing()  # type: ignore[assignment]
    why = file._fold()
    assert why is not None
    assert f"{reason}; keep its -wal file" in why
    assert "reader" not in why
    file.connection = connection
    file.close()


# -- a new file -----------------------------------------------------------------------------------


def test_complete_from_its_first_instant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the name appears there is a recording under it, in WAL mode already."""
    seen: list[tuple[str, bytes]] = []
    link = os.link

    def watched(source: str, target: str, *, src_dir_fd: int) -> None:
        link(source, target, src_dir_fd=src_dir_fd)
        seen.append((target, Path(target).read_bytes()))

    monkeypatch.setattr(os, "link", watched)
    path = tmp_path / "a.db"
    Writer(str(path)).close(None)
    ((name, data),) = seen
    assert name == str(path)
    assert data[18:20] == b"\2\2"
    copy = tmp_path / "copy.db"
    copy.write_bytes(data)
    assert ticks(copy) == 0


def test_where_there_are_no_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Filesystems without hard links do, too."""

    def refused(*_: object, **__: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refused)
    path = tmp_path / "a.db"
    assert begin(path).close("SIGINT")
    assert os.listdir(tmp_path) == ["a.db"]


@pytest.mark.parametrize("suffix", ["-wal", "-shm", "-journal"])
def test_a_new_file_beside_what_another_left(tmp_path: Path, suffix: str) -> None:
    """SQLite would put a -wal that lies there into the new file: refused, and all stays."""
    left = tmp_path / f"a.db{suffix}"
    left.write_bytes(b"something of another recording's")
    with pytest.raises(CannotWrite, match=f"a.db{suffix} lies there.*moved or deleted"):
        Writer(str(tmp_path / "a.db"))
    assert os.listdir(tmp_path) == [left.name]


# -- the file goes away ---------------------------------------------------------------------------


def test_deleted(tmp_path: Path) -> None:
    """The recorder stops at its next commit, and saves what was committed until then."""
    path = tmp_path / "a.db"
    writer = begin(path)
    path.unlink()
    with pytest.raises(RecordingMoved, match=r"deleted while.*saved in .*\.saved .*/proc/") as said:
        writer.commit()
    writer.close(None)
    (saved,) = os.listdir(tmp_path)
    assert saved in str(said.value)
    assert ticks(tmp_path / saved) == 1
    assert (tmp_path / saved).stat().st_mode & 0o777 == 0o600


def test_replaced(tmp_path: Path) -> None:
    """What another program puts in its place is not touched, and not taken for the recording."""
    path = tmp_path / "a.db"
    writer = begin(path)
    (tmp_path / "other").write_bytes(b"another file")
    (tmp_path / "other").replace(path)
    with pytest.raises(RecordingMoved, match=r"replaced while it was recorded.*saved in"):
        writer.commit()
    assert path.read_bytes() == b"another file"
    assert len(os.listdir(tmp_path)) == 2


def test_renamed(tmp_path: Path) -> None:
    """The file under its new name is whole, and nothing is left beside the old name."""
    path, new = tmp_path / "a.db", tmp_path / "new.db"
    writer = begin(path)
    path.rename(new)
    with pytest.raises(RecordingMoved, match=f"renamed while it was recorded.*is in {new}"):
        writer.commit()
    assert os.listdir(tmp_path) == ["new.db"]
    assert ticks(new) == 1


def test_renamed_at_the_end(tmp_path: Path) -> None:
    """Also when that is found out only when it ends."""
    path, new = tmp_path / "a.db", tmp_path / "new.db"
    writer = begin(path)
    writer.commit()
    path.rename(new)
    with pytest.raises(RecordingMoved):
        writer.close("SIGINT")
    assert ticks(new) == 2


def test_only_the_wal_goes_away(tmp_path: Path) -> None:
    """What is committed would go into a file that nobody finds: all is put into the recording."""
    path = tmp_path / "a.db"
    writer = begin(path)
    Path(f"{path}-wal").unlink()
    with pytest.raises(RecordingMoved, match=f"-wal was deleted.*is in {path}"):
        writer.commit()
    assert ticks(path) == 1


def test_two_recorders_never_share_a_wal(tmp_path: Path) -> None:
    """A file that was renamed while it is written keeps its -wal; none is written in its place."""
    path = tmp_path / "a.db"
    writer = begin(path)
    path.rename(tmp_path / "new.db")
    with pytest.raises(CannotWrite, match="-wal lies there"):
        Writer(str(path))
    other = tmp_path / "other.db"
    Writer(str(other)).close(None)
    other.rename(path)
    with pytest.raises(RecordingBusy, match="renamed is still writing"):
        Writer(str(path))
    with pytest.raises(RecordingMoved):
        writer.commit()
    assert ticks(tmp_path / "new.db") == 1
    begin(path).close("SIGINT")
    assert ticks(path) == 2


def test_all_is_moved_and_another_starts(tmp_path: Path) -> None:
    """One that stops leaves alone what another recorder has beside its file by then."""
    path = tmp_path / "a.db"
    first = begin(path)
    (tmp_path / "old").mkdir()
    for suffix in ("", "-wal", "-shm"):
        os.rename(f"{path}{suffix}", tmp_path / "old" / f"a.db{suffix}")
    second = begin(path)
    with pytest.raises(RecordingMoved):
        first.commit()
    first.close(None)
    second.commit()
    assert sorted(os.listdir(tmp_path)) == ["a.db", "a.db-shm", "a.db-wal", "old"]
    assert second.close("SIGINT")
    assert ticks(path) == 2
    assert ticks(tmp_path / "old" / "a.db") == 1


def test_two_names(tmp_path: Path) -> None:
    """What lies beside a file goes by one of its names: with two, it is not written to."""
    path = tmp_path / "a.db"
    begin(path).close("SIGINT")
    os.link(path, tmp_path / "b.db")
    for name in ("a.db", "b.db"):
        with pytest.raises(CannotWrite, match="2 names"):
            Writer(str(tmp_path / name))


# -- packing --------------------------------------------------------------------------------------


def test_only_what_is_wholly_ours_is_packed(tmp_path: Path) -> None:
    """VACUUM runs the statements of a schema, so one with anything else in it is left as it is."""
    path = tmp_path / "a.db"
    begin(path).close("SIGINT")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("CREATE TABLE notes (x)")
        other.execute("INSERT INTO notes VALUES (zeroblob(100000))")
        other.execute("DELETE FROM notes")
    size = path.stat().st_size
    begin(path).close("SIGINT")
    assert path.stat().st_size >= size
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("DROP TABLE notes")
    begin(path).close("SIGINT")
    assert path.stat().st_size < size - 90000


# -- a -wal of another file -----------------------------------------------------------------------


@pytest.mark.parametrize("left", [b"", b"nothing", os.urandom(70_000), None])
def test_a_wal_beside_a_file_that_was_closed(tmp_path: Path, left: bytes | None) -> None:
    """It is of another recording: readers pass over it, a recorder refuses and leaves both.

    SQLite would take the rows of the other recording for this one's.
    """
    path, wal = tmp_path / "a.db", tmp_path / "a.db-wal"
    begin(path).close("SIGINT")
    if left is None:
        other = begin(tmp_path / "b.db")
        other.tick(Tick(3, 3, 0))
        other.commit()
        left = (tmp_path / "b.db-wal").read_bytes()
        other.close(None)
    before = path.read_bytes()
    wal.write_bytes(left)
    assert ticks(path) == 2
    with pytest.raises(CannotWrite, match=r"a\.db-wal belongs to another recording.*move it away"):
        Writer(str(path))
    assert (path.read_bytes(), wal.read_bytes()) == (before, left)
