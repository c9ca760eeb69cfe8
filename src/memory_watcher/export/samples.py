"""Figures over time as series of samples, for programs that keep such.

A sample stands where a figure changed, and at least once a minute: a query shows what was last told
for five minutes. The mappings are summed up by kind, or by the names that ever had most.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ..answers.walk import Group, Walk
from ..metrics import OFFERED
from ..recorded import RecordedProcess
from ..units import SECOND
from .request import Request

#: Series are few: so many names at most, and one for all others.
TOP = 20
OTHER = "other"
#: A series that tells nothing for five minutes is over, as these programs see it.
_AT_LEAST_EVERY = 60 * SECOND


class Told:
    """What a series told last."""

    __slots__ = ("_time", "_value")

    def __init__(self) -> None:
        self._time: int | None = None
        self._value: int | None = None

    def is_due(self, time_ns: int, value: int | None) -> bool:
        """Whether to tell a value, which is then the last; None never is.

        Nor is what stays the same for a while, or what is of no later time.
        """
        if value is None:
            return False
        if self._time is not None:
            passed = time_ns - self._time
            if passed <= 0 or (value == self._value and passed < _AT_LEAST_EVERY):
                return False
        self._time, self._value = time_ns, value
        return True


class Key(NamedTuple):
    """What mappings are summed up under; `name` is None by kind."""

    kind: str
    name: str | None


#: By figure, bytes.
Figures = dict[str, int | None]


class Moment(NamedTuple):
    """What all mappings of a process came to at a layout; 0 of what has no mapping any more."""

    time_ns: int
    figures: dict[Key, Figures]


def mapping_moments(request: Request, process: RecordedProcess) -> Iterator[Moment]:
    """Each layout of a process, in order of time: the figures of OFFERED, by kind or name."""
    shown = _biggest(request, process) if request.by == "name" else None
    count = request.recording.reading_count(process.id)
    living: set[Key] = set()
    walk = Walk(request.recording, process, request.by, request.places)
    for number, instant in enumerate(walk, 1):
        if number % 256 == 1:
            request.tell(f"PID {process.pid}, layout", number, max(count, number))
        sums: dict[Key, Figures] = {}
        for group, each in walk.groups:
            told: Figures = {figure: each.figure(figure) for figure in OFFERED}
            key = _key(request, group, shown)
            sums[key] = _added(sums[key], told) if key in sums else told
        for key in living - sums.keys():
            sums[key] = dict.fromkeys(OFFERED, 0)
        living |= sums.keys()
        yield Moment(instant.measurement.time, sums)


def _added(one: Figures, other: Figures) -> Figures:
    pairs = ((figure, one[figure], other[figure]) for figure in one)
    return {figure: None if None in (a, b) else a + b for figure, a, b in pairs}  # type: ignore[operator]


def _key(request: Request, group: Group, shown: set[str] | None) -> Key:
    if request.by == "kind":
        return Key(group.kind.value, None)
    name = f"{group.kind.value}: {group.name}"
    if shown is not None and name not in shown:
        return Key(OTHER, OTHER)
    return Key(group.kind.value, request.names.group(group.kind, group.name))


def _biggest(request: Request, process: RecordedProcess) -> set[str]:
    """The names that ever had most PSS, or RSS where that is not told."""
    peaks: dict[str, int] = {}
    walk = Walk(request.recording, process, request.by, request.places)
    for instant in walk:
        for group in instant.changed:
            sums = group.sums()
            size = 0 if sums is None else sums.figure("pss") or sums.figure("rss") or 0
            name = f"{group.kind.value}: {group.name}"
            peaks[name] = max(size, peaks.get(name, 0))
    return set(sorted(peaks, key=lambda name: -peaks[name])[:TOP])
