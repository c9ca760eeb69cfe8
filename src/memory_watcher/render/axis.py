"""Where the marks on the axes of a picture stand, and what they say: round sizes, local times."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from ..clocks import STEADY, TimeAxis
from ..units import KIB, MILLISECOND, SECOND, format_duration, group_digits, local_offset

_SIZE_STEPS = (1, 2, 5, 10, 20, 50, 100, 200, 500)
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")
_TIME_STEPS = (
    *(MILLISECOND * step for step in (1, 2, 5, 10, 20, 50, 100, 200, 500)),
    *(SECOND * step for step in (1, 2, 5, 10, 15, 30)),
    *(60 * SECOND * step for step in (1, 2, 5, 10, 15, 30)),
    *(3600 * SECOND * step for step in (1, 2, 3, 6, 12)),
    *(86400 * SECOND * step for step in (1, 2, 7, 14, 28, 91, 365)),
)


#: No figure is drawn above it, whatever a damaged recording holds.
_MOST_BYTES = 2**80
#: A limit, or a cgroup's memory, is drawn beside values that are at most so many times below it.
_IN_SIGHT = 3


class Mark(NamedTuple):
    """One mark: its place in bytes or UTC nanoseconds, and what stands beside it."""

    place: int
    text: str


def in_sight(line: int, highest: int) -> bool:
    """Whether a line beside what is drawn may be drawn, too: more than that would press it flat."""
    return line <= highest * _IN_SIGHT


def size_marks(highest: int, most: int) -> list[Mark]:
    """Round sizes from 0 up to `highest`, at most so many, all in one unit; of any size at all."""
    highest = min(highest, _MOST_BYTES) if highest > 0 else 0  # nor is a NaN
    unit = 0
    while unit + 1 < len(_UNITS) and highest >= 2 * KIB ** (unit + 1):
        unit += 1
    scale = KIB**unit
    wanted = max(highest, 1) / scale / max(most - 1, 1)
    step: float = next((step for step in _SIZE_STEPS if step >= wanted), 0)
    if not step:  # beyond the largest unit
        step = 10.0 ** math.ceil(math.log10(wanted))
    if unit == 1 and wanted <= 4:
        step = 4 if wanted > 2 else step  # pages
    if wanted < 0.5 and unit:
        step = 0.5 if wanted > 0.2 else 0.2
    count = int(highest / scale / step + 1e-9) + 1
    return [
        Mark(round(number * step * scale), f"{number * step:g} {_UNITS[unit]}" if number else "0")
        for number in range(count)
    ]


def count_marks(highest: int, most: int) -> list[Mark]:
    """Round counts from 0 up to `highest`, at most so many."""
    wanted = max(highest, 1) / max(most - 1, 1)
    step = 1
    while step < wanted:
        step = next(step * times for times in (2, 5, 10) if step * times >= wanted or times == 10)
    return [Mark(count, group_digits(count)) for count in range(0, highest + 1, step)]


def time_marks(first_ns: int, last_ns: int, most: int, axis: TimeAxis = STEADY) -> list[Mark]:
    """Round local times within a span of places, at most so many. The date where a day begins.

    The first mark always bears the date, on a second line. What the clock showed counts: after it
    was set or changed for summer time the marks are at its new round times.
    """
    span = max(last_ns - first_ns, 1)
    year = _TIME_STEPS[-1]
    years = year * math.ceil(span / year / max(most, 1))
    step = next((step for step in _TIME_STEPS if span / step <= max(most, 1)), years)
    marks = []
    day = None
    for place in _round_places(first_ns, last_ns, step, axis):
        time = axis.wall(place)
        moment = datetime.fromtimestamp(time // SECOND)
        text = _clock(time, moment, step)
        if moment.date() != day:
            day = moment.date()
            text = f"{day:%Y-%m-%d}" if step >= 86400 * SECOND else f"{text}\n{day:%Y-%m-%d}"
        marks.append(Mark(place, text))
    return marks


def age_marks(last_ns: int, most: int) -> list[Mark]:
    """Round ages from 0 up to `last_ns`, at most so many: `0`, `5 min 00 s`."""
    step = next((step for step in _TIME_STEPS if last_ns / step < max(most, 1)), last_ns + 1)
    return [
        Mark(place, format_duration(place) if place else "0")
        for place in range(0, last_ns + 1, step)
    ]


def _round_places(first_ns: int, last_ns: int, step: int, axis: TimeAxis) -> Iterator[int]:
    """Places at which the clock shows a multiple of the step."""

    def ahead(place: int) -> int:
        """By how much what the clock shows, as if it were UTC, is more than the place."""
        time = axis.wall(place)
        return time + local_offset(time) * SECOND - place

    def next_round(place: int, shown_ahead: int) -> int:
        return -(-(place + shown_ahead) // step) * step - shown_ahead

    place = first_ns
    while place <= last_ns:
        before = ahead(place)
        mark = next_round(place, before)
        if ahead(mark) == before:
            if mark <= last_ns:
                yield mark
            place = mark + 1
            continue
        # The clock is changed on the way: go on from there.
        low, high = place, mark
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if ahead(middle) == before else (low, middle)
        place = high


def _clock(time: int, moment: datetime, step: int) -> str:
    if step >= 60 * SECOND:
        return f"{moment:%H:%M}"
    if step >= SECOND:
        return f"{moment:%H:%M:%S}"
    digits = 1 if step >= 100 * MILLISECOND else 2 if step >= 10 * MILLISECOND else 3
    return f"{moment:%H:%M:%S}.{time % SECOND // 10 ** (9 - digits):0{digits}d}"
