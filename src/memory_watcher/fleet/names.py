r"""What the folders and files of a dataset are called.

    DIR/TABLE/date=2026-11-27/host=NAME/part-RECORDING-TICK-TIME-RANDOM.parquet
    DIR/TABLE/date=2026-11-27/host=_all/all-TIME-RANDOM.parquet             after compaction

A machine may call itself anything: what is neither a letter, a digit, nor one of `._-` is written
as %XX, and so is a dot or underscore at the beginning. Engines turn that back.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from datetime import date, timedelta
from typing import NamedTuple

#: Where files of many hosts are. No host has this name: a leading underscore is escaped.
ALL_HOSTS = "host=_all"
#: As Hive, Spark and DuckDB call what is NULL.
_NO_HOST = "host=__HIVE_DEFAULT_PARTITION__"
ENDING = ".parquet"
#: Unfinished files: engines pass over names that begin with a dot.
UNFINISHED = re.compile(r"\.[a-z]+-[0-9a-f-]+\.parquet\.part")

_SAFE = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")
#: Bytes of a folder's name: filesystems take 255.
_LONGEST = 200
_PART = re.compile(r"part-([0-9a-f]{16})-([0-9a-f]{12})-([0-9a-f]{16})-[0-9a-f]{8}\.parquet")
_ALL = re.compile(r"all-([0-9a-f]{16})-[0-9a-f]{8}\.parquet")
_DATE = re.compile(r"date=(\d{4}-\d{2}-\d{2})")
_EPOCH = date(1970, 1, 1)


class PartName(NamedTuple):
    """What the name of a file tells: of one recording's day, or only when it was compacted.

    `recording` and `last_tick` are None of a file of many recordings.
    """

    added_ns: int
    recording: str | None = None
    last_tick: int | None = None


def day_of(number: int) -> date:
    """The day that is so many after 1970-01-01."""
    return _EPOCH + timedelta(days=number)


def date_folder(day: date) -> str:
    """The folder of a day."""
    return f"date={day.isoformat()}"


def day_of_folder(name: str) -> date | None:
    """The day of a folder; None if it is not that of a day."""
    match = _DATE.fullmatch(name)
    try:
        return date.fromisoformat(match[1]) if match else None
    except ValueError:
        return None


def host_folder(hostname: str | None) -> str:
    """The folder of a host."""
    if not hostname:
        return _NO_HOST
    raw = hostname.encode("utf-8", "surrogateescape")
    parts = [chr(byte) if byte in _SAFE else f"%{byte:02X}" for byte in raw]
    if parts[0] in "._":
        parts[0] = f"%{raw[0]:02X}"
    name = "".join(parts)
    if len(name) > _LONGEST:
        digest = hashlib.sha256(raw).hexdigest()[:16]
        kept = 0
        while len("".join(parts[: kept + 1])) <= _LONGEST - len(digest) - 1:
            kept += 1
        name = f"{''.join(parts[:kept])}-{digest}"
    return f"host={name}"


def part_name(recording: str, last_tick: int, added_ns: int) -> str:
    """A name for the files of one recording's day, which nothing else has."""
    return f"part-{recording}-{last_tick:012x}-{added_ns:016x}-{secrets.token_hex(4)}{ENDING}"


def all_name(added_ns: int) -> str:
    """A name for the files of a whole day."""
    return f"all-{added_ns:016x}-{secrets.token_hex(4)}{ENDING}"


def told_by(name: str) -> PartName | None:
    """What a file's name tells; None if it is not one of a dataset."""
    if match := _PART.fullmatch(name):
        return PartName(int(match[3], 16), match[1], int(match[2], 16))
    if match := _ALL.fullmatch(name):
        return PartName(int(match[1], 16))
    return None
