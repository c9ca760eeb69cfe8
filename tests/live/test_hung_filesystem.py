"""A target's executable lies on a filesystem that has stopped to answer: nothing waits for it."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest

from memory_watcher.model import LayoutState

from ..programs import recorder, rows, wait_until
from .test_sshfs import program

pytestmark = pytest.mark.live

SERVERS = "/usr/lib/openssh:/usr/libexec/openssh:/usr/lib/ssh"
SECOND = 1_000_000_000


@pytest.fixture(name="server")
def mounted_folder(tmp_path: Path) -> Iterator[tuple[Path, int]]:
    """A folder mounted by sshfs, and the process that answers for it: no network is between."""
    answering = shutil.which("sftp-server", path=SERVERS)
    if answering is None:
        if os.environ.get("CI"):
            pytest.fail("sftp-server is missing; install the package openssh-sftp-server")
        pytest.skip("sftp-server is missing; install the package openssh-sftp-server")
    (tmp_path / "files").mkdir()
    (tmp_path / "mounted").mkdir()
    shutil.copy("/bin/sleep", tmp_path / "files")
    start = tmp_path / "start"
    start.write_text(f"#!/bin/sh\necho $$ >{tmp_path}/pid\nexec {answering}\n")
    start.chmod(0o755)
    done = subprocess.run(
        [
            *(program("sshfs"), "-F", "/dev/null", "-o", f"ssh_command={start}"),
            *(f"nobody@localhost:{tmp_path}/files", tmp_path / "mounted"),
        ],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"nothing can be mounted here: {done.stderr.strip()}")
    pid = int((tmp_path / "pid").read_text())
    try:
        yield tmp_path / "mounted", pid
    finally:
        os.kill(pid, signal.SIGCONT)
        unmount = shutil.which("fusermount3") or program("fusermount")
        subprocess.run([unmount, "-u", "-z", tmp_path / "mounted"], check=False)


class Recorded(NamedTuple):
    """What came of recording a process whose program is on a file system that hangs."""

    times: list[int]  # of the ticks, ns
    states: set[int]
    code: int
    said: str
    end_s: float  # how long the recorder took to end


@pytest.fixture(name="recorded")
def record_while_it_hangs(server: tuple[Path, int], tmp_path: Path) -> Recorded:
    """Ten ticks, all while it hangs; it hangs, too, when the recorder is told to end."""
    folder, pid = server
    file = tmp_path / "a.db"
    target = subprocess.Popen([folder / "sleep", "1000"])
    try:
        wait_until(lambda: b"sleep" in Path(f"/proc/{target.pid}/maps").read_bytes(), "its program")
        os.kill(pid, signal.SIGSTOP)
        with recorder(file, "-p", target.pid, "--period", "200ms") as recording:
            recording.wait_for_ticks(10)
            start = time.monotonic()
            code, said = recording.stop()
            end_s = time.monotonic() - start
    finally:
        os.kill(pid, signal.SIGCONT)
        with contextlib.suppress(ProcessLookupError):
            target.kill()
        target.wait()
    times = [time_ns for (time_ns,) in rows(file, "SELECT monotonic_ns FROM ticks ORDER BY id")]
    states = {state for (state,) in rows(file, "SELECT layout_state FROM readings")}
    return Recorded(times, states, code, said, end_s)


def test_executable_on_a_filesystem_that_hangs(recorded: Recorded) -> None:
    """Ticks go on, layouts are whole, and the recorder ends when it is told to."""
    assert recorded.code == 0, recorded.said
    assert recorded.states == {LayoutState.EXACT}


@pytest.mark.timing
def test_a_filesystem_that_hangs_holds_nothing_up(recorded: Recorded) -> None:
    """Ticks are in time, and the recorder ends at once."""
    assert recorded.end_s < 1
    assert max(b - a for a, b in pairwise(recorded.times)) < SECOND
