"""What mappings are for over their whole lives: the same as their layouts tell."""

from __future__ import annotations

import random

import pytest

from memory_watcher.analysis.kinds import Attribution, Kind, attribute, hints_from
from memory_watcher.analysis.kinds_over_time import NO_EVIDENCE, KindsOverTime, attribute_lives
from memory_watcher.model import ElfSegment, KindEvidence, MappingUsage
from tests.unit.analysis.layouts import layout

ARENA = "rd wr mr mw me nr"
#: A library with .bss, an arena in three pieces, stacks with guards, a file that is run, one that
#: is not, and nameless memory beside all of them.
LAYOUT = layout(
    f"""
    00400000-00500000 r-xp 0 08:01 11 /usr/bin/program
    00500000-00510000 rw-p 100000 08:01 11 /usr/bin/program
    00510000-00530000 rw-p 0 00:00 0
    01000000-01100000 rw-p 0 00:00 0 [heap]
    7f0004000000-7f0004100000 rw-p 0 00:00 0 | {ARENA}
    7f0004100000-7f0004200000 rw-p 0 00:00 0 | {ARENA} hg
    7f0004200000-7f0008000000 ---p 0 00:00 0 | mr mw me nr
    7f0100000000-7f0100001000 ---p 0 00:00 0 | mr mw me nh
    7f0100001000-7f0100801000 rw-p 0 00:00 0 | rd wr mr mw me ac nh
    7f0100801000-7f0100802000 ---p 0 00:00 0
    7f0100802000-7f0100902000 rw-p 0 00:00 0
    7f0200000000-7f0200010000 r--p 0 08:01 12 /usr/lib/a.so
    7f0200010000-7f0200020000 r-xp 10000 08:01 12 /usr/lib/a.so
    7f0300000000-7f0300010000 r--p 0 08:01 12 /usr/lib/a.so
    7f0400000000-7f0400010000 r--p 0 08:01 13 /data/file
    7ffd00000000-7ffd00021000 rw-p 0 00:00 0 [stack]
    """
)
#: .data ends at 0x510000, .bss at 0x530000.
SEGMENTS = (
    ElfSegment(0, 0x400000, 0x100000, 0x100000, 5),
    ElfSegment(0x100000, 0x500000, 0x10000, 0x30000, 6),
)
EVIDENCE = KindEvidence({1: 0x7F01008FFF00}, {(8 << 20 | 1, 11): SEGMENTS}, 4096)


def lives(births: list[int], deaths: list[int]) -> KindsOverTime:
    """One interval for each entry of LAYOUT, sorted by birth; ids are positions in LAYOUT."""
    order = sorted(range(len(births)), key=lambda number: births[number])
    return KindsOverTime(
        [births[number] for number in order],
        [deaths[number] for number in order],
        order,
        order,
    )


def told(births: list[int], deaths: list[int], keyframes: list[int]) -> dict[int, Attribution]:
    headers = {number: entry.mapping for number, entry in enumerate(LAYOUT)}
    flags = {number: entry.usage.vm_flags for number, entry in enumerate(LAYOUT)}
    return attribute_lives(lives(births, deaths), keyframes, headers, flags, lambda _: EVIDENCE)


def whole(entries: list[MappingUsage]) -> list[Attribution]:
    return [attribution for _, attribution in attribute(entries, hints_from(entries, EVIDENCE))]


def test_the_layout_has_something_to_tell() -> None:
    """The layout of these tests holds each kind that depends on neighbours."""
    kinds = [attribution.kind for attribution in whole(LAYOUT)]
    assert kinds.count(Kind.ARENA) == 3
    assert kinds.count(Kind.THREAD_STACK) == 3
    assert kinds[2] is Kind.LIBRARY_BSS
    assert kinds[13].family is Kind.LIBRARY, "a second mapping of a file that is run elsewhere"


def test_at_a_keyframe() -> None:
    """What lives at a keyframe is what that layout says."""
    count = len(LAYOUT)
    assert list(told([1] * count, [9] * count, [1]).values()) == whole(LAYOUT)


@pytest.mark.parametrize("seed", range(30))
def test_born_between_keyframes(seed: int) -> None:
    """A mapping among its neighbours is told as in the whole layout, whichever came later."""
    choose = random.Random(seed)
    births = [choose.choice((1, 3)) for _ in LAYOUT]
    found = told(births, [9] * len(LAYOUT), [1])
    born = [number for number, birth in enumerate(births) if birth == 3]
    expected = whole(LAYOUT)
    assert {number: found[number] for number in born} == {n: expected[n] for n in born}


def test_gone_neighbours_do_not_count() -> None:
    """What ended before another began is no neighbour of it."""
    births = [1] * len(LAYOUT)
    deaths = [9] * len(LAYOUT)
    births[2], deaths[1] = 5, 4  # .bss is mapped when its file no longer is
    assert told(births, deaths, [1])[2].kind is Kind.ANONYMOUS


def test_later_evidence_counts_for_the_whole_life() -> None:
    """A stack that a later keyframe knows was one all along; nothing becomes anonymous again."""
    count = len(LAYOUT)
    headers = {number: entry.mapping for number, entry in enumerate(LAYOUT)}
    flags = {number: entry.usage.vm_flags for number, entry in enumerate(LAYOUT)}
    parts = lives([1] * count, [4] * count)
    again = lives([5] * count, [9] * count)
    both = KindsOverTime(*([*one, *two] for one, two in zip(parts, again, strict=True)))
    for known_at in (1, 5):
        found = attribute_lives(
            both,
            [1, 5],
            headers,
            flags,
            lambda tick, known_at=known_at: EVIDENCE if tick == known_at else NO_EVIDENCE,  # type: ignore[misc]
        )
        assert found[10].kind is Kind.THREAD_STACK
        assert found[2].kind is Kind.LIBRARY_BSS


_NEWER_HEAP = """
    7f0004000000-7f0004100000 rw-p 0 00:00 0 | rd wr mr mw me ac
    7f0004100000-7f0008000000 ---p 0 00:00 0 | mr mw me
    """
_HEAP_SHAPE = f"""
    7f0004000000-7f0004100000 rw-p 0 00:00 0 | {ARENA}
    7f0004100000-7f0008000000 ---p 0 00:00 0 | mr mw me nr
    """
_FULL_HEAP = f"7f0004000000-7f0008000000 rw-p 0 00:00 0 | {ARENA}"
_ANOTHER_HEAP = f"""
    7f0044000000-7f0044100000 rw-p 0 00:00 0 | {ARENA}
    7f0044100000-7f0048000000 ---p 0 00:00 0 | mr mw me nr
    """


@pytest.mark.parametrize(
    ("born", "elsewhere", "kind"),
    [
        (_NEWER_HEAP, "7f0100000000-7f0100001000 r-xp 0 08:01 12 /lib/libc.so.6", Kind.ARENA),
        (_NEWER_HEAP, "7f0100000000-7f0100001000 r-xp 0 08:01 12 /lib/a.so", Kind.ANONYMOUS),
        (_HEAP_SHAPE, "7f0100000000-7f0100001000 r-xp 0 08:01 12 /lib/a.so", Kind.ARENA),
        (
            _HEAP_SHAPE,
            "7f0100000000-7f0100001000 r-xp 0 08:01 12 /lib/libjemalloc.so.2",
            Kind.ANONYMOUS,
        ),
        (_FULL_HEAP, _ANOTHER_HEAP, Kind.ARENA),
        (_FULL_HEAP, "", Kind.ANONYMOUS),
    ],
)
def test_a_heap_between_keyframes_depends_on_what_is_far_away(
    born: str, elsewhere: str, kind: Kind
) -> None:
    """A C library, another malloc or another heap tells it then as it does at a keyframe."""
    news, olds = layout(born), layout(elsewhere)
    entries = [*news, *olds]
    births = [5] * len(news) + [1] * len(olds)
    found = attribute_lives(
        lives(births, [9] * len(entries)),
        [1],
        {number: entry.mapping for number, entry in enumerate(entries)},
        {number: entry.usage.vm_flags for number, entry in enumerate(entries)},
    )
    assert found[0].kind is kind
    assert found[0].kind is attribute(entries)[0][1].kind


_JVM = "7f0100000000-7f0100001000 r-xp 0 08:01 12 /usr/lib/jvm/lib/server/libjvm.so"
_MARKS = """
    7f2d00000000-7f2d01000000 rw-p 0 00:00 0
    7f2d01000000-7f2e20000000 ---p 0 00:00 0 | mr mw me nr
    """
_JAVA_HEAP = """
    7f3000000000-7f3004000000 rw-p 0 00:00 0
    7f3004000000-7f7b00000000 ---p 0 00:00 0 | mr mw me nr
    """
_ZGC = "40000000000-40017a00000 rw-s 0 00:01 7 /memfd:java_heap (deleted)"


@pytest.mark.parametrize(
    ("elsewhere", "kind"),
    [("", Kind.RUNTIME), (_JAVA_HEAP, Kind.ANONYMOUS), (_ZGC, Kind.ANONYMOUS)],
)
def test_a_large_reserve_between_keyframes_is_compared_with_others(
    elsewhere: str, kind: Kind
) -> None:
    """Java's heap is told by its reserve from smaller ones, wherever these lie, then as well."""
    news, olds = layout(_MARKS), layout(f"{_JVM}\n{elsewhere}")
    entries = [*news, *olds]
    births = [5] * len(news) + [1] * len(olds)
    found = attribute_lives(
        lives(births, [9] * len(entries)),
        [1],
        {number: entry.mapping for number, entry in enumerate(entries)},
        {number: entry.usage.vm_flags for number, entry in enumerate(entries)},
    )
    assert found[0].kind is kind
    assert found[0].kind is attribute(entries)[0][1].kind


def test_huge_pages_without_flags() -> None:
    """Kernels before 3.8 print no flags: over time the page size says the same as in a layout."""
    (entry,) = layout("7f0000000000-7f0008000000 rw-s 0 00:0f 9 /SYSV00000001 (deleted) | -")
    for page_size, kind in ((2 << 20, Kind.HUGE_PAGES), (4096, Kind.SHARED_MEMORY)):
        for keyframes in ([1], [2]):
            found = attribute_lives(
                KindsOverTime([1], [9], [5], [3]),
                keyframes,
                {5: entry.mapping},
                {3: None},
                page_sizes={3: page_size},
            )
            assert found[5].kind is kind
