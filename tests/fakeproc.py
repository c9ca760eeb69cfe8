"""A proc filesystem of plain files: processes whose every figure the test chooses."""

from __future__ import annotations

import errno
import os
import shutil
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

KI = 1024
PF_KTHREAD = 0x00200000
_pread = os.pread


class Area(NamedTuple):
    """A mapping: where, how large, and how much of it is in RAM (KiB), all of it private."""

    start: int
    size: int
    rss: int
    pathname: str = ""
    perms: str = "rw-p"
    inode: int = 0

    def text(self) -> str:
        """Its block of smaps, as a kernel of today prints it, less the fields that are all 0."""
        bounds = f"{self.start:x}-{self.start + self.size * KI:x}"
        header = f"{bounds} {self.perms} 00000000 00:00 {self.inode} "
        lines = [header.ljust(73) + self.pathname if self.pathname else header]
        figures = {
            "Size": self.size,
            "Rss": self.rss,
            "Pss": self.rss,
            "Private_Clean": 0,
            "Private_Dirty": self.rss,
            "Private_Hugetlb": 0,
            "Swap": 0,
            "SwapPss": 0,
        }
        lines += [f"{key + ':':<16}{figure:8d} kB" for key, figure in figures.items()]
        return "\n".join([*lines, "VmFlags: rd wr mr mw me ac", ""])


def smaps_of(areas: Iterable[Area]) -> bytes:
    return "".join(area.text() for area in areas).encode("utf-8", "surrogateescape")


#: 8 + 132 + 132 KiB, of which 4 + 20 + 12 in RAM.
SMALL = (
    Area(0x400000, 8, 4, "/usr/bin/program"),
    Area(0x600000, 132, 20, "[heap]"),
    Area(0x7FFC00000000, 132, 12, "[stack]"),
)


@dataclass
class FakeProcess:
    """One process: `files()` gives the bytes of its files. `page_size` is in KiB."""

    pid: int
    name: str = "program"
    start_time: int = 1000
    areas: tuple[Area, ...] = SMALL
    state: str = "S"
    flags: int = 0
    marks: tuple[int, int, int] = (1, 2, 3)
    faults: tuple[int, int] = (100, 5)
    high_water_mark: int = 50
    swap: int = 0
    threads: int = 1
    page_size: int = 4
    parent_pid: int = 1
    uid: int = 1000
    command_line: bytes = b"program\0--option\0"
    oom_score: int = 666
    oom_score_adj: int = 0
    changed: dict[str, bytes] = field(default_factory=dict)  # files that say something else

    def statm(self) -> bytes:
        size = sum(area.size for area in self.areas if area.pathname != "[vsyscall]")
        resident = sum(area.rss for area in self.areas)
        pages = [size // self.page_size, resident // self.page_size]
        return "{} {} 0 {} 0 {} 0\n".format(*pages, *pages).encode()

    def stat(self) -> bytes:
        minor, major = self.faults
        fields = [
            *(self.state, self.parent_pid, 0, 0, 0, -1, self.flags, minor, 0, major, 0),
            *(0, 0, 0, 0, 20, 0, self.threads, 0, self.start_time, 0, 0, 2**64 - 1),
            *(*self.marks, 0, 0),
        ]
        return f"{self.pid} ({self.name}) {' '.join(map(str, fields))}\n".encode()

    def schedstat(self) -> bytes:
        """It ran if any of its figures has changed."""
        return b"%d 77 5\n" % (1 + zlib.crc32(self.stat() + self.statm() + self.status()))

    def status(self) -> bytes:
        size = sum(area.size for area in self.areas if area.pathname != "[vsyscall]")
        lines = [f"Name:\t{self.name}", f"PPid:\t{self.parent_pid}", f"Uid:\t{self.uid}\t0\t0\t0"]
        if self.areas:
            lines += [
                f"VmSize:\t{size:8d} kB",
                f"VmHWM:\t{self.high_water_mark:8d} kB",
                f"VmSwap:\t{self.swap:8d} kB",
                "HugetlbPages:\t       0 kB",
            ]
        return "\n".join([*lines, f"Threads:\t{self.threads}", ""]).encode()

    def rollup(self) -> bytes:
        resident = sum(area.rss for area in self.areas)
        return (
            "00400000-7ffeec5b8000 ---p 00000000 00:00 0                              [rollup]\n"
            f"Rss:  {resident} kB\nPss:  {resident + 1} kB\n"
        ).encode()

    def files(self) -> dict[str, bytes]:
        return {
            "stat": self.stat(),
            "statm": self.statm(),
            "schedstat": self.schedstat(),
            "status": self.status(),
            "smaps": smaps_of(self.areas),
            "smaps_rollup": self.rollup(),
            "cmdline": self.command_line,
            "cgroup": b"0::/some.slice\n",
            "oom_score": b"%d\n" % self.oom_score,
            "oom_score_adj": b"%d\n" % self.oom_score_adj,
            **self.changed,
        }


class FakeProc:
    """The folder that holds them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(exist_ok=True)
        self.write("meminfo", b"MemTotal:  1000 kB\nMemFree:  500 kB\n")
        self.write("stat", b"cpu  1 2 3\ncpu0 1 2 3\ncpu1 1 2 3\nintr 5\n")
        self.write("sys/kernel/hostname", b"fakehost\n")
        self.write("sys/kernel/osrelease", b"6.18.0\n")
        self.write("sys/kernel/random/boot_id", b"11111111-2222\n")

    def write(self, name: str, content: bytes) -> None:
        """Write a file in place: who has it open sees the new content, as in /proc."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def put(self, process: FakeProcess) -> FakeProcess:
        """Let a process be as told."""
        for name, content in process.files().items():
            self.write(f"{process.pid}/{name}", content)
        exe = self.root / str(process.pid) / "exe"
        if not os.path.lexists(exe):
            exe.symlink_to(f"/usr/bin/{process.name}")
        return process

    def remove(self, pid: int) -> None:
        """Let a process be gone; see `pread_as_in_proc` for files that are still open."""
        shutil.rmtree(self.root / str(pid))


def pread_as_in_proc(descriptor: int, length: int, offset: int) -> bytes:
    """Read as from /proc, where an open file of a process that has gone cannot be read any more.

    To be put in the place of os.pread.
    """
    if os.fstat(descriptor).st_nlink == 0:
        raise OSError(errno.ESRCH, os.strerror(errno.ESRCH))
    return _pread(descriptor, length, offset)
