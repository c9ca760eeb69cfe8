"""The system as it is, also while a test puts something else in its place.

Fakes of the file system, of time and of single functions put theirs in the place of names in their
own module, some of names in all others (pyfakefs, freezegun), and some change what time.time_ns
does (time-machine). None looks for names in a class.
"""

from __future__ import annotations

import json
import os
import threading
import time

#: Clocks that no fake knows. Both stand still from one tick of the kernel to the next.
_WALL_COARSE, _MONOTONIC_COARSE = 5, 6


class Real:
    """What the plugin and its link to the recorder call while tests run."""

    open, read, write, close = os.open, os.read, os.write, os.close
    fstat, getpid = os.fstat, os.getpid
    threads, this_thread = threading.enumerate, threading.current_thread
    encode, decode = json.JSONEncoder().encode, json.JSONDecoder().decode
    clock = time.clock_gettime_ns
    monotonic = time.CLOCK_MONOTONIC


def utc_ns() -> int:
    """UTC now, nanoseconds."""
    while True:
        wall, since_boot = Real.clock(_WALL_COARSE), Real.clock(_MONOTONIC_COARSE)
        if wall == Real.clock(_WALL_COARSE):  # all of one tick: what is between them is exact
            return Real.clock(Real.monotonic) + wall - since_boot
