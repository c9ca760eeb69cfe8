"""Debian's kernels, by their series: the image to boot and the modules to load."""

from __future__ import annotations

import lzma
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from . import cache
from .archive import Suite

#: Series -> the suite whose kernel it is. The last one follows Debian's newest.
SUITES = {"5.10": "bullseye", "6.1": "bookworm", "6.12": "trixie", "newest": "sid"}


@dataclass(frozen=True)
class Kernel:
    """A kernel that is unpacked: its release as `uname -r` tells it, its image, its modules."""

    release: str
    image: Path
    modules: Path

    def module(self, name: str) -> bytes | None:
        """The object file of a module, None where it is built in."""
        pattern = re.sub("[-_]", "[-_]", name) + ".ko*"
        for path in self.modules.rglob(pattern):
            return _decompressed(path)
        return None

    def load_order(self, *names: str) -> list[tuple[str, bytes]]:
        """Modules with all that they depend on, in the order to load them in."""
        ordered: dict[str, bytes] = {}

        def add(name: str) -> None:
            content = self.module(name)
            if name in ordered or content is None:
                return
            for needed in _dependencies(content):
                add(needed)
            ordered[name] = content

        for name in names:
            add(name)
        return list(ordered.items())


def fetch(series: str, flavour: str = "cloud-amd64") -> Kernel:
    """Debian's kernel of a series (one of SUITES, or the name of a suite)."""
    suite = Suite(SUITES.get(series, series), flavour.rpartition("-")[2])
    image = next(
        name
        for name in suite.depends(f"linux-image-{flavour}")
        if re.match(r"linux-image-\d", name)
    )
    # Up to 6.x one package holds all; since 7.x the image's own is empty.
    parts = [
        name for name in suite.depends(image) if re.match(r"linux-(binary|modules|base)-\d", name)
    ]
    folder = suite.fetch(image, *parts)
    release = image.removeprefix("linux-image-")
    images = [*folder.glob("boot/vmlinuz-*"), *folder.glob("usr/lib/modules/*/vmlinuz")]
    modules = next(path for path in folder.glob("**/lib/modules/*") if (path / "kernel").is_dir())
    return Kernel(release=release, image=images[0], modules=modules)


def _dependencies(module: bytes) -> list[str]:
    """The modules that a module names in its .modinfo."""
    found = re.search(rb"\0depends=([^\0]*)\0", module)
    return [name for name in found[1].decode().split(",") if name] if found else []


def _decompressed(path: Path) -> bytes:
    if path.suffix == ".xz":
        return lzma.decompress(path.read_bytes())
    if path.suffix == ".zst":
        command = [cache.require("zstd", "zstd"), "-dcq", str(path)]
        return subprocess.run(command, capture_output=True, check=True).stdout
    return path.read_bytes()
