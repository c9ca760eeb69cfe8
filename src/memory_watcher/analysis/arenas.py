"""Which mappings are heaps of malloc's arenas: glibc's 64 MiB heaps for threads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ..model import MappingUsage

HEAP_SIZE = 64 << 20
_GLIBC_NAME = "[anon: glibc: malloc arena]"

#: Where Go asks for its heap on x86-64 and on arm64: in steps of 64 MiB, with a reserve behind,
#: and its threads' own stacks inside. The kernel itself places nothing there (the mmap region of a
#: 39-bit address space ends below 512 GiB and begins above 384 GiB; larger ones are far above).
_GO_HEAPS = (range(0xC0 << 32, 1 << 40), range(0x40 << 32, 0x60 << 32))


def is_go_heap_address(address: int) -> bool:
    """Whether a runtime, not the kernel, chose this address: Go's heap begins there."""
    return any(address in heap for heap in _GO_HEAPS)


def find_arenas(entries: Sequence[MappingUsage]) -> set[int]:
    """Positions in `entries` of the mappings that make up heaps of malloc's arenas.

    glibc takes a heap as 64 MiB of MAP_NORESERVE address space at a multiple of 64 MiB and makes
    its beginning writable as it grows. So a heap is: nameless, private, flag `nr`, starts at such a
    multiple, and continues without a gap in more of the same kind (the reserve; several pieces if
    some have huge pages advised) up to the next multiple. Two heaps of which the lower is full show
    as one mapping. A full heap has no reserve left: it is known by its 64 MiB, and several in one
    mapping by a heap beside them, for other programs map gigabytes in this way. `nr` is what tells
    heaps from other memory: without VmFlags (kernels before 3.8) the geometry has to do, with the
    reserve required. Not found: 32 bit (1 MiB heaps), overcommit_memory=2 (no `nr`),
    glibc.malloc.hugetlb >= 2 (other sizes), other allocators.
    """
    order = sorted(range(len(entries)), key=lambda index: entries[index].mapping.start)
    found: set[int] = set()
    edges: set[int] = set()  # where heaps begin and end that are certain
    uncertain: list[_Heap] = []
    for position, index in enumerate(order):
        mapping = entries[index].mapping
        if mapping.start % HEAP_SIZE == 0 and mapping.perms[:2] == "rw":
            heap = _heap_from(entries, order, position)
            if heap is None:
                continue
            if heap.has_reserve or heap.end - heap.start == HEAP_SIZE:
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


class _Heap(NamedTuple):
    """What may be a heap, or several: positions of its pieces, and whether the last is reserve."""

    start: int
    end: int
    pieces: list[int]
    has_reserve: bool


def _heap_from(
    entries: Sequence[MappingUsage], order: Sequence[int], position: int
) -> _Heap | None:
    """What begins here, if that may be a heap."""
    pieces: list[int] = []
    start = end = boundary = entries[order[position]].mapping.start
    for index in order[position:]:
        entry = entries[index]
        if not _may_be_piece(entry) or entry.mapping.start != end:
            return None
        if pieces and entry.mapping.end > boundary:
            return None
        pieces.append(index)
        end = entry.mapping.end
        boundary = -(-end // HEAP_SIZE) * HEAP_SIZE
        if end == boundary:
            has_reserve = entry.mapping.perms == "---p"
            told = entry.usage.vm_flags is not None
            return _Heap(start, end, pieces, has_reserve) if told or has_reserve else None
    return None


def _may_be_piece(entry: MappingUsage) -> bool:
    mapping, usage = entry.mapping, entry.usage
    if mapping.pathname not in ("", _GLIBC_NAME) or mapping.perms[3] != "p" or mapping.inode:
        return False
    if usage.vm_flags is None:
        return mapping.start >= 1 << 32 and not is_go_heap_address(mapping.start)
    return "nr" in usage.vm_flags.split()
