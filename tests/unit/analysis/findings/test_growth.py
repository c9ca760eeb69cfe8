"""What grows: the surest first, and what is said where nothing does."""

from __future__ import annotations

import pytest

from memory_watcher.analysis.findings.base import Grown, Rank
from memory_watcher.analysis.findings.growth import growth
from memory_watcher.analysis.kinds import Kind
from memory_watcher.analysis.verdicts import Verdict, Word

from .scenes import MIB, of_one, piece

FLAT = Grown("total", Verdict(Word.FLAT, 10, -5, 25, MIB))
HEAP = piece(Kind.HEAP, MIB)


def test_what_grows() -> None:
    """What grows comes before what rose once, though that rose by more."""
    growing = Grown("heap", Verdict(Word.GROWING, 60, 50, 70, 2 * MIB, MIB, 5), 7)
    step = Grown("/data", Verdict(Word.STEP, rise=9 * MIB, held=9 * MIB))
    found = growth(of_one(HEAP, grown=(FLAT, step, growing)))
    assert found is not None
    assert (found.word, found.rank, found.stake) == ("growing", Rank.ACT, 2 * MIB)
    assert found.figures == {
        "groups": 2,
        "rise": 2 * MIB,
        "held": MIB,
        "rate_per_hour": 60,
        "rate_low": 50,
        "rate_high": 70,
        "since_ns": 7,
    }
    assert found.examples == (("heap", 2 * MIB), ("/data", 9 * MIB))


@pytest.mark.parametrize("word", [Word.STEP, Word.SATURATING])
def test_what_rose(word: Word) -> None:
    """It is told, but not as urgent."""
    found = growth(of_one(HEAP, grown=(FLAT, Grown("heap", Verdict(word, rise=MIB)))))
    assert found is not None
    assert (found.word, found.rank) == (word.value, Rank.MAIN)


@pytest.mark.parametrize("word", [Word.FLAT, Word.UNCLEAR, Word.TOO_SHORT, Word.FREED])
def test_nothing_grows_for_certain(word: Word) -> None:
    """A note on all together, whatever single groups may do."""
    whole = Grown("total", Verdict(word, needed_ns=9))
    found = growth(of_one(HEAP, grown=(whole, Grown("heap", Verdict(Word.UNCLEAR, rise=MIB)))))
    assert found is not None
    assert (found.word, found.rank, found.examples) == (word.value, Rank.NOTE, ())
    assert found.figures == {"groups": 0, "rise": 0, "held": 0, "needed_ns": 9}


def test_little_that_grows() -> None:
    """Of a hundred groups one grows by chance: under a hundredth of the whole none is named."""
    grown = (FLAT, Grown("/data", Verdict(Word.GROWING, 9, 8, 10, MIB)))
    large, small = piece(Kind.HEAP, 101 * MIB), piece(Kind.HEAP, 100 * MIB)
    found = [growth(of_one(heap, grown=grown)) for heap in (large, small)]
    assert [each.word for each in found if each] == ["flat", "growing"]


def test_nothing_was_judged() -> None:
    """One layout tells no growth."""
    assert growth(of_one(HEAP)) is None
