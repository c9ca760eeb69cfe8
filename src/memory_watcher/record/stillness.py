"""Whether a machine stood still since its last pass, so that the next one would say the same. Pure.

A pass over a machine at rest takes a twentieth of what reading all its layouts does, and finds what
the one before it found. What ticks show anyway tells that: nobody came or went, sizes in statm are
what they were, and MemAvailable did not fall, as it does when a fork's pages become two.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..model import FastReading
from .policy import MIB, Policy
from .pulses import Pulse

#: So many passes in a row are spared at most: who reads the recording may rely on the fourth.
_SPARED = 3
#: MemAvailable falls by less than this although no process takes anything.
_NOISE = 4 * MIB


class Stillness:
    """Compares what ticks show with what the last pass saw."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._pulses: Mapping[int, Pulse] = {}  # of the last pass, by process id
        self._limit = 0  # bytes that may move
        self._drifts: dict[int, int] = {}  # bytes by which a process differs from its pulse
        self._spared = _SPARED  # none before the first pass
        self._came_or_went = False
        self._available: int | None = None  # of now
        self._available_then: int | None = None  # at the last pass

    def passed(self, pulses: Mapping[int, Pulse], pss: int) -> None:
        """A pass was taken just now."""
        self._pulses = pulses
        self._limit = self._policy.above(pss) - pss
        self._drifts.clear()
        self._spared = 0
        self._came_or_went = False
        self._available_then = self._available

    def came_or_went(self) -> None:
        """A process was taken in or has ended: others share with others now."""
        self._came_or_went = True

    def read(self, process_id: int, reading: FastReading) -> None:
        """The sizes of a process at a tick."""
        pulse = self._pulses.get(process_id)
        if pulse is not None:
            shared = reading.shared or 0
            private = abs(reading.resident - shared - pulse.private)
            self._drifts[process_id] = private + abs(shared - pulse.shared)

    def available(self, size: int) -> None:
        """MemAvailable at a tick, bytes."""
        self._available = size

    def spares(self) -> bool:
        """Whether the pass that is due may be left out: then it counts as spared.

        Of what is read at every tick none is: its layouts are compared with its sums.
        """
        if not self._policy.pass_every_ns or self._spared >= _SPARED or self._came_or_went:
            return False
        if self._available is None or self._available_then is None:
            return False  # nothing would show that pages were copied
        if self._available_then - self._available > max(self._limit, _NOISE):
            return False
        if sum(self._drifts.values()) > self._limit:
            return False
        self._spared += 1
        return True
