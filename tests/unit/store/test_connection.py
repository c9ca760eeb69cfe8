"""Why a recording's -wal file could not be folded in."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from memory_watcher.store.connection import fold_wal, why_wal_is_kept


@pytest.fixture(name="path")
def file_with_wal(tmp_path: Path) -> Iterator[str]:
    """A database whose -wal file is held by a reader."""
    path = str(tmp_path / "a.db")
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("PRAGMA journal_mode = WAL")
        reader.execute("CREATE TABLE t (x)")
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM t").fetchall()
        with closing(sqlite3.connect(path, isolation_level=None)) as writer:
            writer.execute("INSERT INTO t VALUES (1)")
            assert not fold_wal(writer)
        yield path


def test_reader(path: str) -> None:
    """A reader that holds on is named as the reason."""
    assert why_wal_is_kept(path) == f"a reader still has {path} open: keep its -wal file"


def test_nothing_is_left(tmp_path: Path) -> None:
    """Without a -wal file there is nothing to say."""
    assert why_wal_is_kept(str(tmp_path / "a.db")) is None


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        ("database or disk is full", "the disk is full"),
        ("disk I/O error", "disk I/O error"),
    ],
)
def test_disk(path: str, monkeypatch: pytest.MonkeyPatch, error: str, reason: str) -> None:
    """A full disk, or one that fails, is told as that, not as a reader."""

    def fails(*_: object, **__: object) -> sqlite3.Connection:
        raise sqlite3.OperationalError(error)

    monkeypatch.setattr(sqlite3, "connect", fails)
    why = why_wal_is_kept(path)
    assert why is not None
    assert f"{reason}; keep its -wal file" in why
    assert "reader" not in why
