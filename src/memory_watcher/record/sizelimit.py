"""Ends a recording before its file becomes larger than its user allows."""

from __future__ import annotations

import time
from collections.abc import Callable

from ..units import MILLISECOND
from .clock import Time

_LOOK_EVERY_NS = 100 * MILLISECOND


class SizeLimit:
    """Asks how large a recording is; expects what was the most between two looks once more."""

    def __init__(self, measure: Callable[[], int], most: int, time: Time = time) -> None:
        """`measure` tells the file's size with all that is written so far, bytes."""
        self._measure = measure
        self._most = most
        self._time = time
        self._looked_ns = 0
        self._size = measure()
        self._growth = 0

    def is_reached(self) -> bool:
        """Whether so much more as has come at a time would be too much."""
        now = self._time.monotonic_ns()
        if now - self._looked_ns < _LOOK_EVERY_NS:
            return False
        self._looked_ns = now
        size = self._measure()
        self._growth = max(self._growth, size - self._size)
        self._size = size
        return size + self._growth >= self._most
