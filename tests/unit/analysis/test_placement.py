"""Where a group grew: the one mapping that has it, new ones, arenas."""

from __future__ import annotations

from memory_watcher.analysis.placement import Part, place
from memory_watcher.model import Mapping, MappingUsage, Usage

KI = 1024
BASE = 0x7F0000000000


def part(start: int, end: int, rss: int, perms: str = "rw-p") -> Part:
    """A nameless mapping at BASE + start KiB."""
    mapping = Mapping(BASE + start * KI, BASE + end * KI, perms, 0, 0, 0, "")
    return Part(f"{mapping.start:x}-{mapping.end:x}", MappingUsage(mapping, Usage(rss=rss * KI)))


def rss(usage: Usage) -> int | None:
    return usage.rss


def test_grown_downwards() -> None:
    """A mapping that the kernel made longer at its low end is no new one, and keeps what it had."""
    placed = place([part(800, 1000, 150)], [part(100, 1000, 850)], rss, is_arena=False)
    assert placed.main is not None
    assert (placed.main.before, placed.main.after) == (150 * KI, 850 * KI)
    assert placed.new == 0


def test_joined_with_its_neighbour() -> None:
    """Two mappings of which the kernel made one count as what it had before."""
    before = [part(0, 100, 40), part(200, 300, 60)]
    placed = place(before, [part(0, 300, 290)], rss, is_arena=False)
    assert placed.main is not None
    assert (placed.main.before, placed.main.after, placed.new) == (100 * KI, 290 * KI, 0)


def test_split() -> None:
    """A mapping that was split counts once as what was there: the parts' rises add up."""
    placed = place([part(0, 300, 90)], [part(0, 100, 90), part(100, 300, 0)], rss, is_arena=False)
    assert placed.main is None
    assert placed.new == 1


def test_ever_more() -> None:
    """Many new mappings of one size are counted, and none of them has most of the rise."""
    after = [part(100 * at, 100 * at + 64, 64) for at in range(20)]
    placed = place(after[:2], after, rss, is_arena=False)
    assert placed.main is None
    assert (placed.new, placed.new_size) == (18, 64 * KI)


def test_nothing_before_and_nothing_after() -> None:
    """A group without mappings has no place; one that came at once has."""
    assert place([part(0, 10, 10)], [], rss, is_arena=False).main is None
    placed = place([], [part(0, 10, 10)], rss, is_arena=False)
    assert placed.main is not None
    assert (placed.main.before, placed.new) == (0, 1)
