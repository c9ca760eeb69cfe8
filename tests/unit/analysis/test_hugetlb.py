"""Huge pages of several processes, each counted once."""

from __future__ import annotations

from memory_watcher.analysis.hugetlb import are_huge, at_least_together
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
