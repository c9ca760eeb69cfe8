"""Many mappings, swap, locked memory, and whether a peak was missed."""

from __future__ import annotations

import pytest

from memory_watcher.analysis.assurance import Gap, Verdict
from memory_watcher.analysis.findings.base import Rank
from memory_watcher.analysis.findings.limits import locked, mapping_count, swap
from memory_watcher.analysis.findings.over_time import peak
from memory_watcher.analysis.kinds import Kind

from .scenes import MIB, member, of_one, piece, scene


@pytest.mark.parametrize(
    ("limit", "rank"), [(21, None), (20, Rank.LOOK), (13, Rank.LOOK), (12, Rank.ACT), (None, None)]
)
def test_mapping_count(limit: int | None, rank: Rank | None) -> None:
    """From half of the limit on, urgent from 80 %; of several the process with the most."""
    many = [piece(Kind.ANONYMOUS, MIB) for _ in range(7)] + [piece(Kind.HEAP, MIB)] * 3
    found = mapping_count(scene(member(many[0], name="b (2)"), member(*many), max_map_count=limit))
    assert (found.rank if found else None) is rank
    if found is not None:
        assert found.figures == {"mappings": 10, "limit": limit, "of_kind": 7}
        assert found.word == "anonymous"
        assert found.examples == (("a (1)", 10),)


def test_swap() -> None:
    """From a hundredth on, urgent from a tenth of all; by kind."""
    heap = piece(Kind.HEAP, 50 * MIB, swap=2 * MIB)
    found = swap(of_one(heap, piece(Kind.ANONYMOUS, 50 * MIB, swap=0)))
    assert found is not None
    assert found.figures == {"swap": 2 * MIB, "highest": 2 * MIB, "memory": 100 * MIB}
    assert found.examples == (("heap", 2 * MIB),)
    assert found.rank is Rank.LOOK
    urgent = swap(of_one(piece(Kind.HEAP, 50 * MIB, swap=6 * MIB)))
    assert urgent is not None
    assert urgent.rank is Rank.ACT
    assert swap(of_one(piece(Kind.HEAP, 500 * MIB, swap=2 * MIB))) is None
    assert swap(of_one(piece(Kind.HEAP, 50 * MIB))) is None, "not reported"


def test_swap_at_another_moment() -> None:
    """What the kernel reported highest of one process counts, too."""
    found = swap(of_one(piece(Kind.HEAP, 50 * MIB, swap=0), highest_swap=9 * MIB))
    assert found is not None
    assert (found.figures["swap"], found.figures["highest"]) == (0, 9 * MIB)


def test_swap_of_several() -> None:
    """Their SwapPss is added up: a shared page in swap is there once."""
    entry = piece(Kind.HEAP, 50 * MIB, swap=4 * MIB, swap_pss=2 * MIB)
    found = swap(scene(member(entry), member(entry)))
    assert found is not None
    assert found.figures["swap"] == 4 * MIB


def test_locked() -> None:
    """From 1 MiB on."""
    found = locked(of_one(piece(Kind.HEAP, 9 * MIB, locked=2 * MIB)))
    assert found is not None
    assert found.figures == {"locked": 2 * MIB, "memory": 9 * MIB}
    assert locked(of_one(piece(Kind.HEAP, 9 * MIB, locked=MIB - 4096))) is None
    assert locked(of_one(piece(Kind.HEAP, 9 * MIB))) is None


NOTHING = Gap(0, Verdict.NOTHING_HIGHER, 7)


def test_peak_of_one() -> None:
    """With its highest RSS, whatever is known; silent where no RSS was reported."""
    found = peak(of_one(piece(Kind.HEAP, MIB), gaps=(("a (1)", 9 * MIB, NOTHING),)))
    assert found is not None
    assert found.figures["highest_rss"] == 9 * MIB
    assert found.figures["with_higher"] == 0
    assert (found.rank, found.word) == (Rank.NOTE, "nothing higher")
    assert peak(of_one(piece(Kind.HEAP, MIB), gaps=(("a (1)", None, NOTHING),))) is None
    assert peak(of_one(piece(Kind.HEAP, MIB))) is None


def test_peaks_missed_of_several() -> None:
    """The one of which most was missed stands for them."""
    gaps = (
        ("a (1)", 90 * MIB, NOTHING),
        ("b (2)", 5 * MIB, Gap(2 * MIB, Verdict.HIGHER, 7)),
        ("c (3)", 5 * MIB, Gap(3 * MIB, Verdict.HIGHER, 7)),
    )
    found = peak(of_one(piece(Kind.HEAP, MIB), gaps=gaps))
    assert found is not None
    assert found.figures == {
        "processes": 3,
        "with_higher": 2,
        "highest_rss": 5 * MIB,
        "tolerance": 7,
        "missed": 3 * MIB,
    }
    assert found.examples == (("c (3)", 5 * MIB),)
    assert found.rank is Rank.LOOK
