"""The head of an ELF file -> its PT_LOAD segments and build ID. Pure; files cannot be trusted.

Only program headers are read: they are what a loader goes by, and they are there in stripped files.
A file that is no ELF, is cut, or contradicts itself gives None; there is nothing to be told from it
and nothing that a user could mend.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

from ..model import ElfSegment

#: Enough of a file's beginning for nearly all: the table follows the ELF header. Tools that rewrite
#: files (patchelf) may move it anywhere, so its place is to be looked up with `find_table`.
HEAD_SIZE = 4096
#: Linux refuses to run files with a longer table.
LARGEST_TABLE = 65536

#: Linkers make a dozen segments at most; each is a row in the recording.
MOST_SEGMENTS = 64
#: What the kernel takes as a place in a file.
LARGEST_OFFSET = (1 << 63) - 1

_EXECUTABLE_OR_SHARED = (2, 3)
_PT_LOAD = 1
_PT_NOTE = 4

#: A linker makes one to three tables of notes, of some hundred bytes each.
MOST_NOTES = 4
LARGEST_NOTES = 4096
_NT_GNU_BUILD_ID = 3
_GNU = b"GNU\0"
#: Notes that only the tools of a language write: Go's linker its build ID.
_MARKS = {(b"Go\0\0", 4): "go"}
#: Linkers make 8 (fast), 16 (md5, uuid) or 20 bytes (sha1), and any number that is asked of them.
_LONGEST_BUILD_ID = 64


class Table(NamedTuple):
    """Where the program headers are in the file, and how to read them."""

    offset: int
    size: int
    entry_size: int
    order: str  # "<" or ">"
    is_64_bit: bool


def find_table(head: bytes) -> Table | None:
    """Where the program headers are; None if `head` begins no ELF program or library."""
    if len(head) < 20 or head[:4] != b"\x7fELF" or head[4] not in (1, 2) or head[5] not in (1, 2):
        return None
    is_64_bit = head[4] == 2
    order = "<" if head[5] == 1 else ">"
    # e_type … e_phoff … e_phentsize, e_phnum
    layout = order + ("16x H 14x Q 14x H H" if is_64_bit else "16x H 10x I 10x H H")
    if len(head) < struct.calcsize(layout):
        return None
    file_type, offset, entry_size, count = struct.unpack_from(layout, head)
    if file_type not in _EXECUTABLE_OR_SHARED or entry_size < (56 if is_64_bit else 32):
        return None
    size = entry_size * count
    if not count or size > LARGEST_TABLE or offset + size > LARGEST_OFFSET:
        return None
    return Table(offset, size, entry_size, order, is_64_bit)


def parse_table(table: Table, data: bytes) -> tuple[ElfSegment, ...] | None:
    """The PT_LOAD segments in `data`, the `table.size` bytes of the file at `table.offset`."""
    if len(data) < table.size:
        return None
    segments = []
    for position in range(0, table.size, table.entry_size):
        segment = _segment(table, data, position)
        if segment is None:
            continue
        bits = 64 if table.is_64_bit else 32
        if not segment.file_size <= segment.memory_size <= LARGEST_OFFSET:
            return None
        if segment.address + segment.memory_size > 1 << bits:
            return None
        if segment.offset + segment.file_size > LARGEST_OFFSET:
            return None
        segments.append(segment)
        if len(segments) > MOST_SEGMENTS:
            return None
    return tuple(segments)


class Notes(NamedTuple):
    """Where a table of notes is in the file, and to how many bytes its parts are padded."""

    offset: int
    size: int
    alignment: int


def find_notes(table: Table, data: bytes) -> tuple[Notes, ...]:
    """Where the notes are, by the same bytes; what is no table that a linker makes is left out."""
    found = []
    for position in range(0, len(data) - table.entry_size + 1, table.entry_size):
        kind, offset, size, alignment = _note_header(table, data, position)
        if kind != _PT_NOTE or not 0 < size <= LARGEST_NOTES or offset + size > LARGEST_OFFSET:
            continue
        found.append(Notes(offset, size, 8 if alignment == 8 else 4))
        if len(found) == MOST_NOTES:
            break
    return tuple(found)


def find_build_id(table: Table, notes: Notes, data: bytes) -> str | None:
    """The NT_GNU_BUILD_ID in `data`, the file's bytes at `notes`, in hexadecimal (elf(5))."""
    for name, kind, content, size in _notes_in(table, notes, data):
        if kind == _NT_GNU_BUILD_ID and name == _GNU:
            is_whole = 0 < size == len(content) <= _LONGEST_BUILD_ID
            return content.hex() if is_whole else None
    return None


def find_marks(table: Table, notes: Notes, data: bytes) -> tuple[str, ...]:
    """What shows a language runtime in the same bytes, as ElfFile says it."""
    return tuple(
        {
            _MARKS[name, kind]: None
            for name, kind, content, size in _notes_in(table, notes, data)
            if (name, kind) in _MARKS and 0 < size == len(content)
        }
    )


def _notes_in(table: Table, notes: Notes, data: bytes) -> Iterator[tuple[bytes, int, bytes, int]]:
    """Each note's name, type, content as far as it is there, and how large it should be."""
    position, mask = 0, notes.alignment - 1
    while position + 12 <= len(data):
        name_size, size, kind = struct.unpack_from(table.order + "III", data, position)
        # Headers and names count together: 12 + 4 are a whole number of 8.
        begin = (position + 12 + name_size + mask) & ~mask
        name = data[position + 12 : position + 12 + name_size]
        yield name, kind, data[begin : begin + size], size
        position = (begin + size + mask) & ~mask


def _note_header(table: Table, data: bytes, position: int) -> tuple[int, int, int, int]:
    """Of one program header: p_type, p_offset, p_filesz, p_align."""
    layout = "I4xQ16xQ8xQ" if table.is_64_bit else "II8xI8xI"
    kind, offset, size, alignment = struct.unpack_from(table.order + layout, data, position)
    return kind, offset, size, alignment


def _segment(table: Table, data: bytes, position: int) -> ElfSegment | None:
    """One program header, if it is a PT_LOAD. The two classes differ in where p_flags stands."""
    if table.is_64_bit:
        kind, flags, offset, address, _, file_size, memory_size = struct.unpack_from(
            table.order + "IIQQQQQ", data, position
        )
    else:
        kind, offset, address, _, file_size, memory_size, flags = struct.unpack_from(
            table.order + "IIIIIII", data, position
        )
    return (
        ElfSegment(offset, address, file_size, memory_size, flags & 7) if kind == _PT_LOAD else None
    )
