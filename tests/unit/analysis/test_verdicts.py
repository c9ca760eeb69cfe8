"""Verdicts on series whose truth is known: see series.py for what they look like."""

from __future__ import annotations

from collections import Counter
from random import Random
from time import process_time

import pytest

from memory_watcher.analysis.verdicts import HOUR, SMALLEST, Judge, Verdict, Word, judge
from memory_watcher.units import SECOND

from . import series
from .series import MIB, Shape

SEEDS = range(30)
SPAN_S = 1200
#: How many points, and how many seconds they last: the shapes are stretched to any length.
SIZES = [(120, 1200), (120, 120), (1200, 1200), (12_000, 1200), (12_000, 12_000)]


def verdicts(shape: Shape, points: int, seconds: float, spans: float = 1) -> Counter[Word]:
    judged = (
        judge(times(points, seconds), series.series(shape, seed, points, spans)) for seed in SEEDS
    )
    return Counter(verdict.word for verdict in judged)


def times(points: int, seconds: float) -> list[int]:
    return [round(seconds * SECOND * at / points) for at in range(points)]


def one(shape: Shape, seed: int = 0, points: int = 1200) -> Verdict:
    return judge(times(points, SPAN_S), series.series(shape, seed, points))


@pytest.mark.parametrize(("points", "seconds"), SIZES)
@pytest.mark.parametrize(
    ("shape", "truth"),
    [
        (series.flat, Word.FLAT),
        (series.sawtooth, Word.FLAT),
        (series.sawtooth_with_leak, Word.GROWING),
        (series.warm_up, Word.SATURATING),
        (series.step, Word.STEP),
        (series.staircase, Word.GROWING),
        (series.late_spike, Word.FLAT),
        (series.freed, Word.FREED),
        (series.leak, Word.GROWING),
        (series.late_leak, Word.GROWING),
        (series.leak_that_stops, Word.SATURATING),
        (series.late_cache, Word.SATURATING),
        (series.shrinking, Word.FREED),
    ],
)
def test_at_least_29_of_30_are_told_rightly(
    shape: Shape, truth: Word, points: int, seconds: float
) -> None:
    """The word is the truth, however often the series was read and however long it lasts."""
    found = verdicts(shape, points, seconds)
    assert found[truth] >= 29, found


@pytest.mark.parametrize(("points", "seconds"), SIZES)
def test_a_random_walk_is_hardly_ever_growth(points: int, seconds: float) -> None:
    """Nobody can tell where a random walk goes: "growing" in at most 1 of 30."""
    found = verdicts(series.random_walk, points, seconds)
    assert found[Word.GROWING] <= 1, found


@pytest.mark.parametrize(("points", "seconds"), SIZES)
def test_a_leak_smaller_than_the_noise_is_never_flat(points: int, seconds: float) -> None:
    """A rise of 2.3 MiB within ±3 MiB is no growth yet, but it is not nothing, either."""
    found = verdicts(series.slow_leak, points, seconds)
    assert found[Word.TOO_SHORT] + found[Word.UNCLEAR] >= 29, found
    assert not found[Word.FLAT], found


@pytest.mark.parametrize(
    ("shape", "truth"),
    [
        (series.sawtooth, Word.FLAT),
        (series.sawtooth_with_leak, Word.GROWING),
        (series.staircase, Word.GROWING),
        (series.slow_leak, Word.GROWING),
        (series.late_spike, Word.FLAT),
    ],
)
def test_a_longer_recording_tells(shape: Shape, truth: Word) -> None:
    """The same programs for ten times as long: also the leak of 2 KiB/s is certain then."""
    found = verdicts(shape, 12_000, 10 * SPAN_S, spans=10)
    assert found[truth] >= 29, found


def test_two_minutes_of_a_slow_staircase_are_not_growth() -> None:
    """What has risen once in the span may never rise again."""
    found = verdicts(series.staircase, 120, 120, spans=0.1)
    assert not found[Word.GROWING], found


def test_the_rate_is_that_of_the_leak_and_the_interval_holds_it() -> None:
    """10 KiB/s under a sawtooth: the interval of 95 % holds it in at least 26 of 30."""
    truth = 10 * 1024 * 3600
    judged = [one(series.sawtooth_with_leak, seed) for seed in SEEDS]
    holding = [each for each in judged if (each.low or 0) <= truth <= (each.high or 0)]
    assert len(holding) >= 26
    assert all(abs((each.rate or 0) - truth) < truth / 5 for each in judged)


def test_what_rose_and_what_of_it_is_held() -> None:
    """The rise is that of the lows after the warm-up; nothing of what was freed is held."""
    grown, freed = one(series.leak), one(series.freed)
    assert grown.rise == pytest.approx(18 * MIB, rel=0.05)
    assert grown.held == grown.rise
    assert freed.rise == pytest.approx(27 * MIB, rel=0.1)
    assert freed.held < MIB


def test_since_when() -> None:
    """A late leak is told to begin when it does, to a sixteenth of the span, and so is a step."""
    for seed in SEEDS:
        at = Random(f"late_leak{seed}").uniform(0.4, 0.6) * SPAN_S
        assert (one(series.late_leak, seed).since_ns or 0) / SECOND == pytest.approx(at, abs=75)
        at = Random(f"step{seed}").uniform(0.3, 0.7) * SPAN_S
        assert (one(series.step, seed).since_ns or 0) / SECOND == pytest.approx(at, abs=75)


def test_how_long_a_recording_would_tell() -> None:
    """2 KiB/s are told after the time that "too short" asks for, in at least 27 of 30."""
    told = 0
    for seed in SEEDS:
        verdict = one(series.slow_leak, seed)
        assert verdict.needed_ns is not None and verdict.needed_ns > SPAN_S * SECOND
        spans = verdict.needed_ns / (SPAN_S * SECOND)
        points = round(1200 * spans)
        longer = series.series(series.slow_leak, seed + 100, points, spans)
        told += judge(times(points, spans * SPAN_S), longer).word is Word.GROWING
    assert told >= 27


def test_a_gap_where_the_warm_up_ends_does_no_harm() -> None:
    """What is judged may begin where nothing was recorded for minutes."""
    at = [*range(60), *range(400, 1200)]
    values = [300 * MIB + 20 * 1024 * second for second in at]
    assert judge([each * SECOND for each in at], values).word is Word.GROWING
    assert judge([each * SECOND for each in at], [MIB, *[2 * MIB] * 859]).word is Word.FLAT


def test_a_program_that_starts_is_not_growing() -> None:
    """Less than half a minute tells nothing, however straight the rise; what rose is shown."""
    verdict = judge(times(200, 29), [at * MIB for at in range(200)])
    assert (verdict.word, verdict.rate) == (Word.TOO_SHORT, None)
    assert verdict.needed_ns == 60 * SECOND
    assert verdict.rise == verdict.held == 199 * MIB
    assert judge(times(200, 31), [at * MIB for at in range(200)]).word is Word.GROWING


def test_one_low_instant_hides_no_growth() -> None:
    """PSS of a process halves while a child that it forked has not yet called execve."""
    for seed in SEEDS:
        values = series.series(series.leak, seed, 1200)
        at = Random(f"dip{seed}").randrange(1, 1199)
        values[at] //= 2
        assert judge(times(1200, SPAN_S), values).word is Word.GROWING, seed


@pytest.mark.parametrize("instants", [1, 2, 3])
def test_the_end_of_a_program_hides_no_growth(instants: int) -> None:
    """What it gives back as it ends was not freed before; what stays freed was."""
    for seed in SEEDS:
        values = series.series(series.leak, seed, 1200)
        for at in range(instants):
            values[at - instants] = min(values[600:-instants]) * (instants - at) // 5
        assert judge(times(1200, SPAN_S), values).word is Word.GROWING, seed
    freed = [MIB * at for at in range(1180)] + [MIB] * 20
    assert judge(times(1200, SPAN_S), freed).word is Word.FREED


def test_gaps_do_no_harm() -> None:
    """A third of the instants without a value, among them a whole tenth of the span."""
    values: list[int | None] = list(series.series(series.staircase, 1, 1200))
    values[500:620] = [None] * 120
    values[::4] = [None] * 300
    assert judge(times(1200, SPAN_S), values).word is Word.GROWING


def test_instants_need_not_be_regular() -> None:
    """More readings at the end do not make a flat series grow."""
    at = [*range(0, 1000, 10), *range(1000, 1200)]
    noise = series.series(series.flat, 3, len(at))
    assert judge([each * SECOND for each in at], noise).word is Word.FLAT


@pytest.mark.parametrize("values", [[], [1], [5, 5], [None] * 50, list(range(19))])
def test_too_few_instants(values: list[int | None]) -> None:
    """Nothing is told of a handful of instants."""
    verdict = judge(times(len(values), 60), values)
    assert verdict.word is Word.TOO_SHORT
    assert verdict.rate is None


def test_nothing_ever_changed() -> None:
    """A rate of zero, not an unknown one."""
    assert judge(times(50, 50), [MIB] * 50) == Verdict(Word.FLAT, 0, 0, 0)


def test_a_rise_of_a_few_pages_is_no_growth() -> None:
    """However sure: less than 256 KiB do not count."""
    values = [MIB + at * (SMALLEST // 2) // 1200 for at in range(1200)]
    assert judge(times(1200, SPAN_S), values).word is Word.TOO_SHORT


def test_rates_are_bytes_per_hour() -> None:
    """1 MiB a second."""
    verdict = judge(times(100, 100), [at * MIB for at in range(100)])
    assert verdict.rate == pytest.approx(MIB * HOUR / SECOND, rel=0.05)


@pytest.mark.parametrize(("points", "most_ms"), [(1200, 4), (12_000, 8)])
def test_it_takes_little_time(points: int, most_ms: float) -> None:
    """About 1 ms a group at 1,200 points, and hardly more at 12,000: they are reduced first."""
    groups = [series.series(series.flat, seed, points) for seed in range(20)]
    judge_of = Judge(times(points, SPAN_S))
    judge_of.judge(groups[0])
    begin = process_time()
    for values in groups:
        judge_of.judge(values)
    assert (process_time() - begin) / len(groups) * 1000 < most_ms


#: PSS in KiB of a Node program's anonymous memory, each second: only its garbage changes.
_SETTLING = """
24670 24100 24630 24690 24690 24690 24230 24730 24730 24740 23490 23740 24620 24770 24490 24830
24840 24500 24750 25000 24250 24750 24750 24750 24790 24750 25000 24800 24750 24670 24750 24960
24750 24830 24600 24500 24770 25000 25250 25000 24750 24830 25000 24500 24750 24950 25000 24750
24800 24750 24750 24810 24750 24750 24750 24750 24680 24750 24630 24770 24750 24750 24770 24860
24640 24740 24750 24750 24790 24750 24750 24840 25000 25000 25000 25000 25000 25000 25000 25000
24750 24750 24840 25000 24750 24750 24750 24750 24620 24750 24750 24910 25000 24930 25000 25000
"""


@pytest.mark.parametrize("points", range(60, 97, 4))
def test_a_heap_that_settles_is_not_growing(points: int) -> None:
    """A few percent in steps, as a collector's heap rises before it is at rest, are no growth."""
    values = [int(value) * 1024 for value in _SETTLING.split()]
    assert len(values) == 96
    verdict = judge(times(points, points), values[:points])
    assert verdict.word is not Word.GROWING
