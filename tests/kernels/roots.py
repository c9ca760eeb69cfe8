"""Roots of Debian to run in: made by debootstrap once, and disks of them for guests."""

from __future__ import annotations

import hashlib
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from . import cache
from .archive import base_address

#: What every root has: the recorder's Python, and what its tests call.
COMMON = ("python3", "procps", "iproute2", "mount", "libc6-dev", "gcc", "binutils", "strace")

#: Beside what is in it a disk has so much room, MiB.
_ROOM = 1500


@dataclass(frozen=True)
class Root:
    """A suite of Debian, unpacked and configured, with these packages beside the smallest set."""

    suite: str
    packages: tuple[str, ...] = COMMON
    architecture: str = "amd64"

    def folder(self) -> Path:
        """Where it is; it is made if it is not there (a minute or more)."""
        return cache.made(self._name, self._debootstrap)

    def disk(self) -> Path:
        """A disk with an ext4 file system of it; only ever to be opened as a snapshot."""
        folder = self.folder()
        return cache.made(f"{self._name}-disk", lambda place: _make_disk(folder, place)) / "disk"

    def python(self) -> str:
        """Its version of Python, e.g. 3.13."""
        return os.readlink(self.folder() / "usr/bin/python3").removeprefix("python")

    @property
    def _name(self) -> str:
        packages = hashlib.sha256(" ".join(sorted(self.packages)).encode()).hexdigest()[:8]
        return f"root-{self.suite}-{self.architecture}-{packages}"

    def _debootstrap(self, place: Path) -> None:
        if os.geteuid() != 0:
            raise cache.MissingToolError("debootstrap makes a root only for root")
        archives = cache.folder() / "archives"
        archives.mkdir(exist_ok=True)
        done = subprocess.run(
            [
                cache.require("debootstrap", "debootstrap"),
                "--variant=minbase",
                f"--arch={self.architecture}",
                f"--include={','.join(self.packages)}",
                f"--cache-dir={archives}",
                self.suite,
                place,
                base_address(),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise OSError(f"debootstrap {self.suite}: {done.stdout[-2000:]}{done.stderr[-500:]}")


def _make_disk(folder: Path, place: Path) -> None:
    """No mounting, no loop device: mke2fs copies the folder in."""
    used = subprocess.run(["du", "-smx", folder], capture_output=True, text=True, check=True)
    size = int(used.stdout.split()[0]) + _ROOM
    subprocess.run(
        [
            cache.require("mke2fs", "e2fsprogs"),
            *("-q", "-F", "-t", "ext4", "-O", "^metadata_csum,^orphan_file"),
            *("-d", folder, place / "disk", f"{size}M"),
        ],
        check=True,
        stdout=subprocess.DEVNULL,
    )
