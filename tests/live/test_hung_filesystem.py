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


def test_executable_on_a_filesystem_that_hangs(server: tuple[Path, int], tmp_path: Path) -> None:
    """Ticks are in time, layouts whole, and the recorder ends at once when it is told to."""
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
            assert time.monotonic() - start < 1
        assert code == 0, said
    finally:
        os.kill(pid, signal.SIGCONT)
        with contextlib.suppress(ProcessLookupError):
            target.kill()
        target.wait()
    times = [time_ns for (time_ns,) in rows(file, "SELECT monotonic_ns FROM ticks ORDER BY id")]
    assert max(b - a for a, b in pairwise(times)) < SECOND
    states = {state for (state,) in rows(file, "SELECT layout_state FROM readings")}
    assert states == {LayoutState.EXACT}
