"""The first file system of a guest: a static busybox that loads modules and enters the root."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from . import cache
from .kernel import Kernel

#: What a guest's disk and file system need; a kernel that has one built in has no file of it.
_DISK = ("virtio_pci", "virtio_blk", "crc32c_generic", "ext4")

_INIT = """#!/bin/sh
mount -t proc proc /proc
mount -t devtmpfs dev /dev
for module in /modules/*.ko; do insmod "$module" || echo "not loaded: $module"; done
while ! [ -b /dev/vda ]; do sleep 0.1; done
mount -t ext4 /dev/vda /root || reboot -f
cp /enter /root/enter-guest
umount /proc
exec switch_root /root /bin/sh /enter-guest
"""


def build(kernel: Kernel, enter: str, modules: tuple[str, ...] = ()) -> bytes:
    """A cpio archive that loads modules, mounts /dev/vda and runs the script `enter` in it."""
    busybox = Path(cache.require("busybox", "busybox-static")).read_bytes()
    archive = Cpio()
    for name in ("bin", "dev", "proc", "root", "modules"):
        archive.add(name, b"", stat.S_IFDIR | 0o755)
    archive.add("bin/busybox", busybox, stat.S_IFREG | 0o755)
    for name in ("sh", "mount", "umount", "insmod", "sleep", "cp", "switch_root", "reboot", "echo"):
        archive.add(f"bin/{name}", b"busybox", stat.S_IFLNK | 0o777)
    for number, (name, content) in enumerate(kernel.load_order(*_DISK, *modules)):
        archive.add(f"modules/{number:02}-{name}.ko", content)
    archive.add("init", _INIT.encode(), stat.S_IFREG | 0o755)
    archive.add("enter", enter.encode())
    return archive.finish()


class Cpio:
    """A cpio archive of the kernel's format "newc" (Documentation: initramfs buffer format)."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._count = 0

    def add(self, name: str, content: bytes, mode: int = stat.S_IFREG | 0o644) -> None:
        """One file; of a link the content is where it leads."""
        self._count += 1
        path = name.encode() + b"\0"
        numbers = [self._count, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(path), 0]
        header = b"070701" + b"".join(b"%08x" % number for number in numbers)
        self._parts += [_padded(header + path), _padded(content)]

    def add_folder(self, folder: Path, name: str) -> None:
        """A folder with all that is in it, under a name; "" puts its contents at the top."""
        for path in sorted(folder.rglob("*")):
            if "__pycache__" in path.parts:
                continue
            inside = str(Path(name) / path.relative_to(folder))
            mode = path.lstat().st_mode
            if stat.S_ISLNK(mode):
                self.add(inside, os.readlink(path).encode(), mode)
            else:
                self.add(inside, path.read_bytes() if stat.S_ISREG(mode) else b"", mode)

    def finish(self) -> bytes:
        """The whole archive."""
        self.add("TRAILER!!!", b"")
        return b"".join(self._parts)


def _padded(content: bytes) -> bytes:
    return content + b"\0" * (-len(content) % 4)
