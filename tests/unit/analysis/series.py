"""Series of memory whose truth is known, each of one shape over its span, with seeded noise."""

from __future__ import annotations

import math
from collections.abc import Callable
from random import Random

MIB = 1 << 20
BASE = 200 * MIB

#: A shape: MiB at each share of the span, 0 to 1. What is told in seconds is of a span of 20 min.
Shape = Callable[[list[float], Random], list[float]]
_SPAN_S = 1200


def noise(random: Random) -> float:
    """Noise of a calm process, MiB."""
    return random.uniform(-0.1, 0.1)


def flat(shares: list[float], random: Random) -> list[float]:
    """Flat within ±3 MiB."""
    return [random.uniform(-3, 3) for _ in shares]


def sawtooth(shares: list[float], random: Random, height: float = 60) -> list[float]:
    """A garbage collector's: cycles of about 2 min, each a little different."""
    ends = [-random.random() * 120 / _SPAN_S]
    while ends[-1] < shares[-1]:
        ends.append(ends[-1] + random.uniform(115, 125) / _SPAN_S)
    values, cycle = [], 1
    for share in shares:
        while share >= ends[cycle]:
            cycle += 1
        begin, end = ends[cycle - 1], ends[cycle]
        values.append(height * (share - begin) / (end - begin) + noise(random))
    return values


def sawtooth_with_leak(shares: list[float], random: Random) -> list[float]:
    """The same with 10 KiB/s: 11.7 MiB in the whole."""
    cycles = sawtooth(shares, random)
    return [
        value + share * _SPAN_S * 10 / 1024 for value, share in zip(cycles, shares, strict=True)
    ]


def warm_up(shares: list[float], random: Random) -> list[float]:
    """Fills up to 40 MiB, with a time constant of 3 min."""
    return [40 * (1 - math.exp(-share * _SPAN_S / 180)) + noise(random) for share in shares]


def step(shares: list[float], random: Random) -> list[float]:
    """30 MiB at once, somewhere in the middle."""
    at = random.uniform(0.3, 0.7)
    return [30 * (share >= at) + noise(random) for share in shares]


def staircase(shares: list[float], random: Random) -> list[float]:
    """4 MiB each 100 s."""
    phase = random.random()
    return [4 * math.floor(share * 12 + phase) + noise(random) for share in shares]


def late_spike(shares: list[float], random: Random) -> list[float]:
    """80 MiB for 20 s near the end."""
    at = random.uniform(0.9, 0.97)
    return [80 * (at <= share < at + 20 / _SPAN_S) + noise(random) for share in shares]


def freed(shares: list[float], random: Random) -> list[float]:
    """Grows by 30 MiB, which is freed near the end."""
    at = random.uniform(0.88, 0.96)
    return [30 * share / at * (share < at) + noise(random) for share in shares]


def random_walk(shares: list[float], random: Random) -> list[float]:
    """Ends about 7 MiB away from where it began, upwards or downwards."""
    value, values = 0.0, []
    for _ in shares:
        value += random.gauss(0, 7 / math.sqrt(len(shares)))
        values.append(value)
    return values


def slow_leak(shares: list[float], random: Random) -> list[float]:
    """2 KiB/s within ±3 MiB: 2.3 MiB in the whole."""
    return [share * _SPAN_S * 2 / 1024 + random.uniform(-3, 3) for share in shares]


def late_leak(shares: list[float], random: Random) -> list[float]:
    """Begins to grow in the middle: 20 MiB until the end."""
    at = random.uniform(0.4, 0.6)
    return [20 * max(0, share - at) / (1 - at) + noise(random) for share in shares]


def leak_that_stops(shares: list[float], random: Random) -> list[float]:
    """Grows by 20 MiB, and no more from the middle on."""
    at = random.uniform(0.4, 0.6)
    return [20 * min(share / at, 1) + noise(random) for share in shares]


def late_cache(shares: list[float], random: Random) -> list[float]:
    """Flat for the first third, then a cache fills to 40 MiB."""
    at = random.uniform(0.25, 0.35)
    return [40 * (1 - math.exp(-max(0, share - at) / 0.12)) + noise(random) for share in shares]


def leak(shares: list[float], random: Random) -> list[float]:
    """20 MiB, evenly."""
    return [20 * share + noise(random) for share in shares]


def shrinking(shares: list[float], random: Random) -> list[float]:
    """Gives 20 MiB back, evenly."""
    return [-20 * share + noise(random) for share in shares]


def series(shape: Shape, seed: int, points: int, spans: float = 1) -> list[int]:
    """Bytes at so many instants, at equal distances, of a span of so many times 20 min."""
    shares = [spans * position / points for position in range(points)]
    return [BASE + round(value * MIB) for value in shape(shares, Random(f"{shape.__name__}{seed}"))]
