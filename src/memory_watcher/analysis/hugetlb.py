"""Pages of hugetlbfs: outside RSS, PSS and swap, so a figure of their own, added up with care."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from ..model import Mapping, MappingUsage, Usage
from .quickly import flags_of

__all__ = ["are_huge", "at_least_together", "at_most_together", "together", "unreported"]

#: Kernels without VmFlags (before 3.8) print a mapping's page size: no machine's own is larger.
_LARGEST_BASE_PAGE = 256 << 10


def are_huge(usage: Usage) -> bool | None:
    """Whether the kernel says that a mapping is of huge pages; None if it says nothing of it."""
    if usage.vm_flags is not None:
        return "ht" in flags_of(usage.vm_flags)
    if usage.kernel_page_size is not None:
        return usage.kernel_page_size > _LARGEST_BASE_PAGE
    return None


def unreported(entries: Iterable[MappingUsage]) -> int:
    """Bytes of address space in huge pages of which it was not reported how many are in use.

    Kernels before 4.4 do not say it.
    """
    return sum(
        entry.mapping.size
        for entry in entries
        if entry.usage.hugetlb is None and are_huge(entry.usage)
    )


def at_least_together(layouts: Iterable[Iterable[MappingUsage]]) -> int:
    """What several processes have in huge pages, bytes: at least so much.

    A page that one process maps counts in it alone. Those that several map count in each, so of
    every file the most counts that one process has of them. `layouts` are the mappings of each.
    """
    private = 0
    shared: dict[tuple[int, int], int] = {}
    for entries in layouts:
        here: dict[tuple[int, int], int] = defaultdict(int)
        for entry in entries:
            private += entry.usage.private_hugetlb or 0
            if entry.usage.shared_hugetlb:
                here[_file(entry.mapping)] += entry.usage.shared_hugetlb
        for file, size in here.items():
            shared[file] = max(shared.get(file, 0), size)
    return private + sum(shared.values())


def at_most_together(layouts: Iterable[Iterable[MappingUsage]]) -> int:
    """What several processes have in huge pages, bytes: at most so much.

    Of a file no more than all of them have of it, nor than they have mapped of it. `layouts` are
    the mappings of each.
    """
    sizes: dict[tuple[int, int], int] = defaultdict(int)
    spans: dict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
    for entries in layouts:
        for entry in entries:
            mapping = entry.mapping
            if size := entry.usage.hugetlb:
                file = _file(mapping)
                sizes[file] += size
                # What is written to a private mapping is no part of the file.
                if mapping.perms[3] == "s":
                    spans[file].append((mapping.offset, mapping.offset + mapping.size))
                else:
                    spans[file].append((0, 1 << 64))
    return sum(min(size, _covered(spans[file])) for file, size in sizes.items())


def _covered(spans: list[tuple[int, int]]) -> int:
    """How much spans cover together."""
    covered = end = 0
    for start, stop in sorted(spans):
        covered += max(stop - max(start, end), 0)
        end = max(end, stop)
    return covered


def together(layouts: Iterable[Iterable[MappingUsage]]) -> tuple[int, int]:
    """At least and at most so much, bytes; the same if it is known."""
    each = [list(entries) for entries in layouts]
    least = at_least_together(each)
    return least, max(least, at_most_together(each))


def _file(mapping: Mapping) -> tuple[int, int]:
    return mapping.dev, mapping.inode
