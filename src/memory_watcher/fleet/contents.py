"""What a dataset holds, day by day."""

from __future__ import annotations

import contextlib
import os
from datetime import date
from typing import NamedTuple

from .dataset import Listing
from .schema import TABLES


class DayHeld(NamedTuple):
    """A day of a dataset: how many hosts, recordings and files, and their bytes.

    `superseded` are files of which something newer is there: `compact` removes them.
    """

    day: date
    hosts: int
    recordings: int
    files: int
    size: int
    superseded: int


def contents(there: Listing) -> list[DayHeld]:
    """The days of a dataset, in order."""
    days = sorted({part.day for part in (*there.parts, *there.stale)})
    found = []
    for day in days:
        parts = [part for part in there.parts if part.day == day]
        stale = [part for part in there.stale if part.day == day]
        units = [
            unit for part in parts for unit in part.units if unit.recording not in part.superseded
        ]
        size = 0
        for part in (*parts, *stale):
            for table in TABLES:
                with contextlib.suppress(OSError):
                    size += os.stat(os.path.join(there.folder, part.path(table))).st_size
        found.append(
            DayHeld(
                *(day, len({unit.hostname for unit in units}), len(units)),
                *((len(parts) + len(stale)) * len(TABLES), size, len(stale) * len(TABLES)),
            )
        )
    return found
