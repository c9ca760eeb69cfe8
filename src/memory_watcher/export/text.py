"""What several formats of text have in common: times, names of columns."""

from __future__ import annotations

from datetime import datetime, timezone

from ..answers.walk import FIGURES
from ..units import SECOND

#: Columns of sizes: bytes, but for the number of mappings.
SIZES = ("mappings", "size", *(metric.name for metric in FIGURES))


def utc(time_ns: int) -> str:
    """`2018-08-17T13:58:03.942000Z`: cut, not rounded, to microseconds."""
    seconds, rest = divmod(time_ns, SECOND)
    moment = datetime.fromtimestamp(seconds, timezone.utc)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{rest // 1000:06d}Z"
