"""Memory that belongs to no file: arenas of malloc, stacks, huge pages, what was given back."""

from __future__ import annotations

from ..arenas import HEAP_SIZE
from ..hugetlb import together
from ..kinds import Kind
from .base import (
    MIB,
    SMALLEST,
    Attributed,
    Finding,
    Rank,
    Scene,
    biggest,
    by_kind,
    by_name,
    total,
)

#: Shares of the whole that are worth a sentence.
_ARENAS = _HUGE_PAGES = _HUGETLB = 0.1
_LAZY = 0.05
#: So many heaps of arenas are worth one whatever they hold.
_MANY_HEAPS = 16
_MANY_STACKS = 8
_LARGE_STACKS = 64 * MIB
_EMPTY = 4  # stacks that fill a quarter of their address space are not called larger than used
_HUGE_PAGE = 2 * MIB


def arenas(scene: Scene) -> Finding | None:
    """How many heaps malloc has for its threads' arenas, what they hold, and how full they are."""
    found = scene.of(Kind.ARENA)
    taken = [each for each in found if each[0].mapping.perms[1] == "w"]
    resident, size = total(taken, "rss"), total(found, scene.figure)
    heaps = sum(entry.mapping.size for entry, _ in found) // HEAP_SIZE
    if not heaps or resident is None or size is None:
        return None
    if not scene.is_notable(size, _ARENAS) and heaps < _MANY_HEAPS:
        return None
    figures = {
        "heaps": heaps,
        "memory": size,
        "resident": resident,
        "taken": sum(entry.mapping.size for entry, _ in taken),
        "address_space": heaps * HEAP_SIZE,
        "threads": sum(each.threads or 0 for each in scene.members),
    }
    rank = Rank.LOOK if scene.is_notable(size, _ARENAS) else Rank.NOTE
    return Finding("arenas", rank, size, figures)


def stacks(scene: Scene) -> Finding | None:
    """Stacks of threads that are far larger than what was ever used of them."""
    found = _thread_stacks(scene)
    resident = total(found, "rss")
    space = sum(entry.mapping.size for entry, _ in found)
    if len(found) < _MANY_STACKS or space < _LARGE_STACKS or resident is None:
        return None
    if resident * _EMPTY > space:
        return None
    fullest = max(found, key=lambda each: each[0].usage.rss or 0)[0]
    figures = {
        "stacks": len(found),
        "address_space": space,
        "resident": resident,
        "fullest": fullest.usage.rss or 0,
        "fullest_size": fullest.mapping.size,
    }
    return Finding("stacks", Rank.NOTE, resident, figures)


def _thread_stacks(scene: Scene) -> list[Attributed]:
    """Without that of a first thread, which the kernel lets grow as it is used."""
    return [
        each
        for each in scene.of(Kind.THREAD_STACK)
        if each[0].mapping.perms[1] == "w" and each[0].mapping.pathname != "[stack]"
    ]


def huge_page_stacks(scene: Scene) -> Finding | None:
    """Stacks in huge pages, against what stacks without any need."""
    found = _thread_stacks(scene)
    huge = [each for each in found if each[0].usage.anon_huge_pages]
    plain = [each for each in found if each[0].usage.anon_huge_pages == 0]
    resident = total(huge, "rss")
    most = max((entry.usage.rss or 0 for entry, _ in plain), default=None)
    if resident is None or not most or resident < SMALLEST or most * _EMPTY > _HUGE_PAGE:
        return None
    figures = {
        "stacks": len(huge),
        "resident": resident,
        "others": len(plain),
        "most_of_others": most,
        "saved": max(resident - len(huge) * most, 0),
    }
    return Finding("huge-page-stacks", Rank.LOOK, figures["saved"], figures)


def huge_pages(scene: Scene) -> Finding | None:
    """How much anonymous memory is in transparent huge pages."""
    entries = list(scene.entries) if scene.is_one else _private(scene)
    huge, anonymous = total(entries, "anon_huge_pages"), total(entries, "anonymous")
    if not scene.is_notable(huge, _HUGE_PAGES) or huge is None or not anonymous:
        return None
    figures = {"huge_pages": huge, "anonymous": anonymous}
    return Finding(
        "huge-pages", Rank.NOTE, huge, figures, biggest(entries, "anon_huge_pages", by_kind)
    )


def _private(scene: Scene) -> list[Attributed]:
    """Mappings whose pages nobody else maps: their figures may be added up over processes."""
    return [each for each in scene.entries if each[0].usage.rss == each[0].usage.pss]


def huge_page_pool(scene: Scene) -> Finding | None:
    """Huge pages that the machine has set aside, and nobody uses."""
    if not scene.pool or scene.pool < SMALLEST:
        return None
    return Finding("huge-page-pool", Rank.LOOK, scene.pool, {"free": scene.pool})


def hugetlb(scene: Scene) -> Finding | None:
    """What is in pages of hugetlbfs, of which the figures of memory have nothing."""
    huge = [[entry for entry, _ in member.entries] for member in scene.members]
    size, most = together(huge)
    if not scene.is_notable(size, _HUGETLB):
        return None
    figures = {"hugetlb": size, "most": most, "memory": scene.memory}
    word = "exact" if scene.is_one or size == most else "at least"
    examples = biggest(scene.entries, "hugetlb", by_name) if scene.is_one else ()
    return Finding("hugetlb", Rank.MAIN, size, figures, examples, word)


def lazily_freed(scene: Scene) -> Finding | None:
    """What the program gave back with MADV_FREE, and still counts."""
    lazy = total(scene.entries if scene.is_one else _private(scene), "lazy_free")
    if lazy is None or not scene.is_notable(lazy, _LAZY):
        return None
    return Finding("lazily-freed", Rank.NOTE, lazy, {"lazy_free": lazy, "memory": scene.memory})


FINDERS = (arenas, stacks, huge_page_stacks, huge_pages, huge_page_pool, hugetlb, lazily_freed)
