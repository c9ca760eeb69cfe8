"""Heaps of malloc's arenas in layouts of programs that know where theirs are."""

from __future__ import annotations

from pathlib import Path

import pytest

from memory_watcher.analysis.arenas import HEAP_SIZE, find_arenas
from memory_watcher.analysis.stacks import find_stacks
from memory_watcher.model import MappingUsage
from memory_watcher.procfs.smaps import BlockParser, LayoutTracker

DATA = Path(__file__).parents[2] / "data" / "malloc"


def layout(name: str) -> list[MappingUsage]:
    text = bytearray((DATA / f"{name}.smaps").read_bytes())
    return list(LayoutTracker(BlockParser()).diff(text, len(text)).entries())


@pytest.mark.parametrize("version", ["2.36", "2.41", "2.43"])
def test_heaps_of_glibc(version: str) -> None:
    """Of each glibc exactly the heaps are found that the program saw, with all their memory."""
    entries = layout(f"glibc-{version}")
    heaps = [int(line, 16) for line in (DATA / f"glibc-{version}.heaps").read_text().split()]
    found = [entries[position] for position in find_arenas(entries)]
    space = {
        start
        for entry in found
        for start in range(entry.mapping.start, entry.mapping.end, HEAP_SIZE)
        if start % HEAP_SIZE == 0
    }
    assert space == set(heaps)
    assert sum(entry.mapping.size for entry in found) == len(heaps) * HEAP_SIZE
    assert sum(entry.usage.rss or 0 for entry in found) >= 140 << 20


@pytest.mark.parametrize("name", ["jemalloc", "mimalloc", "tcmalloc_minimal", "not-an-arena"])
def test_what_others_allocate(name: str) -> None:
    """Other allocators, and a mapping in the shape of a full heap, are no arenas."""
    assert not find_arenas(layout(name))


def test_pages_of_16_kib() -> None:
    """Of a Python with two threads on arm64: two heaps of arenas, two stacks of threads."""
    text = bytearray((DATA.parent / "proc" / "6.12-16k-python" / "smaps").read_bytes())
    entries = list(LayoutTracker(BlockParser()).diff(text, len(text)).entries())
    found = [entries[position].mapping for position in find_arenas(entries)]
    assert sum(mapping.size for mapping in found) == 2 * HEAP_SIZE
    stacks = [entries[position].mapping.size for position in find_stacks(entries, ())]
    assert stacks == [8 << 20, 8 << 20]
