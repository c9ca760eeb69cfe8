"""Puts a recording into a dataset: each of its days, unless that is there already."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from datetime import date
from typing import NamedTuple

from ..export.columns import module, write_parquet
from ..store.recording import Recording
from ..store.steps import Steps, silently
from .dataset import Held, Listing, alone, listing, remove
from .forget import kept_from
from .names import date_folder, host_folder, part_name
from .schema import TABLES, writer_options
from .unit import Told, Unit
from .writing import NewFiles


class Added(NamedTuple):
    """What became of a day of a recording: `rows` of all tables, 0 if nothing was written.

    `is_forgotten`: days so old were removed, and are not to come back.
    """

    day: date
    rows: int
    is_forgotten: bool = False


class _Written(NamedTuple):
    """A day whose files are complete, and get their names with those of the others."""

    unit: Unit
    files: NewFiles
    rows: int


def add(dataset: str, recording: Recording, told: Told, tell: Steps = silently) -> list[Added]:
    """Add the days of a recording; after an error there is nothing new.

    A day that has grown since it was added replaces what was there of it.

    Raises MissingExtra, CannotWrite, StoreError, Damaged.
    """
    module("pyarrow.parquet", "fleet")
    days, first = recording.days(), kept_from(dataset)
    found, written = [], []
    with ExitStack() as unfinished:
        for number, day in enumerate(days, 1):
            tell("day", number, len(days))
            unit = Unit(recording, day, told)
            is_forgotten = first is not None and unit.date < first
            done = None if is_forgotten else _written(dataset, unit, unfinished)
            if done is not None:
                written.append(done)
            found.append(Added(unit.date, done.rows if done else 0, is_forgotten))
        for done in written:
            done.files.put_in_place()
    if written:
        _clear(dataset, [done.unit for done in written])
    return found


def _written(dataset: str, unit: Unit, unfinished: ExitStack) -> _Written | None:
    """Write the files of a day; None if there is nothing new."""
    added_ns = time.time_ns()
    for held in _held(dataset, unit):
        if held.fingerprint == unit.fingerprint or held.last_tick > unit.last_tick:
            return None
        added_ns = max(added_ns, held.added_ns + 1)  # a clock may be set back
    place = os.path.join(date_folder(unit.date), host_folder(unit.hostname))
    name = part_name(unit.recording_id, unit.last_tick, added_ns)
    files = unfinished.enter_context(NewFiles(dataset, place, name))
    rows = 0
    for table, columns in TABLES.items():
        with files.table(table) as file:
            rows += write_parquet(
                *(file, columns, unit.rows(table, added_ns), "fleet", writer_options(table))
            )
    return _Written(unit, files, rows)


def _held(dataset: str, unit: Unit) -> Iterator[Held]:
    """What counts of this recording's day so far."""
    if os.path.isdir(dataset):
        for part in _listed(dataset, unit).parts:
            for held in part.units:
                if held.recording == unit.recording_id not in part.superseded:
                    yield held


def _listed(dataset: str, unit: Unit) -> Listing:
    return listing(dataset, [unit.date], (host_folder(unit.hostname), unit.recording_id))


def _clear(dataset: str, units: Iterable[Unit]) -> None:
    """Remove what is superseded, unless somebody reads: then the next one who adds does it."""
    with alone(dataset) as is_mine:
        if is_mine:
            for unit in units:
                remove(dataset, _listed(dataset, unit).stale)
