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
dictionary, takes half as much again. That was before `BlockParser.take`, and before what is behind
a changed block of a run was compared at once: these take a quarter off the whole.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..errors import SmapsFormatError
from ..model import Mapping, MappingUsage, Totals, sum_totals
from .figures import LARGEST
from .smaps_blocks import HEADER_LINE, BlockParser, SeveralBlocks

#: Blocks compared in one go. Fewer make more comparisons, more make a changed block cost more:
#: 4 to 8 take the same time on 2,100 mappings with 20 changes, 2 and 16 a quarter more.
_RUN_BLOCKS = 4

#: Digits of the address that a header begins with, and what follows them.
_LONGEST_START = 17


def _split_at_headers(text: bytes | bytearray, start: int, length: int) -> Iterator[bytes]:
    """Split at each header line: right for every text, four times slower than by last line."""
    for match in HEADER_LINE.finditer(text, start + 1, length):
        yield bytes(text[start : match.start()])
        start = match.start()
    if start < length:
        yield bytes(text[start:length])


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
    """Adjacent blocks of a new text: where they begin in it, where each ends from there on."""

    __slots__ = ("ends", "entries", "start")

    def __init__(self, start: int) -> None:
        self.start = start
        self.ends: list[int] = []
        self.entries: list[MappingUsage] = []


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
        except (SeveralBlocks, SmapsFormatError):
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
        startswith, length, text = self._text.startswith, self._length, run.text
        blocks, begin = _Blocks(position), 0
        ends, entries = blocks.ends, blocks.entries
        for number, end in enumerate(run.ends):
            block = text[begin:end]
            if startswith(block, position, length):
                position += end - begin
                ends.append(position - blocks.start)
                entries.append(run.entries[number])
            else:
                position = self._go_past(block, run.entries[number], blocks, position)
                if (behind := text[end:]) and startswith(behind, position, length):
                    # Seldom more than one of a run has changed.
                    shift = position - blocks.start - end
                    ends += [each + shift for each in run.ends[number + 1 :]]
                    entries += run.entries[number + 1 :]
                    position += len(behind)
                    break
            begin = end
        self._keep_blocks(blocks)
        return position

    def _go_past(self, block: bytes, entry: MappingUsage, blocks: _Blocks, position: int) -> int:
        """Find what became of a block that is not here; returns where the text behind it begins."""
        text, length, known_start = self._text, self._length, entry.mapping.start
        while not text.startswith(block, position, length):
            if position >= length:
                self.removed.append(entry)
                break
            line = text[position : text.find(b"\n", position, length) + 1]
            if line and block.startswith(line):
                self.removed.append(entry)
                return self._take_new(blocks, position, entry.mapping)
            start = self._address(position)
            if start <= known_start:
                position = self._take_new(blocks, position)
            if start >= known_start:
                self.removed.append(entry)
                break
        else:
            position += len(block)
            blocks.ends.append(position - blocks.start)
            blocks.entries.append(entry)
        return position

    def _address(self, position: int) -> int:
        """Where the mapping begins whose block begins here. Raises SmapsFormatError."""
        text = self._text
        try:
            return int(text[position : text.index(b"-", position, position + _LONGEST_START)], 16)
        except ValueError:
            line = bytes(text[position : position + 80]).decode("utf-8", "replace")
            raise SmapsFormatError(f"no header of a mapping: {line!r}") from None

    def _take_new(self, blocks: _Blocks, position: int, mapping: Mapping | None = None) -> int:
        """Parse the block that begins here; returns where the next one does."""
        entry, end = self._parser.take(self._text, position, self._length, mapping)
        self.added.append(entry)
        blocks.entries.append(entry)
        blocks.ends.append(end - blocks.start)
        return end

    def _keep_blocks(self, blocks: _Blocks) -> None:
        """Make runs of adjacent blocks."""
        entries, ends, start = blocks.entries, blocks.ends, blocks.start
        if not entries:
            return
        if self.runs and len(entries) + len(self.runs[-1].entries) <= _RUN_BLOCKS:
            # Or runs of which blocks go would become ever smaller, and so more.
            before = self.runs.pop()
            shift = len(before.text)
            entries = before.entries + entries
            ends = before.ends + [end + shift for end in ends]
            start -= shift
        if len(entries) <= 2 * _RUN_BLOCKS:
            self.runs.append(_Run(bytes(self._text[start : start + ends[-1]]), ends, entries))
            return
        begin = 0
        for first in range(0, len(entries), _RUN_BLOCKS):
            some = ends[first : first + _RUN_BLOCKS]
            text = bytes(self._text[start + begin : start + some[-1]])
            places = [end - begin for end in some]
            self.runs.append(_Run(text, places, entries[first : first + _RUN_BLOCKS]))
            begin = some[-1]

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
                found.entries.append(same.pop())
            else:
                self.added.append(self._parser.parse(block))
                found.entries.append(self.added[-1])
            found.ends.append(position)
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
