"""--timezone: of which zone local times are."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import tzinfo


def told_zone(text: str | None) -> str:
    """What is said of it beside what was written."""
    return text or "this machine's; --timezone chooses another"


def zone_of(text: str | None) -> tzinfo | None:
    """The zone that is meant; None is this machine's. Raises UsageError."""
    from datetime import timedelta, timezone
    from zoneinfo import ZoneInfo

    from ..errors import UsageError

    if text is None:
        return None
    if match := re.fullmatch(r"([+-])(\d\d):?([0-5]\d)", text):
        offset = timedelta(hours=int(match[2]), minutes=int(match[3]))
        if offset < timedelta(days=1):
            return timezone(-offset if match[1] == "-" else offset)
    try:
        return ZoneInfo(text)
    except (ValueError, OSError, KeyError):  # KeyError: ZoneInfoNotFoundError
        raise UsageError(
            f"--timezone: {text!r} is no time zone known here; write Europe/Prague or +02:00"
        ) from None
