"""Processes that were found to have ended: how, is told when nobody asks any more."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from memory_watcher.model import Image, Machine, ProcessFacts, ProcessKey, Tick
from memory_watcher.store.write import processes
from memory_watcher.store.writer import Writer


def test_only_the_last_that_ended_are_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit codes of those that live, however long, and of the last that ended are stored."""
    monkeypatch.setattr(processes, "_REMEMBERED", 2)
    path = tmp_path / "a.db"
    writer = Writer(str(path))
    writer.start_run(Machine("boot", "host", "6.18", 4096), 100, ["memory-record"])
    writer.tick(Tick(1, 1, 0, 0))
    for pid in range(10, 20):
        image = Image(name="x", command_line=("x",), exe=None)
        key = ProcessKey(pid, 1000)
        number = writer.add_process(ProcessFacts(key, image, 1, 0, None))
        if pid != 10:
            writer.end_process(number)
    for pid in range(10, 20):
        writer.exit(pid, 0, None, 0)
    writer.close("SIGINT")
    with closing(sqlite3.connect(path)) as database:
        rows = database.execute(
            "SELECT pid FROM exits JOIN processes ON processes.id = process_id ORDER BY pid"
        )
        assert [row[0] for row in rows] == [10, 18, 19]
