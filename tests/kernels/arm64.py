"""Captures the /proc files of a Python process on arm64 with pages of 16 KiB.

    python -m tests.kernels.arm64 FOLDER

Debian's arm64-16k kernel under QEMU, with an initramfs that holds Python: no disk. tests/data/proc
has such files. The recorder then reads them from the folder, as any proc filesystem.
"""

from __future__ import annotations

import base64
import io
import re
import stat
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from . import cache
from .archive import Suite
from .initramfs import Cpio

SUITE = "trixie"
_PACKAGES = (
    *("busybox-static", "libc6", "zlib1g", "libexpat1"),
    *("python3.13-minimal", "libpython3.13-minimal", "libpython3.13-stdlib"),
)
_BEGIN, _END = "-----captured-----", "-----end-----"
#: Emulated, on a busy machine.
_PATIENCE = 1800

_INIT = """#!/bin/sh
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
export PATH=/usr/bin:/bin HOME=/ LC_ALL=C.UTF-8
python3.13 /capture.py
reboot -f
"""

#: Runs inside.
_CAPTURE = f'''
import base64, io, subprocess, sys, tarfile
target = subprocess.Popen([sys.executable, "-c", """
import mmap, threading, sys
held = bytearray(3 << 20)
shared = mmap.mmap(-1, 1 << 20)
shared.write(b"x" * (1 << 19))
for _ in range(2):
    threading.Thread(target=threading.Event().wait, daemon=True).start()
print("ready", flush=True)
sys.stdin.read()
"""], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
target.stdout.readline()
content = {{}}
for name in ("statm", "smaps", "smaps_rollup", "status", "stat", "maps", "cmdline", "oom_score"):
    content[name] = open(f"/proc/{{target.pid}}/{{name}}", "rb").read()
packed = io.BytesIO()
with tarfile.open(fileobj=packed, mode="w:gz") as archive:
    for name, bytes_ in content.items():
        member = tarfile.TarInfo(name)
        member.size = len(bytes_)
        archive.addfile(member, io.BytesIO(bytes_))
print("{_BEGIN}")
print(base64.encodebytes(packed.getvalue()).decode(), end="")
print("{_END}", flush=True)
'''


def main() -> None:
    """Boot, and unpack what comes over the console."""
    (destination,) = map(Path, sys.argv[1:])
    suite = Suite(SUITE, "arm64")
    root = suite.fetch(*_PACKAGES)
    image = next(
        name for name in suite.depends("linux-image-arm64-16k") if re.match(r"linux-image-\d", name)
    )
    kernel = next(suite.fetch(image).glob("boot/vmlinuz-*"))
    with tempfile.TemporaryDirectory(prefix="memory-watcher-guest-") as place:
        initramfs = Path(place) / "initramfs"
        initramfs.write_bytes(_initramfs(root))
        done = subprocess.run(
            [
                *(cache.require("setpriv", "util-linux"), "--pdeathsig", "KILL"),
                cache.require("qemu-system-aarch64", "qemu-system-arm"),
                *("-M", "virt", "-cpu", "max", "-smp", "2", "-m", "2000", "-no-reboot"),
                *("-accel", "tcg,thread=multi", "-display", "none", "-serial", "stdio"),
                *("-kernel", str(kernel), "-initrd", str(initramfs)),
                *("-append", "console=ttyAMA0 quiet panic=-1"),
            ],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PATIENCE,
            check=True,
        )
    console = done.stdout.decode("utf-8", "replace").replace("\r", "")
    if _END not in console:
        sys.exit(console[-3000:])
    packed = base64.b64decode(console.partition(_BEGIN)[2].partition(_END)[0])
    destination.mkdir(parents=True, exist_ok=True)
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        archive.extractall(destination, filter="data")


def _initramfs(root: Path) -> bytes:
    archive = Cpio()
    for name in ("dev", "proc", "sys", "tmp"):
        archive.add(name, b"", stat.S_IFDIR | 0o755)
    archive.add_folder(root, "")
    for name in ("bin", "lib", "sbin"):
        archive.add(name, f"usr/{name}".encode(), stat.S_IFLNK | 0o777)
    for name in ("sh", "mount", "reboot"):
        archive.add(f"usr/bin/{name}", b"busybox", stat.S_IFLNK | 0o777)
    archive.add("capture.py", _CAPTURE.encode())
    archive.add("init", _INIT.encode(), stat.S_IFREG | 0o755)
    return archive.finish()


if __name__ == "__main__":
    main()
