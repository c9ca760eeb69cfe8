"""Text that people write and read <-> bytes and nanoseconds.

Sizes are binary: K, M, G and T are powers of 1024, with or without `i` and `B`.
"""

from __future__ import annotations

import re
import time
from datetime import datetime

from .errors import UsageError

KIB = 1024
MILLISECOND = 1_000_000
SECOND = 1_000_000_000

_DURATIONS = {
    "us": 1_000,
    "ms": MILLISECOND,
    "s": SECOND,
    "m": 60 * SECOND,
    "min": 60 * SECOND,
    "h": 3600 * SECOND,
    "d": 86400 * SECOND,
}
#: Recordings and timers hold 63 bits.
_LARGEST = 2**62
_SIZES = {"": 0, "K": 1, "M": 2, "G": 3, "T": 4, "P": 5}


def parse_duration(text: str, option: str, default_unit: str = "ms") -> int:
    """Nanoseconds of `200`, `200ms`, `1s`, `1.5m`; a bare number is in `default_unit`.

    Raises UsageError, naming `option`, for anything that is not a positive duration.
    """
    match = re.fullmatch(r"\s*([0-9]+(?:\.[0-9]*)?|\.[0-9]+)\s*([a-z]*)\s*", text)
    unit = _DURATIONS.get(match[2] or default_unit) if match else None
    if match is None or unit is None:
        raise UsageError(f"{option}: {text!r} is not a duration; write 200ms, 1s or 5m")
    nanoseconds = float(match[1]) * unit
    if round(min(nanoseconds, 1.0)) == 0:
        raise UsageError(f"{option}: {text!r} is too short; it must be more than 0")
    if nanoseconds >= _LARGEST:
        raise UsageError(f"{option}: {text!r} is too long")
    return round(nanoseconds)


def parse_size(text: str, option: str) -> int:
    """Bytes of `300M`, `1.5GiB`, `4096`.

    Raises UsageError, naming `option`.
    """
    match = re.fullmatch(r"\s*([0-9]+(?:\.[0-9]*)?)\s*([KMGTP]?)(?:i?B)?\s*", text, re.IGNORECASE)
    if match is None:
        raise UsageError(f"{option}: {text!r} is not a size; write 300M or 1.5GiB")
    size = float(match[1]) * float(KIB ** _SIZES[match[2].upper()])
    if size >= _LARGEST:
        raise UsageError(f"{option}: {text!r} is too large")
    return round(size)


def plural(count: int, one: str, many: str) -> str:
    """`1 mapping`, `2 mappings`."""
    return f"{count} {one if count == 1 else many}"


def group_digits(number: int) -> str:
    """`541 812`: thousands apart by a blank."""
    return f"{number:,}".replace(",", " ")


def format_kib(size: int | None) -> str:
    """`541 812 Ki`: whole KiB, as the kernel counts; `–` for a size that was not reported."""
    return "–" if size is None else f"{group_digits(size // KIB)} Ki"


def format_size(size: int | None) -> str:
    """`1.4 GiB`: three significant digits at most; `–` for a size that was not reported."""
    if size is None:
        return "–"
    value = float(size)
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if abs(value) < 1000 or unit == "TiB":
            break
        value /= KIB
    return f"{value:.0f} {unit}" if unit == "B" or abs(value) >= 100 else f"{value:.3g} {unit}"


def format_duration(nanoseconds: int) -> str:
    """`2 h 05 min`, `1 min 05 s`, `12.3 s`, `45 ms`."""
    # The limits are those above which rounding would show 1000 ms and 60.0 s.
    if nanoseconds < SECOND - MILLISECOND // 2:
        return f"{nanoseconds / MILLISECOND:.3g} ms"
    if nanoseconds < 60 * SECOND - 50 * MILLISECOND:
        return f"{nanoseconds / SECOND:.1f} s"
    seconds = round(nanoseconds / SECOND)
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60:02d} s"
    return f"{seconds // 3600} h {seconds % 3600 // 60:02d} min"


def format_time(nanoseconds: int) -> str:
    """`2018-08-17T15:58:03.942`: UTC nanoseconds as local time, cut (not rounded) to ms.

    In the hour that a change from summer time repeats, the offset says which of the two it is:
    `2018-10-28T02:30:00.000+02:00`.
    """
    seconds, rest = divmod(nanoseconds, SECOND)
    local = datetime.fromtimestamp(seconds)
    zone = repeated_zone(nanoseconds)
    return f"{local:%Y-%m-%dT%H:%M:%S}.{rest // MILLISECOND:03d}{zone}"


def local_offset(nanoseconds: int) -> int:
    """How many seconds local time was ahead of UTC at a time (UTC nanoseconds)."""
    # Not datetime's own: that refuses offsets of a day and more, which TZ may have.
    return time.localtime(nanoseconds // SECOND).tm_gmtoff


def repeated_zone(nanoseconds: int) -> str:
    """The offset as `+02:00` if local time shows this time twice, else nothing."""
    local = datetime.fromtimestamp(nanoseconds // SECOND)
    if local.replace(fold=0).timestamp() == local.replace(fold=1).timestamp():
        return ""
    return format_offset(local_offset(nanoseconds))


def format_offset(seconds: int) -> str:
    """`+02:00`, `-03:30`: how far local time is ahead of UTC."""
    minutes, rest = divmod(abs(seconds), 60)
    sign = "-" if seconds < 0 else "+"
    return f"{sign}{minutes // 60:02d}:{minutes % 60:02d}" + (f":{rest:02d}" if rest else "")


def parse_time(text: str, option: str, *, first: bool = False) -> int:
    """UTC nanoseconds of an ISO 8601 time, local unless it names a zone.

    A time is taken to the last nanosecond of what it says: `15:58:03.942` includes all of that
    millisecond, `15:58:03` all of that second, so that a printed time finds its own measurement.
    With `first` it is taken from the first one: for the start of a span, and for an instant. Of a
    local time that comes twice it is the second one, with `first` the first.

    Raises UsageError, naming `option`.
    """
    match = re.fullmatch(
        r"\s*(\d{4}-\d\d-\d\d[T ]\d\d:\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?"
        r"\s*(?:(Z)|([+-])(\d\d):?(\d\d)(?::?(\d\d))?)?\s*",
        text,
    )
    if match is None:
        raise UsageError(f"{option}: {text!r} is not a time; write 2018-08-17T15:58:03.942")
    minute, second, fraction, utc, sign, *zone = match.groups()
    try:
        moment = datetime.fromisoformat(f"{minute}:{second or '00'}")
    except ValueError as error:
        raise UsageError(f"{option}: {text!r}: {error}") from None
    whole = round((moment - datetime(1970, 1, 1)).total_seconds())
    if sign is not None:
        hours, minutes, seconds = (int(part or 0) for part in zone)
        if minutes >= 60 or seconds >= 60:
            raise UsageError(f"{option}: {text!r}: an offset has at most 59 minutes")
        whole -= (1 if sign == "+" else -1) * (hours * 3600 + minutes * 60 + seconds)
    elif utc is None:
        whole = _utc_of_local(moment, whole, first)
    if second is None:
        length = 60 * SECOND
    elif fraction is None:
        length = SECOND
    else:
        length = int(10 ** (9 - len(fraction)))
    begin = whole * SECOND + int(fraction or 0) * length
    return begin if first else begin + length - 1


def _utc_of_local(moment: datetime, seconds: int, first: bool) -> int:
    """Seconds since 1970 of a local time; `seconds` are those it would be in UTC."""
    try:
        once = round(moment.timestamp())
        # One that the clock leaves out in spring is neither earlier nor later the second time.
        return once if first else max(once, round(moment.replace(fold=1).timestamp()))
    except (ValueError, OverflowError):
        # In the first and last days of the calendar UTC may be in another year than there is.
        return seconds - time.localtime(seconds).tm_gmtoff
