"""Removes the oldest days of a dataset, and remembers that they are not to come back."""

from __future__ import annotations

import contextlib
import os
import shutil
from datetime import date
from typing import NamedTuple

from ..errors import CannotWrite, StoreError
from ..own_files import read_small, reason, whole_file
from .dataset import alone
from .names import date_folder, day_of_folder
from .schema import TABLES, VOUCHING

#: The first day that is kept. Engines pass over names that begin with an underscore.
_KEPT_FROM = "_kept_from"
#: How long readers are waited for, seconds.
_PATIENCE_S = 60.0


class Forgotten(NamedTuple):
    """How many days were removed, and how many bytes they had."""

    days: int
    size: int


def kept_from(dataset: str) -> date | None:
    """The first day that may be added; None if all may.

    Raises StoreError for a file that says nothing.
    """
    path = os.path.join(dataset, _KEPT_FROM)
    try:
        return date.fromisoformat(read_small(path, 100).decode("ascii").strip())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError):
        raise StoreError(f"{path}: it holds no day; remove it") from None


def forget(dataset: str, first: date) -> Forgotten:
    """Remove all days before the first one that is kept.

    Raises StoreError if there is no dataset, CannotWrite, also if it is read for too long.
    """
    if not os.path.isdir(dataset):
        raise StoreError(f"{dataset}: no dataset: no such folder")
    with alone(dataset, seconds=_PATIENCE_S) as is_mine:
        if not is_mine:
            raise CannotWrite(f"{dataset}: others are reading it; try again later")
        before = kept_from(dataset)
        try:
            if before is None or before < first:
                with whole_file(os.path.join(dataset, _KEPT_FROM)) as file:
                    file.write(f"{first.isoformat()}\n".encode())
                    os.fchmod(file.fileno(), os.stat(dataset).st_mode & 0o644 | 0o600)
            return _remove_before(dataset, first)
        except OSError as error:
            raise CannotWrite(f"{dataset}: cannot write: {reason(error, dataset)}") from None


def _remove_before(dataset: str, first: date) -> Forgotten:
    old: set[date] = set()
    size = 0
    # What vouches goes first: what is left, if this is interrupted, does not count.
    for table in (VOUCHING, *(name for name in TABLES if name != VOUCHING)):
        folder = os.path.join(dataset, table)
        with contextlib.suppress(FileNotFoundError):
            days = {day for name in os.listdir(folder) if (day := day_of_folder(name)) is not None}
            for day in sorted(day for day in days if day < first):
                path = os.path.join(folder, date_folder(day))
                size += _size(path)
                shutil.rmtree(path)
                old.add(day)
    return Forgotten(len(old), size)


def _size(folder: str) -> int:
    total = 0
    for path, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                total += os.lstat(os.path.join(path, name)).st_size
    return total
