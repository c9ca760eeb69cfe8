"""Whether what memory did over time is growth, told from its low-water line.

Programs go up and down: a collector lets rubbish pile up, caches breathe. What is never given back
shows in the lows. So the span is cut into equal parts and the lowest value of each is kept: the
low-water line. A straight line through it gives the rate with its interval, widened by what the
residuals remember, for a random walk looks like a trend without that. What is no straight line is
compared with a few shapes: a step, a ramp that begins late or stops early, one that levels off.

No verdict is given that may be chance: it is "unclear" then, or "too short" if a longer recording
would tell.
"""

from __future__ import annotations

import enum
import math
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import pairwise
from operator import mul
from statistics import fmean, median
from typing import Literal, NamedTuple

from ..units import SECOND
from .ending import before_the_end

HOUR = 3600 * SECOND
#: No smaller rise counts: bytes, and a share of the highest value.
SMALLEST, _SMALLEST_SHARE = 256 << 10, 1 / 256
#: With fewer instants, or in less time, nothing is told: a program that starts looks like growth.
FEWEST, SHORTEST = 20, 30 * SECOND
#: A rise below this share of the highest value is growth only if a line explains this much of its
#: lows: a collector's heap that settles rises by a few percent in steps (R² of 0.2 to 0.4).
_SMALLEST_UNSTEADY, _STEADY = 1 / 20, 0.5
#: The share of a span that is left out at its beginning, when programs start and warm up.
_WARM_UP = 0.1
#: Into how many parts a span is cut. The cut that tells most is taken: a part should be longer than
#: the program's own cycle.
_CUTS = (32, 16, 12, 10, 9, 8)
#: Student's t by degrees of freedom: two-sided, of 99 % and 95 %. Of those between, the lower row.
_STUDENT = {
    1: (63.7, 12.7),
    2: (9.92, 4.30),
    3: (5.84, 3.18),
    4: (4.60, 2.78),
    5: (4.03, 2.57),
    6: (3.71, 2.45),
    7: (3.50, 2.36),
    8: (3.36, 2.31),
    10: (3.17, 2.23),
    14: (2.98, 2.14),
    30: (2.75, 2.04),
}
#: Up to this share of t for 99 % a slope may well be chance.
_CHANCE = 0.85
#: Residuals that remember more are those of another shape, or of a random walk.
_FORGETFUL = 0.4
#: How much of the line's ups and downs a shape must explain.
_GOOD, _EXCELLENT = 0.85, 0.97
#: The weakest step from one third to the next, as a share of the mean one, of what grows all along.
_WEAKEST = 0.15
#: The same of what follows a rise, which may still be levelling off.
_WEAKEST_AFTER = 0.6
#: What grows at the end at no more than this share of its pace at the beginning levels off.
_LEVELLING = 0.35
#: What of a rise is left at the end, at most, of what was freed again.
_LEFT = 0.35
#: How many times the span would be asked for, at most; what grows slower than that is flat.
_PATIENCE = 6


class Word(enum.Enum):
    """What a series did. The value is the word that outputs show."""

    GROWING = "growing"
    STEP = "step"
    SATURATING = "saturating"
    FREED = "freed again"
    FLAT = "flat"
    UNCLEAR = "unclear"
    TOO_SHORT = "too short"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a series did. Bytes, bytes per hour, nanoseconds.

    `rate` is the slope of the low-water line with its 95 % interval from `low` to `high`, of a late
    leak since it began; None where too little is known. `rise` is how far that line rose above its
    beginning at most, `held` what is left of it at the end. `since_ns` is when the rise began, None
    if there was none. `needed_ns` is how long a recording would tell, if this one is too short.
    """

    word: Word
    rate: int | None = None
    low: int | None = None
    high: int | None = None
    rise: int = 0
    held: int = 0
    since_ns: int | None = None
    needed_ns: int | None = None


class Judge:
    """Judges series that have their instants in common, such as the groups of a timeline."""

    def __init__(self, times_ns: Sequence[int]) -> None:
        """`times_ns` ascend, and are of a clock that is never set."""
        self._times = list(times_ns)
        self._edges = _reducing(self._times)

    @property
    def begin_ns(self) -> int:
        """Where the warm-up ends, and what is judged begins."""
        return _warm_up_end(self._times)

    def judge(self, values: Sequence[int | None]) -> Verdict:
        """Judge bytes, one for each instant; None where nothing is known."""
        if None not in values:
            return _verdict(self._times, values, self._edges)  # type: ignore[arg-type]
        known = [
            (at, value) for at, value in zip(self._times, values, strict=True) if value is not None
        ]
        times = [time for time, _ in known]
        return _verdict(times, [value for _, value in known], _reducing(times))


def judge(times_ns: Sequence[int], values: Sequence[int | None]) -> Verdict:
    """Judge one series: see Judge."""
    return Judge(times_ns).judge(values)


def _verdict(times: list[int], values: Sequence[int], edges: Sequence[int]) -> Verdict:
    span = times[-1] - times[0] if times else 0
    if len(times) < FEWEST or span <= 0:
        needed = max(2 * span * FEWEST // len(times), 2 * SHORTEST) if span else None
        return _too_short(values, needed)
    if min(values) == max(values):
        return Verdict(Word.FLAT, 0, 0, 0)
    if span < SHORTEST:
        return _too_short(values, 2 * SHORTEST)
    begin = bisect_left(times, _warm_up_end(times))
    points = _points(times, _without_dip(_without_end(values, begin)), edges)
    return _judge(points.since(_warm_up_end(times)), parted=True)


def _warm_up_end(times: Sequence[int]) -> int:
    return times[0] + round((times[-1] - times[0]) * _WARM_UP)


def _too_short(values: Sequence[int], needed_ns: int | None) -> Verdict:
    """Nothing is told, but how far it rose above its beginning, and what is left of that."""
    if not values:
        return Verdict(Word.TOO_SHORT, needed_ns=needed_ns)
    rise, held = (max(0, value - values[0]) for value in (max(values), values[-1]))
    return Verdict(Word.TOO_SHORT, rise=rise, held=held, needed_ns=needed_ns)


def _without_end(values: Sequence[int], begin: int) -> Sequence[int]:
    """The same without what falls at the very end: a program that ends gives its memory back."""
    kept = before_the_end(values, begin)
    if kept == len(values):
        return values
    return [*values[:kept], *[values[kept - 1]] * (len(values) - kept)]


def _without_dip(values: Sequence[int]) -> Sequence[int]:
    """The same without one instant far below all others: PSS and USS halve while a child forks."""
    lowest, next_lowest = sorted(values)[:2]
    at = values.index(lowest)
    alone = 2 * (next_lowest - lowest) > max(values) - next_lowest
    if not alone or at in (0, len(values) - 1):
        return values
    return [*values[:at], min(values[at - 1], values[at + 1]), *values[at + 1 :]]


@dataclass(frozen=True)
class _Points:
    """Bytes over time, each point an instant or a few of them: lowest, mean and highest.

    `jitter` is the standard deviation of the noise from one instant to the next, of which ramps
    and rare jumps have none.
    """

    times: Sequence[int]
    lows: Sequence[float]
    means: Sequence[float]
    highs: Sequence[float]
    jitter: float

    def since(self, time: int) -> _Points:
        """Those from a time on."""
        at = bisect_left(self.times, time)
        return _Points(
            self.times[at:], self.lows[at:], self.means[at:], self.highs[at:], self.jitter
        )


#: With more points than this nothing more is told.
_MOST_POINTS = 360


def _reducing(times: Sequence[int]) -> Sequence[int]:
    """Where the parts begin that are points, if there are too many instants; else nothing."""
    if len(times) <= _MOST_POINTS:
        return ()
    edges = _edges(times, times[0], times[-1], _MOST_POINTS)
    return [low for low, high in pairwise(edges) if low < high] + edges[-1:]


def _points(times: Sequence[int], values: Sequence[int], edges: Sequence[int]) -> _Points:
    """Reduce to as many points as are needed."""
    jitter = _roughness(values, max(1, len(values) // 500))
    if not edges:
        return _Points(times, values, values, values, jitter)
    parts = [values[low:high] for low, high in pairwise(edges)]
    return _Points(
        [times[low] for low in edges[:-1]],
        list(map(min, parts)),
        [sum(part) / len(part) for part in parts],
        list(map(max, parts)),
        jitter,
    )


def _roughness(values: Sequence[float], stride: int = 1) -> float:
    """The standard deviation of noise from one value to the next, if it is normal."""
    bends = [
        abs(values[at] - 2 * values[at + 1] + values[at + 2])
        for at in range(0, len(values) - 2, stride)
    ]
    return median(bends) / (0.6745 * math.sqrt(6))


def _edges(times: Sequence[int], begin: int, end: int, parts: int) -> list[int]:
    """Positions at which parts of equal time begin, and the end of the last."""
    width = end - begin + 1
    return [bisect_left(times, begin - (-width * part // parts)) for part in range(parts + 1)]


@dataclass(frozen=True)
class _Line:
    """One value for each of equal parts of time, bytes. `inherited` is memory of a finer cut."""

    values: tuple[float, ...]
    inherited: float = 0.0

    @cached_property
    def trend(self) -> _Trend:
        """The straight line through it, by least squares."""
        count = len(self.values)
        middle, mean = (count - 1) / 2, fmean(self.values)
        places = [at - middle for at in range(count)]
        spread = sum(map(mul, places, places))
        slope = sum(map(mul, places, self.values)) / spread
        rests = [each - mean - slope * at for at, each in zip(places, self.values, strict=True)]
        power = sum(map(mul, rests, rests))
        memory = max(_memory(rests, power), self.inherited)
        error = math.sqrt(power / (count - 2) / spread * (1 + memory) / (1 - memory))
        certain, likely = _student(count - 2)
        return _Trend(
            slope * count,
            likely * error * count,
            slope / (certain * error) if error else math.copysign(9, slope) if slope else 0.0,
            1 - power / self.power if self.power else 0.0,
            memory,
        )

    @cached_property
    def power(self) -> float:
        """The sum of the squared distances from the mean."""
        mean = fmean(self.values)
        return math.fsum((each - mean) ** 2 for each in self.values)

    @property
    def swing(self) -> float:
        """From the lowest to the highest."""
        return max(self.values) - min(self.values)

    def heir_of(self, finer: _Line) -> _Line:
        """The same, with what is left of a finer cut's memory over one part of this."""
        left = finer.trend.memory ** (len(finer.values) / len(self.values))
        return _Line(self.values, left)


class _Trend(NamedTuple):
    """A straight line's slope and the reach of its 95 % interval, in bytes over the whole span.

    `sureness` is its t as a share of that of 99 %: from 1 on it is no chance. `fit` is R²,
    `memory` how much of a residual is left in the next one.
    """

    slope: float
    reach: float
    sureness: float
    fit: float
    memory: float


def _memory(rests: Sequence[float], power: float) -> float:
    """From 0 to 0.95, freed of the bias of short series."""
    if not power:
        return 0.0
    lag: float = sum(map(mul, rests, rests[1:])) / power
    return min(max(lag + (1 + 3 * lag) / len(rests), 0.0), 0.95)


def _student(freedom: int) -> tuple[float, float]:
    return _STUDENT[max(each for each in _STUDENT if each <= freedom)]


def _cut(
    points: _Points, begin: int, parts: int, value: Callable[[int, int], float]
) -> _Line | None:
    """Cut into parts of equal time; one without a point takes the value before. None if many do."""
    edges = _edges(points.times, begin, points.times[-1], parts)
    spans = list(pairwise(edges))
    full = sum(low < high for low, high in spans)
    if full < parts * 3 / 4 or len(points.times) < 2 * parts:
        return None
    values: list[float] = []
    for low, high in spans:
        values.append(value(low, high) if low < high else values[-1])
    return _Line(tuple(values))


class _Cuts(NamedTuple):
    """The finest line, and the one that tells the slope best.

    `reach` is that of the second best: the best of several looks surer than it is.
    """

    finest: _Line
    best: _Line
    reach: float


def _cuts(points: _Points, begin: int, value: Callable[[int, int], float]) -> _Cuts | None:
    lines = [line for cut in _CUTS if (line := _cut(points, begin, cut, value)) is not None]
    if not lines:
        return None
    heirs = [lines[0], *(line.heir_of(lines[0]) for line in lines[1:])]
    order = sorted(heirs, key=lambda line: line.trend.reach)
    return _Cuts(heirs[0], order[0], order[min(1, len(order) - 1)].trend.reach)


# -- shapes ---------------------------------------------------------------------------------------


class _Shape(NamedTuple):
    """A rise from 0 to 1 between two positions of a line; `basis` is it less its mean."""

    kind: Literal["step", "ramp", "curve"]
    begin: int
    end: int
    values: tuple[float, ...]
    basis: tuple[float, ...]
    power: float

    @property
    def levels_off(self) -> bool:
        """Whether what follows its beginning grows much slower at the end."""
        values = self.values[max(self.begin - 1, 0) :]
        quarter = max(len(values) // 4, 1)
        last = values[-1] - values[-1 - quarter]
        return last <= _LEVELLING * (values[quarter] - values[0])


def _shape(kind: Literal["step", "ramp", "curve"], count: int, begin: int, end: int) -> _Shape:
    length = end - begin
    if kind == "curve":  # 95 % of the way at its end
        values = [1 - math.exp(-3 * max(at - begin, 0) / length) for at in range(count)]
    else:
        values = [min(max((at - begin) / length, 0.0), 1.0) for at in range(count)]
    mean = fmean(values)
    basis = tuple(each - mean for each in values)
    return _Shape(kind, begin, end, tuple(values), basis, sum(map(mul, basis, basis)))


@cache
def _shapes(count: int) -> tuple[_Shape, ...]:
    """All that a line is compared with."""
    last, grid = count - 1, max(count // 8, 1)
    knots = [*range(0, last - grid + 1, grid), last]
    steps = [_shape("step", count, at, at + 1) for at in range(last)]
    ramps = [
        _shape("ramp", count, begin, end)
        for begin in knots
        for end in knots
        if end - begin >= 2 * grid and (begin, end) != (0, last)
    ]
    curves = [
        _shape("curve", count, begin, begin + length)
        for begin in knots[:6]
        for length in (count // 4, count // 2, count, 2 * count)
        if begin + length // 2 <= last
    ]
    return (*steps, *ramps, *curves)


def _near(ramp: _Shape, count: int) -> list[_Shape]:
    """Ramps that begin or end a little earlier or later: the knots are far apart."""
    about = range(-(count // 10), count // 10 + 1)
    begins = [ramp.begin + by for by in about] if ramp.begin else [0]
    ends = [ramp.end + by for by in about] if ramp.end < count - 1 else [count - 1]
    return [
        _shape("ramp", count, begin, end)
        for begin in begins
        for end in ends
        if 0 <= begin < end - 1 < count - 1
    ]


class _Fit(NamedTuple):
    """How well a shape fits a line: R², and the bytes by which the line rises in that way."""

    shape: _Shape
    fit: float
    height: float


def _best(line: _Line) -> _Fit:
    def explained(shape: _Shape) -> float:
        common: float = sum(map(mul, shape.basis, line.values))
        return common * common / shape.power

    count = len(line.values)
    shape = max(_shapes(count), key=explained)
    if shape.kind == "ramp":
        shape = max(_near(shape, count), key=explained)
    height = sum(map(mul, shape.basis, line.values)) / shape.power
    return _Fit(shape, explained(shape) / line.power if line.power else 0.0, height)


# -- deciding -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Case:
    """What a verdict is made of. `floor` is the smallest rise that counts, bytes."""

    points: _Points
    begin: int
    cuts: _Cuts
    parted: bool

    @property
    def lows(self) -> _Line:
        """The low-water line."""
        return self.cuts.best

    @cached_property
    def surest(self) -> _Trend:
        """The trend of the lows, or that of what lies between lows and highs if it is as narrow."""
        points = self.points

        def middle(low: int, high: int) -> float:
            part = slice(low, high)
            means = points.means[part]
            mean = fmean(means)
            return (min(points.lows[part]) + mean + max(points.highs[part])) / 3

        found = _cuts(points, self.begin, middle)
        lows = self.lows.trend
        if found is None or found.best.trend.reach > 1.25 * lows.reach:
            return lows
        return max(lows, found.best.trend, key=lambda trend: trend.sureness)

    @cached_property
    def roughness(self) -> float:
        """How much the low-water line differs from one part to the next."""
        return max(_roughness(self.lows.values), _roughness(self.cuts.finest.values))

    @property
    def floor(self) -> float:
        """The smallest rise that counts, bytes."""
        highest = max(self.points.highs)
        return max(SMALLEST, _SMALLEST_SHARE * highest, 2.5 * self.points.jitter)

    @property
    def span(self) -> int:
        """Nanoseconds, without the warm-up."""
        return self.points.times[-1] - self.begin

    def time(self, position: float) -> int:
        """When a position of the low-water line begins."""
        return self.begin + round(self.span * position / len(self.lows.values))

    def verdict(self, word: Word, since: int | None = None, needed: float | None = None) -> Verdict:
        """The word, with the figures."""
        per_hour = HOUR / self.span
        slope, values = self.lows.trend.slope, self.lows.values
        # The lowest of a part is known to be in it, but its time only to one reading.
        reach = max(self.cuts.reach, abs(slope) / len(self.points.times))
        bottom = values[0]
        return Verdict(
            word,
            round(slope * per_hour),
            round((slope - reach) * per_hour),
            round((slope + reach) * per_hour),
            max(0, round(max(values) - bottom)),
            max(0, round(values[-1] - bottom)),
            since,
            None if needed is None else round(needed),
        )


def _judge(points: _Points, parted: bool) -> Verdict:
    """Judge from the first point on: what was asked for may begin where nothing was recorded.

    What is `parted` may be told to grow in a part of it only.
    """
    if not points.times:
        return Verdict(Word.TOO_SHORT)
    begin = points.times[0]
    found = _cuts(points, begin, lambda low, high: min(points.lows[low:high]))
    if found is None:
        return Verdict(Word.TOO_SHORT, needed_ns=4 * (points.times[-1] - begin) or None)
    case = _Case(points, begin, found, parted)
    for rule in (_growing, _freed, _shaped, _flat):
        verdict = rule(case)
        if verdict is not None:
            return verdict
    return _unsure(case)


def _growing(case: _Case) -> Verdict | None:
    """A straight line that is no chance, of which each third adds to the one before."""
    trend = case.lows.trend
    if trend.sureness < 1 or trend.slope < case.floor:
        return None
    if trend.slope < _SMALLEST_UNSTEADY * max(case.points.highs) and trend.fit < _STEADY:
        return None
    if case.cuts.finest.trend.memory >= _FORGETFUL and case.cuts.finest.trend.fit < _EXCELLENT:
        return None
    count = len(case.lows.values)
    means = [fmean(case.lows.values[count * at // 3 : count * (at + 1) // 3]) for at in range(3)]
    weakest = min(means[1] - means[0], means[2] - means[1])
    if weakest < (_WEAKEST if case.parted else _WEAKEST_AFTER) * (means[2] - means[0]) / 2:
        return None
    if case.cuts.finest.values[-1] < fmean(case.lows.values):
        return None
    return case.verdict(Word.GROWING, case.begin)


def _freed(case: _Case) -> Verdict | None:
    """A rise of which little is left."""
    values = case.lows.values
    top = max(values)
    rise, left = top - values[0], values[-1] - values[0]
    if rise < case.floor or left > _LEFT * rise or rise < 8 * case.roughness:
        return None
    peak = values.index(top)
    low = [at for at in range(peak) if values[at] <= values[0] + 0.1 * rise]
    return case.verdict(Word.FREED, case.time(low[-1] + 1))


def _shaped(case: _Case) -> Verdict | None:
    """A step, a ramp that begins late or ends early, a rise that levels off."""
    best = _best(case.lows)
    enough = _GOOD if len(case.lows.values) >= 16 else _EXCELLENT
    if best.fit < enough or abs(best.height) < case.floor:
        return None
    if best.height < 0:
        return case.verdict(Word.FREED)
    shape = best.shape
    since = case.time(shape.begin + 0.5)
    rest = _rest(case, shape, best.height)
    if rest is not None:
        return rest
    if shape.kind == "step":
        return case.verdict(Word.STEP, case.time(shape.end))
    if shape.levels_off:
        return case.verdict(Word.SATURATING, since)
    lasting = case.points.times[-1] - since
    return case.verdict(Word.TOO_SHORT, since, case.span + 2 * lasting)


def _rest(case: _Case, shape: _Shape, height: float) -> Verdict | None:
    """Whether what follows the beginning of a late ramp, or the end of a rise, is growing."""
    last = len(case.lows.values) - 1
    start = shape.begin if shape.end >= last else shape.end
    if not case.parted or start == 0 or last - start < last / 4:
        return None
    time = case.time(start + 0.5)
    verdict = _judge(case.points.since(time), parted=False)
    left = 0.1 * height if shape.kind == "curve" else 0
    return verdict if verdict.word is Word.GROWING and verdict.rise > left else None


def _flat(case: _Case) -> Verdict | None:
    """Nothing that goes upwards, known better than by half of the ups and downs."""
    if case.surest.sureness >= _CHANCE:
        return None
    spread = max(case.points.highs) - min(case.points.lows)
    if case.lows.swing > case.floor and (
        case.cuts.finest.trend.memory >= _FORGETFUL or case.cuts.reach > spread / 2
    ):
        return None
    return case.verdict(Word.FLAT)


def _unsure(case: _Case) -> Verdict:
    """Too short if more of the same would tell; of a random walk nobody can tell."""
    if case.cuts.finest.trend.memory >= _FORGETFUL and case.lows.swing > case.floor:
        return case.verdict(Word.UNCLEAR)
    trend = case.surest
    if trend.sureness < _CHANCE or trend.slope <= 0:
        return case.verdict(Word.TOO_SHORT, needed=4 * case.span)
    # The error of a slope falls with the time to the power of 1.5.
    more = 1.3 * max(trend.sureness ** (-2 / 3), case.floor / trend.slope, 1)
    if more > _PATIENCE:
        return case.verdict(Word.FLAT)
    return case.verdict(Word.TOO_SHORT, needed=more * case.span / (1 - _WARM_UP))
