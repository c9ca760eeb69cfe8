"""What a test changes about the guest, and puts back: cgroups, swap, huge pages, hidepid."""

from __future__ import annotations

import itertools
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ...programs import wait_until

CGROUPS = Path("/sys/fs/cgroup")
MIB = 1 << 20
_numbers = itertools.count(1)


@contextmanager
def cgroup(**limits: int) -> Iterator[tuple[str, Path]]:
    """A cgroup of version 2 with the memory controller: its name for --cgroup, and its folder.

    `limits` are files of the controller: max=64 << 20 writes memory.max.
    """
    (CGROUPS / "cgroup.subtree_control").write_text("+memory")
    name = f"of-test-{next(_numbers)}"
    folder = CGROUPS / name
    folder.mkdir()
    for limit, size in limits.items():
        (folder / f"memory.{limit}").write_text(str(size))
    try:
        yield name, folder
    finally:
        wait_until(lambda: not (folder / "cgroup.procs").read_text(), f"nobody in {name}")
        folder.rmdir()


def inside(folder: Path, *words: str) -> list[str]:
    """A command line that enters a cgroup before it becomes these words."""
    return ["sh", "-c", f'echo $$ > "{folder}/cgroup.procs"; exec "$@"', "sh", *words]


@contextmanager
def swap(size: int, folder: Path) -> Iterator[None]:
    """A swap file of so many bytes."""
    file = folder / "swap"
    with open(file, "wb") as made:
        os.posix_fallocate(made.fileno(), 0, size)
    file.chmod(0o600)
    subprocess.run(["mkswap", file], check=True, capture_output=True)
    subprocess.run(["swapon", file], check=True)
    try:
        yield
    finally:
        subprocess.run(["swapoff", file], check=True)
        file.unlink()


@contextmanager
def huge_pages(count: int) -> Iterator[int]:
    """So many pages of hugetlb's default size; tells that size, bytes."""
    pool = Path("/proc/sys/vm/nr_hugepages")
    pool.write_text(str(count))
    told = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
    try:
        assert int(told["HugePages_Total"]) == count, "no memory for huge pages"
        yield int(told["Hugepagesize"].split()[0]) * 1024
    finally:
        pool.write_text("0")


@contextmanager
def hidden_processes(how: int) -> Iterator[None]:
    """/proc shows a user only its own processes: mounted with hidepid=1 or 2."""
    remount = ["mount", "-o", "remount,hidepid={}", "/proc"]
    subprocess.run([word.format(how) for word in remount], check=True)
    try:
        yield
    finally:
        subprocess.run([word.format(0) for word in remount], check=True)
