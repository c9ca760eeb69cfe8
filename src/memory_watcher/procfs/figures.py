"""Digits of a proc file -> a figure, or None for what no machine could mean. Pure.

Kernels have printed figures of 2**63 and above: counters that went below 0. A recording keeps 63
bits. So what is more is not told, as a text that is no number; the files' other figures stand.
"""

from __future__ import annotations

#: The most that a recording keeps.
LARGEST = (1 << 63) - 1
#: No more digits than 2**64 has: Python refuses to convert thousands of them.
_DIGITS = 20


def held(size: int) -> int | None:
    """A sum as it can be stored; None for one that no machine can have."""
    return size if abs(size) <= LARGEST else None


def figure(text: bytes, unit: int = 1) -> int | None:
    """The number of `unit`s that the digits tell, in ones; None if they tell none that could be."""
    if not text.isdigit() or len(text) > _DIGITS:
        return None
    number = int(text) * unit
    return number if number <= LARGEST else None
