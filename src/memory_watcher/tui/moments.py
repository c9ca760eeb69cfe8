"""A moment as a person types it, within a history."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from ..errors import UsageError
from ..units import SECOND, parse_duration, parse_time

_DAY = 24 * 3600 * SECOND
_OPTION = "time"


def parse_moment(text: str, times: Sequence[int]) -> int:
    """UTC nanoseconds of `15:58`, `15:58:03.9`, `2018-08-17T15:58:03`, `+90s`, `50%`.

    A time of day is the first such time at or after the first instant. `+` counts from that, a
    percentage from it to the last.

    Raises UsageError.
    """
    text = text.strip()
    if not times:
        raise UsageError("nothing was recorded")
    first, last = times[0], times[-1]
    if match := re.fullmatch(r"(\d{1,3}(?:\.\d*)?)\s*%", text):
        return first + round((last - first) * float(match[1]) / 100)
    if text.startswith("+"):
        return first + parse_duration(text[1:], _OPTION, "s")
    if re.fullmatch(r"\d{1,2}:\d\d(:\d\d([.,]\d{1,9})?)?", text):
        return _time_of_day(text, first)
    return parse_time(text, _OPTION)


def _time_of_day(text: str, first: int) -> int:
    day = datetime.fromtimestamp(first // SECOND)
    hour, rest = text.split(":", 1)
    moment = parse_time(f"{day:%Y-%m-%d}T{hour:0>2}:{rest}", _OPTION)
    return moment if moment >= first else moment + _DAY
