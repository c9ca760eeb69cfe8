"""A cgroup's own story beside one process: what it has that no process maps, and its limit."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from memory_watcher.procfs.cgroup import Cgroup, find_folder, read_mountinfo

from ..programs import PATIENCE, one, recorder, run, wait_until

pytestmark = pytest.mark.live

MI = 1 << 20
#: Enters the cgroup, writes 24 MiB into tmpfs without mapping it, and waits.
PROGRAM = """
import os, sys
folder, file = sys.argv[1:]
open(f"{folder}/cgroup.procs", "w").write(str(os.getpid()))
with open(file, "wb") as output:
    for _ in range(24):
        output.write(bytes(1 << 20))
print("ready", flush=True)
input()
open(f"{folder}/../cgroup.procs", "w").write(str(os.getpid()))
print("out", flush=True)
input()
"""


@pytest.fixture(name="folder")
def own_cgroup() -> Iterator[Path]:
    """An empty cgroup with the memory controller and a limit of 512 MiB."""
    mounts, word = read_mountinfo(), f"mw{uuid.uuid4().hex[:8]}"
    for root in (Cgroup("memory", "/"), Cgroup(None, "/")):
        folder = Path(find_folder(root, mounts) or "/nowhere") / word
        try:
            folder.mkdir()
        except OSError:
            continue
        limits = [folder / "memory.limit_in_bytes", folder / "memory.max"]
        try:
            if existing := [each for each in limits if each.exists()]:
                existing[0].write_text(str(512 * MI))
                yield folder
                return
        finally:
            if folder.exists():
                wait_until(partial(is_removed, folder), "a cgroup that is gone")
    pytest.skip("no cgroup with a memory controller can be made here")


def is_removed(folder: Path) -> bool:
    try:
        folder.rmdir()
    except OSError:
        return False
    return True


def cgroup_at_end(file: Path) -> dict[str, Any]:
    done = run("memory-watcher", "peak", file, "--json", "--measurement-time", "end")
    assert done.returncode == 0, done.stderr
    (cgroup,) = json.loads(done.stdout)["cgroups"]
    return dict(cgroup)


def test_one_process(folder: Path, tmp_path: Path) -> None:
    """Tmpfs that is not mapped is in no layout, but in the cgroup; when that goes, so do they."""
    file, blob = tmp_path / "story.db", Path("/dev/shm") / folder.name
    program = subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", PROGRAM, folder, blob],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert program.stdin
    assert program.stdout
    try:
        assert program.stdout.readline() == "ready\n"
        with recorder(file, "-p", str(program.pid), "--period", "50ms") as recording:
            recording.wait_for_ticks(4)
            seen = cgroup_at_end(file)
            program.stdin.write("\n")
            program.stdin.flush()
            assert program.stdout.readline() == "out\n"
            os.unlink(blob)
            wait_until(lambda: is_removed(folder), "a cgroup that is gone")
            before = one(file, "SELECT max(id) FROM ticks")[0]
            recording.wait_for_ticks(before + 3)
            code, said = recording.stop()
    finally:
        program.communicate("\n", timeout=PATIENCE)
        blob.unlink(missing_ok=True)
    assert code == 0, said
    assert seen["max"] == 512 * MI
    shared = seen["stat.total_shmem" if "stat.total_shmem" in seen else "stat.shmem"]
    assert shared >= 24 * MI
    assert seen["current"] >= shared
    gone = cgroup_at_end(file)
    assert gone["current"] is None
    text = run("memory-watcher", "peak", file, "--process-memory", "cgroup").stdout
    assert "of it tmpfs and shared memory:" in text
    assert "of it mapped by no process (page cache, tmpfs):" in text


def test_a_command_beside_its_recorder(folder: Path, tmp_path: Path) -> None:
    """Where nobody else is in the recorder's cgroup but what it starts, that is the command's."""
    file = tmp_path / "own.db"
    enter = 'echo $$ > "$1/cgroup.procs"; shift; exec "$@"'
    done = run(
        *("memory-watcher", "record", "-o", file, "--period", "200ms", "--", "sleep", "2"),
        before=["sh", "-c", enter, "sh", str(folder)],
    )
    assert done.returncode == 0, done.stderr
    (path,) = one(file, "SELECT path FROM cgroups")
    assert path.endswith(f"/{folder.name}")
    assert cgroup_at_end(file)["max"] == 512 * MI
