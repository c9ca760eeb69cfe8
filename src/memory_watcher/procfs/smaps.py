r"""Bytes of smaps -> mappings and usages. Pure: nothing here opens a file.

The text is a sequence of blocks, one per mapping: a header line, then `Key: value` lines. There is
no terminator, so a block ends where the next header begins. Which keys there are, and in which
order, depends on the kernel: they are learnt from the text itself, unknown ones are kept as read.
Names are the kernel's bytes; only a newline is escaped there (`\012`).

`LayoutTracker` is the hot path of the recorder. It does not parse text that it has seen at the
tick before: it walks along the new text in runs of known blocks, each compared in one memcmp, and
only where a run does not match looks at single blocks. That makes a tick cost what changed, not
what there is: 0.6 ms for 2,100 mappings of which 20 changed and some were inserted, beside 8.5 ms
for the kernel to print them and 19 ms for a line-wise parser. Splitting all blocks and looking
each up in a dictionary costs 1.0 ms; comparing the 4 KiB pieces of each read() by position is as
fast as runs, until one inserted mapping shifts every later piece.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from operator import itemgetter
from sys import intern
from typing import NamedTuple

from ..errors import SmapsFormatError
from ..metrics import USAGE
from ..model import Mapping, MappingUsage, Totals, Usage, is_gate

_HEADER = re.compile(
    rb"([0-9a-f]+)-([0-9a-f]+) (\S{4}) ([0-9a-f]+) ([0-9a-f]+):([0-9a-f]+) ([0-9]+) *([^\n]*)\n"
)
_HEADER_LINE = re.compile(rb"^[0-9a-f]+-[0-9a-f]+ ", re.MULTILINE)
_FIELD_LINE = re.compile(rb"([A-Za-z_][^:\n]*):[ \t]*([^\n]*?)[ \t]*(?:\n|$)")
#: The mapping's length, which the header tells too.
_SIZE_LINE = re.compile(rb"Size:[ \t]*[0-9]+ kB")
_SIZE_VALUE = re.compile(rb"([0-9]+)( kB)?")

_FIELD_OF_KEY = {metric.source.encode(): metric.name for metric in USAGE}
_TEXT_KEYS = (b"VmFlags",)

#: Blocks compared in one go. Fewer make more comparisons, more make a changed block cost more:
#: 4 to 8 take the same time on 2,100 mappings with 20 changes, 2 and 16 a quarter more.
_RUN_BLOCKS = 6


def parse(text: bytes) -> list[MappingUsage]:
    """Parse a whole smaps text, of any kernel since 2.6.14.

    Raises SmapsFormatError if it is empty, no smaps text, or cut in the middle of a block.
    """
    if not text.strip():
        raise SmapsFormatError("the smaps text is empty")
    if not _HEADER_LINE.match(text):
        raise SmapsFormatError("this is no smaps text: it does not begin with a mapping's header")
    if not text.endswith(b"\n"):
        text += b"\n"
    blocks = list(_split_at_headers(text, 0, len(text)))
    parser = BlockParser()
    entries = [parser.parse(block) for block in blocks]
    _refuse_cut(blocks)
    return entries


def _refuse_cut(blocks: list[bytes]) -> None:
    """Only the last block can be cut: it then lacks lines that the others have."""
    keys = [line.split(b":")[0] for line in blocks[-1].splitlines()[1:]]
    if not keys or b"Rss" not in keys:
        raise SmapsFormatError("the smaps text is cut in the middle of its last mapping")
    if len(blocks) > 1 and blocks[-2].count(b"\n") > len(keys) + 1:
        raise SmapsFormatError("the smaps text is cut in the middle of its last mapping")


def _split_at_headers(text: bytes | bytearray, start: int, length: int) -> Iterator[bytes]:
    """Split at each header line: right for every text, four times slower than by last line."""
    for match in _HEADER_LINE.finditer(text, start + 1, length):
        yield bytes(text[start : match.start()])
        start = match.start()
    if start < length:
        yield bytes(text[start:length])


class _Format(NamedTuple):
    """How the blocks of one kernel look: a pattern for a whole block, and how to order its values."""

    pattern: re.Pattern[bytes]
    scales: tuple[int, ...]
    order: Callable[[list[object]], tuple[object, ...]]
    flags_group: int | None


class BlockParser:
    """Parses blocks with one compiled pattern, which it learns from the first block it meets.

    3.4 us a block on the kernel 6.18 format with 24 lines; 19 us line by line.
    """

    def __init__(self) -> None:
        self._format: _Format | None = None
        self.last_key = b""

    def parse(self, block: bytes) -> MappingUsage:
        """Parse one block. Raises SmapsFormatError for what is none."""
        format_ = self._format
        match = format_.pattern.fullmatch(block) if format_ else None
        if match is None or format_ is None:
            format_ = self._learn(block)
            match = format_.pattern.fullmatch(block) if format_ else None
            if match is None or format_ is None:
                return _parse_line_by_line(block)
        start, end, perms, offset, major, minor, inode, name, *values = match.groups()
        flags = None if format_.flags_group is None else values.pop(format_.flags_group)
        sizes: list[object] = [
            int(value) * scale for value, scale in zip(values, format_.scales, strict=True)
        ]
        sizes.append(None if flags is None else intern(flags.decode("ascii", "replace")))
        sizes.append(None)
        return MappingUsage(
            _mapping(start, end, perms, offset, major, minor, inode, name),
            Usage._make(format_.order(sizes)),  # type: ignore[arg-type]
        )

    def _learn(self, block: bytes) -> _Format | None:
        """Make the pattern for blocks that look like this one; None if it has unknown lines."""
        lines = block.split(b"\n")[1:-1]
        pattern = [_HEADER.pattern]
        scales: list[int] = []
        fields: list[str] = []
        flags_group = None
        for line in lines:
            if _SIZE_LINE.fullmatch(line):
                pattern.append(rb"Size:[^\n]*\n")
                continue
            match = _FIELD_LINE.fullmatch(line)
            field = _FIELD_OF_KEY.get(match[1]) if match else None
            if match is None or field is None or field in fields:
                return None
            if match[1] in _TEXT_KEYS:
                flags_group = len(fields)
                pattern.append(re.escape(match[1]) + rb":[ \t]*([^\n]*?)[ \t]*\n")
                continue
            size = _SIZE_VALUE.fullmatch(match[2])
            if size is None:
                return None
            fields.append(field)
            scales.append(1024 if size[2] else 1)
            pattern.append(re.escape(match[1]) + rb":[ \t]*([0-9]+)" + (size[2] or b"") + rb"\n")
        # What the kernel lacks is taken from the None at the end.
        columns = [
            len(fields)
            if field == "vm_flags"
            else (fields.index(field) if field in fields else len(fields) + 1)
            for field in Usage._fields
        ]
        self._format = _Format(
            re.compile(b"".join(pattern)), tuple(scales), itemgetter(*columns), flags_group
        )
        self.last_key = b"\n" + lines[-1].split(b":")[0] + b":" if lines else b""
        return self._format


def _mapping(
    start: bytes,
    end: bytes,
    perms: bytes,
    offset: bytes,
    major: bytes,
    minor: bytes,
    inode: bytes,
    name: bytes,
) -> Mapping:
    return Mapping(
        int(start, 16),
        int(end, 16),
        intern(perms.decode("ascii", "replace")),
        int(offset, 16),
        int(major, 16) << 20 | int(minor, 16),
        int(inode),
        intern(name.decode("utf-8", "surrogateescape")),
    )


def _parse_line_by_line(block: bytes) -> MappingUsage:
    """Parse a block that has lines this version does not know: they are kept as `other`."""
    header = _HEADER.match(block)
    if header is None:
        line = block.split(b"\n", 1)[0][:80]
        raise SmapsFormatError(f"no header of a mapping: {line.decode('utf-8', 'replace')!r}")
    values: dict[str, int | str] = {}
    other = []
    for line in block[header.end() :].split(b"\n"):
        match = _FIELD_LINE.fullmatch(line)
        field = _FIELD_OF_KEY.get(match[1]) if match else None
        size = _SIZE_VALUE.fullmatch(match[2]) if match else None
        if match is None or field is None or (size is None and match[1] not in _TEXT_KEYS):
            if line and not _SIZE_LINE.fullmatch(line):
                other.append(line.decode("utf-8", "surrogateescape"))
        elif size is None:
            values[field] = match[2].decode("ascii", "replace")
        else:
            values[field] = int(size[1]) * (1024 if size[2] else 1)
    if other:
        values["other"] = "\n".join(other)
    return MappingUsage(_mapping(*header.groups()), Usage(**values))  # type: ignore[arg-type]


class _Run:
    """Some adjacent blocks: their text as one, and what they mean."""

    __slots__ = ("entries", "header", "text")

    def __init__(self, blocks: list[bytes], entries: list[MappingUsage]) -> None:
        self.text = b"".join(blocks)
        self.header = blocks[0][: blocks[0].index(b"\n")]
        self.entries = entries


class TrackedLayout:
    """A layout as read, and how it differs from the one accepted before it (a LayoutChange)."""

    __slots__ = ("_runs", "added", "removed", "totals")

    def __init__(
        self,
        runs: list[_Run],
        removed: list[MappingUsage],
        added: list[MappingUsage],
        totals: Totals,
    ) -> None:
        self._runs = runs
        self.removed = removed
        self.added = added
        self.totals = totals

    def entries(self) -> Iterator[MappingUsage]:
        """All entries, in the order read."""
        for run in self._runs:
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

    def forget(self) -> None:
        """Compare with nothing from now on: all that is read next is new."""
        self._accepted = TrackedLayout([], [], [], _NO_TOTALS)

    def diff(self, text: bytearray, length: int) -> TrackedLayout:
        """Tell how the first `length` bytes of `text` differ from the accepted layout.

        Raises SmapsFormatError for what is no smaps text.
        """
        old = self._accepted._runs
        runs: list[_Run] = []
        removed: list[MappingUsage] = []
        added: list[MappingUsage] = []
        starts: dict[bytes, int] = {}
        position = index = 0
        while index < len(old) or position < length:
            if index < len(old) and text.startswith(old[index].text, position):
                runs.append(old[index])
                position += len(old[index].text)
                index += 1
                continue
            if not starts:
                starts = {run.header: number for number, run in enumerate(old)}
            blocks, position, resume = self._read_until_known(
                text, position, length, starts, index, len(old)
            )
            runs += self._match_blocks(old[index:resume], blocks, removed, added)
            index = resume
        return TrackedLayout(
            runs, removed, added, _update_totals(self._accepted.totals, removed, added)
        )

    def _read_until_known(  # noqa: PLR0917
        self,
        text: bytearray,
        position: int,
        length: int,
        starts: dict[bytes, int],
        index: int,
        end: int,
    ) -> tuple[list[bytes], int, int]:
        """Split off blocks until one begins a later known run, or all is read.

        Returns the blocks, the position behind them, and the number of that run (`end` if none).
        """
        blocks: list[bytes] = []
        while position < length:
            # Below four blocks one more known run is taken in, or runs would shrink for ever.
            if len(blocks) >= 4:
                resume = starts.get(bytes(text[position : text.find(b"\n", position, length)]), 0)
                if resume > index:
                    return blocks, position, resume
            stop = self._block_end(text, position, length)
            blocks.append(bytes(text[position:stop]))
            position = stop
        return blocks, position, end

    def _block_end(self, text: bytearray | bytes, position: int, length: int) -> int:
        """Find where the block ends: behind its last line, or else at the next header.

        The last line is searched first because that takes a quarter of the time of the pattern.
        """
        if last_key := self._parser.last_key:
            last = text.find(last_key, position, length)
            end = text.find(b"\n", last + 1, length) + 1 if last >= 0 else 0
            if end and (end == length or _HEADER_LINE.match(text, end, length)):
                return end
        match = _HEADER_LINE.search(text, position + 1, length)
        return match.start() if match else length

    def _match_blocks(
        self,
        known: list[_Run],
        blocks: list[bytes],
        removed: list[MappingUsage],
        added: list[MappingUsage],
    ) -> Iterable[_Run]:
        """Make runs of `blocks`: those among the `known` keep their entry, others are parsed."""
        entries_of: dict[bytes, list[MappingUsage]] = {}
        for run in known:
            position = 0
            for entry in run.entries:
                stop = self._block_end(run.text, position, len(run.text))
                entries_of.setdefault(run.text[position:stop], []).append(entry)
                position = stop
        entries = []
        for block in blocks:
            if same := entries_of.get(block):
                entries.append(same.pop())
            else:
                entry = self._parser.parse(block)
                added.append(entry)
                entries.append(entry)
        for left in entries_of.values():
            removed += left
        for first in range(0, len(blocks), _RUN_BLOCKS):
            last = first + _RUN_BLOCKS
            yield _Run(blocks[first:last], entries[first:last])


def _update_totals(
    totals: Totals, removed: list[MappingUsage], added: list[MappingUsage]
) -> Totals:
    """Totals after some entries went and others came; a figure the kernel lacks stays None."""
    size, sums = totals.size, list(totals[2:])
    for entries, sign in ((removed, -1), (added, 1)):
        for mapping, usage in ((entry.mapping, entry.usage) for entry in entries):
            if not is_gate(mapping):
                size += sign * (mapping.end - mapping.start)
            figures = (usage.rss, usage.pss, usage.uss, usage.swap, usage.swap_pss)
            for column, figure in enumerate(figures):
                before = sums[column]
                sums[column] = None if before is None or figure is None else before + sign * figure
    return Totals(totals.mappings - len(removed) + len(added), size, *sums)
