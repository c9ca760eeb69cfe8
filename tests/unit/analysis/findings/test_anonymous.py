"""Arenas, stacks, huge pages, what was lazily freed."""

from __future__ import annotations

import pytest

from memory_watcher.analysis.findings.anonymous import (
    arenas,
    huge_page_pool,
    huge_page_stacks,
    huge_pages,
    hugetlb,
    lazily_freed,
    stacks,
)
from memory_watcher.analysis.findings.base import Attributed, Rank
from memory_watcher.analysis.kinds import Kind
from memory_watcher.model import MappingUsage

from .scenes import KIB, MIB, member, of_one, piece, scene

HUGE = 2 * MIB


def heap_of_arena(rss: int, taken: int) -> list[Attributed]:
    """What malloc has made writable of 64 MiB, and the reserve."""
    return [
        piece(Kind.ARENA, rss, size=taken),
        piece(Kind.ARENA, 0, size=64 * MIB - taken, perms="---p"),
    ]


def test_arenas() -> None:
    """How many heaps, how much malloc took of them, how much of that is resident."""
    entries = [*heap_of_arena(6 * MIB, 8 * MIB), *heap_of_arena(3 * MIB, 4 * MIB)]
    process = member(*entries, piece(Kind.HEAP, 20 * MIB), threads=5)
    found = arenas(scene(process))
    assert found is not None
    assert found.figures == {
        "heaps": 2,
        "memory": 9 * MIB,
        "resident": 9 * MIB,
        "taken": 12 * MIB,
        "address_space": 128 * MIB,
        "threads": 5,
    }
    assert found.rank is Rank.LOOK


def test_few_arenas_that_hold_little() -> None:
    """Under a tenth of the memory they are not worth it, but 16 heaps are, as a note."""
    heap = piece(Kind.HEAP, 300 * MIB)
    assert arenas(of_one(heap, *heap_of_arena(MIB, 2 * MIB))) is None
    many = [each for _ in range(16) for each in heap_of_arena(64 * KIB, 132 * KIB)]
    found = arenas(of_one(heap, *many))
    assert found is not None
    assert (found.figures["heaps"], found.rank) == (16, Rank.NOTE)
    assert arenas(of_one(heap)) is None


def thread_stack(rss: int, huge: int | None = 0, name: str = "") -> Attributed:
    entry, told = piece(Kind.THREAD_STACK, rss, name, size=8 * MIB)
    return MappingUsage(entry.mapping, entry.usage._replace(anon_huge_pages=huge)), told


def test_stacks_larger_than_used() -> None:
    """Of 8 and more; the stack of the first thread, which grows as it is used, does not count."""
    first = piece(Kind.THREAD_STACK, 132 * KIB, "[stack]")
    used = [thread_stack(12 * KIB) for _ in range(8)]
    found = stacks(of_one(first, *used, thread_stack(40 * KIB)))
    assert found is not None
    assert found.figures == {
        "stacks": 9,
        "address_space": 72 * MIB,
        "resident": 136 * KIB,
        "fullest": 40 * KIB,
        "fullest_size": 8 * MIB,
    }
    assert stacks(of_one(first, *used[:7])) is None
    assert stacks(of_one(*[thread_stack(3 * MIB) for _ in range(8)])) is None, "they are used"


def test_stacks_in_huge_pages() -> None:
    """What is empty is known from the stacks without huge pages."""
    huge = [thread_stack(HUGE, HUGE) for _ in range(3)]
    found = huge_page_stacks(of_one(*huge, thread_stack(16 * KIB), thread_stack(32 * KIB)))
    assert found is not None
    assert found.figures == {
        "stacks": 3,
        "resident": 6 * MIB,
        "others": 2,
        "most_of_others": 32 * KIB,
        "saved": 6 * MIB - 96 * KIB,
    }
    assert huge_page_stacks(of_one(*huge)) is None, "no other stack: it cannot be known"
    assert huge_page_stacks(of_one(*huge, thread_stack(MIB))) is None, "stacks are deep here"
    assert huge_page_stacks(of_one(thread_stack(16 * KIB, None))) is None, "not reported"


def test_huge_pages() -> None:
    """From a tenth of the memory on; of several processes only what none of them shares."""
    entry = piece(Kind.ANONYMOUS, 8 * MIB, anon_huge_pages=6 * MIB, anonymous=8 * MIB)
    found = huge_pages(of_one(entry))
    assert found is not None
    assert found.figures == {"huge_pages": 6 * MIB, "anonymous": 8 * MIB}
    assert found.examples == (("anonymous", 6 * MIB),)
    shared = piece(Kind.ANONYMOUS, 8 * MIB, pss=4 * MIB, anon_huge_pages=6 * MIB, anonymous=8 * MIB)
    assert huge_pages(scene(member(shared), member(shared))) is None
    few = piece(Kind.ANONYMOUS, 80 * MIB, anon_huge_pages=6 * MIB, anonymous=80 * MIB)
    assert huge_pages(of_one(few)) is None
    assert huge_pages(of_one(piece(Kind.ANONYMOUS, 8 * MIB))) is None, "not reported"


@pytest.mark.parametrize(("free", "fires"), [(None, False), (0, False), (HUGE, True)])
def test_pool(free: int | None, fires: bool) -> None:
    """Huge pages that are set aside, and in nobody's use."""
    found = huge_page_pool(of_one(piece(Kind.HEAP, MIB), pool=free))
    assert (found is not None) is fires
    assert found is None or found.figures == {"free": HUGE}


def test_hugetlb() -> None:
    """Beside the memory, from a tenth of it on; what several processes share counts once."""
    segment = piece(Kind.HUGE_PAGES, 0, "/SYSV00000000", shared_hugetlb=8 * MIB, private_hugetlb=0)
    own = piece(Kind.HUGE_PAGES, 0, "/dev/hugepages/x", private_hugetlb=2 * MIB, inode=9)
    heap = piece(Kind.HEAP, 100 * MIB)
    found = hugetlb(of_one(heap, segment, own))
    assert found is not None
    assert found.figures == {"hugetlb": 10 * MIB, "most": 10 * MIB, "memory": 100 * MIB}
    assert [each.size for each in found.examples] == [8 * MIB, 2 * MIB]
    assert hugetlb(of_one(piece(Kind.HEAP, 101 * MIB), segment, own)) is None
    assert hugetlb(of_one(heap)) is None
    several = hugetlb(scene(member(heap, segment), member(segment, own)))
    assert several is not None
    assert (several.figures["hugetlb"], several.word) == (10 * MIB, "at least")


def test_lazily_freed() -> None:
    """From a twentieth on, if it is reported."""
    found = lazily_freed(of_one(piece(Kind.ANONYMOUS, 20 * MIB, lazy_free=MIB)))
    assert found is not None
    assert found.figures == {"lazy_free": MIB, "memory": 20 * MIB}
    assert lazily_freed(of_one(piece(Kind.ANONYMOUS, 21 * MIB, lazy_free=MIB))) is None
    assert lazily_freed(of_one(piece(Kind.ANONYMOUS, 2 * MIB))) is None
