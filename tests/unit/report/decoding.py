"""Reads packed data in the plainest way: an independent reading of what columns.py describes."""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any


def unpack(text: str) -> tuple[dict[str, Any], bytes]:
    """Give header and block of packed text."""
    data = zlib.decompress(base64.b64decode(text), -15)
    size = int.from_bytes(data[:4], "little")
    return json.loads(data[4 : 4 + size]), data[4 + size :]


def column(header: dict[str, Any], block: bytes, name: str) -> list[int | None]:
    """Read one column value by value."""
    offset, count, planes, unit, mask = header["columns"][name]
    values: list[int | None] = []
    last = 0
    for row in range(count):
        zigzag = sum(block[offset + plane * count + row] << 8 * plane for plane in range(planes))
        last += zigzag // 2 if zigzag % 2 == 0 else -(zigzag + 1) // 2
        values.append(None if mask >= 0 and block[mask + row] else last * unit)
    return values
