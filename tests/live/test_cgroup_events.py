"""The last events of a cgroup that is removed right after, as the kernel tells of them."""

from __future__ import annotations

import os
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from memory_watcher.procfs.cgroup import Cgroup, find_folder, read_mountinfo
from memory_watcher.procfs.cgroup_events import LastEvents

from ..programs import wait_until

pytestmark = pytest.mark.live


@pytest.fixture(name="folder")
def own_cgroup() -> Iterator[Path]:
    """An empty cgroup of version 2, with whatever controllers; it may be removed."""
    root = find_folder(Cgroup(None, "/"), read_mountinfo())
    folder = Path(root or "/nowhere") / f"mw{uuid.uuid4().hex[:8]}"
    try:
        folder.mkdir()
    except OSError:
        pytest.skip("no cgroup of version 2 can be made here")
    yield folder
    if folder.exists():
        folder.rmdir()


def enter_and_end(folder: Path) -> None:
    """Let a process be in it for a moment: the file cgroup.events says so, and that it is over."""
    script = 'echo $$ > "$1/cgroup.procs"'
    subprocess.run(["sh", "-c", script, "sh", folder], check=True)


def test_what_it_said_last(folder: Path) -> None:
    """Also after it was removed, and once only; one that is made again is waited for anew."""
    descriptors = len(os.listdir("/proc/self/fd"))
    events = LastEvents(f"{folder}/cgroup.events")
    assert events.end() == b""
    for _ in range(2):
        events.begin()
        enter_and_end(folder)
        wait_until(lambda: b"populated 0" in (folder / "cgroup.events").read_bytes(), "the end")
        wait_until(lambda: events.has_heard, "a change")
        folder.rmdir()
        assert b"populated" in events.end()
        assert events.end() == b""
        folder.mkdir()
    assert len(os.listdir("/proc/self/fd")) == descriptors


def test_without_the_file(tmp_path: Path) -> None:
    """The root cgroup has none: nothing is kept, and nothing is said."""
    events = LastEvents(str(tmp_path / "memory.events"))
    events.begin()
    assert events.end() == b""
