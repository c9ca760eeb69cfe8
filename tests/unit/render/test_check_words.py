"""Sentences of a check: what was measured, the limit, who grew; true to the last digit shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory_watcher.analysis.budgets.model import Culprit, RunFile, Unit, Word
from memory_watcher.render.check_words import amount, clock, headline, named, scaled, sentence
from memory_watcher.units import KIB
from tests.unit.render.checks import MIB, TEXTS, checked, judged, over, undecided


def test_over() -> None:
    """A failure names the limit, the culprit, since when, and what else changed."""
    assert sentence(over()) == (
        "heap 80.0 → 93.1 MiB (limit 82.0): +12.8 MiB in [heap], growing since 00:41, still held"
        " at the end; nothing else changed by more than 102.4 KiB"
    )


def test_over_without_a_baseline() -> None:
    """Without a baseline no change is claimed: the biggest groups are named with what they have."""
    culprit = Culprit("heap", "[heap]", None, 60 * MIB, None, "server", where="55a0-55b0")
    said = sentence(over(baseline=None, culprits=(culprit,), others=None))
    assert said == "heap 93.1 MiB (limit 82.0): 60.0 MiB in [heap] of server (55a0-55b0)"


def test_many_culprits() -> None:
    """Three are named, the others are counted; one that was freed again is not called held."""
    culprits = [Culprit("library", f"lib{n}.so", 0, MIB, MIB, is_held=False) for n in range(5)]
    said = sentence(over(culprits=tuple(culprits), others=0))
    assert said.endswith(
        "+1.0 MiB in lib2.so, no longer held at the end; 2 other groups; nothing else changed"
    )
    assert "lib3.so" not in said


def test_spread() -> None:
    """Of several runs the lowest and the highest stand beside the median."""
    values = (92 * MIB, 93 * MIB, 95 * MIB)
    said = sentence(over(measured=93 * MIB, values=values, baseline=None, culprits=(), others=None))
    assert said == "heap 93.0 MiB (limit 82.0; 3 runs: 92.0 to 95.0 MiB)"
    assert sentence(judged(values=(79 * MIB,) * 2)) == "heap 79.0 of 82.0 MiB (2 runs: 79.0 MiB)"


def test_undecided() -> None:
    """What could not be judged says why."""
    assert sentence(undecided()) == "threads could not be judged: 3 of 5 runs are over"
    apart = undecided("heap", "1 of 2 runs", measured=81 * MIB, values=(79 * MIB, 83 * MIB))
    assert sentence(apart) == (
        "heap could not be judged, with 81.0 of 82.0 MiB (2 runs: 79.0 to 83.0 MiB): 1 of 2 runs"
    )


def test_counts_and_growth() -> None:
    """Counts have no unit, growth is by the hour."""
    mappings = judged("mappings", unit="count", measured=1203, limit=2000)
    assert sentence(mappings) == "mappings 1 203 of 2 000"
    growth = judged("heap", unit="bytes/h", at="growth", measured=MIB // 2, limit=MIB)
    assert sentence(growth) == "heap 0.5 of 1.0 MiB/h"


def test_close_to_the_limit() -> None:
    """A byte above the limit is seen to be above it, not shown as equal."""
    said = sentence(over(measured=82 * MIB + 1, baseline=None, culprits=(), others=None))
    assert said == "heap 82.000001 MiB (limit 82.000000)"


@given(
    st.lists(st.none() | st.integers(-(2**62), 2**62), min_size=1, max_size=4),
    st.sampled_from(["bytes", "bytes/h", "count"]),
)
def test_different_values_look_different(values: list[int | None], unit: Unit) -> None:
    """Up to a TiB, no two values that differ are shown alike, and order is kept."""
    texts = [each.text for each in scaled(values, unit)]
    known = [value for value in values if value is not None]
    shown = dict(zip(values, texts, strict=True))
    assert all((value is None) == (number == "–") for value, number in shown.items())
    if max(map(abs, known), default=0) < 2**40:
        assert len(set(shown.values())) == len(set(values))


@given(
    st.lists(st.none() | st.integers(-(2**62), 2**62), min_size=1, max_size=4),
    st.sampled_from(["bytes", "bytes/h", "count"]),
)
def test_only_nothing_is_shown_as_nothing(values: list[int | None], unit: Unit) -> None:
    """Beside whatever else it stands, no value loses all of its digits."""
    for value, shown in zip(values, scaled(values, unit), strict=True):
        assert (value == 0) == (shown.number.strip("0.") == "")


def test_far_from_the_limit() -> None:
    """What is far smaller than what stands beside it has a unit of its own, wherever it stands."""
    big = over(limit=52 * KIB, culprits=(), others=None)
    assert sentence(big) == "heap 80.0 → 93.1 MiB (limit 52.0 KiB)"
    tiny = over(baseline=80 * MIB, measured=60 * KIB, limit=1, culprits=(), others=None)
    assert sentence(tiny) == "heap 80.0 MiB → 60.0 KiB (limit 1 B)"
    assert sentence(judged(measured=3, limit=82 * MIB)) == "heap 3 B of 82.0 MiB"
    growth = judged(unit="bytes/h", at="growth", measured=900, limit=MIB)
    assert sentence(growth) == "heap 900 B/h of 1.0 MiB/h"
    said = sentence(judged(values=(9, 50 * MIB), measured=25 * MIB))
    assert said == "heap 25.0 of 82.0 MiB (2 runs: 9 B to 50.0 MiB)"


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (None, "bytes", "–"),
        (999, "bytes", "999 B"),
        (1000, "bytes", "1.0 KiB"),
        (-12 * MIB, "bytes", "-12.0 MiB"),
        (5 << 40, "bytes/h", "5.0 TiB/h"),
        (0, "count", "0"),
    ],
)
def test_amount(value: int | None, unit: Unit, shown: str) -> None:
    assert amount(value, unit) == shown


def test_clock() -> None:
    assert [clock(seconds * 10**9) for seconds in (0, 41, 3599, 3723)] == [
        "00:00", "00:41", "59:59", "1:02:03",
    ]  # fmt: skip


def test_headline() -> None:
    """How many are over and undecided; with nothing judged, the reason."""
    assert headline(checked(judged())) == "1 of 1 budget within"
    assert headline(checked(judged(), over(), undecided())) == (
        "1 of 3 budgets over, 1 could not be judged"
    )
    assert headline(checked(judged(), undecided())) == "1 of 2 budgets could not be judged"
    assert headline(checked()) == "Nothing was judged"
    failed = checked(recordings=(RunFile("a.db", None, 3),))
    assert headline(failed) == "The command failed with exit code 3; its memory was not judged"
    for number, name in ((9, "SIGKILL"), (77, "signal 77")):
        ended = checked(recordings=(RunFile("a.db", None, 128 + number, number),))
        assert headline(ended).startswith(f"The command was ended by {name} (exit code ")


@given(st.lists(TEXTS, max_size=6), st.integers(20, 40))
def test_names_are_unique(names: list[str], longest: int) -> None:
    """However budgets are called, each has a name of its own that is printable and short enough."""
    budgets = [judged(name) for name in [*names, *names]]
    shown = [name for name, _ in named(checked(*budgets), longest)]
    assert len(set(shown)) == len(budgets)
    assert all(name.isprintable() and len(name) <= longest for name in shown)
    assert [each for _, each in named(checked(*budgets))] == budgets


def test_verdicts_have_words() -> None:
    """No verdict lacks its sentence."""
    assert all(sentence(judged("a", verdict)).startswith("a ") for verdict in Word)
