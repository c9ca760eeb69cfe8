"""What the kernel needs on this machine for a page and for a mapping, measured on this process.

Printing smaps holds its process up, so that must be known before another's is first read. This
process has some thousand small pages and some hundred mappings: smaps_rollup walks over the pages,
and smaps prints the mappings, too. Measured is CPU time. Of pages, which decide, the least of some
counts: one that was interrupted, or found nothing in the caches, took longer. By thread-self: what
stands in self is made up by qemu-user.
"""

from __future__ import annotations

import os
import time
from typing import NamedTuple

from ..units import SECOND
from .buffer import TextBuffer
from .cheap import size_of
from .files import NO_WAITING

#: How often smaps_rollup is read after the first time, which finds nothing in the caches.
_ROLLUPS = 3

#: With fewer pages what is around them decides; with more it would take too long.
_LEAST_PAGES, _MOST_PAGES = 1024, 32 * 1024

#: Huge pages are walked over at once.
_HUGE = (b"AnonHugePages", b"ShmemPmdMapped", b"FilePmdMapped")

#: A machine that was busy then is measured again, but not sooner than this.
_AGAIN_NS = 10 * SECOND


class WalkCosts(NamedTuple):
    """CPU time, ns: of a small page, and of a mapping with printing it."""

    page_ns: float
    mapping_ns: float


class WalkMeter:
    """Measures when it is first asked, and keeps the least."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._measured_ns: int | None = None
        self._least: WalkCosts | None = None

    def costs(self, now_ns: int, *, again: bool = False) -> WalkCosts | None:
        """None where nothing can be measured: another's proc, or a kernel before 4.14.

        `again`: measure once more, unless that was done just now.
        """
        last_ns = self._measured_ns
        if last_ns is None or (again and now_ns - last_ns >= _AGAIN_NS):
            self._measured_ns = now_ns
            found, least = _measure(self._root), self._least
            if found is not None and least is not None:
                found = WalkCosts(*map(min, zip(found, least, strict=True)))
            self._least = found or least
        return self._least


def _measure(root: str) -> WalkCosts | None:
    try:
        if os.readlink(f"{root}/self") != str(os.getpid()):
            return None
        pages = _small_pages(_read(f"{root}/thread-self/smaps_rollup")[1])
        if not _LEAST_PAGES <= pages <= _MOST_PAGES:
            return None
        layout_ns, layout = _read(f"{root}/thread-self/smaps")
        rollups = [_read(f"{root}/thread-self/smaps_rollup") for _ in range(_ROLLUPS)]
    except OSError:
        return None
    pages_ns = min([took_ns for took_ns, _ in rollups])
    mappings = max(layout.count(b"\nRss:"), 1)
    return WalkCosts(pages_ns / pages, max(layout_ns - pages_ns, 0) / mappings)


def _small_pages(rollup: bytes) -> int:
    """How many of them it tells of."""
    huge = sum([size_of(rollup, name) or 0 for name in _HUGE])
    return ((size_of(rollup, b"Rss") or 0) - huge) // os.sysconf("SC_PAGE_SIZE")


def _read(path: str) -> tuple[int, bytes]:
    """CPU time of reading a file as those of others are read, and its text."""
    descriptor = os.open(path, NO_WAITING)
    buffer = TextBuffer()
    try:
        begun_ns = time.thread_time_ns()
        text = buffer.fill_from(descriptor)
        return time.thread_time_ns() - begun_ns, bytes(text)
    finally:
        os.close(descriptor)
