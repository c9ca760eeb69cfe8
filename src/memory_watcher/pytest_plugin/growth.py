"""Runs the body of a test several times, and tells by how much each run grows."""

from __future__ import annotations

import gc
from contextlib import suppress
from itertools import pairwise

import pytest

from ..procfs import own
from .measured import Growth

#: Caches are filled, modules imported and pools made by then.
_WARM_UP = 3
_ROUNDS = 3
#: Allocators take pages from the kernel in pieces: one run alone may show none of its growth.
_RUNS = 4


class Repeated:
    """Stands for an item's `runtest`: runs it again and again.

    What is garbage counts for nothing: it is collected before each reading.
    """

    def __init__(self, item: pytest.Item) -> None:
        self._item, self._run = item, item.runtest
        self.growth: Growth | None = None

    def __call__(self) -> None:
        """Raise what the body raises; then nothing is known of its growth."""
        sizes = []
        for number in range(_ROUNDS + 1):
            for _ in range(_RUNS if number else _WARM_UP):
                self._run()
                if getattr(self._item, "_excinfo", None):  # unittest's: a failure is not raised
                    return
            gc.collect()
            _trim()
            sizes.append(own.counted_resident())
        told = [size for size in sizes if size is not None]
        if len(told) == len(sizes):
            rounds = tuple((after - before) // _RUNS for before, after in pairwise(told))
            self.growth = Growth(rounds, _RUNS)


def _trim() -> None:
    """Let malloc give back what is free: new memory would else be taken from that, unseen."""
    import ctypes  # noqa: PLC0415 - only for tests that are run several times

    with suppress(AttributeError, OSError):  # of glibc alone
        ctypes.CDLL(None).malloc_trim(0)
