"""Protocol Buffers on the wire: the few kinds of fields that the formats here have.

https://protobuf.dev/programming-guides/encoding/ is the description. A message is bytes; a field of
the value None is left out.
"""

from __future__ import annotations

from collections.abc import Iterable

_VARINT, _BYTES = 0, 2


def varint(value: int) -> bytes:
    """A number, 7 bits a byte; a negative one as 64 bits."""
    if 0 <= value < 0x80:
        return _SMALL[value]
    value &= 0xFFFF_FFFF_FFFF_FFFF
    parts = bytearray()
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    parts.append(value)
    return bytes(parts)


_SMALL = [bytes([value]) for value in range(0x80)]


def number(field: int, value: int | bool | None) -> bytes:
    """A field of an integer, a truth or an enum."""
    if value is None:
        return b""
    return varint(field << 3 | _VARINT) + varint(int(value))


def data(field: int, value: bytes | str | None) -> bytes:
    """A field of bytes, of a text, or of a message."""
    if value is None:
        return b""
    content = value.encode() if isinstance(value, str) else value
    return varint(field << 3 | _BYTES) + varint(len(content)) + content


def packed(field: int, values: Iterable[int]) -> bytes:
    """A repeated field of integers in one piece; nothing if there are none."""
    content = b"".join(map(varint, values))
    return data(field, content) if content else b""
