r"""Bytes of a file -> the text that was captured, whatever an editor or a shell did to it.

Taken off are gzip, a byte order mark, UTF-16 and the line ends of other systems. A capture that
came straight from the kernel is not changed by a byte: CR and blanks in its names are theirs.
"""

from __future__ import annotations

import gzip
import io
import re
import zlib

from ..errors import SmapsFormatError

#: A capture of a hundred thousand mappings takes 70 MB.
_LARGEST = 1 << 30
_UTF16 = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
_FIGURE = rb"[ \t>]*(?:Rss|Pss):[ \t]*[0-9]+ kB"
_AFTER_LF = re.compile(rb"(?:^|\n)" + _FIGURE)
_AFTER_CR = re.compile(rb"\r" + _FIGURE)
#: Line ends of other worlds, UTF-8: NEL, and Unicode's line and paragraph separators.
_LINE_MARKS = (b"\xc2\x85", b"\xe2\x80\xa8", b"\xe2\x80\xa9")
#: Addresses in capitals, as some copying programs print them; the kernel has none.
_CAPITALS = re.compile(
    rb"^(?=[0-9a-f-]*[A-F])[0-9A-Fa-f]{1,16}-[0-9A-Fa-f]{1,16}"
    rb"(?= [r-][w-][x-][ps] [0-9A-Fa-f]{1,16} )",
    re.MULTILINE,
)
#: A web page's unbreakable blanks, UTF-8, where the kernel has blanks.
_UNBREAKABLE = b"\xc2\xa0"
_WITH_UNBREAKABLE = re.compile(rb"(?:^|\n)[ \t>]*[A-Z][A-Za-z_]*:[ \t]*\xc2\xa0")


def unwrap(data: bytes) -> bytes:
    """The captured text; its lines may still end in CR, which `strip_line_ends` takes off.

    Raises SmapsFormatError for what cannot be unpacked.
    """
    if data.startswith(b"\x1f\x8b"):
        data = _unpacked(data)
    text = _as_utf8(data).removeprefix(b"\xef\xbb\xbf")
    # Searching for a byte first: a pattern takes seconds for a million mappings.
    if b"\r" in text and _AFTER_CR.search(text) and not _AFTER_LF.search(text):
        text = text.replace(b"\r", b"\n")
    for mark in _LINE_MARKS:
        if text.count(mark) > 1 and re.search(mark + _FIGURE, text) and not _AFTER_LF.search(text):
            text = text.replace(mark, b"\n")
    if _CAPITALS.search(text):
        text = _CAPITALS.sub(lambda found: found[0].lower(), text)
    if _UNBREAKABLE in text and _WITH_UNBREAKABLE.search(text):
        text = text.replace(_UNBREAKABLE, b" ")
    return text


def _unpacked(data: bytes) -> bytes:
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as file:
            text = file.read(_LARGEST + 1)
    except (OSError, EOFError, zlib.error):
        raise SmapsFormatError("a damaged or cut gzip file; copy it again") from None
    if len(text) > _LARGEST:
        raise SmapsFormatError("a gzip file of more than 1 GiB of text: no capture is so large")
    return text


def _as_utf8(data: bytes) -> bytes:
    encoding = _UTF16.get(data[:2])
    if encoding is not None:
        data = data[2:]
    elif len(data) >= 8 and not any(data[1:64:2]) and all(data[0:64:2]):
        encoding = "utf-16-le"
    elif len(data) >= 8 and not any(data[0:64:2]) and all(data[1:64:2]):
        encoding = "utf-16-be"
    else:
        return data
    try:
        return data.decode(encoding, "surrogatepass").encode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        raise SmapsFormatError("a UTF-16 text that is cut or damaged; copy it again") from None


def strip_line_ends(lines: list[bytes]) -> None:
    r"""Take the CRs off that are line ends: those behind figures, and behind a header before such.

    The kernel prints no CR behind a figure. Behind a name it does, if the name ends in one: it is
    told from a line end by the line that follows.
    """
    behind = 0  # how many CRs end the line below
    for number in range(len(lines) - 1, -1, -1):
        line = lines[number]
        ends = len(line) - len(line.rstrip(b"\r"))
        if line[:1] in b"0123456789abcdef" and b"-" in line[:17]:
            ends = min(ends, behind)
        elif line.strip():
            behind = ends
        if ends:
            lines[number] = line[:-ends]
