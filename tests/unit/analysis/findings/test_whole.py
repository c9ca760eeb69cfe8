"""Where the memory is: by kind, by process, shared."""

from __future__ import annotations

from memory_watcher.analysis.findings.base import Rank
from memory_watcher.analysis.findings.whole import biggest_process, dominates, no_layout, sharing
from memory_watcher.analysis.kinds import Kind

from .scenes import MIB, member, of_one, piece, scene


def test_kinds_with_the_most() -> None:
    """Those with a twentieth and more, the biggest first, and the biggest name of the first."""
    found = dominates(
        of_one(
            piece(Kind.LIBRARY, 20 * MIB, "/a.so"),
            piece(Kind.LIBRARY, 40 * MIB, "/b.so"),
            piece(Kind.HEAP, 36 * MIB),
            piece(Kind.FILE, 4 * MIB, "/data"),
        )
    )
    assert found is not None
    assert found.figures == {"memory": 100 * MIB, "most": 60 * MIB, "kinds": 2}
    assert found.examples == (("library", 60 * MIB), ("heap", 36 * MIB), ("/b.so", 40 * MIB))
    assert found.rank is Rank.MAIN


def test_nameless_memory_has_no_biggest_name() -> None:
    """What has only its kind's word is not named twice."""
    found = dominates(of_one(piece(Kind.ANONYMOUS, MIB)))
    assert found is not None
    assert found.examples == (("anonymous", MIB),)


def test_no_memory() -> None:
    """Without any there is no sentence."""
    assert dominates(of_one()) is None
    assert dominates(of_one(piece(Kind.HEAP, 0))) is None


def test_processes_without_a_layout() -> None:
    """What they have is told, and how many they are; nothing if all have one, or it is little."""
    known = member(piece(Kind.HEAP, 30 * MIB))
    unknown = member(name="b (2)", size=10 * MIB)
    found = no_layout(scene(known, unknown, unknown, memory=50 * MIB))
    assert found is not None
    assert found.figures == {
        "processes": 3,
        "without": 2,
        "size": 20 * MIB,
        "memory": 50 * MIB,
    }
    assert no_layout(scene(known, known)) is None
    assert no_layout(scene(known, member(name="b (2)", size=1000))) is None
    assert no_layout(scene(known, member(name="b (2)", size=None))) is None


def test_biggest_process() -> None:
    """Three at most, the biggest first; of one process there is nothing to compare."""
    members = [member(piece(Kind.HEAP, size * MIB), name=f"p ({size})") for size in (3, 1, 4, 2)]
    found = biggest_process(scene(*members))
    assert found is not None
    assert found.examples == (("p (4)", 4 * MIB), ("p (3)", 3 * MIB), ("p (2)", 2 * MIB))
    assert found.figures["together"] == 9 * MIB
    assert found.figures["memory"] == 10 * MIB
    assert biggest_process(scene(members[0])) is None


def test_sharing() -> None:
    """From a tenth of RSS on that a sum counts again; never for one process."""
    members = [member(piece(Kind.LIBRARY, 10 * MIB, "/a.so", pss=5 * MIB)) for _ in range(2)]
    found = sharing(scene(*members))
    assert found is not None
    assert found.figures == {
        "processes": 2,
        "rss": 20 * MIB,
        "pss": 10 * MIB,
        "counted_again": 10 * MIB,
    }
    assert found.examples == (("library", 10 * MIB),)
    assert sharing(scene(members[0])) is None
    few = [member(piece(Kind.HEAP, 100 * MIB, pss=95 * MIB)) for _ in range(2)]
    assert sharing(scene(*few)) is None
    assert sharing(scene(*members, rss=None)) is None
