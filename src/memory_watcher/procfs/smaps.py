r"""Bytes of smaps -> mappings and usages. Pure: nothing here opens a file.

The text is a sequence of blocks, one per mapping: a header line, then `Key: value` lines. There is
no terminator, so a block ends where the next header begins. Which keys there are, and in which
order, depends on the kernel: they are learnt from the text itself, unknown ones are kept as read.
Names are the kernel's bytes; only a newline is escaped there (`\012`).

What is stored has 63 bits and a sign. A figure that does not fit, is negative or bears another unit
costs that figure: its line is kept as `other`. A header with addresses that no mapping can have, or
figures whose sum does not fit, cost the layout: SmapsFormatError.

`LayoutTracker` is the hot path of the recorder. It does not parse text that it has seen at the
tick before: it walks along the new text in runs of known blocks, each compared in one memcmp, and
only where a run does not match looks at its blocks one by one, by their addresses. That makes a
tick cost what changed, not what there is: 0.1 ms for 2,100 mappings that are as they were, and 11
us for each that changed, came or went, beside 5.7 ms for the kernel to print them and 19 ms for a
line-wise parser. To search where the texts meet again, and to look the blocks between up in a
dictionary, takes half as much again.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator
from operator import itemgetter
from sys import intern
from typing import NamedTuple

from ..errors import SmapsFormatError
from ..metrics import USAGE
from ..model import Mapping, MappingUsage, Totals, Usage, sum_totals
from .figures import LARGEST

#: No number is longer than what a kernel can print: longer ones would fit no database either.
_HEADER = re.compile(
    rb"([0-9a-f]{1,16})-([0-9a-f]{1,16}) (\S{4}) ([0-9a-f]{1,16})"
    rb" ([0-9a-f]{1,8}):([0-9a-f]{1,8}) ([0-9]{1,20}) *([^\n]*)\n"
)
#: A header begins with one of these, a `Key:` line with a capital.
_HEX_DIGITS = frozenset(b"0123456789abcdef")
_HEADER_LINE = re.compile(rb"^[0-9a-f]+-[0-9a-f]+ ", re.MULTILINE)
#: Digits of a figure that certainly fits: 10**15 kB are below 2**63 bytes.
_DIGITS = 15
_SIZE_VALUE = re.compile(rb"([0-9]{1,20})( +kB)?")
_FIELD_OF_KEY = {metric.source.encode(): metric.name for metric in USAGE if metric.unit != "text"}
#: Those without a unit: the others are in kB.
_COUNTS = frozenset(metric.source.encode() for metric in USAGE if metric.unit in ("count", "flag"))
#: Keys whose meaning is known, "Size" among them: its figure is in the header already.
KNOWN_KEYS = frozenset((b"Size", b"VmFlags", *_FIELD_OF_KEY))

#: Blocks compared in one go. Fewer make more comparisons, more make a changed block cost more:
#: 4 to 8 take the same time on 2,100 mappings with 20 changes, 2 and 16 a quarter more.
_RUN_BLOCKS = 4

#: Where a text has ended: no mapping begins so high.
_BEYOND_ALL = 1 << 64
#: Digits of the address that a header begins with, and what follows them.
_LONGEST_START = 17

#: Headers whose meaning is remembered: parsing one anew takes as long as all figures of a block.
_REMEMBERED_HEADERS = 4096
#: Texts of figures whose meaning is remembered.
_REMEMBERED_SIZES = 4096
#: Paths may take 4 KiB each: longer headers are parsed anew.
_LONGEST_REMEMBERED = 512


def _split_at_headers(text: bytes | bytearray, start: int, length: int) -> Iterator[bytes]:
    """Split at each header line: right for every text, four times slower than by last line."""
    for match in _HEADER_LINE.finditer(text, start + 1, length):
        yield bytes(text[start : match.start()])
        start = match.start()
    if start < length:
        yield bytes(text[start:length])


class _Format(NamedTuple):
    """How the lines behind the header look on one kernel, which prints them in fixed columns."""

    length: int  # of all lines before VmFlags (or of all, where there is none)
    has_flags: bool
    unpack: Callable[[bytes, int], tuple[bytes, ...]]  # keys and numbers, by their columns
    keys: tuple[bytes, ...]  # what stands around the numbers
    counts: tuple[int, ...]  # which of the numbers are not in kB
    order: Callable[[list[object]], tuple[object, ...]]  # into the order of Usage
    size_at: int | None  # which of the numbers is Size


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


class _SeveralBlocks(Exception):
    """What was taken for one block holds a second header."""


class BlockParser:
    """Parses blocks by the columns that it learns from the first block it meets.

    3 us a block of 24 lines; 6 us with a pattern over the block, 19 us line by line.
    """

    def __init__(self) -> None:
        self._format: _Format | None = None
        #: How the last line of every block begins, with the newline before it; empty: it varies.
        self.last_key = b""
        self._blocks_end_alike = True
        self._mappings: dict[bytes, Mapping] = {}
        self._sizes = _Sizes()

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
        match = _HEADER_LINE.search(text, position + 1, length)
        return match.start() if match else length

    def parse(self, block: bytes) -> MappingUsage:
        """Parse one block. Raises SmapsFormatError for what is none."""
        start = block.find(b"\n") + 1
        mapping = self._mapping(block[:start])
        usage = self._by_columns(block, start, mapping.size)
        if usage is None:
            if _HEADER_LINE.search(block, start):
                self.last_key, self._blocks_end_alike = b"", False
                raise _SeveralBlocks
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
            width = min(len(number) - number.index(b":") - 1, _DIGITS)
            keys[-1] += number[: len(number) - width]
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


class _Run:
    """Some adjacent blocks: their text as one, where each ends in it, and what they mean."""

    __slots__ = ("ends", "entries", "text")

    def __init__(self, text: bytes, ends: list[int], entries: list[MappingUsage]) -> None:
        self.text = text
        self.ends = ends
        self.entries = entries

    def blocks(self) -> Iterator[tuple[bytes, MappingUsage]]:
        """Each block's text and meaning."""
        start = 0
        for end, entry in zip(self.ends, self.entries, strict=True):
            yield self.text[start:end], entry
            start = end


class _Blocks:
    """Adjacent blocks of a new text: where they begin in it, where each ends, what they mean."""

    __slots__ = ("ends", "entries", "start")

    def __init__(self, start: int) -> None:
        self.start = start
        self.ends: list[int] = []
        self.entries: list[MappingUsage] = []

    def add(self, entry: MappingUsage, end: int) -> None:
        """One more."""
        self.entries.append(entry)
        self.ends.append(end)


class TrackedLayout:
    """A layout as read, and how it differs from the one accepted before it (a LayoutChange)."""

    __slots__ = ("added", "removed", "runs", "totals")

    def __init__(
        self,
        runs: list[_Run],
        removed: list[MappingUsage],
        added: list[MappingUsage],
        totals: Totals,
    ) -> None:
        self.runs = runs
        self.removed = removed
        self.added = added
        self.totals = totals

    def entries(self) -> Iterator[MappingUsage]:
        """All entries, in the order read."""
        for run in self.runs:
            yield from run.entries


_NO_TOTALS = Totals(0, 0, 0, 0, 0, 0, 0)


class LayoutTracker:
    """Turns the smaps texts of one process, one after the other, into what changed.

    `diff` compares a text with the layout accepted last and changes nothing; `accept` makes its
    result the one to compare with. Between them the caller may find a reading torn and try again.
    """

    def __init__(self, parser: BlockParser) -> None:
        self._parser = parser
        self._accepted = TrackedLayout([], [], [], _NO_TOTALS)

    def accept(self, layout: TrackedLayout) -> None:
        """Compare with this layout from now on."""
        self._accepted = layout

    def diff(self, text: bytearray, length: int) -> TrackedLayout:
        """Tell how the first `length` bytes of `text` differ from the accepted layout.

        Raises SmapsFormatError for what is no smaps text.
        """
        walk = _Walk(self._parser, self._accepted.runs, text, length)
        try:
            walk.go()
        except (_SeveralBlocks, SmapsFormatError):
            # Blocks that end differently, as no known kernel prints them, or really no smaps text.
            walk = _Walk(self._parser, self._accepted.runs, text, length)
            walk.go_block_by_block()
        totals = _update_totals(self._accepted.totals, walk.removed, walk.added, walk.runs)
        refuse_overflow(totals)
        return TrackedLayout(walk.runs, walk.removed, walk.added, totals)


class _Walk:
    """One pass along a new text, beside the runs of the layout before it."""

    def __init__(
        self, parser: BlockParser, known: list[_Run], text: bytearray, length: int
    ) -> None:
        self._parser = parser
        self._known = known
        self._text = text
        self._length = length
        self.runs: list[_Run] = []
        self.removed: list[MappingUsage] = []
        self.added: list[MappingUsage] = []

    def go(self) -> None:
        """Keep the runs that match; where one does not, look at its blocks."""
        text, length, keep, position = self._text, self._length, self.runs.append, 0
        for run in self._known:
            # Not beyond the length: there the buffer may hold the end of an earlier, longer text.
            if text.startswith(run.text, position, length):
                keep(run)
                position += len(run.text)
            else:
                position = self._go_through(run, position)
        blocks = _Blocks(position)
        while position < length:
            position = self._take_new(blocks, position)
        self._keep_blocks(blocks)

    def go_block_by_block(self) -> None:
        """Take nothing for granted but that a block begins with a header."""
        self._match(list(_split_at_headers(self._text, 0, self._length)))

    def _go_through(self, run: _Run, position: int) -> int:
        """Find what became of the blocks of a run; returns where the text behind them begins.

        Kernels print mappings by address. So of two blocks that differ the addresses tell whether
        the known one has changed or gone, or one has come before it. In a torn text, where they may
        go backwards, that makes more of them come and go than did; but what is there then is right.
        """
        text, length, begin = self._text, self._length, 0
        blocks = _Blocks(position)
        for end, entry in zip(run.ends, run.entries, strict=True):
            known = run.text[begin:end]
            begin = end
            while not text.startswith(known, position, length):
                start = self._address(position) if position < length else _BEYOND_ALL
                if start <= entry.mapping.start:
                    position = self._take_new(blocks, position)
                if start >= entry.mapping.start:
                    self.removed.append(entry)
                    break
            else:
                position += len(known)
                blocks.add(entry, position)
        self._keep_blocks(blocks)
        return position

    def _address(self, position: int) -> int:
        """Where the mapping begins whose block begins here. Raises SmapsFormatError."""
        text = self._text
        try:
            return int(text[position : text.index(b"-", position, position + _LONGEST_START)], 16)
        except ValueError:
            line = bytes(text[position : position + 80]).decode("utf-8", "replace")
            raise SmapsFormatError(f"no header of a mapping: {line!r}") from None

    def _take_new(self, blocks: _Blocks, position: int) -> int:
        """Parse the block that begins here; returns where the next one does."""
        end = self._parser.end_of_block(self._text, position, self._length)
        entry = self._parser.parse(bytes(self._text[position:end]))
        self.added.append(entry)
        blocks.add(entry, end)
        return end

    def _keep_blocks(self, blocks: _Blocks) -> None:
        """Make runs of adjacent blocks."""
        entries, ends, start = blocks.entries, blocks.ends, blocks.start
        if not entries:
            return
        if self.runs and len(entries) + len(self.runs[-1].entries) <= _RUN_BLOCKS:
            # Or runs of which blocks go would become ever smaller, and so more.
            before = self.runs.pop()
            entries = before.entries + entries
            start -= len(before.text)
            ends = [start + end for end in before.ends] + ends
        size = len(entries) if len(entries) <= 2 * _RUN_BLOCKS else _RUN_BLOCKS
        for first in range(0, len(entries), size):
            some = ends[first : first + size]
            text = bytes(self._text[start : some[-1]])
            places = [end - start for end in some]
            self.runs.append(_Run(text, places, entries[first : first + size]))
            start = some[-1]

    def _match(self, blocks: list[bytes]) -> None:
        """Make runs of all blocks: what stood in the known ones keeps its entry, others are new."""
        entries_of: dict[bytes, list[MappingUsage]] = {}
        for run in self._known:
            for block, entry in run.blocks():
                entries_of.setdefault(block, []).append(entry)
        found = _Blocks(0)
        position = 0
        for block in blocks:
            position += len(block)
            if same := entries_of.get(block):
                found.add(same.pop(), position)
            else:
                self.added.append(self._parser.parse(block))
                found.add(self.added[-1], position)
        for left in entries_of.values():
            self.removed += left
        self._keep_blocks(found)


def refuse_overflow(totals: Totals) -> None:
    """Raise SmapsFormatError for sums that cannot be stored: no machine has so much memory."""
    for name, size in zip(Totals._fields, totals, strict=True):
        if size is not None and size > LARGEST:
            raise SmapsFormatError(f"the figures add up to more than 2^63 bytes ({name})")


def _update_totals(
    totals: Totals, removed: list[MappingUsage], added: list[MappingUsage], runs: list[_Run]
) -> Totals:
    """Totals of `runs`, from those before some entries went and others came.

    A figure is None for as long as there is an entry that lacks it.
    """
    if not removed and not added:
        return totals
    less, more = sum_totals(removed), sum_totals(added)
    changes = list(zip(totals, less, more, strict=True))
    if any(gone is None and come is not None for _, gone, come in changes):
        return sum_totals([entry for run in runs for entry in run.entries])
    return Totals._make(
        None if now is None or gone is None or come is None else now - gone + come
        for now, gone, come in changes
    )
