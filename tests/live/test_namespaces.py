"""Processes in namespaces of their own, as in a container: names, exe, what their file tells."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..programs import PATIENCE, one, recorder, run, wait_until
from ..rights import NOBODY

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(os.geteuid() != 0, reason="namespaces are made by root"),
]

MI = 1 << 20
SOURCE = Path(__file__).with_name("namespaces.c")
#: In its own PID and mount namespace, with a disk that is mounted nowhere else.
ENTER = """
mount -t tmpfs -o size=64M tmpfs "$1" && mkdir "$1/app" "$1/old" &&
cp "$2" "$1/app/only-here" && cd "$1" && pivot_root . old && exec /app/only-here --flag
"""


@pytest.fixture(name="contained")
def process_in_namespaces(tmp_path: Path) -> Iterator[int]:
    """The PID, as this namespace counts, of a program that has PID 1 in its own."""
    if not all(map(shutil.which, ("gcc", "unshare", "pivot_root"))):
        pytest.skip("gcc, unshare and pivot_root make a container's process")
    program, root = tmp_path / "program", tmp_path / "root"
    root.mkdir()
    done = subprocess.run(
        ["gcc", "-static", "-O1", "-o", program, SOURCE], capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    with subprocess.Popen(
        [
            *("unshare", "--pid", "--mount", "--uts", "--ipc", "--fork", "--kill-child"),
            *("sh", "-c", ENTER, "sh", root, program),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        assert process.stderr
        if process.stdout.readline() != "ready\n":
            pytest.skip(f"no namespaces here: {process.stderr.read()}")
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        yield int(wait_until(lambda: children.read_text().split(), "the process itself")[0])
        process.kill()
        process.communicate(timeout=PATIENCE)


def test_names_exe_and_bss(contained: int, tmp_path: Path) -> None:
    """They are the process's own, though its file can be reached by no path of this namespace."""
    file = tmp_path / "contained.db"
    with recorder(file, "-p", str(contained), "--period", "50ms") as recording:
        recording.wait_for_ticks(4)
        code, said = recording.stop()
    assert code == 0, said
    done = run("memory-watcher", "peak", file, "--by", "kind", "--json")
    assert done.returncode == 0, done.stderr
    view = json.loads(done.stdout)
    (image,) = view["process"]["images"]
    assert image["name"] == "only-here"
    assert image["exe"] == "/app/only-here"
    assert image["command_line"] == "/app/only-here --flag"
    assert not Path(image["exe"]).exists()
    kinds = {group["kind"]: group["bytes"] for group in view["groups"]}
    assert kinds["program .bss"] >= 20 * MI
    assert one(file, "SELECT count(*) FROM elf_segments")[0] > 0


def test_root_without_the_capability_is_told_what_to_add(tmp_path: Path) -> None:
    """As in a container: without these capabilities root cannot read another user's memory."""
    if shutil.which("setpriv") is None:
        pytest.skip("setpriv takes a capability away")
    lost = "-sys_ptrace,-perfmon,-sys_admin"
    with subprocess.Popen(["sleep", "60"], user=NOBODY, group=NOBODY) as process:
        try:
            done = run(
                *("memory-watcher", "record", "-p", str(process.pid), "--duration", "0.1"),
                *("-o", tmp_path / "no.db"),
                before=("setpriv", "--bounding-set", lost, "--inh-caps", lost),
            )
        finally:
            process.kill()
    assert f"process {process.pid}: no permission to read its memory" in done.stderr
    assert "cap-add SYS_PTRACE" in done.stderr
    assert "capabilities: add: [SYS_PTRACE]" in done.stderr
