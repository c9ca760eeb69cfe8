"""A series as a line of small bars."""

from __future__ import annotations

from collections.abc import Sequence

_BARS = "▁▂▃▄▅▆▇█"


def spark(values: Sequence[int | None]) -> str:
    """From the lowest to the highest of them; a blank where nothing is known."""
    known = [value for value in values if value is not None]
    if not known:
        return " " * len(values)
    low, reach = min(known), max(known) - min(known)
    return "".join(
        " " if value is None else _BARS[(value - low) * (len(_BARS) - 1) // reach if reach else 0]
        for value in values
    )
