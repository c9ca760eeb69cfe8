"""Which part of a program or library a mapping is: told from headers alone."""

from __future__ import annotations

from collections.abc import Iterable, Set

from ..model import Mapping

TEXT, RODATA, RELRO, DATA, BSS = "text", "rodata", "relro", "data", ".bss"
#: Address space between the parts, which old linkers left without access.
GAP = "gap"

#: What the file holds, as it is; all else a process has for itself.
OF_CODE = frozenset((TEXT, RODATA, GAP))

#: Where data of files begins: file, address and offset.
DataStarts = Set[tuple[int, int, int, int]]


def data_starts(mappings: Iterable[Mapping]) -> DataStarts:
    """Where the writable mappings of files begin: relro lies directly before."""
    return {
        (mapping.dev, mapping.inode, mapping.start, mapping.offset)
        for mapping in mappings
        if mapping.inode and "w" in mapping.perms
    }


def part_of(mapping: Mapping, starts: DataStarts) -> str:
    """Tell a part; `starts` are those of all data in the same layout.

    Relro are constants that the loader has written. They lie directly before the data, in memory
    and in the file.
    """
    if not mapping.inode:
        return BSS
    perms = mapping.perms
    if perms[2] == "x":
        return TEXT
    if perms[1] == "w":
        return DATA
    if perms[0] != "r":
        return GAP
    after = mapping.dev, mapping.inode, mapping.end, mapping.offset + mapping.size
    return RELRO if after in starts else RODATA
