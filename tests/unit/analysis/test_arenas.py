"""Heaps of malloc's arenas in layouts of programs that know where theirs are."""

from __future__ import annotations

from pathlib import Path

import pytest

from memory_watcher.analysis.arenas import HEAP_SIZE, find_arenas
from memory_watcher.analysis.stacks import find_stacks
from memory_watcher.model import MappingUsage
from memory_watcher.procfs.smaps import LayoutTracker
from memory_watcher.procfs.smaps_blocks import BlockParser

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


def test_parts_of_a_larger_reserve() -> None:
    """What a program reserved in one piece of 16 GiB has no heaps of glibc's, whatever it uses."""
    text = bytearray()
    for perms, *bounds in (
        ("r-xp", 0x7F0000000000, 0x7F0000100000),
        ("---p", 0xC4C00000000, 0xC4C08000000),
        ("rw-p", 0xC4C08000000, 0xC4C09900000),
        ("---p", 0xC4C09900000, 0xC4C0C000000),
        ("rw-p", 0xC4C0C000000, 0xC4C0C020000),
        ("---p", 0xC4C0C020000, 0xC5000000000),
    ):
        start, end = bounds
        name = "08:01 16 /usr/lib/x86_64-linux-gnu/libc.so.6" if "x" in perms else "00:00 0"
        counted = "ac" if "w" in perms else ""
        text += f"{start:x}-{end:x} {perms} 0 {name}\n".encode()
        text += f"Size: {(end - start) >> 10} kB\nRss: 0 kB\nVmFlags: mr mw me {counted}\n".encode()
    entries = list(LayoutTracker(BlockParser()).diff(text, len(text)).entries())
    assert len(entries) == 6
    assert not find_arenas(entries)
    # Without the rest of it nothing tells them from two heaps, of which one is there whole.
    assert find_arenas(entries[:1] + entries[2:5]) == {1, 2}
