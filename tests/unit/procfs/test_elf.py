"""The head of an ELF file -> PT_LOAD segments, for files that one cannot trust."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory_watcher.model import ElfSegment
from memory_watcher.procfs.elf import LARGEST_TABLE, find_table, parse_table

TEXT = ElfSegment(0, 0x1000, 0x2345, 0x2345, 5)
DATA = ElfSegment(0x2345, 0x4345, 0x100, 0x5000, 6)
FORMATS = [(bits, order) for bits in (32, 64) for order in "<>"]


def parse_segments(head: bytes) -> tuple[ElfSegment, ...] | None:
    """The segments of a file, from its beginning; None if it holds no whole table."""
    table = find_table(head)
    return parse_table(table, head[table.offset : table.offset + table.size]) if table else None


def program_header(segment: ElfSegment, bits: int, order: str, kind: int = 1) -> bytes:
    offset, address, file_size, memory_size, flags = segment
    if bits == 64:
        return struct.pack(
            f"{order}IIQQQQQQ", kind, flags, offset, address, address, file_size, memory_size, 4096
        )
    return struct.pack(
        f"{order}IIIIIIII", kind, offset, address, address, file_size, memory_size, flags, 4096
    )


def elf(
    headers: list[bytes],
    bits: int = 64,
    order: str = "<",
    *,
    file_type: int = 3,
    table_offset: int | None = None,
    entry_size: int | None = None,
    count: int | None = None,
) -> bytes:
    """An ELF file's head, any field of which may be set to something odd."""
    size = 64 if bits == 64 else 52
    entry = 56 if bits == 64 else 32
    ident = b"\x7fELF" + bytes([2 if bits == 64 else 1, 1 if order == "<" else 2, 1]) + bytes(9)
    offset = size if table_offset is None else table_offset
    word = "Q" if bits == 64 else "I"
    header = struct.pack(
        f"{order}HHI{word}{word}{word}IHHHHHH",
        *(file_type, 62, 1, 0, offset, 0, 0, size),
        *(entry if entry_size is None else entry_size, len(headers) if count is None else count),
        *(64, 0, 0),
    )
    return ident + header + b"".join(headers)


@pytest.mark.parametrize(("bits", "order"), FORMATS)
def test_segments_of_each_class_and_byte_order(bits: int, order: str) -> None:
    """32 and 64 bit, little and big endian; other program headers are skipped."""
    headers = [
        program_header(TEXT, bits, order, kind=6),
        program_header(TEXT, bits, order),
        program_header(DATA, bits, order),
        program_header(DATA, bits, order, kind=2),
    ]
    assert parse_segments(elf(headers, bits, order)) == (TEXT, DATA)


def test_program_with_fixed_addresses() -> None:
    """ET_EXEC as well as ET_DYN."""
    assert parse_segments(elf([program_header(TEXT, 64, "<")], file_type=2)) == (TEXT,)


def test_entries_longer_than_known() -> None:
    """e_phentsize says where the next header is, not the parser's own idea of it."""
    headers = [program_header(each, 64, "<") + bytes(8) for each in (TEXT, DATA)]
    assert parse_segments(elf(headers, entry_size=64)) == (TEXT, DATA)


def test_table_far_from_the_head() -> None:
    """A rewritten file may have its table anywhere: where it is can be looked up, then read."""
    head = elf([], table_offset=1 << 20, count=2)
    assert parse_segments(head) is None
    table = find_table(head)
    assert table is not None
    assert (table.offset, table.size) == (1 << 20, 112)
    data = program_header(TEXT, 64, "<") + program_header(DATA, 64, "<")
    assert parse_table(table, data) == (TEXT, DATA)


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"\x7fELF",
        b"#!/bin/sh\n" + bytes(100),
        elf([])[:63],
        elf([]),
        elf([program_header(TEXT, 64, "<")])[:-1],
        elf([program_header(TEXT, 64, "<")], file_type=1),
        elf([program_header(TEXT, 64, "<")], file_type=4),
        elf([program_header(TEXT, 64, "<")], entry_size=0),
        elf([program_header(TEXT, 64, "<")], entry_size=55),
        elf([program_header(TEXT, 64, "<")], count=0xFFFF),
        elf([program_header(TEXT, 64, "<")], table_offset=2**64 - 1),
        elf([program_header(TEXT, 64, "<")]).replace(b"\x7fELF\x02", b"\x7fELF\x03"),
        elf([program_header(TEXT, 64, "<")]).replace(b"\x7fELF\x02\x01", b"\x7fELF\x02\x00"),
        elf([program_header(TEXT._replace(file_size=0x9999), 64, "<")]),
        elf([program_header(DATA._replace(address=2**64 - 1), 64, "<")]),
        elf([program_header(DATA._replace(offset=2**63), 64, "<")]),
        elf([program_header(DATA._replace(address=2**32 - 1), 32, "<")], 32),
    ],
)
def test_files_that_tell_nothing(head: bytes) -> None:
    """No ELF, no program, cut, or contradicting itself: None, never an error."""
    assert parse_segments(head) is None


def test_relocatable_program_without_load_segments() -> None:
    """A table without PT_LOAD is odd but valid: no segments."""
    assert parse_segments(elf([program_header(TEXT, 64, "<", kind=6)])) == ()


@given(st.binary(max_size=400))
def test_any_bytes(head: bytes) -> None:
    """Arbitrary bytes never fail."""
    assert parse_segments(head) is None or head.startswith(b"\x7fELF")


@given(
    st.sampled_from(FORMATS),
    st.binary(max_size=300),
    st.integers(0, 2**32 - 1) | st.integers(40, 80),
    st.integers(0, 0xFFFF) | st.integers(30, 70),
    st.integers(0, 0xFFFF) | st.integers(0, 5),
)
def test_any_header_fields(
    form: tuple[int, str], table: bytes, table_offset: int, entry_size: int, count: int
) -> None:
    """A hostile table costs bounded work, and what comes out is consistent."""
    bits, order = form
    head = elf([table], bits, order, table_offset=table_offset, entry_size=entry_size, count=count)
    place = find_table(head)
    assert place is None or 0 < place.size <= LARGEST_TABLE
    for segment in parse_segments(head) or ():
        assert segment.file_size <= segment.memory_size
        assert segment.address + segment.memory_size <= 2**bits
