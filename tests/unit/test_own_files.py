"""Files that are written: whole, private, and never what a link or a pipe leads to."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from memory_watcher.errors import CannotWrite, StoreError
from memory_watcher.render.output import append, write_whole
from memory_watcher.store.readonly import ReadOnlyDatabase
from memory_watcher.store.repair import repair
from memory_watcher.store.writer import Writer

from ..rights import NOBODY


def write_output(path: str) -> None:
    write_whole(path, b"something")


def write_recording(path: str) -> None:
    Writer(path).close(None)


WRITES = [write_output, write_recording]


@pytest.mark.parametrize("write", WRITES)
def test_private(tmp_path: Path, write: Callable[[str], None]) -> None:
    """What is written is readable by its owner only, also where others could read it before."""
    path = tmp_path / "a"
    write(str(path))
    path.chmod(0o644)
    write(str(path))
    assert path.stat().st_mode & 0o777 == 0o600
    assert os.listdir(tmp_path) == ["a"]


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("target", ["there", "missing", "/dev/full"])
def test_links(tmp_path: Path, write: Callable[[str], None], target: str) -> None:
    """A symbolic link is neither followed nor overwritten, wherever it leads."""
    (tmp_path / "there").write_bytes(b"another's")
    (tmp_path / "a").symlink_to(tmp_path / target)
    with pytest.raises(CannotWrite, match="symbolic link"):
        write(str(tmp_path / "a"))
    assert sorted(os.listdir(tmp_path)) == ["a", "there"]
    assert (tmp_path / "there").read_bytes() == b"another's"
    assert (tmp_path / "a").is_symlink()


@pytest.mark.parametrize("write", WRITES)
def test_pipes(tmp_path: Path, write: Callable[[str], None]) -> None:
    """A pipe is refused without waiting for whoever reads it."""
    os.mkfifo(tmp_path / "a")
    with pytest.raises(CannotWrite, match="not a regular file"):
        write(str(tmp_path / "a"))


@pytest.mark.parametrize("write", WRITES)
def test_devices(write: Callable[[str], None]) -> None:
    """Devices are not opened."""
    with pytest.raises(CannotWrite, match="not a regular file"):
        write("/dev/full")


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("content", [b"", b"something"])
def test_files_of_others(tmp_path: Path, write: Callable[[str], None], content: bytes) -> None:
    """An empty file of another user would give it to them; so it is refused, and stays."""
    if os.geteuid() != 0:
        pytest.skip("only root can give files away")
    path = tmp_path / "a"
    path.write_bytes(content)
    path.chmod(0o666)
    os.chown(path, NOBODY, NOBODY)
    with pytest.raises(CannotWrite, match=f"belongs to another user \\(uid {NOBODY}\\)"):
        write(str(path))
    assert (path.read_bytes(), path.stat().st_uid) == (content, NOBODY)


@pytest.mark.parametrize("suffix", ["-wal", "-shm", "-journal"])
def test_links_beside_a_recording(tmp_path: Path, suffix: str) -> None:
    """SQLite would follow them: refused, and nothing is written where they lead."""
    path = tmp_path / "a.db"
    write_recording(str(path))
    (tmp_path / "there").write_bytes(b"another's")
    Path(f"{path}{suffix}").symlink_to(tmp_path / "there")
    with pytest.raises(CannotWrite, match=f"{suffix}: cannot write: it is a symbolic link"):
        write_recording(str(path))
    assert (tmp_path / "there").read_bytes() == b"another's"


def test_repair_replaces_nothing(tmp_path: Path) -> None:
    """What is there under the new name stays."""
    path = tmp_path / "a.db"
    write_recording(str(path))
    (tmp_path / "b.db").write_bytes(b"mine")
    with pytest.raises(CannotWrite, match="there already"):
        repair(str(path), str(tmp_path / "b.db"))
    assert (tmp_path / "b.db").read_bytes() == b"mine"


def test_a_copy_without_its_wal(tmp_path: Path) -> None:
    """A file whose tables are all in a -wal that was not copied says that this is missing."""
    path = tmp_path / "a.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("CREATE TABLE runs (id)")
        copy = tmp_path / "copy.db"
        copy.write_bytes(path.read_bytes())
    with pytest.raises(StoreError, match=r"its -wal file is missing.*copy .*copy.db-wal along"):
        ReadOnlyDatabase(copy)


@pytest.mark.parametrize("suffix", ["-wal", "-shm", "-journal"])
@pytest.mark.parametrize("write", WRITES)
def test_names_beside_a_recording(
    tmp_path: Path, write: Callable[[str], None], suffix: str
) -> None:
    """Nothing is written where SQLite looks for a part of a recording, be it there or not."""
    recording, name = tmp_path / "a.db", tmp_path / f"a.db{suffix}"
    write_recording(str(recording))
    before = recording.read_bytes()
    with pytest.raises(CannotWrite, match=f"a {suffix} file belongs to the recording"):
        write(str(name))
    assert os.listdir(tmp_path) == ["a.db"]
    with pytest.raises(CannotWrite, match="belongs to the recording"):
        repair(str(recording), str(name))
    name.write_bytes(b"what its recorder has not folded yet")
    with pytest.raises(CannotWrite, match=f"a {suffix} file belongs to the recording"):
        write_output(str(name))
    assert name.read_bytes() == b"what its recorder has not folded yet"
    assert recording.read_bytes() == before


def test_a_name_that_is_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As from an unset variable of a shell: that is what the error says."""
    monkeypatch.chdir(tmp_path)
    for write in WRITES:
        with pytest.raises(CannotWrite, match="the name is empty"):
            write("")
    assert os.listdir(tmp_path) == []


def test_append(tmp_path: Path) -> None:
    """What others wrote stays, and the text is made for the room that they left."""
    path = tmp_path / "summary.md"
    append(str(path), 20, lambda room: f"{room}\n")
    path.chmod(0o644)
    append(str(path), 20, lambda room: f"{room}\n")
    append(str(path), 2, lambda room: f"{room}\n")
    assert path.read_text() == "20\n17\n0\n"
    assert path.stat().st_mode & 0o777 == 0o644


def test_append_refuses(tmp_path: Path) -> None:
    """Links, pipes, devices and folders are refused; nothing is written through them."""
    (tmp_path / "there").write_bytes(b"another's")
    (tmp_path / "link").symlink_to(tmp_path / "there")
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "link", tmp_path / "pipe", tmp_path, Path("/dev/null"), "a\0b"):
        with pytest.raises(CannotWrite, match="cannot write"):
            append(str(path), 1000, str)
    assert (tmp_path / "there").read_bytes() == b"another's"
