"""What several formats of text have in common: times, names of columns."""

from __future__ import annotations

from datetime import datetime, timezone

from ..answers.walk import FIGURES
from ..render.escape import escape
from ..units import SECOND

#: Columns of sizes: bytes, but for the number of mappings.
SIZES = ("mappings", "size", *(metric.name for metric in FIGURES))

#: What begins a formula in spreadsheets; and what is put in front, so that it can be taken away.
_FORMULA = ("=", "+", "-", "@", "'")


def cell(name: str) -> str:
    """A name as a field of CSV: escaped, and no formula of a spreadsheet."""
    shown = escape(name)
    return f"'{shown}" if shown.startswith(_FORMULA) else shown


def utc(time_ns: int) -> str:
    """`2018-08-17T13:58:03.942000Z`: cut, not rounded, to microseconds."""
    seconds, rest = divmod(time_ns, SECOND)
    moment = datetime.fromtimestamp(seconds, timezone.utc)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{rest // 1000:06d}Z"
