"""What the memory of a control group consists of, from the kernel's own lines.

A cgroup is charged for more than its processes map: page cache of files that they read and closed,
files in tmpfs, kernel memory, buffers of sockets. The kernel counts tmpfs and shared memory as
files, and reads `memory.current` and `memory.stat` at slightly different moments, the latter from
counters that may lag behind. So what is left over is shown as such, and never below 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

#: What the parts are made of: the name in version 2, and in version 1.
_LINES = {
    "anonymous": ("stat.anon", "stat.total_rss"),
    "files": ("stat.file", "stat.total_cache"),
    "shared": ("stat.total_shmem", "stat.shmem"),  # version 1 has both: that of all below counts
    "mapped": ("stat.file_mapped", "stat.total_mapped_file"),
    "kernel": ("stat.kernel", "kernel_current"),
    "sockets": ("stat.sock",),
    "swap": ("swap_current", "stat.total_swap"),
}
#: What kernel memory is added up from before Linux 5.18, which has no line for all of it.
_KERNEL = ("stat.slab", "stat.kernel_stack", "stat.pagetables")

Figures = Mapping[str, int | None]


class Part(NamedTuple):
    """One part of a cgroup's memory: a key, what people call it, bytes."""

    key: str
    title: str
    size: int


#: Key -> title of each part, in the order in which they are shown.
TITLES: Mapping[str, str] = {
    "anonymous": "anonymous memory",
    "shared": "tmpfs and shared memory",
    "cache": "page cache",
    "kernel": "kernel memory",
    "sockets": "socket buffers",
    "rest": "not distinguished",
}


def told(figures: Figures, name: str) -> int | None:
    """One of anonymous, files, shared, mapped, kernel, sockets, swap: bytes; None: not reported."""
    for line in _LINES[name]:
        if (size := figures.get(line)) is not None:
            return size
    if name == "kernel":
        sizes = [size for line in _KERNEL if (size := figures.get(line)) is not None]
        return sum(sizes) if sizes else None
    return None


def parts(figures: Figures) -> tuple[Part, ...]:
    """What it consists of; empty where the kernel does not tell. They come to `current` or more."""
    anonymous, files = told(figures, "anonymous"), told(figures, "files")
    if anonymous is None or files is None:
        return ()
    shared = min(told(figures, "shared") or 0, files)
    sizes = {
        "anonymous": anonymous,
        "shared": shared,
        "cache": files - shared,
        "kernel": told(figures, "kernel") or 0,
        "sockets": told(figures, "sockets") or 0,
    }
    sizes["rest"] = max((figures.get("current") or 0) - sum(sizes.values()), 0)
    return tuple(Part(key, TITLES[key], size) for key, size in sizes.items())


def unmapped(figures: Figures) -> int | None:
    """Of page cache, tmpfs and shared memory what no process maps, bytes; None: not reported."""
    files, mapped = told(figures, "files"), told(figures, "mapped")
    return None if files is None or mapped is None else max(files - mapped, 0)
