"""Puts a recording into a dataset: each of its days, unless that is there already."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from ..export.columns import module, write_parquet
from ..store.recording import Recording
from ..store.steps import Steps, silently
from .names import date_folder, host_folder, part_name
from .schema import TABLES
from .unit import Told, Unit
from .writing import NewFiles


class Added(NamedTuple):
    """What became of a day of a recording: `rows` of all tables, 0 if it was there already."""

    day: date
    rows: int


def add(dataset: str, recording: Recording, told: Told, tell: Steps = silently) -> Iterator[Added]:
    """Add the days of a recording, one after the other; a day is written whole or not at all.

    Raises MissingExtra, CannotWrite, StoreError, Damaged.
    """
    module("pyarrow.parquet", "fleet")
    days = recording.days()
    for number, day in enumerate(days, 1):
        tell("day", number, len(days))
        yield _add(dataset, Unit(recording, day, told))


def _add(dataset: str, unit: Unit) -> Added:
    added_ns = time.time_ns()
    name = part_name(unit.recording_id, unit.last_tick, added_ns)
    place = os.path.join(date_folder(unit.date), host_folder(unit.hostname))
    rows = 0
    with NewFiles(dataset, place, name) as new:
        for table, columns in TABLES.items():
            with new.table(table) as file:
                rows += write_parquet(file, columns, unit.rows(table, added_ns), "fleet")
        new.put_in_place()
    return Added(unit.date, rows)
