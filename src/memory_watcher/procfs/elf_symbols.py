"""Whether a program offers a function to others: a look into its dynamic symbols, by their hash.

What is linked into a program shows in no list of mapped files. But programs that load plug-ins
offer them what is linked in: Node.js all of V8, Redis its jemalloc. The hash table (DT_GNU_HASH) is
made for asking: it takes a few small reads, whatever its size. Only files of 64 bits are asked.
Pure but for `read`; files cannot be trusted: what contradicts itself offers nothing.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from ..model import ElfSegment
from .elf import Table

#: Offset and size -> bytes of the file, fewer where it ends.
Read = Callable[[int, int], bytes]

_PT_DYNAMIC = 2
_DT_STRTAB, _DT_SYMTAB, _DT_GNU_HASH = 5, 6, 0x6FFFFEF5
#: Linkers write some dozen entries of 16 bytes.
_LARGEST_DYNAMIC = 8192
#: Symbols of one bucket: linkers make a bucket for every few.
_LONGEST_CHAIN = 64
_LARGEST = 1 << 32


class _Tables(NamedTuple):
    """Where the tables are in the file, and what the head of the hash table says."""

    hashes: int
    symbols: int
    strings: int
    buckets: int
    first: int
    words: int
    shift: int


def find_symbols(
    table: Table, headers: bytes, segments: Sequence[ElfSegment], read: Read, names: Iterable[str]
) -> list[str]:
    """Those of `names` that the file defines; `headers` are its program headers."""
    try:
        tables = _find_tables(table, headers, segments, read)
        if tables is None:
            return []
        return [name for name in names if _defines(table.order, tables, read, name.encode())]
    except (struct.error, IndexError):  # cut, or it points beyond its end
        return []


def _find_tables(
    table: Table, headers: bytes, segments: Sequence[ElfSegment], read: Read
) -> _Tables | None:
    if not table.is_64_bit:
        return None
    addresses: dict[int, int] = {}
    for position in range(0, len(headers) - table.entry_size + 1, table.entry_size):
        kind, offset, size = struct.unpack_from(table.order + "I4xQ16xQ", headers, position)
        if kind == _PT_DYNAMIC and size <= _LARGEST_DYNAMIC:
            data = read(offset, size)
            for at in range(0, len(data) - 15, 16):
                tag, value = struct.unpack_from(table.order + "QQ", data, at)
                addresses.setdefault(tag, value)
            break
    places = [
        _offset(addresses.get(tag), segments) for tag in (_DT_GNU_HASH, _DT_SYMTAB, _DT_STRTAB)
    ]
    hashes, symbols, strings = places
    if hashes is None or symbols is None or strings is None:
        return None
    buckets, first, words, shift = struct.unpack(table.order + "IIII", read(hashes, 16))
    if not buckets or not words or max(buckets, first, words) >= _LARGEST or shift > 63:
        return None
    return _Tables(hashes, symbols, strings, buckets, first, words, shift)


def _offset(address: int | None, segments: Iterable[ElfSegment]) -> int | None:
    """Where in the file the byte is that will lie at an address (before the base is added)."""
    for segment in segments:
        if address is not None and 0 <= address - segment.address < segment.file_size:
            return address - segment.address + segment.offset
    return None


def _defines(order: str, tables: _Tables, read: Read, name: bytes) -> bool:
    hashed = _hash(name)
    blooms = tables.hashes + 16
    (word,) = struct.unpack(order + "Q", read(blooms + hashed // 64 % tables.words * 8, 8))
    mask = 1 << hashed % 64 | 1 << (hashed >> tables.shift) % 64
    if word & mask != mask:
        return False
    buckets = blooms + tables.words * 8
    (number,) = struct.unpack(order + "I", read(buckets + hashed % tables.buckets * 4, 4))
    if number < tables.first:
        return False
    chain = buckets + tables.buckets * 4 + (number - tables.first) * 4
    data = read(chain, 4 * _LONGEST_CHAIN)
    for (each,) in struct.iter_unpack(order + "I", data[: len(data) & ~3]):
        if each | 1 == hashed | 1 and _is_defined(order, tables, read, number, name):
            return True
        if each & 1:  # the last of its bucket
            break
        number += 1
    return False


def _is_defined(order: str, tables: _Tables, read: Read, number: int, name: bytes) -> bool:
    at, section = struct.unpack(order + "I2xH", read(tables.symbols + number * 24, 8))
    return section != 0 and read(tables.strings + at, len(name) + 1) == name + b"\0"


def _hash(name: bytes) -> int:
    hashed = 5381
    for byte in name:
        hashed = (hashed * 33 + byte) & 0xFFFFFFFF
    return hashed
