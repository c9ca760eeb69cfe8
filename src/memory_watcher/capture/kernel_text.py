"""Text exactly as a kernel printed it: the fast way, with memory for a few mappings at a time.

It is walked along twice: first to see that it is plain, and for the sums, then as it is stored. A
million mappings as objects would take 600 MB. What is not plain in any way, or has a fault that a
user must be told, is left to `texts`, which looks at each line; both give the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..errors import SmapsFormatError
from ..model import MappingUsage, Totals, add_up, sum_totals
from ..procfs.smaps_blocks import KNOWN_KEYS, BlockParser

#: A size that differs from the header's, as model.counted_size knows it.
OTHER_SIZE = re.compile(r"Size: [0-9]+ kB")
_SECOND_HEADER = re.compile(rb"\n[0-9a-f]+-[0-9a-f]+ ")
_HEX_DIGITS = frozenset(b"0123456789abcdef")
#: Mappings that are added up at once.
_PIECE = 4000
_NOTHING = Totals(0, 0, 0, 0, 0, 0, 0)


class NotPlain(Exception):
    """The text is not as one kernel prints the layouts of one process."""


class KernelText:
    """The mappings of one layout, made anew from its part of a text whenever they are asked for."""

    __slots__ = ("_begin", "_text", "end", "line", "totals")

    def __init__(self, text: bytes, begin: int, end: int, line: int, totals: Totals) -> None:
        self._text = text
        self._begin = begin
        self.end = end
        self.line = line
        self.totals = totals

    def __iter__(self) -> Iterator[MappingUsage]:
        for _, entry in _walk(self._text, self._begin, self.end):
            yield entry

    def __len__(self) -> int:
        return self.totals.mappings

    def __contains__(self, entry: object) -> bool:
        return any(entry is each for each in self)


def layouts(text: bytes) -> list[KernelText]:
    """The layouts of a plain text. Raises NotPlain."""
    if not text or text[0] not in _HEX_DIGITS or text[-1:] != b"\n" or b"\r" in text:
        raise NotPlain
    found: list[KernelText] = []
    begin, line = 0, 1
    while begin < len(text):
        found.append(_layout(text, begin, line))
        end = found[-1].end
        line += text.count(b"\n", begin, end)
        begin = end
    return found


def _layout(text: bytes, begin: int, line: int) -> KernelText:
    """The layout that begins here: addresses rise to its end."""
    totals = _NOTHING
    piece: list[MappingUsage] = []
    first = behind = end = 0
    for stop, entry in _walk(text, begin, len(text)):
        mapping = entry.mapping
        if mapping.start < behind:
            if mapping.end > behind and mapping.start > first:
                raise NotPlain  # torn: mappings moved while they were read
            break
        first, behind, end = first or mapping.start, mapping.end, stop
        piece.append(entry)
        if len(piece) == _PIECE:
            totals = _added(totals, piece)
            piece = []
    totals = _added(totals, piece)
    if totals.mappings < 2:
        raise NotPlain  # whether a single mapping is cut, only its lines tell
    return KernelText(text, begin, end, line, totals)


def _added(totals: Totals, piece: list[MappingUsage]) -> Totals:
    return Totals._make(map(add_up, zip(totals, sum_totals(piece), strict=True)))


def _walk(text: bytes, begin: int, end: int) -> Iterator[tuple[int, MappingUsage]]:
    """Each mapping in a part of the text, and where its lines end. Raises NotPlain."""
    parser = BlockParser()
    second = _SECOND_HEADER.search(text, begin, end)
    stop = second.start() + 1 if second else end
    keys = _keys(text[begin:stop])
    last_key = b"\n" + keys[-1] + b":" if keys else b""
    if not keys or not KNOWN_KEYS.issuperset(keys):
        raise NotPlain
    while True:
        yield stop, _entry(parser, text[begin:stop], keys)
        if stop == end:
            return
        begin = stop
        stop = text.find(b"\n", text.find(last_key, begin, end) + 1, end) + 1
        if stop <= begin or (stop < end and text[stop] not in _HEX_DIGITS):
            raise NotPlain


def _entry(parser: BlockParser, block: bytes, keys: list[bytes]) -> MappingUsage:
    try:
        entry = parser.parse_in_columns(block)
        if entry is None:
            if _keys(block) != keys:
                raise NotPlain
            entry = parser.parse(block)
            if not OTHER_SIZE.fullmatch(entry.usage.other or "Size: 0 kB"):
                raise NotPlain
    except SmapsFormatError:
        raise NotPlain from None
    if entry.mapping.pathname == "[rollup]":
        raise NotPlain
    return entry


def _keys(block: bytes) -> list[bytes]:
    """What stands before the colons of the lines behind the header."""
    return [line.split(b":", 1)[0] for line in block.split(b"\n")[1:-1]]
