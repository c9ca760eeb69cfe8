"""Which anonymous mappings are the .bss of a program or library, told from ELF headers.

That an anonymous mapping lies behind a library's data proves nothing: of 366 such mappings 137 were
something else, which top-down mmap had put below the next library, and 29 were longer than the
.bss, because the kernel merges neighbours of the same sort. So bounds come from the PT_LOAD headers
alone, and they are checked against where the file really is mapped.

smaps has one figure per mapping. What of a merged mapping's RSS is .bss cannot be told from it, so
only a mapping that lies wholly inside the bounds is booked as .bss; the merged ones stay anonymous.
`bss_parts` tells how much address space of .bss that leaves out.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from ..model import ElfSegment, MappingUsage
from ..model import Mapping as Header

_EXECUTE = 1


class Bss(NamedTuple):
    """Where the .bss of a mapped file lies, in one process: whole pages, end exclusive."""

    start: int
    end: int
    pathname: str


class BssPart(NamedTuple):
    """An anonymous mapping and what of its address space is .bss; `position` in the layout."""

    position: int
    entry: MappingUsage
    bss: Bss
    size: int

    @property
    def is_whole(self) -> bool:
        """Whether the mapping is nothing but .bss, so that its figures are those of .bss."""
        return self.size == self.entry.mapping.size


class BssFound(NamedTuple):
    """All .bss of a layout that headers tell, and of which files, by (dev, inode), they tell all.

    What touches such a file from above, and is in none of the bounds, has no .bss in it.
    """

    bounds: tuple[Bss, ...]
    files: frozenset[tuple[int, int]]


def find_bss(
    entries: Iterable[MappingUsage],
    segments_of: Mapping[tuple[int, int], Sequence[ElfSegment]],
    page_size: int = 4096,
) -> tuple[Bss, ...]:
    """Bounds of .bss of all files of a layout whose segments are known, by (dev, inode)."""
    return examine_bss(entries, segments_of, page_size).bounds


def examine_bss(
    entries: Iterable[MappingUsage],
    segments_of: Mapping[tuple[int, int], Sequence[ElfSegment]],
    page_size: int = 4096,
) -> BssFound:
    """The same, and of which files that is all."""
    by_file: dict[tuple[int, int, str], list[Header]] = defaultdict(list)
    for entry in entries:
        mapping = entry.mapping
        if (mapping.dev, mapping.inode) in segments_of:
            by_file[mapping.dev, mapping.inode, mapping.pathname].append(mapping)
    bounds: list[Bss] = []
    files: set[tuple[int, int]] = set()
    others: set[tuple[int, int]] = set()
    for (dev, inode, _), mappings in by_file.items():
        segments = segments_of[dev, inode]
        bases = _bases(mappings, segments, page_size)
        bounds += _ranges(mappings[0].pathname, bases, segments, page_size)
        # A mapping that lies beside where it is loaded as the headers say may have a .bss behind.
        is_told = all(_is_part(mapping, bases, segments, page_size) for mapping in mappings)
        (files if is_told else others).add((dev, inode))
    return BssFound(tuple(bounds), frozenset(files - others))


def bss_ranges(
    mappings: Sequence[Header], segments: Sequence[ElfSegment], page_size: int = 4096
) -> list[Bss]:
    """Bounds of .bss of one file, from its `mappings` in one process and its PT_LOAD `segments`.

    One file may be loaded several times (dlmopen), and may also be mapped just to be read. So every
    place where the first segment could lie is tried, and counts only if all segments are mapped
    where they would have to be from there, code executable. Headers that do not belong to these
    mappings (a file replaced, an inode used again, a hostile file) thus yield nothing.
    """
    bases = _bases(mappings, segments, page_size)
    return _ranges(mappings[0].pathname, bases, segments, page_size) if bases else []


def _bases(mappings: Sequence[Header], segments: Sequence[ElfSegment], page_size: int) -> list[int]:
    """Where the file is loaded: what is added to the addresses of its headers."""
    loaded = [segment for segment in segments if segment.file_size]
    if not loaded or any((each.address - each.offset) % page_size for each in segments):
        return []
    first = min(loaded, key=lambda segment: segment.address)
    found = []
    for mapping in mappings:
        base = mapping.start - _page_down(first.address, page_size)
        if mapping.offset != _page_down(first.offset, page_size) or base < 0:
            continue
        if all(_is_mapped(segment, base, mappings, page_size) for segment in loaded):
            found.append(base)
    return found


def _ranges(
    pathname: str, bases: Iterable[int], segments: Sequence[ElfSegment], page_size: int
) -> list[Bss]:
    return [
        Bss(base + start, base + end, pathname)
        for base in bases
        for start, end in (_bounds(segment, page_size) for segment in segments)
        if start < end
    ]


def _is_part(
    mapping: Header, bases: Iterable[int], segments: Sequence[ElfSegment], page_size: int
) -> bool:
    """Whether a mapping lies where the file is loaded, not beside."""
    if not bases:
        return False
    first = min(_page_down(segment.address, page_size) for segment in segments)
    last = max(_bounds(segment, page_size)[0] for segment in segments)
    return any(base + first <= mapping.start and mapping.end <= base + last for base in bases)


def _bounds(segment: ElfSegment, page_size: int) -> tuple[int, int]:
    """Whole pages that come from no file, before the base is added.

    The first .bss bytes mostly share a page with the end of .data; that page belongs to the file's
    mapping and is counted there.
    """
    return (
        _page_down(segment.address + segment.file_size + page_size - 1, page_size),
        _page_down(segment.address + segment.memory_size + page_size - 1, page_size),
    )


def _is_mapped(segment: ElfSegment, base: int, mappings: Sequence[Header], page_size: int) -> bool:
    """Whether the file is mapped as this segment wants it, up to where its .bss begins."""
    start, end = _bounds(segment, page_size)
    first_page = _page_down(segment.address, page_size)
    last_page = _page_down(segment.address + segment.file_size - 1, page_size)
    delta = base + segment.address - segment.offset
    head = _mapping_at(base + first_page, delta, mappings)
    tail = _mapping_at(base + last_page, delta, mappings)
    if head is None or tail is None:
        return False
    if segment.flags & _EXECUTE and head.perms[2] != "x":
        return False
    return start >= end or tail.end == base + start


def _mapping_at(address: int, delta: int, mappings: Sequence[Header]) -> Header | None:
    """The private mapping that shows at `address` what is in the file at `address - delta`."""
    for mapping in mappings:
        if mapping.start <= address < mapping.end and mapping.perms[3] == "p":
            return mapping if mapping.start - mapping.offset == delta else None
    return None


def _page_down(number: int, page_size: int) -> int:
    return number - number % page_size


def bss_parts(entries: Sequence[MappingUsage], bss: Iterable[Bss]) -> list[BssPart]:
    """The anonymous mappings that are .bss, wholly or in part, in the layout's order."""
    ranges = sorted(bss)
    if not ranges:
        return []
    starts = [each.start for each in ranges]
    parts = []
    for position, entry in enumerate(entries):
        mapping = entry.mapping
        if mapping.inode or not _is_anonymous(mapping.pathname):
            continue
        for each in ranges[max(bisect_right(starts, mapping.start) - 1, 0) :]:
            if each.start >= mapping.end:
                break
            size = min(mapping.end, each.end) - max(mapping.start, each.start)
            if size > 0:
                parts.append(BssPart(position, entry, each, size))
    return parts


def _is_anonymous(pathname: str) -> bool:
    return not pathname or pathname.startswith(_BSS_NAMES)


#: The names that loaders give to exactly the whole pages of .bss: glibc 2.39 and later
#: (glibc.mem.decorate_maps; the file's name follows, perhaps cut), and Android.
_BSS_NAMES = ("[anon: glibc: .bss", "[anon:.bss]")


def bss_owners(entries: Sequence[MappingUsage], bss: Iterable[Bss]) -> dict[int, str]:
    """Positions in `entries` of the mappings that are nothing but .bss, and whose."""
    files = {
        entry.mapping.end: entry.mapping.pathname
        for entry in entries
        if entry.mapping.inode and entry.mapping.perms[3] == "p"
    }
    # The loader's own word needs no header: the name says what it is, and it follows its file.
    named = {
        position: files[entry.mapping.start]
        for position, entry in enumerate(entries)
        if entry.mapping.pathname
        and entry.mapping.pathname.startswith(_BSS_NAMES)
        and entry.mapping.start in files
    }
    return named | {
        part.position: part.bss.pathname for part in bss_parts(entries, bss) if part.is_whole
    }
