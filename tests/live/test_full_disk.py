"""A disk that fills up, with blocks smaller than pages: a mapped page may have none."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from ..programs import command, run, wait_until
from .targets import Target

pytestmark = pytest.mark.live

COMMANDS = ("memory-peak", "memory-watcher ls", "memory-watcher verify")


@pytest.fixture(name="small_disk")
def mounted_disk(tmp_path: Path) -> Iterator[Path]:
    """A mounted ext4 of 6 MiB with blocks of 1 KiB; skipped where none can be made."""
    make = shutil.which("mkfs.ext4", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if make is None or os.geteuid() != 0:
        pytest.skip("it takes root and mkfs.ext4 (package e2fsprogs)")
    image, folder = tmp_path / "image", tmp_path / "disk"
    folder.mkdir()
    with image.open("wb") as file:
        file.truncate(6 << 20)
    subprocess.run([make, "-q", "-b", "1024", image], check=True)
    done = subprocess.run(
        ["mount", "-o", "loop", image, folder], capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip(f"no image can be mounted here: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=False)


def fill(folder: Path) -> None:
    """Leave no block free."""
    with suppress(OSError), (folder / "filled").open("wb", buffering=0) as file:
        while file.write(bytes(1024)):
            pass


def test_disk_that_fills_up(small_disk: Path) -> None:
    """The recorder ends in one line with exit code 1; what was committed is read, during and after.

    Linux kills with SIGBUS what writes to a mapped page for which there is no block.
    """
    file = small_disk / "a.db"
    with Target() as target:
        recording = subprocess.Popen(
            command("memory-record", "-q", "-p", str(target.pid), "--period", "50ms", "-o", file),
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            wait_until(lambda: run("memory-peak", file).returncode == 0, "a layout in the file")
            fill(small_disk)
            check_readers(file)
            _, said = recording.communicate(timeout=60)
        finally:
            recording.kill()
            recording.wait()
    assert recording.returncode == 1
    assert said.count("\n") == 1
    assert "the disk is full; what was committed is kept" in said
    check_readers(file)


def check_readers(file: Path) -> None:
    for words in COMMANDS:
        done = run(*words.split(), file)
        assert done.returncode == 0, (words, done.stderr)
