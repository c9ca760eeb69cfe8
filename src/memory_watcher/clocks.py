"""One axis for all times of a recording: what stands where, and what a clock on the wall showed.

The wall clock may be set while a recorder runs (by NTP, by hand, from 1970 at start-up) and stands
still for nobody who sleeps. So places on the axis are counted by the monotonic clock within a boot,
and by the wall clock from one boot, machine or capture to the next. A place is UTC nanoseconds as
the wall clock had them after its last jump of that boot. Where it never jumped, which is nearly
always, the two are the same.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from .units import MILLISECOND, format_duration

#: Two readings of the clocks may lie so far apart on a busy machine.
APART = 100 * MILLISECOND
#: Clocks that are being adjusted run faster or slower by at most 500 millionths.
SLEWING = 1000


class Stamp(NamedTuple):
    """When a tick was: by the wall clock (UTC) and by the monotonic clock of a boot, nanoseconds.

    `boot` tells boots apart: anything; None if there was no monotonic clock (a loaded capture).
    `suspended_ns` is how long the machine slept since the tick before, None if not told.
    """

    tick: int
    time_ns: int
    monotonic_ns: int | None
    boot: object
    suspended_ns: int | None = None


class Jump(NamedTuple):
    """The wall clock did not show what had passed: set by `by_ns`, or the machine slept so long.

    `place_ns` is where the first tick after it stands.
    """

    place_ns: int
    by_ns: int
    suspended_ns: int | None

    @property
    def text(self) -> str:
        """What happened, in a few words."""
        slept = self.suspended_ns
        if slept is not None and slept and abs(self.by_ns - slept) <= APART + slept // SLEWING:
            return f"suspended for {format_duration(slept)}"
        long = format_duration(abs(self.by_ns))
        if self.by_ns < 0:
            return f"clock set back by {long}"
        if slept == 0:
            return f"clock set forward by {long}"
        return f"clock {long} ahead: it was set, or the machine was suspended"


def jumped(before: Stamp, after: Stamp) -> int:
    """By how much the wall clock jumped between two ticks of one boot, 0 if it did not."""
    if before.monotonic_ns is None or after.monotonic_ns is None:
        return 0
    wall = after.time_ns - before.time_ns
    passed = after.monotonic_ns - before.monotonic_ns
    if wall >= 0 and abs(wall - passed) <= APART + passed // SLEWING:
        return 0
    return wall - passed


class TimeAxis:
    """Places of times, and times of places; made of the ticks at which that changes."""

    def __init__(
        self, ahead: Iterable[tuple[int, int, int]] = (), jumps: Iterable[Jump] = ()
    ) -> None:
        """`ahead` are (tick, its place, by how much the wall clock is ahead of places) by ticks."""
        eras = list(ahead)
        self._ticks = [tick for tick, _, _ in eras]
        self._ahead_from = [ahead_ns for _, _, ahead_ns in eras]
        pieces = sorted((place, ahead_ns) for _, place, ahead_ns in eras)
        self._starts = [-(2**63), *(place for place, _ in pieces)]
        self._ahead = [0, *(ahead_ns for _, ahead_ns in pieces)]
        self.jumps = tuple(sorted(jumps))

    @property
    def is_steady(self) -> bool:
        """Whether each place is what the wall clock showed, as of nearly all recordings."""
        return not self._ticks

    def place(self, tick: int, time_ns: int) -> int:
        """The place of something that was seen in a tick at a time of the wall clock."""
        index = bisect_right(self._ticks, tick) - 1
        return time_ns - self._ahead_from[index] if index >= 0 else time_ns

    def wall(self, place_ns: int) -> int:
        """What the wall clock showed at a place, UTC nanoseconds."""
        return place_ns + self._ahead[bisect_right(self._starts, place_ns) - 1]

    def begin(self, time_ns: int) -> int:
        """The first place at which the wall clock showed this time or a later one."""
        ends = [*self._starts[1:], 2**63]
        places = zip(self._starts, ends, self._ahead, strict=True)
        return min(
            place
            for start, end, ahead in places
            if (place := max(start, time_ns - ahead)) < end or end == 2**63
        )

    def end(self, time_ns: int) -> int:
        """The last place at which the wall clock showed this time or an earlier one."""
        ends = [*self._starts[1:], 2**63]
        places = zip(self._starts, ends, self._ahead, strict=True)
        return max(
            place
            for start, end, ahead in places
            if (place := min(end - 1, time_ns - ahead)) >= start or start == -(2**63)
        )

    def jumps_between(self, first_ns: int, last_ns: int) -> list[Jump]:
        """The jumps behind one place and up to another."""
        return [jump for jump in self.jumps if first_ns < jump.place_ns <= last_ns]


#: Where no clock ever jumped.
STEADY = TimeAxis()


def axis_of(stamps: Iterable[Stamp]) -> TimeAxis:
    """Make the axis from ticks in their order; those between two jumps may be left out.

    Of each run of the recorder its first and last tick must be there, and both sides of a jump.
    """
    latest: dict[object, Stamp] = {}
    eras: list[tuple[Stamp, int]] = []  # the first tick of each, and the jump before it
    for stamp in stamps:
        before = latest.get(stamp.boot) if stamp.boot is not None else None
        by_ns = jumped(before, stamp) if before is not None else 0
        if by_ns or not eras or eras[-1][0].boot != stamp.boot:
            eras.append((stamp, by_ns))
        latest[stamp.boot] = stamp
    if not any(by_ns for _, by_ns in eras):
        return STEADY
    # The last clock of a boot is taken to be right: what was before it is moved.
    later: dict[object, int] = defaultdict(int)
    ahead, jumps = [], []
    for stamp, by_ns in reversed(eras):
        place = stamp.time_ns + later[stamp.boot]
        ahead.append((stamp.tick, place, -later[stamp.boot]))
        if by_ns:
            jumps.append(Jump(place, by_ns, stamp.suspended_ns))
        later[stamp.boot] += by_ns
    return TimeAxis(reversed(ahead), jumps)
