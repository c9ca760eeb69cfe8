"""Limits of the cgroups above one: what is in it must stay within each of them, too.

Those that lie above what is mounted, as outside of a container, are not seen.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from ..metrics import above, levels_above
from .cgroup import parse_limit

#: File -> the figure of metrics.CGROUP_LIMITS that it holds, by version.
_FILES: Mapping[int, Mapping[str, str]] = {
    2: {"memory.max": "max", "memory.high": "high", "memory.swap.max": "swap_max"},
    1: {"memory.limit_in_bytes": "max"},
}
_READ_SIZE = 64


class LimitsAbove:
    """Reads the limits of all cgroups above one again and again, with their files kept open."""

    def __init__(self, folder: str, version: int) -> None:
        """`folder` is that of the cgroup itself; one without limits above is as good."""
        self._files: dict[str, list[tuple[int, int]]] = {}  # of each limit: levels, descriptor
        levels, place = 0, folder
        while self._open(place := os.path.dirname(place), levels := levels + 1, version):
            pass

    def _open(self, folder: str, levels: int, version: int) -> bool:
        """Whether there is a cgroup with a limit; the root has none in version 2."""
        opened = False
        for name, limit in _FILES[version].items():
            try:
                descriptor = os.open(f"{folder}/{name}", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            except OSError:
                continue
            opened = True
            self._files.setdefault(limit, []).append((levels, descriptor))
        return opened

    def read(self) -> dict[str, int]:
        """The least of each limit, bytes, and how many levels above it is; without one nothing."""
        found = {}
        for limit, files in self._files.items():
            sizes = [(size, levels) for levels, each in files if (size := _size(each)) is not None]
            if sizes:
                found[above(limit)], found[levels_above(limit)] = min(sizes)
        return found

    def close(self) -> None:
        """Give all descriptors back."""
        for files in self._files.values():
            for _, descriptor in files:
                os.close(descriptor)
        self._files.clear()


def _size(descriptor: int) -> int | None:
    """The limit in a file; None: none (`max`), or it is no figure, or the cgroup is no more."""
    try:
        size = parse_limit(os.pread(descriptor, _READ_SIZE, 0))
    except OSError:
        return None
    return size if size is not None and size >= 0 else None
