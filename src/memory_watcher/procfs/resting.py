"""Processes that need not be looked at for a while, as long as their files stay the same."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import NamedTuple

#: Longer than statm, schedstat and nearly every stat. What is read larger and then kept lies where
#: it was read, in a hole of the heap: the recorder would grow, and record that it did.
TINY_SIZE = 448


class Watched(NamedTuple):
    """Two small files, by their open descriptors, and what they said."""

    first: int
    first_text: bytes
    second: int
    second_text: bytes

    def is_still(self) -> bool:
        """Whether both say, to the byte, what they said then; False if that cannot be told."""
        try:
            return (
                os.pread(self.first, TINY_SIZE, 0) == self.first_text
                and os.pread(self.second, TINY_SIZE, 0) == self.second_text
            )
        except OSError:
            return False


class Still(NamedTuple):
    """What statm and another small file said at one moment, to the byte."""

    statm: bytes
    name: str
    text: bytes

    def is_said_by(self, kept: Mapping[str, int]) -> bool:
        """Whether both files, open by name, say that now; False if that cannot be told."""
        try:
            return (
                os.pread(kept[self.name], TINY_SIZE, 0) == self.text
                and os.pread(kept["statm"], TINY_SIZE, 0) == self.statm
            )
        except (OSError, KeyError):
            return False


class RestingTable:
    """Who rests, by PID, until when, and what is watched meanwhile.

    What a sleeping process costs at each tick of the whole machine: hence a table, and one loop.
    With the caches as cold as a second leaves them it takes 5 us for each, nearly all the kernel's;
    to go from object to object takes 2 us more.
    """

    def __init__(self) -> None:
        self._resting: dict[int, tuple[int, int, bytes, int, bytes]] = {}

    def put(self, pid: int, until_ns: int, watched: Watched) -> None:
        """Until then `awake` need not tell of this process, if it stays still."""
        self._resting[pid] = (until_ns, *watched)

    def drop(self, pid: int) -> None:
        """Its descriptors are closed: it rests no more."""
        self._resting.pop(pid, None)

    def awake(self, pids: Iterable[int], now_ns: int) -> list[int]:
        """Those of some processes that do not rest, or not any more."""
        woken, read = [], os.pread
        for pid, (until_ns, first, first_text, second, second_text) in self._resting.items():
            try:
                if (
                    now_ns < until_ns
                    and read(first, TINY_SIZE, 0) == first_text
                    and read(second, TINY_SIZE, 0) == second_text
                ):
                    continue
            except OSError:
                pass  # it has ended
            woken.append(pid)
        for pid in woken:
            del self._resting[pid]
        return [pid for pid in pids if pid not in self._resting]

    def __contains__(self, pid: int) -> bool:
        return pid in self._resting
