"""Integers as a page can read them fast and a compressor can press small.

A payload is one JSON header and one block of bytes that holds columns of integers. A column is
stored as its differences, without their common factor, as bytes of equal weight side by side
("planes"): what hardly changes becomes runs of zeros. `web/src/payload.ts` is the other half.
"""

from __future__ import annotations

import base64
import json
import math
import struct
import sys
import zlib
from array import array
from collections.abc import Iterable, Sequence
from operator import sub
from typing import Any

#: A number in a page is a double, which is exact up to here.
_EXACT = 2**53


class Columns:
    """Collects columns; `header` describes them by name: where each lies and how to read it."""

    def __init__(self) -> None:
        self.header: dict[str, list[int]] = {}
        self._blocks: list[bytes] = []
        self._end = 0

    def add(self, name: str, values: Sequence[int | None]) -> None:
        """Add one column; None is kept apart from every number.

        What is described: offset, count, planes, common factor, offset of the mask or -1.
        """
        mask, whole = _without_none(values)
        unit = math.gcd(*whole) or 1
        if unit != 1:
            whole = [value // unit for value in whole]
        zigzag = _zigzag(_differences(whole))
        width, planes = _planes(zigzag)
        offset = self._append(planes)
        self.header[name] = [
            offset,
            len(values),
            width,
            unit,
            self._append(mask) if mask else -1,
        ]

    def add_wide(self, name: str, values: Sequence[int]) -> None:
        """Add a column of up to 64 bits as two halves: a page's numbers have 53."""
        self.add(f"{name}.high", [value >> 32 for value in values])
        self.add(f"{name}.low", [value & 0xFFFFFFFF for value in values])

    def block(self) -> bytes:
        """All columns behind each other."""
        return b"".join(self._blocks)

    def _append(self, data: bytes) -> int:
        offset = self._end
        self._blocks.append(data)
        self._end += len(data)
        return offset


def _without_none(values: Sequence[int | None]) -> tuple[bytes, list[int]]:
    """Replace each None by its neighbour; the mask has a 1 where one was, and is empty if none."""
    if None not in values:
        return b"", list(values)  # type: ignore[arg-type]
    filled = []
    last = 0
    for value in values:
        if value is not None:
            last = value
        filled.append(last)
    return bytes(value is None for value in values), filled


def _differences(values: list[int]) -> list[int]:
    return list(map(sub, values, [0, *values[:-1]])) if values else []


def _zigzag(values: list[int]) -> list[int]:
    """Small numbers of either sign become small numbers: 0, -1, 1, -2 -> 0, 1, 2, 3."""
    return [value << 1 if value >= 0 else ~(value << 1) for value in values]


def _planes(values: list[int]) -> tuple[int, bytes]:
    """The bytes of least weight of all values, then those of the next weight, and so on."""
    highest = max(values, default=0)
    if highest >= _EXACT:
        raise ValueError(f"{highest} is too large for a page")
    width = (highest.bit_length() + 7) // 8
    code, size = ("I", 4) if width <= 4 else ("Q", 8)
    numbers = array(code, values)
    if sys.byteorder == "big":
        numbers.byteswap()
    data = numbers.tobytes()
    return width, b"".join(data[plane::size] for plane in range(width))


def relative(values: Iterable[int | None], *bases: Iterable[int | None]) -> list[int | None]:
    """Values less the sum of other columns' (None counts as 0), for what mostly follows them."""
    sums = map(sum, zip(*([base or 0 for base in column] for column in bases), strict=True))
    return [
        None if value is None else value - base for value, base in zip(values, sums, strict=True)
    ]


def pack(header: dict[str, Any], columns: Columns) -> str:
    """Everything as text that may stand in a page: letters, digits, `+`, `/` and `=` only."""
    told = json.dumps({**header, "columns": columns.header}, separators=(",", ":")).encode()
    press = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)
    data = b"".join((struct.pack("<I", len(told)), told, columns.block()))
    return base64.b64encode(press.compress(data) + press.flush()).decode("ascii")
