"""The head of an ELF file -> PT_LOAD segments and build ID, for files that one cannot trust."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory_watcher.model import ElfSegment
from memory_watcher.procfs.elf import (
    LARGEST_NOTES,
    LARGEST_TABLE,
    Notes,
    Table,
    find_build_id,
    find_notes,
    find_table,
    parse_table,
)

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


def note(
    kind: int, content: bytes, name: bytes = b"GNU\0", order: str = "<", alignment: int = 4
) -> bytes:
    """A note, padded as linkers do."""
    head = struct.pack(f"{order}III", len(name), len(content), kind) + name
    head += bytes(-len(head) % alignment)
    return head + content + bytes(-len(content) % alignment)


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


BUILD_ID = bytes(range(1, 21))


def build_id_of(notes: bytes, order: str = "<", alignment: int = 4) -> str | None:
    return find_build_id(Table(64, 56, 56, order, True), Notes(0, len(notes), alignment), notes)


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("alignment", [4, 8])
def test_build_id(order: str, alignment: int) -> None:
    """Whatever notes stand before it: of other kinds, of others' names, of odd lengths."""
    others = [(1, b"abc", b"GNU\0"), (3, b"x" * 20, b"Go\0\0"), (4, b"12345", b"stapsdt\0")]
    notes = b"".join(note(*each, order, alignment) for each in others)
    notes += note(3, BUILD_ID, b"GNU\0", order, alignment)
    assert build_id_of(notes, order, alignment) == BUILD_ID.hex()


@pytest.mark.parametrize("size", [1, 8, 16, 20, 64])
def test_build_ids_of_each_length(size: int) -> None:
    """Linkers make 8, 16 or 20 bytes, and what they are told to."""
    assert build_id_of(note(3, bytes(size))) == "00" * size


@pytest.mark.parametrize(
    "notes",
    [
        b"",
        note(3, BUILD_ID)[:-1],
        note(3, b""),
        note(3, bytes(65)),
        note(3, BUILD_ID, b"GNU"),
        note(1, BUILD_ID),
        struct.pack("<III", 2**32 - 1, 20, 3) + b"GNU\0" + BUILD_ID,
        struct.pack("<III", 4, 2**32 - 1, 3) + b"GNU\0" + BUILD_ID,
        struct.pack("<III", 0, 0, 0) * 300,
    ],
    ids=["none", "cut", "empty", "long", "name", "kind", "huge name", "huge content", "zeros"],
)
def test_notes_that_tell_no_build_id(notes: bytes) -> None:
    """None, never an error, and never a part of one."""
    assert build_id_of(notes) is None


@pytest.mark.parametrize(("bits", "order"), FORMATS)
def test_where_notes_are(bits: int, order: str) -> None:
    """Of each class and byte order; what is empty or absurdly large is no table of notes."""
    sizes = (0, 36, LARGEST_NOTES, LARGEST_NOTES + 1)
    places = [ElfSegment(0x2A8, 0x2A8, size, size, 4) for size in sizes]
    headers = [program_header(each, bits, order, kind=4) for each in places]
    head = elf([program_header(TEXT, bits, order), *headers], bits, order)
    table = find_table(head)
    assert table is not None
    found = find_notes(table, head[table.offset : table.offset + table.size])
    assert found == (Notes(0x2A8, 36, 4), Notes(0x2A8, LARGEST_NOTES, 4))


@given(st.sampled_from("<>"), st.sampled_from([4, 8]), st.binary(max_size=200))
def test_any_notes(order: str, alignment: int, notes: bytes) -> None:
    """Arbitrary notes never fail; and what stands behind them is not read."""
    told = build_id_of(notes, order, alignment)
    assert told is None or bytes.fromhex(told) in notes


@given(
    st.sampled_from("<>"),
    st.lists(st.tuples(st.integers(0, 2**32 - 1), st.binary(max_size=80), st.binary(max_size=9))),
)
def test_notes_in_any_order(order: str, others: list[tuple[int, bytes, bytes]]) -> None:
    """The first build ID counts, behind whatever other notes that are whole."""
    notes = b"".join(
        note(kind, content, name, order) for kind, content, name in others if kind != 3
    )
    notes += note(3, BUILD_ID, order=order) + note(3, bytes(8), order=order)
    assert build_id_of(notes, order) == BUILD_ID.hex()


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
    for notes in find_notes(place, head[place.offset : place.offset + place.size]) if place else ():
        assert 0 < notes.size <= LARGEST_NOTES
        assert notes.offset + notes.size < 2**63
    for segment in parse_segments(head) or ():
        assert segment.file_size <= segment.memory_size
        assert segment.address + segment.memory_size <= 2**bits
