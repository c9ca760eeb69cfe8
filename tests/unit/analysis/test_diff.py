"""Differences of two layouts."""

from __future__ import annotations

from memory_watcher.analysis.diff import Difference, difference
from memory_watcher.analysis.kinds import attribute
from memory_watcher.analysis.peak import Attributed, Sum
from memory_watcher.model import MappingUsage, Usage
from tests.recordings import KI, MI, Entry, mapping


def attributed(*entries: Entry) -> Attributed:
    return attribute([MappingUsage(*entry) for entry in entries])


def file(start: int, name: str, pss: int | None, size: int = 64 * KI) -> Entry:
    return mapping(start, size, "r--p", name, inode=7), Usage(pss=pss, rss=pss)


def heap(size: int, pss: int, perms: str = "rw-p") -> Entry:
    return mapping(0x1000, size, perms, "[heap]"), Usage(pss=pss)


def shown(found: list[Difference]) -> list[tuple[str, int | None]]:
    return [(each.name, each.change) for each in found]


def test_biggest_difference_first() -> None:
    """Sorted by size of the change, up or down; what stayed the same is left out."""
    before = attributed(file(0x10000, "/a", 5), file(0x30000, "/b", 9), file(0x50000, "/same", 3))
    after = attributed(file(0x10000, "/a", 6), file(0x50000, "/same", 3), file(0x70000, "/new", 8))
    found = difference(before, after)
    assert shown(found) == [("/b", -9), ("/new", 8), ("/a", 1)]
    assert (found[0].before.mappings, found[0].after.mappings) == (1, 0)
    assert found[0].after.sum == Sum(0, 0)


def test_changes_add_up() -> None:
    """However it is grouped, the changes add up to the difference of the totals."""
    before = attributed(file(0x10000, "/a", 5), file(0x30000, "/a", 9), heap(MI, 100))
    after = attributed(file(0x10000, "/a", 50), file(0x90000, "/b", 1), heap(2 * MI, 300))
    for by in ("kind", "name", "mapping", "process"):
        found = difference(before, after, "pss", by)
        assert sum(each.change or 0 for each in found) == 351 - 114


def test_mappings_are_matched_by_header() -> None:
    """By mapping: other objects and other order are the same mapping; other addresses are not."""
    before = attributed(file(0x10000, "/a", 5), file(0x30000, "/a", 9))
    after = attributed(file(0x30000, "/a", 10), file(0x90000, "/a", 5))
    found = difference(before, after, by="mapping")
    assert shown(found) == [
        ("00010000-00020000 r--p /a", -5),
        ("00090000-000a0000 r--p /a", 5),
        ("00030000-00040000 r--p /a", 1),
    ]


def test_a_mapping_that_grew_is_the_same() -> None:
    """The heap's end and the stack's start move; the name is that of now."""
    stack = (mapping(0x7FF0000, 0x10000, pathname="[stack]"), Usage(pss=1))
    deeper = (mapping(0x7FE0000, 0x20000, pathname="[stack]"), Usage(pss=3))
    found = difference(
        attributed(heap(MI, 100), stack), attributed(heap(2 * MI, 300), deeper), by="mapping"
    )
    assert shown(found) == [
        ("00001000-00201000 rw-p heap", 200),
        ("07fe0000-08000000 rw-p thread stack", 2),
    ]


def test_not_told_is_not_zero() -> None:
    """A figure that one side does not tell makes no change, and comes last."""
    before = attributed(file(0x10000, "/a", None), file(0x30000, "/b", 9))
    after = attributed(file(0x10000, "/a", 6), file(0x30000, "/b", 8))
    assert shown(difference(before, after)) == [("/b", -1), ("/a", None)]
