"""Files that others put beside a recording: SQLite obeys them, so it must never get to see them."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from memory_watcher import own_files
from memory_watcher.errors import CannotWrite, NotARecording, StoreError
from memory_watcher.message import plain
from memory_watcher.store import repair as repairing
from memory_watcher.store.connection import WritableFile, _why
from memory_watcher.store.readonly import ReadOnlyDatabase, uri_of
from memory_watcher.store.repair import repair
from memory_watcher.store.steps import Steps
from memory_watcher.store.verify import findings
from memory_watcher.store.writer import Writer
from tests.rights import NOBODY
from tests.unit.store.test_connection import begin, ticks

MAGIC = bytes.fromhex("d9d505f920a163d7")

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")


@pytest.fixture(name="victim")
def file_of_somebody(tmp_path: Path) -> Path:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    victim = folder / "precious"
    victim.write_text("precious")
    return victim


@pytest.fixture(name="path")
def place_for_a_recording(tmp_path: Path) -> Path:
    folder = tmp_path / "shared"
    folder.mkdir()
    return folder / "a.db"


def journal(victim: Path, head: bytes = MAGIC) -> bytes:
    """A -journal after which SQLite removes the victim, its "super-journal"."""
    name = os.fsencode(victim)
    checksum = sum(byte if byte < 128 else byte - 256 for byte in name) & 0xFFFFFFFF
    numbers = struct.pack(">II", len(name), checksum)
    return head.ljust(512, b"\0") + b"\xff" * 4 + name + numbers + MAGIC


def be_closed(path: Path) -> None:
    begin(path).close("SIGINT")


def be_killed(path: Path) -> None:
    """Leave what SIGKILL leaves."""
    living = begin(path.with_name("b.db"))
    for suffix in ("", "-wal", "-shm"):
        shutil.copy(f"{living.path}{suffix}", f"{path}{suffix}")
    living.close(None)
    os.unlink(living.path)


def be_new(_: Path) -> None:
    pass


STATES = pytest.mark.parametrize("make", [be_new, be_closed, be_killed])


@pytest.mark.parametrize("head", [MAGIC, b"anything", b"\0\0"])
def test_a_journal_that_names_another_file(path: Path, victim: Path, head: bytes) -> None:
    """It came with a stranger's recording: SQLite would remove the file that it names."""
    be_closed(path)
    before = path.read_bytes()
    Path(f"{path}-journal").write_bytes(journal(victim, head))
    with pytest.raises(NotARecording, match=r"a\.db-journal: not left by a recorder; remove it"):
        begin(path)
    assert victim.exists()
    assert path.read_bytes() == before
    assert ticks(path.rename(path.with_name("c.db"))) == 2


@STATES
@pytest.mark.parametrize("head", [MAGIC, b"anything"])
def test_a_journal_that_comes_while_it_is_recorded(
    path: Path, victim: Path, make: Callable[[Path], None], head: bytes
) -> None:
    """It is not played back at the end, which leaves the one file in the mode for reading."""
    make(path)
    writer = begin(path)
    Path(f"{path}-journal").write_bytes(journal(victim, head))
    writer.commit()
    assert writer.close("SIGINT")
    assert victim.exists()
    assert sorted(os.listdir(path.parent)) == ["a.db", "a.db-journal"]
    os.unlink(f"{path}-journal")
    assert list(findings(str(path))) == []
    assert path.read_bytes()[18:20] == b"\1\1"


@STATES
@pytest.mark.parametrize("head", [MAGIC, b"anything"])
def test_a_journal_that_comes_before_sqlite(
    path: Path,
    victim: Path,
    make: Callable[[Path], None],
    head: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """However late it comes, it is not played back."""
    make(path)
    connect = sqlite3.connect

    def late(name: str, *arguments: object, **options: object) -> sqlite3.Connection:
        if name == f"{uri_of(str(path))}?mode=rw":
            Path(f"{path}-journal").write_bytes(journal(victim, head))
        return connect(name, *arguments, **options)  # type: ignore[call-overload, no-any-return]

    monkeypatch.setattr(sqlite3, "connect", late)
    begin(path).close("SIGINT")
    assert victim.exists()
    assert Path(f"{path}-journal").exists()


@needs_root
@STATES
@pytest.mark.parametrize("suffix", ["-wal", "-shm", "-journal"])
def test_what_comes_while_damage_is_looked_for(
    path: Path, make: Callable[[Path], None], suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file of another user is refused and stays theirs: SQLite would make it ours, and use it."""
    make(path)
    if os.path.exists(f"{path}{suffix}"):
        pytest.skip("the name is taken")
    look = WritableFile._look_before

    def plant(file: WritableFile) -> None:
        look(file)
        Path(f"{path}{suffix}").write_bytes(b"")
        os.chown(f"{path}{suffix}", NOBODY, NOBODY)

    monkeypatch.setattr(WritableFile, "_look_before", plant)
    there = {*os.listdir(path.parent), "a.db", f"a.db{suffix}"}
    with pytest.raises(CannotWrite, match=f"a.db{suffix}: cannot write: it belongs to another"):
        begin(path)
    assert os.stat(f"{path}{suffix}").st_uid == NOBODY
    assert set(os.listdir(path.parent)) == there


@needs_root
@STATES
@pytest.mark.parametrize("suffix", ["-wal", "-shm"])
def test_names_are_taken_before_sqlite_comes(
    path: Path, make: Callable[[Path], None], suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When SQLite opens the file, -wal and -shm are there, and of this user."""
    make(path)
    connect = sqlite3.connect
    owners = []

    def late(name: str, *arguments: object, **options: object) -> sqlite3.Connection:
        if name == f"{uri_of(str(path))}?mode=rw":
            found = os.stat(f"{path}{suffix}")
            owners.append((found.st_uid, found.st_mode & 0o777))
        return connect(name, *arguments, **options)  # type: ignore[call-overload, no-any-return]

    monkeypatch.setattr(sqlite3, "connect", late)
    assert begin(path).close("SIGINT")
    assert [uid for uid, _ in owners] == [os.geteuid()]
    assert make is be_killed or owners[0][1] == 0o600
    assert os.listdir(path.parent) == ["a.db"]


def test_what_was_made_is_removed_if_it_cannot_be_opened(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No empty -wal is left beside a file that was not recorded into."""
    be_closed(path)

    def fail(*_: object) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(WritableFile, "_prepare", fail)
    with pytest.raises(CannotWrite, match="disk I/O error"):
        begin(path)
    assert os.listdir(path.parent) == ["a.db"]
    assert ticks(path) == 2
    monkeypatch.undo()
    begin(path).close("SIGINT")
    assert ticks(path) == 4


@needs_root
def test_a_wal_of_another_user(path: Path) -> None:
    """A reader that is root refuses it: SQLite would give it to the owner of the file."""
    be_killed(path)
    os.unlink(f"{path}-shm")
    os.chown(path, NOBODY, NOBODY)
    words = f"a.db-wal: it belongs to uid 0, and .*a.db to uid {NOBODY}.*another recording"
    with pytest.raises(StoreError, match=words):
        ReadOnlyDatabase(path)
    with pytest.raises(StoreError, match=words):
        repair(str(path), str(path.with_name("new.db")))
    assert os.stat(f"{path}-wal").st_uid == 0
    assert sorted(os.listdir(path.parent)) == ["a.db", "a.db-wal"]
    os.chown(f"{path}-wal", NOBODY, NOBODY)
    assert ticks(path) == 1


@needs_root
@pytest.mark.parametrize("content", [b"secret", MAGIC.ljust(512, b"\0"), b"\0" * 512])
def test_a_journal_of_another_user(path: Path, content: bytes) -> None:
    """Whatever root has there stays root's, when root only reads."""
    be_killed(path)
    for name in ("a.db", "a.db-wal"):
        os.chown(path.with_name(name), NOBODY, NOBODY)
    planted = Path(f"{path}-journal")
    planted.write_bytes(content)
    words = f"a.db-journal: it belongs to uid 0, and .*a.db to uid {NOBODY}"
    with pytest.raises(StoreError, match=words):
        ReadOnlyDatabase(path)
    with pytest.raises(StoreError, match=words):
        repair(str(path), str(path.with_name("new.db")))
    assert planted.stat().st_uid == 0
    assert planted.read_bytes() == content
    assert not path.with_name("new.db").exists()


@pytest.mark.parametrize("victim_is", ["a recording", "empty", "missing"])
def test_a_recording_exchanged_for_a_link(
    path: Path, victim: Path, victim_is: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is written where the link leads, though it comes after all that is looked at."""
    be_closed(path)
    match victim_is:
        case "a recording":
            shutil.copy(path, victim)
        case "empty":
            victim.write_bytes(b"")
        case _:
            victim.unlink()
    before = {each.name: each.read_bytes() for each in victim.parent.iterdir()}
    look = WritableFile._look_before

    def swap(file: WritableFile) -> None:
        look(file)
        path.rename(path.with_name("moved.db"))
        path.symlink_to(victim)

    monkeypatch.setattr(WritableFile, "_look_before", swap)
    with pytest.raises(CannotWrite, match=r"another file: somebody replaced it|unable to open"):
        begin(path)
    assert {each.name: each.read_bytes() for each in victim.parent.iterdir()} == before
    assert ticks(path.with_name("moved.db")) == 2


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda name: os.symlink("elsewhere", name)])
def test_a_journal_that_is_no_file(path: Path, make: Callable[[str], None]) -> None:
    """SQLite would wait for a pipe beside a recording that has a -wal."""
    be_killed(path)
    make(f"{path}-journal")
    with pytest.raises(StoreError, match=r"a\.db-journal: it is no regular file"):
        ReadOnlyDatabase(path)
    with pytest.raises(StoreError, match=r"a\.db-journal: it is no regular file"):
        repair(str(path), str(path.with_name("new.db")))


@pytest.mark.parametrize("suffix", ["-wal", "-journal"])
def test_what_lies_beside_an_empty_file_stays(path: Path, suffix: str) -> None:
    """A reader leaves the -wal of a file that was emptied: SQLite would remove it."""
    be_killed(path)
    path.write_bytes(b"")
    Path(f"{path}-journal").write_bytes(b"\0")
    before = Path(f"{path}{suffix}").read_bytes()
    with pytest.raises(NotARecording, match="an empty file"):
        ReadOnlyDatabase(path)
    with pytest.raises(NotARecording, match="an empty file"):
        repair(str(path), str(path.with_name("new.db")))
    assert Path(f"{path}{suffix}").read_bytes() == before


@needs_root
def test_an_empty_file_of_another_user_that_comes_meanwhile(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not overwritten: who may rename files here can still have it open."""
    lay_out = WritableFile._lay_out

    def plant(file: WritableFile, part: own_files.NewDatabase) -> None:
        lay_out(file, part)
        path.touch()
        os.chown(path, NOBODY, NOBODY)

    monkeypatch.setattr(WritableFile, "_lay_out", plant)
    with pytest.raises(CannotWrite, match=f"it belongs to another user .uid {NOBODY}"):
        begin(path)
    assert path.stat().st_uid == NOBODY


def test_a_deleted_file_in_proc_is_not_another_one(path: Path) -> None:
    """SQLite would go by the text of the link, and read the file of that name."""
    be_closed(path)
    with path.open("rb") as opened:
        path.unlink()
        link = f"/proc/self/fd/{opened.fileno()}"
        begin(Path(os.readlink(link))).close("SIGINT")
        with pytest.raises(StoreError, match="a link in /proc that SQLite cannot follow"):
            ReadOnlyDatabase(link)
        with pytest.raises(StoreError, match="a link in /proc that SQLite cannot follow"):
            repair(link, str(path.with_name("new.db")))


def test_two_slashes_at_the_beginning(path: Path) -> None:
    """They are no host of a URI."""
    begin(Path(str(path))).close("SIGINT")
    other = f"/{path.with_name('other.db')}"
    Writer(other).close(None)
    repair(str(path), f"/{path.with_name('new.db')}")
    assert ticks(path.with_name("new.db")) == 2


# -- a folder whose owner exchanges what is made in it ------------------------------------------


@pytest.fixture(name="exchanged")
def folder_that_becomes_a_link(victim: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a link to the victim's folder in the place of each new one, before SQLite comes."""
    victim.with_name("recording").touch()  # nothing stands in it yet: SQLite would take it
    make = own_files._new

    def swap(name: str, folder: int | None = None) -> int:
        descriptor = make(name, folder)
        if folder is not None:
            there = os.readlink(f"/proc/self/fd/{folder}")
            os.rename(there, f"{there}.moved")
            os.symlink(victim.parent, there)
        return descriptor

    monkeypatch.setattr(own_files, "_new", swap)
    return victim.parent


@pytest.mark.parametrize("is_there", [True, False])
def test_a_new_recording_in_an_exchanged_folder(
    path: Path, exchanged: Path, is_there: bool
) -> None:
    """Nothing is written where the link leads, nothing made and nothing removed."""
    if not is_there:
        exchanged.joinpath("recording").unlink()
    before = {each.name: each.read_bytes() for each in exchanged.iterdir()}
    with pytest.raises(CannotWrite, match=r"replaced the new file|unable to open"):
        begin(path)
    assert {each.name: each.read_bytes() for each in exchanged.iterdir()} == before
    assert not path.exists()


@pytest.fixture(name="whole")
def recording_that_is_whole(tmp_path: Path) -> Path:
    be_closed(tmp_path / "whole.db")
    return tmp_path / "whole.db"


def test_repair_into_an_exchanged_folder(path: Path, whole: Path, exchanged: Path) -> None:
    """Neither by repair."""
    before = {each.name: each.read_bytes() for each in exchanged.iterdir()}
    with pytest.raises(CannotWrite, match="replaced the new file"):
        repair(str(whole), str(path))
    assert {each.name: each.read_bytes() for each in exchanged.iterdir()} == before


def test_what_was_exchanged_later_is_not_removed(path: Path, victim: Path) -> None:
    """Only what was made is removed, whatever its name stands for by then."""
    with own_files.new_database(str(path)) as part:
        folder = Path(part.name).parent
        victim.with_name("recording").write_text("of somebody else")
        folder.rename(folder.with_suffix(".moved"))
        folder.symlink_to(victim.parent)
    assert sorted(os.listdir(victim.parent)) == ["precious", "recording"]
    assert os.listdir(folder.with_suffix(".moved")) == []


# -- repair ---------------------------------------------------------------------------------------


def test_repair_builds_where_nobody_else_can_write(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The new file grows in a folder of its own, which goes away."""
    be_closed(path)
    modes = []
    leave_out = repairing._leave_out_layouts

    def look(target: sqlite3.Connection, part: str, tell: Steps) -> int:
        assert Path(part).parent.parent == path.parent
        modes.append(Path(part).parent.stat().st_mode & 0o777)
        return leave_out(target, part, tell)

    monkeypatch.setattr(repairing, "_leave_out_layouts", look)
    repair(str(path), str(path.with_name("new.db")))
    assert modes == [0o700]
    assert sorted(os.listdir(path.parent)) == ["a.db", "new.db"]
    assert (path.with_name("new.db").stat().st_mode & 0o777) == 0o600


def test_repair_looks_at_the_journal_that_it_copied(
    path: Path, victim: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its owner may change the journal meanwhile."""
    be_closed(path)
    planted = Path(f"{path}-journal")
    planted.write_bytes(MAGIC.ljust(512, b"\0"))
    copy = shutil.copyfile

    def swap(source: str, target: str, **options: bool) -> object:
        planted.write_bytes(journal(victim))
        return copy(source, target, **options)

    monkeypatch.setattr(shutil, "copyfile", swap)
    with pytest.raises(StoreError, match=r"a\.db-journal: not left by a recorder; remove it"):
        repair(str(path), str(path.with_name("new.db")))
    assert victim.exists()


def test_no_room_for_shm() -> None:
    """SQLite calls a full disk an I/O error when it makes -shm longer."""
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorname = "SQLITE_IOERR_SHMSIZE"  # type: ignore[attr-defined]
    assert plain(_why(error)) == "the disk is full"


# -- long names -----------------------------------------------------------------------------------


def test_a_long_name(path: Path) -> None:
    """As long as -journal has room beside it; else it is said, with the remedy."""
    longest = path.with_name("é" * 122 + ".db")
    be_closed(longest)
    assert ticks(longest) == 2
    repair(str(longest), str(path.with_name("n" * 247)))
    assert sorted(len(os.fsencode(name)) for name in os.listdir(path.parent)) == [247, 247]
    for longer in ("n" * 248, "n" * 255):
        with pytest.raises(StoreError, match=r"its name has \d+ bytes; at most 247 work"):
            begin(path.with_name(longer))


def test_a_path_that_is_too_long(path: Path) -> None:
    """SQLite takes 512 bytes: it is said, with the remedy, by a reader and by a recorder."""
    deep = path.parent / ("d" * 200) / ("e" * 200) / ("f" * 150)
    deep.mkdir(parents=True)
    words = r"a\.db: its whole path has \d+ bytes; .* Use a folder with a shorter path"
    with pytest.raises(StoreError, match=words):
        begin(deep / "a.db")
    assert os.listdir(deep) == []
    be_closed(path)
    shutil.copy(path, deep / "a.db")
    with pytest.raises(StoreError, match=words):
        ReadOnlyDatabase(deep / "a.db")
    with pytest.raises(StoreError, match=words):
        repair(str(path), str(deep / "new_a.db"))


# -- repair of what is doubtful -------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["-wal", "-shm", "-journal"])
def test_repair_beside_what_is_left_of_another(path: Path, suffix: str) -> None:
    """As for a recorder: SQLite would take it for a part of the new file."""
    be_closed(path)
    new = path.with_name("new.db")
    Path(f"{new}{suffix}").write_bytes(b"of another")
    with pytest.raises(CannotWrite, match=f"new.db{suffix} lies there"):
        repair(str(path), str(new))
    assert not new.exists()


def test_repair_passes_over_doubled_names(path: Path) -> None:
    """Of two tables by one name nobody knows which would be asked."""
    be_closed(path)
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute(
            "INSERT INTO sqlite_master SELECT type, 'PATHS', tbl_name, rootpage, sql"
            " FROM sqlite_master WHERE name = 'paths'"
        )
        connection.commit()
    saved = repair(str(path), str(path.with_name("new.db")))
    assert "paths" not in saved.rows or saved.rows["paths"] == 0
    assert saved.rows["ticks"] == 2
