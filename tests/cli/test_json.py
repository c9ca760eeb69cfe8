"""Every JSON output says which format it is in, first of all."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from memory_watcher.model import Usage

from ..programs import run
from ..recordings import MI, RecordingBuilder, mapping


@pytest.fixture(name="file")
def recording_of_two(tmp_path: Path) -> Path:
    builder = RecordingBuilder(tmp_path / "a.db")
    processes = [builder.process(1, "one"), builder.process(2, "two")]
    tick = builder.tick()
    for process in processes:
        builder.layout(process, [(mapping(0x1000), Usage(rss=MI, pss=MI))])
    builder.meminfo(tick, MemAvailable=1000, MemFree=500)
    return builder.close()


@pytest.mark.parametrize(
    "words",
    [
        ("peak", "FILE", "-p", "1"),
        ("peak", "FILE"),
        ("ls", "FILE"),
        ("diff", "FILE", "--process", "1", "--process-b", "2"),
        ("show", str(os.getpid())),
    ],
)
def test_the_format_has_a_number(file: Path, words: tuple[str, ...]) -> None:
    """Of a process, of a machine, of a list, of what runs now."""
    words = tuple(str(file) if word == "FILE" else word for word in words)
    done = run("memory-watcher", *words, "--json")
    assert done.returncode == 0, done.stderr
    assert next(iter(json.loads(done.stdout).items())) == ("format_version", 1)


def test_the_format_of_a_group_has_a_number(file: Path, tmp_path: Path) -> None:
    """And of a command with all that it started."""
    path = tmp_path / "b.db"
    assert run("memory-watcher", "record", "-q", "-o", path, "--", "sleep", "0.3").returncode == 0
    done = run("memory-watcher", "peak", path, "--json")
    assert next(iter(json.loads(done.stdout).items())) == ("format_version", 1)
