"""Which mappings are heaps of malloc's arenas: glibc's 64 MiB heaps for threads."""

from __future__ import annotations

import enum
import re
from collections.abc import Sequence
from typing import NamedTuple

from ..model import Mapping, MappingUsage
from .quickly import by_address, flags_of

HEAP_SIZE = 64 << 20
_GLIBC_NAME = "[anon: glibc: malloc arena]"
#: The C library's file, and those of libraries that put another malloc in the place of its own.
_GLIBC = re.compile(r"libc\.so\.6$|libc-2\.\d+\.so$")
_OTHER_MALLOC = re.compile(
    r"lib(jemalloc|tcmalloc|mimalloc|snmalloc|rpmalloc|hoard)[^/]*\.so(\.|$)|ld-musl-"
)

#: Where Go asks for its heap on x86-64 and on arm64: in steps of 64 MiB, with a reserve behind,
#: and its threads' own stacks inside. The kernel itself places nothing there (the mmap region of a
#: 39-bit address space ends below 512 GiB and begins above 384 GiB; larger ones are far above).
_GO_HEAPS = (range(0xC0 << 32, 1 << 40), range(0x40 << 32, 0x60 << 32))


def is_go_heap_address(address: int) -> bool:
    """Whether a runtime, not the kernel, chose this address: Go's heap begins there."""
    return any(address in heap for heap in _GO_HEAPS)


def may_begin_heap(mapping: Mapping) -> bool:
    """Whether a heap may begin with this: other heaps may be known by that one."""
    return mapping.start % HEAP_SIZE == 0 and mapping.perms[:2] == "rw"


def tells_malloc(mapping: Mapping) -> bool:
    """Whether it is of a file that says whose malloc a process has: all its heaps depend on it."""
    name = _file_name(mapping)
    return bool(_GLIBC.match(name) or _OTHER_MALLOC.match(name))


def _file_name(mapping: Mapping) -> str:
    return mapping.pathname.rpartition("/")[2]


def find_arenas(entries: Sequence[MappingUsage]) -> set[int]:
    """Positions in `entries` of the mappings that make up heaps of malloc's arenas.

    glibc takes a heap as 64 MiB of address space at a multiple of 64 MiB and makes its beginning
    writable as it grows. So a heap is: nameless, private, starts at such a multiple, and continues
    without a gap in more of the same kind up to the next multiple: several pieces if some have huge
    pages advised, and the reserve behind all of them. Two heaps of which the lower is full show as
    one mapping.

    What tells it from other memory (measured with glibc 2.31, 2.36, 2.41 and 2.43):
    - to 2.36 the heap is MAP_NORESERVE: all of it has the flag `nr`. A full heap has no reserve
      left: it is known by its 64 MiB if the process has a heap with a reserve, and several in one
      mapping by a heap beside them, for other programs map gigabytes in this way;
    - from 2.41 on it is not: what is writable has `ac`, the reserve neither. Then it needs the
      reserve, and glibc among the mapped files. A full heap that stands alone is not found: all
      large mappings look like that. And nothing that touches it may be a reserve of 64 MiB and
      more: then it is a part of that, as pages in the cage of Blink's garbage collector are;
    - without VmFlags (kernels before 3.8) the geometry has to do, with the reserve required.

    A process that maps another malloc has no such heaps, whatever has their shape. Not found
    either: 32 bit (1 MiB heaps), overcommit_memory=2 with an older glibc (no `nr`),
    glibc.malloc.hugetlb >= 2 (other sizes).
    """
    order = by_address(entries)
    starts = [at for at, index in enumerate(order) if may_begin_heap(entries[index].mapping)]
    if not starts:
        return set()  # most layouts: their names need not be looked at
    names = {_file_name(entry.mapping) for entry in entries if entry.mapping.inode}
    if any(_OTHER_MALLOC.match(name) for name in names):
        return set()
    styles = [_Style.UNKNOWN, _Style.NORESERVE]
    if any(_GLIBC.match(name) for name in names):
        styles.append(_Style.COUNTED)
    possible = [(at, _heap_from(entries, order, at)) for at in starts]
    heaps = [(at, heap) for at, heap in possible if heap is not None and heap.style in styles]
    parts = _of_larger_reserves(
        entries, order, [at for at, heap in heaps if heap.style is _Style.COUNTED]
    )
    found: set[int] = set()
    for style in styles:
        found |= _certain([heap for at, heap in heaps if heap.style is style and at not in parts])
    return found


def _of_larger_reserves(
    entries: Sequence[MappingUsage], order: Sequence[int], starts: Sequence[int]
) -> set[int]:
    """Those of `starts`, in `order`, with which a reserve touches that no heap has.

    With MAP_NORESERVE that proves nothing: the kernel puts heaps beside reserves of others.
    """
    parts: set[int] = set()
    end, is_larger = -1, False  # of the last stretch of what touches
    for start in starts:
        if start >= end:
            first, end = _stretch(entries, order, start)
            is_larger = any(
                entries[index].mapping.perms == "---p" and entries[index].mapping.size >= HEAP_SIZE
                for index in order[first:end]
            )
        if is_larger:
            parts.add(start)
    return parts


def _stretch(entries: Sequence[MappingUsage], order: Sequence[int], start: int) -> tuple[int, int]:
    """From where to where in `order` all touches, and is of one style."""
    style = _style(entries[order[start]])

    def joins(at: int) -> bool:
        below, above = entries[order[at - 1]], entries[order[at]]
        return below.mapping.end == above.mapping.start and _style(below) is _style(above) is style

    first, end = start, start + 1
    while first > 0 and joins(first):
        first -= 1
    while end < len(order) and joins(end):
        end += 1
    return first, end


def _certain(heaps: Sequence[_Heap]) -> set[int]:
    """The pieces of those heaps that are ones for certain; all are of one style."""
    found: set[int] = set()
    edges: set[int] = set()  # where heaps begin and end that are certain
    knows_full_ones = any(heap.has_reserve for heap in heaps)
    uncertain: list[_Heap] = []
    for heap in heaps:
        if heap.has_reserve or (knows_full_ones and heap.is_full_one):
            found.update(heap.pieces)
            edges.update((heap.start, heap.end))
        else:
            uncertain.append(heap)
    # Upwards, then downwards: one that is found to be certain makes its neighbour so.
    for heap in (*uncertain, *reversed(uncertain)):
        if heap.start in edges or heap.end in edges:
            found.update(heap.pieces)
            edges.update((heap.start, heap.end))
    return found


class _Style(enum.Enum):
    """By which flags a heap and its reserve are known; see find_arenas."""

    NORESERVE = enum.auto()
    COUNTED = enum.auto()
    UNKNOWN = enum.auto()


class _Heap(NamedTuple):
    """What may be a heap, or several: positions of its pieces, and whether the last is reserve."""

    start: int
    end: int
    pieces: list[int]
    has_reserve: bool
    style: _Style

    @property
    def is_full_one(self) -> bool:
        """Whether it has the size of one heap that is known by it."""
        return self.style is _Style.NORESERVE and self.end - self.start == HEAP_SIZE


def _heap_from(
    entries: Sequence[MappingUsage], order: Sequence[int], position: int
) -> _Heap | None:
    """What begins here, if that may be a heap."""
    pieces: list[int] = []
    start = end = boundary = entries[order[position]].mapping.start
    style, in_reserve = _style(entries[order[position]]), False
    for index in order[position:]:
        entry = entries[index]
        if style is None or _style(entry) is not style or entry.mapping.start != end:
            return None
        is_reserve = entry.mapping.perms == "---p"
        # A heap grows from its beginning on: nothing is used behind its reserve.
        if pieces and (entry.mapping.end > boundary or (in_reserve and not is_reserve)):
            return None
        in_reserve = is_reserve
        pieces.append(index)
        end = entry.mapping.end
        boundary = -(-end // HEAP_SIZE) * HEAP_SIZE
        if end == boundary:
            if style is _Style.UNKNOWN and not is_reserve:
                return None
            if all(_is_kept_from_children(entries[piece]) for piece in pieces):
                return None
            return _Heap(start, end, pieces, is_reserve, style)
    return None


def _is_kept_from_children(entry: MappingUsage) -> bool:
    """Whether it has MADV_DONTFORK: V8 gives it to all that it maps, glibc to nothing.

    A program may give it to blocks that it has of malloc; never to a whole heap with its header.
    """
    return "dc" in flags_of(entry.usage.vm_flags)


def _style(entry: MappingUsage) -> _Style | None:
    """As what this may be a piece of a heap; None if it cannot be one."""
    mapping, usage = entry.mapping, entry.usage
    if mapping.pathname not in ("", _GLIBC_NAME) or mapping.perms[3] != "p" or mapping.inode:
        return None
    if usage.vm_flags is None:
        is_possible = mapping.start >= 1 << 32 and not is_go_heap_address(mapping.start)
        return _Style.UNKNOWN if is_possible else None
    flags = flags_of(usage.vm_flags)
    if "nr" in flags:
        return _Style.NORESERVE
    if ("ac" in flags) == (mapping.perms != "---p") and not is_go_heap_address(mapping.start):
        return _Style.COUNTED
    return None
