"""Which nameless mappings are stacks of threads.

A thread's stack pointer says where its stack is, but not that the whole mapping around it is a
stack: a Go program runs system calls on stacks inside its heap, a signal handler on a piece of
whatever memory, a thread may be given a stack out of malloc, and a stack may have merged with
unrelated memory above it. Calling a heap of 4 GiB "thread stack" because of that would be worse
than calling a stack "anonymous". So a stack pointer needs a second witness.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence, Set

from ..model import MappingUsage
from .arenas import is_go_heap_address
from .quickly import by_address, flags_of

KIB = 1024

#: ulimit -s on every distribution, and so glibc's default for threads.
DEFAULT_SIZE = 8192 * KIB
#: A stack grows down from its mapping's end. In 110 threads of Chromium the pointer was at most
#: 15 KiB below it, thread-local variables included; this leaves room for deeper calls.
NEAR_THE_END = 256 * KIB
#: glibc's guard is one page; Java's and others' zones are some dozen pages.
LARGEST_GUARD = 1024 * KIB


def find_stacks(
    entries: Sequence[MappingUsage], stack_pointers: Iterable[int], taken: Set[int] = frozenset()
) -> set[int]:
    """Positions in `entries` of nameless mappings that are stacks; never one of `taken`."""
    order = by_address(entries)
    pointers = sorted(set(stack_pointers))
    # Where the kernel marks stacks, or pointers were read, a size behind a guard proves nothing.
    by_size = not pointers and not any(
        "nh" in flags_of(text) for text in {entry.usage.vm_flags for entry in entries}
    )
    found = _of_main_stack(entries, order)
    below: MappingUsage | None = None
    for index in order:
        entry = entries[index]
        if index not in taken and index not in found and _may_be_stack(entry):
            first = bisect_left(pointers, entry.mapping.start)
            inside = pointers[first : bisect_left(pointers, entry.mapping.end)]
            guard = below if below is not None and _guards(below, entry) else None
            if _is_stack(entry, guard, inside, by_size):
                found.add(index)
        below = entry
    return found


def _of_main_stack(entries: Sequence[MappingUsage], order: Sequence[int]) -> set[int]:
    """Nameless pieces of the main thread's stack, which `order` (by address) puts below [stack].

    The kernel calls only that piece [stack] in which the stack began. Where another one has other
    permissions (a stack made executable, a page closed in it) it bears no name, but `gd` still,
    and joins on without a gap.
    """
    found: set[int] = set()
    for above, index in enumerate(order):
        if entries[index].mapping.pathname != "[stack]" or "gd" not in _flags(entries[index]):
            continue
        joined = entries[index].mapping.start  # where the piece above begins
        for lower in reversed(order[:above]):
            mapping = entries[lower].mapping
            if mapping.pathname or mapping.inode or mapping.end != joined:
                break
            if "gd" not in _flags(entries[lower]):
                break
            found.add(lower)
            joined = mapping.start
    return found


def _flags(entry: MappingUsage) -> frozenset[str]:
    return flags_of(entry.usage.vm_flags)


def _may_be_stack(entry: MappingUsage) -> bool:
    mapping = entry.mapping
    return (
        not mapping.pathname
        and not mapping.inode
        and mapping.perms[1] == "w"
        and mapping.perms[3] == "p"
        and not is_go_heap_address(mapping.start)
    )


def _guards(below: MappingUsage, entry: MappingUsage) -> bool:
    """Whether `below` is a guard of `entry`: directly below it, small, without access.

    `nr` marks the reserve of a malloc arena, which ends wherever another mapping may begin.
    """
    mapping = below.mapping
    return (
        mapping.end == entry.mapping.start
        and mapping.perms == "---p"
        and not mapping.pathname
        and mapping.size <= LARGEST_GUARD
        and "nr" not in _flags(below)
    )


def _is_stack(
    entry: MappingUsage, guard: MappingUsage | None, pointers: Sequence[int], by_size: bool
) -> bool:
    """Weigh the evidence. `pointers` are the stack pointers inside, in order.

    - `ss` (shadow stack) is given to stacks only: the processor lets nothing else be in it.
    - `nh` is what MAP_STACK leaves behind since 6.7, `gd` (grows down) what MAP_GROWSDOWN does. Any
      program may ask for them without a thread, so by themselves they prove nothing. But they keep
      stacks apart from ordinary memory, so that a pointer in such a mapping is enough: it may hold
      several stacks, and nothing else.
    - `nh` and guard markers (`gu`) in one mapping: stacks whose guards are inside, as glibc makes
      them since 2.42 where the kernel has markers (6.13). Each of the two is asked for by itself
      elsewhere; a program that asks for both without meaning a stack is not known.
    - Otherwise two of three: a guard (or guard markers, `gu`), a pointer close to the end, a size
      that the threads seen inside explain. That finds stacks given by the user, merged stacks and
      deep recursion, and refuses heaps and stacks that merged with other memory.
    """
    flags = _flags(entry)
    if "ss" in flags or ("nh" in flags and "gu" in flags):
        return True
    if guard is not None and _was_made_as_stack(entry, guard, by_size):
        return True
    if not pointers or "nh" in flags or "gd" in flags:
        return bool(pointers)
    witnesses = (
        guard is not None or "gu" in flags,
        entry.mapping.end - pointers[-1] <= NEAR_THE_END,
        entry.mapping.size <= DEFAULT_SIZE * len(pointers),
    )
    return sum(witnesses) >= 2


def _was_made_as_stack(entry: MappingUsage, guard: MappingUsage, by_size: bool) -> bool:
    """Whether mapping and guard tell by themselves that they were made as a stack.

    Needed where no stack pointer was read (another user's process, a thread that ran each time, an
    old capture), and for the stacks of ended threads, which glibc keeps for the next ones and which
    no pointer points into. MAP_STACK's `nh` on both: one mapping of which the low end was closed,
    which is how pthread_create makes a stack. In 25 processes with 135 threads it found, besides
    stacks with a pointer, one of 8 MiB that was kept, and seven of 8 KiB that look like the signal
    stacks of a runtime; nothing else.

    Kernels before 6.7 leave no such mark. There (`by_size`: no mark in the whole layout, and no
    pointers) only the exact default size behind a guard of one page is taken (glibc counts the
    guard in since 2.27, before it did not). Elsewhere it would take a browser's buffers for stacks.
    """
    if "nh" in _flags(entry):
        return "nh" in _flags(guard)
    page, size = guard.mapping.size, entry.mapping.size
    return by_size and page <= 64 * KIB and size in (DEFAULT_SIZE, DEFAULT_SIZE - page)
