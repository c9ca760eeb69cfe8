"""Captured smaps texts -> layouts: one or several, of one process or of several.

A capture is what somebody copied, mailed, pasted or logged: it may be indented, quoted, stand
between prompts, or hold several captures. What is certainly a capture is taken, whatever stands
around it is left out and named by its lines. Where a line in the middle of a mapping makes no
sense, or lines of a mapping are missing, the text is refused with the line. A text as the kernel
printed it is taken byte for byte.

What is one layout: addresses only rise within one reading. A mapping that lies at or below the one
before it begins another layout, and so does a line that names another process. One that begins
below the end of the one before it but reaches beyond it is torn: mappings moved while they were
read.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

from ..errors import SmapsFormatError
from ..model import MappingUsage, Totals, Usage, sum_totals
from ..procfs.smaps import refuse_overflow
from ..procfs.smaps_blocks import KNOWN_KEYS, BlockParser
from .foreign import shown, what_it_is
from .kernel_text import OTHER_SIZE, KernelText, NotPlain, layouts
from .wrappings import strip_line_ends, unwrap

_HEADER = re.compile(rb"[0-9a-f]{8,}-[0-9a-f]{8,} |[0-9a-f]+-[0-9a-f]+ \S{4} [0-9a-f]+ ")
_WHOLE_HEADER = re.compile(
    rb"[0-9a-f]{1,16}-[0-9a-f]{1,16} \S{4} [0-9a-f]{1,16} [0-9a-f]+:[0-9a-f]+ [0-9]+(?: +(.*))?",
    re.DOTALL,
)
#: `Key: value` of a kernel: unknown keys have kB, or a value in the column of values.
_FIELD = re.compile(rb"([A-Z][A-Za-z_0-9]*):([ \t]*)(.*)", re.DOTALL)
_FIGURE = re.compile(rb"[0-9]+ kB[ \t]*")
_VALUE_COLUMN = 15
#: What mail, grep or cat -n put before a line, tried in this order; grep names the process.
_QUOTE = rb"[ \t>|#*]*"
_FILE = rb"(?:\S*?/(?:([0-9]+)/)?(?:task/[0-9]+/)?smaps(?:_rollup)?[:-])"
_NUMBER = rb"[0-9]+(?:[:-]|[ \t]+)"
_MARKS = tuple(
    re.compile(marks)
    for marks in (
        _QUOTE + rb"()",
        _QUOTE + _FILE,
        _QUOTE + rb"()" + _NUMBER + _QUOTE,
        _QUOTE + _FILE + _NUMBER,
    )
)
_OF_PROCESS = re.compile(rb"/proc/([0-9]+)/|\b[Pp][Ii][Dd][ :=#]+([0-9]+)")
_ERROR = re.compile(
    rb": (?:Permission denied|No such|Operation not|Input/output|cannot open)", re.I
)
_FLAGS = re.compile(rb"(?:[a-z?]{2} ?)+")
#: How a last line without its newline looks if it was cut.
_CUT_LINE = re.compile(rb"[0-9a-f]{1,16}(?:-[0-9a-f]*)?|[A-Z][A-Za-z_]*:?[ \t]*[0-9]*(?: k)?")
#: A line that is certainly whole although nothing ends it: text loses its last newline easily.
_WHOLE_LINE = re.compile(rb"(?:[^\n]*: *[0-9]+ kB|VmFlags:(?: [a-z?]{2})+) *")
#: The first mapping's addresses and size, where nothing stands before them.
_BEGIN = re.compile(rb"([0-9a-f]{1,16})-([0-9a-f]{1,16}) [^\n]*\nSize: +([0-9]{1,16}) kB")
#: By so much a stack's header may lack of its Size: its guard page, of up to 64 KiB.
_GUARD = 64 << 10
#: What every kernel since 2.6.14 prints of a mapping.
_OLDEST_KEYS = frozenset(
    (b"Size", b"Rss", b"Shared_Clean", b"Shared_Dirty", b"Private_Clean", b"Private_Dirty")
)
_CUT = "the smaps text is cut in the middle of its last mapping"


@dataclass(frozen=True, slots=True)
class Capture:
    """One layout of a text, or the totals of one: `is_rollup`, its only entry is then `[rollup]`.

    `line` is where it begins in the text, `pid` what the text says around it. `is_torn`: a mapping
    overlaps the one before it. `rollup` is the smaps_rollup that stood right behind the layout.
    """

    line: int
    pid: int | None
    entries: list[MappingUsage] | KernelText
    is_torn: bool = False
    is_rollup: bool = False
    rollup: Usage | None = None


@dataclass(frozen=True, slots=True)
class Captured:
    """What a text holds: captures in order, and the numbers of the lines that are in none."""

    captures: tuple[Capture, ...]
    left_out: tuple[int, ...]


@dataclass(slots=True)
class _Block:
    """The lines of one mapping, with the number of its header's line."""

    line: int
    header: bytes
    pid: int | None
    is_separated: bool  # lines that are no smaps stand before it
    fields: list[tuple[int, bytes]] = field(default_factory=list)

    def keys(self) -> tuple[bytes, ...]:
        """Keys of its lines that this version knows."""
        keys = (text.split(b":", 1)[0] for _, text in self.fields)
        return tuple(key for key in keys if key in KNOWN_KEYS)

    def text(self) -> bytes:
        """Its bytes as the kernel would print them."""
        return b"".join(line + b"\n" for line in (self.header, *(text for _, text in self.fields)))


def read(data: bytes) -> Captured:
    """Take the captures out of a file's bytes.

    Raises SmapsFormatError, with the line, if it holds none, or one that is cut or damaged.
    """
    text = unwrap(data)
    _refuse_cut_begin(text)
    try:
        plain = layouts(text)
        for layout in plain:
            _refuse_overflow(layout.totals, layout.line)
        return Captured(tuple(Capture(each.line, None, each) for each in plain), ())
    except NotPlain:
        return _read_lines(text)


def _refuse_cut_begin(text: bytes) -> None:
    """What is left of a text's first address would be one, too, of a mapping of another size."""
    found = _BEGIN.match(text)
    if found is None:
        return
    # The kernel writes eight digits at least, and as many of both but at a power of 16.
    if len(found[1]) >= max(8, len(found[2])):
        return
    length = int(found[2], 16) - int(found[1], 16)
    if length > 0 and abs(length - int(found[3]) * 1024) > _GUARD:
        raise SmapsFormatError(
            "line 1: the addresses contradict the Size below them; the begin of the line may be"
            " missing"
        )


def _read_lines(text: bytes) -> Captured:
    """Take the captures out of a text of any shape, line by line."""
    lines = text.split(b"\n")
    strip_line_ends(lines)
    reader = _Reader()
    for number, line in enumerate(lines, 1):
        reader.line(number, line, is_ended=number < len(lines))
    if not reader.blocks:
        raise SmapsFormatError(*what_it_is(text))
    if not any(block.fields for block in reader.blocks):
        raise SmapsFormatError(_without_figures(reader.blocks, lines))
    if lines[-1].strip():
        _refuse_cut_line(reader, len(lines), lines[-1])
    parser = BlockParser()
    captures: list[Capture] = []
    for blocks in _layouts(reader.blocks):
        capture = _capture(blocks, parser)
        if captures and _belongs(capture, captures[-1]):
            captures[-1] = _with_rollup(captures[-1], capture)
        else:
            captures.append(capture)
    return Captured(tuple(captures), tuple(reader.left_out))


#: What a figure may look like to a person, and not to a program.
_LIKE_A_FIGURE = re.compile(rb"\s*(?:Size|Rss|Pss)\b.*[0-9]")


def _without_figures(blocks: list[_Block], lines: list[bytes]) -> str:
    for number, line in enumerate(lines, 1):
        if _LIKE_A_FIGURE.match(line):
            return f"line {number}: {shown(line)} is no figure; the kernel writes 'Rss:  532 kB'"
    if len(blocks) == 1:
        return f"line {blocks[0].line}: {_CUT}, or it is maps, which has no sizes"
    return "this is maps: addresses and names only; capture /proc/PID/smaps, which has the sizes"


class _Reader:
    """Sorts lines into mappings and what is none."""

    def __init__(self) -> None:
        self.blocks: list[_Block] = []
        self.left_out: list[int] = []
        self._pid: int | None = None
        self._is_foreign = False  # what follows belongs to another file, up to the next header
        self._noise: tuple[int, bytes] | None = None  # since the last line of the block
        self._orphan: tuple[int, bytes] | None = None  # a figure before the first header

    def line(self, number: int, line: bytes, *, is_ended: bool = True) -> None:
        """Take the next line; one that no newline ends may be cut, and continues no other."""
        if not line.strip():
            return
        if self._take(number, line, None):
            return
        for pattern in _MARKS:
            marks = pattern.match(line)
            if marks and marks.end():
                pid = int(marks[1]) if marks[1] and len(marks[1]) <= 10 else None
                if self._take(number, line[marks.end() :], pid):
                    return
        line = line.lstrip(b" \t>|#*")
        if line and not (is_ended and self._continue(line)):
            self._leave_out(number, line)

    def _take(self, number: int, line: bytes, pid: int | None) -> bool:
        """Take a line that is a header, or a figure of the mapping before it."""
        if _HEADER.match(line):
            if self._orphan is not None:
                raise SmapsFormatError(
                    f"line {self._orphan[0]}: {shown(self._orphan[1])} has no mapping's header"
                    " before it: the begin of the capture is missing or damaged"
                )
            self._pid = pid or self._pid
            separated = self._noise is not None
            self.blocks.append(_Block(number, line, self._pid, separated))
            self._noise, self._is_foreign = None, False
            return True
        found = _FIELD.fullmatch(line)
        if found is None or self._is_foreign or not self._is_field(*found.groups()):
            return False
        if not self.blocks:
            if self._orphan is None and found[1] in KNOWN_KEYS and _FIGURE.fullmatch(found[3]):
                self._orphan = number, line
            return False
        if self._noise is not None:
            raise SmapsFormatError(
                f"line {self._noise[0]}: {shown(self._noise[1])} stands in the middle of a mapping;"
                " it is neither its header nor a figure"
            )
        self.blocks[-1].fields.append((number, line))
        return True

    def _is_field(self, key: bytes, gap: bytes, value: bytes) -> bool:
        if key in KNOWN_KEYS:
            return True
        # status has a tab there; meminfo begins so.
        if b"\t" in gap or key == b"MemTotal":
            self._is_foreign = True
            return False
        return bool(_FIGURE.fullmatch(value)) or len(key) + 1 + len(gap) >= _VALUE_COLUMN

    def _continue(self, line: bytes) -> bool:
        """Whether it is the rest of the line before it, as mail programs fold long ones."""
        if not self.blocks or self._noise is not None:
            return False
        block = self.blocks[-1]
        if not block.fields:
            header = _WHOLE_HEADER.fullmatch(block.header)
            joined = block.header.rstrip(b" ") + b" " + line
            is_name = header is not None and not header[1] and line[:1] in (b"/", b"[")
            if is_name or (header is None and _WHOLE_HEADER.fullmatch(joined)):
                block.header = joined
                return True
            return False
        number, last = block.fields[-1]
        if last.startswith(b"VmFlags:") and _FLAGS.fullmatch(line.strip()):
            block.fields[-1] = number, last.rstrip(b" ") + b" " + line.strip() + b" "
            return True
        return False

    def _leave_out(self, number: int, line: bytes) -> None:
        if self._noise is None:
            self._noise = number, line
        self.left_out.append(number)
        named = {int(one or two) for one, two in _OF_PROCESS.findall(line) if len(one or two) <= 10}
        if named and not _ERROR.search(line):
            self._pid = named.pop() if len(named) == 1 else None


def _layouts(blocks: list[_Block]) -> list[list[_Block]]:
    """Divide mappings into layouts, and the totals of such."""
    layouts: list[list[_Block]] = []
    for block in blocks:
        if layouts and not _begins_layout(block, layouts[-1]):
            layouts[-1].append(block)
        else:
            layouts.append([block])
    return layouts


def _begins_layout(block: _Block, layout: list[_Block]) -> bool:
    before = layout[-1]
    if _is_rollup(block) or _is_rollup(before) or block.pid != before.pid:
        return True
    start, end = _span(block)
    _, end_before = _span(before)
    first, _ = _span(layout[0])
    if start >= end_before:
        return False
    return end <= end_before or start <= first or block.is_separated


def _is_rollup(block: _Block) -> bool:
    header = _WHOLE_HEADER.fullmatch(block.header)
    return header is not None and header[1] == b"[rollup]"


def _span(block: _Block) -> tuple[int, int]:
    start, end = block.header.split(b" ", 1)[0].split(b"-")
    return int(start, 16), int(end, 16)


def _capture(blocks: list[_Block], parser: BlockParser) -> Capture:
    _refuse_cut(blocks)
    _refuse_missing_lines(blocks)
    entries = [_parse(block, parser) for block in blocks]
    first = blocks[0]
    _refuse_overflow(sum_totals(entries), first.line)
    spans = [_span(block) for block in blocks]
    is_torn = any(start < end for (start, _), (_, end) in zip(spans[1:], spans, strict=False))
    return Capture(first.line, first.pid, entries, is_torn, _is_rollup(first))


def _refuse_overflow(totals: Totals, line: int) -> None:
    try:
        refuse_overflow(totals)
    except SmapsFormatError as error:
        raise SmapsFormatError(f"line {line}: {error}") from None


def _parse(block: _Block, parser: BlockParser) -> MappingUsage:
    try:
        entry = parser.parse(block.text())
    except SmapsFormatError as error:
        raise SmapsFormatError(f"line {block.line}: {error}") from None
    for other in (entry.usage.other or "").split("\n"):
        line = other.encode("utf-8", "surrogateescape")
        if line.split(b":", 1)[0] in KNOWN_KEYS and not OTHER_SIZE.fullmatch(other):
            number = next((at for at, text in reversed(block.fields) if text == line), block.line)
            raise SmapsFormatError(f"line {number}: {shown(line)} is no figure, or a second one")
    return entry


def _refuse_cut_line(reader: _Reader, number: int, line: bytes) -> None:
    """The last line has no newline: it is whole only if it can be seen to be."""
    last = reader.blocks[-1]
    is_figure = bool(last.fields) and last.fields[-1][0] == number
    if is_figure and not _WHOLE_LINE.fullmatch(last.fields[-1][1]):
        raise SmapsFormatError(f"line {number}: {_CUT}")
    if number in reader.left_out and _CUT_LINE.fullmatch(line.strip()):
        raise SmapsFormatError(f"line {number}: {_CUT}")


def _refuse_cut(blocks: list[_Block]) -> None:
    """Only the last mapping of a layout can be cut: it then lacks lines that the others have.

    A single one has no other to compare with: it must end in VmFlags, which kernels since 3.8 print
    last, or have all that older ones print. Those end in a line that this version knows. What has
    neither Size nor Rss is of WSL 1, which prints Pss alone.
    """
    last = blocks[-1]
    where = last.fields[-1][0] if last.fields else last.line
    keys = [text.split(b":", 1)[0] for _, text in last.fields]
    cut = SmapsFormatError(f"line {where}: {_CUT}")
    if not keys:
        raise cut
    if len(blocks) > 1:
        if set(blocks[-2].keys()) - set(keys) or len(blocks[-2].fields) > len(last.fields):
            raise cut
    elif _is_rollup(last):
        if not set(keys) >= _OLDEST_KEYS - {b"Size"}:
            raise cut
    elif keys[-1] != b"VmFlags" and {b"Size", b"Rss"} & set(keys):
        is_whole = _WHOLE_LINE.fullmatch(last.fields[-1][1]) and keys[-1] in KNOWN_KEYS
        if not (is_whole and set(keys) >= _OLDEST_KEYS):
            raise cut


def _refuse_missing_lines(blocks: list[_Block]) -> None:
    """A kernel prints the same lines of every mapping: what most have, none may lack."""
    kinds = Counter(block.keys() for block in blocks)
    if len(kinds) == 1:
        return
    counts: Counter[bytes] = Counter()
    for keys, count in kinds.items():
        for key in set(keys):
            counts[key] += count
    common = {key for key, count in counts.items() if 2 * count > len(blocks)}
    for block in blocks:
        if missing := common - set(block.keys()):
            names = ", ".join(sorted(key.decode() for key in missing)[:3])
            raise SmapsFormatError(
                f"line {block.line}: this mapping lacks lines that the others have ({names});"
                " the text is cut or damaged there"
            )


def _belongs(rollup: Capture, layout: Capture) -> bool:
    """Whether totals are those of the layout before them: the kernel prints its first address."""
    return (
        rollup.is_rollup
        and not layout.is_rollup
        and layout.rollup is None
        and _first(rollup).mapping.start == _first(layout).mapping.start
        and rollup.pid in (None, layout.pid)
    )


def _with_rollup(layout: Capture, rollup: Capture) -> Capture:
    return Capture(
        layout.line, layout.pid, layout.entries, layout.is_torn, rollup=_first(rollup).usage
    )


def _first(capture: Capture) -> MappingUsage:
    return next(iter(capture.entries))
