"""One block of smaps, a mapping's header and its lines -> mapping and usage. Pure.

Which keys there are, and in which order, depends on the kernel: `BlockParser` learns that from the
first block, and parses others by their columns.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from operator import itemgetter
from sys import intern
from typing import NamedTuple

from ..errors import SmapsFormatError
from ..metrics import USAGE
from ..model import VOLATILE_FIELDS, Mapping, MappingUsage, Usage
from .figures import LARGEST

#: No number is longer than what a kernel can print: longer ones would fit no database either.
_HEADER = re.compile(
    rb"([0-9a-f]{1,16})-([0-9a-f]{1,16}) (\S{4}) ([0-9a-f]{1,16})"
    rb" ([0-9a-f]{1,8}):([0-9a-f]{1,8}) ([0-9]{1,20}) *([^\n]*)\n"
)
#: What addresses consist of; a header begins with one of these, a `Key:` line with a capital.
_HEX = b"0123456789abcdef"
_HEX_DIGITS = frozenset(_HEX)
HEADER_LINE = re.compile(rb"^[0-9a-f]+-[0-9a-f]+ ", re.MULTILINE)
#: Digits of a figure that certainly fits: 10**15 kB are below 2**63 bytes.
_DIGITS = 15
_SIZE_VALUE = re.compile(rb"([0-9]{1,20})( +kB)?")
_FIELD_OF_KEY = {metric.source.encode(): metric.name for metric in USAGE if metric.unit != "text"}
_VOLATILE = Usage._fields[:VOLATILE_FIELDS]
#: Those without a unit: the others are in kB.
_COUNTS = frozenset(metric.source.encode() for metric in USAGE if metric.unit in ("count", "flag"))
#: Keys whose meaning is known, "Size" among them: its figure is in the header already.
KNOWN_KEYS = frozenset((b"Size", b"VmFlags", *_FIELD_OF_KEY))

#: Headers whose meaning is remembered: parsing one anew takes as long as all figures of a block.
_REMEMBERED_HEADERS = 4096
#: Texts of figures whose meaning is remembered.
_REMEMBERED_SIZES = 4096
#: Texts whose meaning is remembered of what seldom changes in a block: most share a few.
_REMEMBERED_DETAILS = 256
#: Paths may take 4 KiB each: longer headers are parsed anew.
_LONGEST_REMEMBERED = 512


class _Format(NamedTuple):
    """How the lines behind the header look on one kernel, which prints them in fixed columns."""

    length: int  # of all lines before VmFlags (or of all, where there is none)
    has_flags: bool
    unpack: Callable[[bytes, int], tuple[bytes, ...]]  # keys and numbers, by their columns
    keys: tuple[bytes, ...]  # what stands around the numbers
    counts: tuple[int, ...]  # which of the numbers are not in kB
    order: Callable[[list[object]], tuple[object, ...]]  # into the order of Usage
    size_at: int | None  # which of the numbers is Size


class _Columns(NamedTuple):
    """Where on one kernel the figures stand that often change: all in a row, behind Size.

    Of what is before and behind them the text is looked up as a whole.
    """

    unpack: Callable[[bytearray, int], tuple[bytes, ...]]
    size_key: bytes
    keys: tuple[bytes, ...]  # what stands around the numbers
    order: Callable[[list[int | None]], tuple[int | None, ...]]  # into the order of Usage
    rest_at: int  # where the lines behind them begin, from the header's end
    flags_at: int  # where VmFlags does


class _Sizes(dict[bytes, int]):
    """Bytes by what stands in a column of kB: most figures are 0, or were there before.

    24 look-ups take a third of the time of as many int(), and equal sizes are one object.
    """

    def __missing__(self, digits: bytes) -> int:
        """Raises ValueError for what is no number, though int() may take it: a sign, a `_`."""
        if digits.translate(None, b" 0123456789"):
            raise ValueError
        size = int(digits) * 1024
        if len(self) >= _REMEMBERED_SIZES:
            self.clear()
        self[digits] = size
        return size


class SeveralBlocks(Exception):
    """What was taken for one block holds a second header."""


class BlockParser:
    """Parses blocks by the columns that it learns from the first block it meets.

    3 us a block of 24 lines; 6 us with a pattern over the block, 19 us line by line. `take` needs
    less than half of that for one whose lines that seldom change were seen before: 4.4 us where the
    columns of all lines took 11.
    """

    def __init__(self) -> None:
        self._format: _Format | None = None
        #: How the last line of every block begins, with the newline before it; empty: it varies.
        self.last_key = b""
        self._blocks_end_alike = True
        self._mappings: dict[bytes, Mapping] = {}
        self._sizes = _Sizes()
        self._columns: _Columns | None = None
        #: What seldom changes of a block, by its text; and of a header, by what is behind its end.
        self._details: dict[bytes, tuple[int | str | None, ...]] = {}
        self._named: dict[bytes, tuple[str, int, int, int, str]] = {}

    def take(
        self, text: bytearray, position: int, length: int, mapping: Mapping | None = None
    ) -> tuple[MappingUsage, int]:
        """Parse the block that begins here, and tell where it ends. `mapping`: what its header is.

        What is nearly always so stands in one function: 41 blocks a tick come here.

        Raises SmapsFormatError; SeveralBlocks if blocks do not end as they did.
        """
        columns, start = self._columns, text.find(b"\n", position, length) + 1
        last = start + columns.flags_at if columns is not None else 0
        if columns is None or not start or not text.startswith(b"VmFlags:", last, length):
            return self._take_slowly(text, position, start, length)
        end = text.find(b"\n", last, length) + 1
        found = columns.unpack(text, start)
        detail = self._details.get(found[2] + text[start + columns.rest_at : end])
        if detail is None or found[0] != columns.size_key or found[3::2] != columns.keys:
            return self._take_slowly(text, position, start, length)
        try:
            size = self._sizes[found[1]]
            values: list[int | None] = list(map(self._sizes.__getitem__, found[4::2]))
        except ValueError:
            return self._take_slowly(text, position, start, length)
        if mapping is None:
            mapping = self._mapping_of(bytes(text[position:start]))
        if size != mapping.end - mapping.start or (end < length and text[end] not in _HEX_DIGITS):
            return self._take_slowly(text, position, start, length)
        values.append(None)
        return MappingUsage(mapping, Usage._make(columns.order(values) + detail)), end

    def _take_slowly(
        self, text: bytearray, position: int, start: int, length: int
    ) -> tuple[MappingUsage, int]:
        """The same of any block; what seldom changes is remembered for the next one."""
        end = self.end_of_block(text, position, length)
        entry = self.parse(bytes(text[position:end]))
        columns, usage = self._columns, entry.usage
        if columns is None or usage.other is not None or end - start <= columns.flags_at:
            return entry, end
        found = columns.unpack(text, start)
        values = [self._sizes.get(number) for number in found[4::2]]
        is_as_learnt = found[0] == columns.size_key and found[3::2] == columns.keys
        # A line that often changes may stand among the others, too: then they tell too little.
        if is_as_learnt and columns.order([*values, None]) == usage[:VOLATILE_FIELDS]:
            if len(self._details) >= _REMEMBERED_DETAILS:
                self._details.clear()
            rest = found[2] + text[start + columns.rest_at : end]
            self._details[rest] = usage[VOLATILE_FIELDS:]
        return entry, end

    def _mapping_of(self, line: bytes) -> Mapping:
        """A header's meaning: most differ from others in the addresses alone.

        Raises SmapsFormatError.
        """
        addresses, _, behind = line.partition(b" ")
        named = self._named.get(behind)
        if named is None:
            mapping = self._mapping(line)
            if len(self._named) >= _REMEMBERED_HEADERS:
                self._named.clear()
            if len(behind) <= _LONGEST_REMEMBERED:
                self._named[behind] = mapping[2:]
            return mapping
        first, _, last = addresses.partition(b"-")
        if len(first) > 16 or len(last) > 16 or addresses.translate(None, _HEX) != b"-":
            return self._mapping(line)
        try:
            start, end = int(first, 16), int(last, 16)
        except ValueError:
            return self._mapping(line)
        return Mapping(start, end, *named) if 0 < end - start <= LARGEST else self._mapping(line)

    def parse_in_columns(self, block: bytes) -> MappingUsage | None:
        """Parse one block that has the columns that were learnt; None if it has not.

        Raises SmapsFormatError for a header that is none.
        """
        start = block.find(b"\n") + 1
        mapping = self._mapping(block[:start])
        usage = self._by_columns(block, start, mapping.size)
        return None if usage is None else MappingUsage(mapping, usage)

    def end_of_block(self, text: bytearray, position: int, length: int) -> int:
        """Where the block that begins here ends: behind its last line, or else at the next header.

        Its last line is looked for where it stands in the columns that were learnt, then searched:
        the first takes a third of the time of that, the pattern of a header takes four times.
        """
        header = text.find(b"\n", position, length) + 1
        if header and self._format is not None and self._format.has_flags:
            last = header + self._format.length
            if text.startswith(b"VmFlags:", last, length):
                end = text.find(b"\n", last, length) + 1
                if end and (end == length or text[end] in _HEX_DIGITS):
                    return end
        if self.last_key:
            last = text.find(self.last_key, position, length)
            end = text.find(b"\n", last + 1, length) + 1 if last >= 0 else 0
            if end and (end == length or text[end] in _HEX_DIGITS):
                return end
        match = HEADER_LINE.search(text, position + 1, length)
        return match.start() if match else length

    def parse(self, block: bytes) -> MappingUsage:
        """Parse one block. Raises SmapsFormatError for what is none."""
        start = block.find(b"\n") + 1
        mapping = self._mapping(block[:start])
        usage = self._by_columns(block, start, mapping.size)
        if usage is None:
            if HEADER_LINE.search(block, start):
                self.last_key, self._blocks_end_alike = b"", False
                raise SeveralBlocks
            usage = _parse_lines(block[start:], mapping.size)
            self._learn(block, start, usage)
        return MappingUsage(mapping, usage)

    def _mapping(self, line: bytes) -> Mapping:
        """The header's meaning. A block comes here because its figures changed, so mostly known."""
        mapping = self._mappings.get(line)
        if mapping is None:
            header = _HEADER.fullmatch(line)
            if header is None:
                text = line[:80].decode("utf-8", "replace")
                raise SmapsFormatError(f"no header of a mapping: {text!r}")
            if len(self._mappings) >= _REMEMBERED_HEADERS:
                self._mappings.clear()
            mapping = _mapping(header.groups())
            if len(line) <= _LONGEST_REMEMBERED:
                self._mappings[line] = mapping
        return mapping

    def _by_columns(self, block: bytes, start: int, size: int) -> Usage | None:
        """Parse the lines from `start` on; None if they do not look like those that were learnt."""
        format_ = self._format
        if format_ is None:
            return None
        flags = block.find(b"VmFlags:", start) if format_.has_flags else len(block)
        # A number too wide for its column makes the lines longer.
        if flags - start != format_.length:
            return None
        if format_.has_flags and block.find(b"\n", flags) != len(block) - 1:
            return None  # something stands behind the flags: a second block, or an unknown line
        columns = format_.unpack(block, start)
        is_as_learnt = columns[::2] == format_.keys
        try:
            values: list[object] = list(map(self._sizes.__getitem__, columns[1::2]))
            for place in format_.counts:
                values[place] = self._sizes[columns[2 * place + 1]] // 1024
            # A header that is not all that is counted (model.counted_size) is not of the rule.
            is_as_learnt &= format_.size_at is None or values[format_.size_at] == size
        except ValueError:
            is_as_learnt = False
        if not is_as_learnt:
            return None
        values.append(intern(block[flags + 8 :].strip().decode("ascii", "replace")))
        values.append(None)
        return Usage._make(format_.order(values))

    def _learn(self, block: bytes, start: int, usage: Usage) -> None:
        """Learn the columns from a block, unless it has lines that this version does not know."""
        lines = block[start:].split(b"\n")[:-1]
        if usage.other is not None or not lines or b"" in lines:
            return
        if self._blocks_end_alike:
            self.last_key = b"\n" + lines[-1].split(b":")[0] + b":"
        has_flags = lines[-1].startswith(b"VmFlags:")
        numbers = lines[:-1] if has_flags else lines
        fields: list[str] = []
        counts: list[int] = []
        keys = [b""]
        columns = ""
        for line in numbers:
            number = line.removesuffix(b" kB")
            # The mapping's length is in its header already.
            key = line.split(b":", 1)[0]
            if key not in _FIELD_OF_KEY and key != b"Size":
                return
            fields.append(_FIELD_OF_KEY.get(key, ""))
            before, width = _key_and_width(line)
            keys[-1] += before
            if keys[-1][-1:].isdigit():
                return  # a figure of more digits than a column has
            columns += f"{len(keys[-1])}s{width}s"
            keys.append(line[len(number) :] + b"\n")
            if len(line) == len(number):
                counts.append(len(fields) - 1)
        # What the kernel lacks is taken from the None at the end.
        places = {"vm_flags": len(fields)} if has_flags else {}
        places.update({field: number for number, field in enumerate(fields)})
        self._format = _Format(
            length=sum(len(line) + 1 for line in numbers),
            has_flags=has_flags,
            unpack=struct.Struct(f"{columns}{len(keys[-1])}s").unpack_from,
            keys=tuple(keys),
            counts=tuple(counts),
            order=itemgetter(*(places.get(field, len(fields) + 1) for field in Usage._fields)),
            size_at=fields.index("") if "" in fields else None,
        )
        self._columns = _volatile_columns(numbers) if has_flags else None
        self._details.clear()


def _volatile_columns(lines: list[bytes]) -> _Columns | None:
    """Where those stand that often change, in lines that were learnt; None if not in a row."""
    names = [_FIELD_OF_KEY.get(line.split(b":", 1)[0], "") for line in lines]
    places = [number for number, name in enumerate(names) if name in _VOLATILE]
    if not places or names[0] or places != list(range(places[0], places[-1] + 1)):
        return None
    first, behind = places[0], places[-1] + 1
    size_key, width = _key_and_width(lines[0])
    before = b" kB\n" + b"".join(line + b"\n" for line in lines[1:first])
    columns, keys = f"{len(size_key)}s{width}s{len(before)}s", [b""]
    for line in lines[first:behind]:
        key, width = _key_and_width(line)
        keys[-1] += key
        columns += f"{len(keys[-1])}s{width}s"
        keys.append(b" kB\n")
    order = {name: number for number, name in enumerate(names[first:behind])}
    return _Columns(
        unpack=struct.Struct(f"{columns}4s").unpack_from,
        size_key=size_key,
        keys=tuple(keys),
        order=itemgetter(*(order.get(field, len(order)) for field in _VOLATILE)),
        rest_at=sum(len(line) + 1 for line in lines[:behind]),
        flags_at=sum(len(line) + 1 for line in lines),
    )


def _key_and_width(line: bytes) -> tuple[bytes, int]:
    """What stands before a line's number, and how many places that has."""
    number = line.removesuffix(b" kB")
    width = min(len(number) - number.index(b":") - 1, _DIGITS)
    return number[: len(number) - width], width


def _mapping(header: tuple[bytes, ...]) -> Mapping:
    start, end, perms, offset, major, minor, inode, name = header
    if int(inode) >> 64:
        raise SmapsFormatError(f"no inode: {inode.decode()}")
    first, behind = int(start, 16), int(end, 16)
    if not 0 < behind - first <= LARGEST:
        fault = "is too long for a mapping" if behind > first else "ends before it starts"
        raise SmapsFormatError(f"{start.decode()}-{end.decode()} {fault}")
    return Mapping(
        first,
        behind,
        intern(perms.decode("ascii", "replace")),
        int(offset, 16),
        int(major, 16) << 20 | int(minor, 16),
        int(inode),
        intern(name.decode("utf-8", "surrogateescape")),
    )


def _parse_lines(lines: bytes, length: int) -> Usage:
    """Parse `Key: value` lines of any kernel; lines this version does not know become `other`."""
    values: dict[str, int | None] = {}
    flags = None
    other: list[str] = []
    for line in lines.split(b"\n"):
        key, colon, value = line.partition(b":")
        key, value = (key, value.strip(b" \t")) if colon else (b"", b"")
        figure = _figure(key, value)
        if key == b"VmFlags" and flags is None:
            flags = intern(value.decode("ascii", "replace"))
        elif figure is not None and key in _FIELD_OF_KEY and _FIELD_OF_KEY[key] not in values:
            values[_FIELD_OF_KEY[key]] = figure
        elif key == b"Size" and figure == length:
            pass  # the header tells it already
        elif key == b"Size" and figure is not None:
            other.insert(0, _size_line(figure))
        elif line:
            other.append(line.decode("utf-8", "surrogateescape"))
    return Usage(**values, vm_flags=flags, other="\n".join(other) or None)


def _size_line(size: int) -> str:
    """A `Size:` that differs from the header, as `model.counted_size` reads it."""
    return f"Size: {size // 1024} kB"


def _figure(key: bytes, value: bytes) -> int | None:
    """Bytes, or a count for the keys that have no unit; None for what is no such figure."""
    match = _SIZE_VALUE.fullmatch(value)
    if match is None or (match[2] is None) != (key in _COUNTS):
        return None
    figure = int(match[1]) * (1024 if match[2] else 1)
    return figure if figure <= LARGEST else None
