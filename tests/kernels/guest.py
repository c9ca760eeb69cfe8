"""Boots a kernel with a root under QEMU, runs one command inside, and gets its files out.

    guest = Guest(kernel.fetch("6.12"), Root("trixie"))
    result = guest.run("memory-record --duration 5 --output /out/x.db -- sleep 3", Path("out"))
    result.exit_code, result.output, Path("out/x.db")

All is emulated (TCG): a guest's Python is about 16 times slower than the machine's. Whatever the
command does ends with the guest; the disk is a snapshot.
"""

from __future__ import annotations

import subprocess
import tarfile
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from . import cache, initramfs, project
from .kernel import Kernel
from .roots import Root

#: Seconds that a guest may take, if the caller says nothing.
PATIENCE = 900.0
#: The disk for the files that come out, bytes: sparse.
_OUT_SIZE = 1 << 30

_ENVIRONMENT = """
export PATH=/project/.venv/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export HOME=/root LC_ALL=C.UTF-8 MEMORY_WATCHER_GUEST=1 MEMORY_WATCHER_PATIENCE=10
"""

#: Runs as PID 1 on an empty machine.
_ENTER = """
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mkdir -p /dev/pts /dev/shm /out
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /dev/shm
mount -t cgroup2 cgroup2 /sys/fs/cgroup
ip link set lo up
tar -xf /dev/vdb -C /
"""

#: Runs as PID 1, or as a service of systemd.
_RUN = """
cd /project
{ sh /guest-command </dev/null; echo $? > /out/.exit-code; } 2>&1 | tee /out/.output > /dev/console
tar -cf /dev/vdc -C /out .
sync
echo b > /proc/sysrq-trigger
sleep 60
"""

_UNIT = """[Unit]
Description=The command of a guest
After=multi-user.target
[Service]
Type=oneshot
TimeoutStartSec=infinity
ExecStart=/bin/sh /run-guest
"""


class GuestError(Exception):
    """A guest that did not come to the end of its command: what its console said last."""


@dataclass(frozen=True)
class Result:
    """What a command in a guest came to; its files are in the folder that was named."""

    exit_code: int
    output: str
    seconds: float


@dataclass(frozen=True)
class Guest:
    """A machine that does not exist: memory in MiB, modules loaded beside those of its disk."""

    kernel: Kernel
    root: Root
    memory: int = 1500
    cpus: int = 2
    modules: tuple[str, ...] = ()
    systemd: bool = False

    def run(self, command: str, out: Path, patience: float = PATIENCE) -> Result:
        """Run a shell's command in /project; what it leaves in /out comes into the folder `out`.

        GuestError if the guest does not end by itself within `patience` seconds.
        """
        with tempfile.TemporaryDirectory(prefix="memory-watcher-guest-") as place:
            folder = Path(place)
            self._write_disks(folder, command)
            started = time.monotonic()
            console = _boot(self._qemu(folder), folder / "console", patience)
            seconds = time.monotonic() - started
            return _unpack(folder / "out.tar", out, console, seconds)

    def _write_disks(self, folder: Path, command: str) -> None:
        first = "/lib/systemd/systemd" if self.systemd else "/bin/sh /run-guest"
        enter = f"{_ENVIRONMENT}{_ENTER}exec {first}\n"
        (folder / "initramfs").write_bytes(initramfs.build(self.kernel, enter, self.modules))
        project.write_tar(self.root, folder / "in.tar")
        with tarfile.open(folder / "in.tar", "a") as archive:
            files = {"guest-command": command, "run-guest": _ENVIRONMENT + _RUN}
            if self.systemd:
                files["etc/systemd/system/guest.service"] = _UNIT
            for name, text in files.items():
                path = folder / "file"
                path.write_text(text)
                archive.add(path, name)
        with open(folder / "out.tar", "wb") as disk:
            disk.truncate(_OUT_SIZE)

    def _qemu(self, folder: Path) -> list[str]:
        append = "console=ttyS0 quiet panic=-1"
        if self.systemd:
            append += " systemd.wants=guest.service systemd.show_status=false"
        disks = (
            f"file={self.root.disk()},snapshot=on",
            f"file={folder / 'in.tar'},readonly=on",
            f"file={folder / 'out.tar'}",
        )
        return [
            # It ends with this program, however that ends.
            *(cache.require("setpriv", "util-linux"), "--pdeathsig", "KILL"),
            cache.require("qemu-system-x86_64", "qemu-system-x86"),
            *("-accel", "tcg,thread=multi", "-cpu", "max", "-smp", str(self.cpus)),
            *("-m", str(self.memory), "-nodefaults", "-no-user-config", "-display", "none"),
            *("-no-reboot", "-serial", f"file:{folder / 'console'}"),
            *("-kernel", str(self.kernel.image), "-initrd", str(folder / "initramfs")),
            *("-append", append),
            *(word for disk in disks for word in ("-drive", f"{disk},if=virtio,format=raw")),
        ]


def _boot(command: list[str], console: Path, patience: float) -> str:
    """Run QEMU to its end and return what the console said."""
    try:
        done = subprocess.run(command, capture_output=True, timeout=patience, check=False)
    except subprocess.TimeoutExpired as error:
        said = console.read_text("utf-8", "replace") if console.exists() else ""
        raise GuestError(f"the guest was not done in {patience:g} s\n{said[-3000:]}") from error
    if done.returncode:
        raise GuestError(done.stderr.decode("utf-8", "replace"))
    return console.read_text("utf-8", "replace")


def _unpack(disk: Path, out: Path, console: str, seconds: float) -> Result:
    out.mkdir(parents=True, exist_ok=True)
    try:
        with tarfile.open(disk) as archive:
            archive.extractall(out, filter="data")
        exit_code = int((out / ".exit-code").read_text())
    except (tarfile.TarError, FileNotFoundError) as error:
        raise GuestError(f"the guest ended before its command\n{console[-3000:]}") from error
    output = (out / ".output").read_text("utf-8", "replace")
    for name in (".exit-code", ".output"):
        (out / name).unlink()
    return Result(exit_code, output, seconds)
