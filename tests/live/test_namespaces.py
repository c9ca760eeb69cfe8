"""Processes in namespaces of their own, as containers are."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..programs import recorder, rows, wait_until

pytestmark = pytest.mark.live

#: The folder becomes a mount that only this process sees; then the words after it take its place.
ENTER = 'mount --bind "$0" "$0" && exec "$@"'


@pytest.fixture(name="program")
def program_in_a_mount_of_its_own(tmp_path: Path) -> Iterator[int]:
    """The PID of a program that lies on the machine's own disk, but in a mount not seen here."""
    unshare = shutil.which("unshare")
    if unshare is None or os.geteuid() != 0:
        pytest.skip("only root makes mount namespaces, with unshare of util-linux")
    folder = tmp_path / "root"
    folder.mkdir()
    shutil.copy("/bin/sleep", folder / "program")
    words = [unshare, "--mount", "sh", "-c", ENTER, str(folder), str(folder / "program"), "600"]
    with subprocess.Popen(words, stderr=subprocess.PIPE) as process:
        try:
            exe = Path(f"/proc/{process.pid}/exe")
            wait_until(
                lambda: process.poll() is not None or os.readlink(exe).endswith("/program"),
                "the program in its namespace",
            )
            if process.poll() is not None:
                pytest.skip("no mount namespace can be made here")
            yield process.pid
        finally:
            process.kill()


def test_headers_of_a_program_in_another_mount_namespace(program: int, tmp_path: Path) -> None:
    """What the headers of its file tell is recorded: a container's mounts are not the machine's."""
    file = tmp_path / "program.db"
    with recorder(file, "-p", program, "--period", "100ms") as recording:
        recording.wait_for_headers()
        code, said = recording.stop()
    assert code == 0, said
    found = rows(
        file,
        "SELECT DISTINCT p.pathname FROM mappings AS m JOIN paths AS p ON p.id = m.path_id"
        " JOIN elf_segments AS e ON e.dev = m.dev AND e.inode = m.inode",
    )
    assert any(path.endswith("/root/program") for (path,) in found), found
