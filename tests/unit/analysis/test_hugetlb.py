"""Huge pages of several processes, each counted once."""

from __future__ import annotations

from memory_watcher.analysis.hugetlb import are_huge, at_least_together, together
from memory_watcher.model import Mapping, MappingUsage, Usage

MI = 1 << 20


def huge(inode: int, shared: int, private: int = 0, start: int = 0x7F0000000000) -> MappingUsage:
    mapping = Mapping(start, start + 64 * MI, "rw-s", 0, 15, inode, "/SYSV00000000 (deleted)")
    return MappingUsage(mapping, Usage(shared_hugetlb=shared * MI, private_hugetlb=private * MI))


def test_shared_pages_count_once() -> None:
    """A server and its workers map one segment; pages of their own count beside it."""
    server = [huge(1, 40, 8), huge(2, 0, 2)]
    workers = [[huge(1, 36), huge(2, 0, 4)], [huge(1, 40)]]
    assert at_least_together([server, *workers]) == (40 + 8 + 2 + 4) * MI
    assert at_least_together([]) == 0


def test_pieces_of_one_file_in_one_process() -> None:
    """They are different pages, and those of another process may be the same ones."""
    pieces = [huge(1, 4, start=0x7F0000000000), huge(1, 6, start=0x7F1000000000)]
    assert at_least_together([pieces, [huge(1, 8)]]) == 10 * MI


def test_what_is_huge() -> None:
    """By the flag; without flags by the page size, which on no machine is above 64 KiB."""
    assert are_huge(Usage(vm_flags="rd wr mr ht sd")) is True
    assert are_huge(Usage(vm_flags="rd wr hg", kernel_page_size=2 * MI)) is False
    assert are_huge(Usage(kernel_page_size=2 * MI)) is True
    assert are_huge(Usage(kernel_page_size=65536)) is False
    assert are_huge(Usage()) is None


def test_at_most_what_is_mapped_of_a_file() -> None:
    """Backends of a database each use another part of one segment: it is between the two."""
    backends = [[huge(1, 40)], [huge(1, 30)], [huge(1, 20)]]
    assert together(backends) == (40 * MI, 64 * MI)
    assert together(backends[:1]) == (40 * MI, 40 * MI)
    assert together([[huge(1, 20)], [huge(2, 30)]]) == (50 * MI, 50 * MI), "two files"
    assert together([]) == (0, 0)


def test_what_is_written_to_a_private_mapping_is_beside_the_file() -> None:
    """So its size is no bound for what several have in theirs."""
    shared = huge(1, 0, 60)
    private = MappingUsage(shared.mapping._replace(perms="rw-p"), shared.usage)
    assert together([[shared], [private]]) == (120 * MI, 120 * MI)
