"""Runs a command in a root of Debian with namespaces of its own: nothing of it is left."""

from __future__ import annotations

import shlex
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from ..kernels import cache, project
from ..kernels.roots import Root

_ENTER = """
set -e
mount --make-rprivate /
# In a chroot that is no mount, nobody can tell of which kind the files' own file system is.
mount --bind {root} {root}
mount -t proc proc {root}/proc
mount --rbind /sys {root}/sys
mount --rbind /dev {root}/dev
mount -t tmpfs tmpfs {root}/tmp
mkdir -p {root}/project
mount --bind {project} {root}/project
exec chroot {root} env -i HOME=/root LC_ALL=C.UTF-8 {path} sh -c {command}
"""
_PATH = "PATH=/project/.venv/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def run(root: Root, words: Sequence[str], extras: Sequence[str] = ()) -> int:
    """Run a command in a copy of this project in a root; returns its exit code.

    `extras` are packages of Python that the command needs beside those of live tests.
    """
    folder = root.folder()
    with tempfile.TemporaryDirectory(prefix="memory-watcher-distro-") as place:
        copy = Path(place) / "project"
        project.copy_into(root, copy, extras)
        script = _ENTER.format(
            root=shlex.quote(str(folder)),
            project=shlex.quote(str(copy)),
            path=_PATH,
            command=shlex.quote(f"cd /project && exec {shlex.join(words)}"),
        )
        unshare = cache.require("unshare", "util-linux")
        return subprocess.run(
            [unshare, "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", script],
            check=False,
        ).returncode
