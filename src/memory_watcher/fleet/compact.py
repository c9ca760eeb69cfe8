"""Makes one file a table of the many small ones of a day; readers see the old ones, or the new."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, NamedTuple

from ..errors import CannotWrite
from ..export.columns import OPTIONS, module, schema
from ..store.steps import Steps, silently
from ..units import SECOND
from .dataset import Bad, Part, alone, first_line, listing, open_parquet, reading, remove
from .names import ALL_HOSTS, UNFINISHED, all_name, date_folder, day_of_folder, told_by
from .schema import TABLES, VOUCHING, writer_options
from .writing import NewFiles

#: Held while this runs, so that it runs once.
_LOCK = "_compacting"
#: Rows that are held at once, and of a row group.
_ROWS = 131_072
#: How long readers are waited for, seconds.
_PATIENCE_S = 30.0
#: What an interrupted program left is removed when it is so old, nanoseconds.
_LEFT_OVER = 86_400 * SECOND


class Compacted(NamedTuple):
    """What became of a day: how many files of how many bytes there were, and are.

    `is_cleared`: the old ones are gone; else somebody read them. `bad` could not be used, and
    stays.
    """

    day: date
    files: int
    size: int
    new_size: int
    is_cleared: bool
    bad: tuple[Bad, ...]


def compact(dataset: str, before: date, tell: Steps = silently) -> Iterator[Compacted]:
    """Compact the days before another, one after the other; those of one file stay.

    Raises StoreError if there is no dataset, MissingExtra, CannotWrite.
    """
    arrow = module("pyarrow", "fleet")
    first = listing(dataset, [])  # says whether there is a dataset at all
    with alone(first.folder, _LOCK) as is_mine:
        if not is_mine:
            raise CannotWrite(f"{dataset}: it is being compacted; wait until that is done")
        days = [day for day in _days(dataset) if day < before]
        for number, day in enumerate(days, 1):
            tell("day", number, len(days))
            done = _compact_day(arrow, dataset, day)
            if done is not None:
                yield done
        _sweep(dataset)


def _days(dataset: str) -> list[date]:
    folder = os.path.join(dataset, VOUCHING)
    with contextlib.suppress(FileNotFoundError):
        return sorted(
            day for name in os.listdir(folder) if (day := day_of_folder(name)) is not None
        )
    return []


def _compact_day(arrow: Any, dataset: str, day: date) -> Compacted | None:
    with reading(dataset):  # nobody removes what is read here
        there = listing(dataset, [day])
        bad = [*there.bad]
        parts = list(there.parts)
        size = new_size = _size(dataset, [*parts, *there.stale])
        files = (len(parts) + len(there.stale)) * len(TABLES)
        while len(parts) > 1 or any(part.superseded for part in parts):
            try:
                new_size = _merge(arrow, dataset, day, parts)
                break
            except _Unreadable as error:
                bad.append(error.bad)
                parts.remove(error.part)
        else:
            if not there.stale:
                return Compacted(day, 0, 0, 0, True, tuple(bad)) if bad else None
    with alone(dataset, seconds=_PATIENCE_S) as is_mine:
        if is_mine:
            remove(dataset, listing(dataset, [day]).stale)
    return Compacted(day, files, size, new_size, is_mine, tuple(bad))


class _Unreadable(Exception):
    """A file turned out to be damaged."""

    def __init__(self, part: Part, path: str, error: Exception) -> None:
        super().__init__(path)
        self.part = part
        self.bad = Bad(path, first_line(error))


def _merge(arrow: Any, dataset: str, day: date, parts: Sequence[Part]) -> int:
    """Write the files of all of them, and tell their bytes. Raises _Unreadable, CannotWrite."""
    parquet = module("pyarrow.parquet", "fleet")
    place, name = os.path.join(date_folder(day), ALL_HOSTS), all_name(time.time_ns())
    with NewFiles(dataset, place, name) as new:
        for table, columns in TABLES.items():
            told = schema(arrow, columns, plain=True)
            options = {**OPTIONS, **writer_options(table)}
            with (
                new.table(table) as file,
                parquet.ParquetWriter(file, told, **options) as out,
            ):
                for rows in _gathered(arrow, _batches(arrow, dataset, table, parts, told)):
                    out.write_table(rows, row_group_size=_ROWS)
        new.put_in_place()
    return _size(dataset, [Part(day, place, name, ())])


def _batches(
    arrow: Any, dataset: str, table: str, parts: Sequence[Part], told: Any
) -> Iterator[Any]:
    """The rows of a table that count, in pieces, as the schema has them."""
    for part in parts:
        path = part.path(table)
        try:
            file = open_parquet(os.path.join(dataset, path))
            for batch in file.iter_batches(batch_size=_ROWS):
                rows = arrow.Table.from_batches([batch]).select(told.names).cast(told)
                if part.superseded:
                    lost = arrow.array(sorted(part.superseded))
                    compute = module("pyarrow.compute", "fleet")
                    is_lost = compute.is_in(rows.column("recording"), value_set=lost)
                    rows = rows.filter(compute.invert(is_lost))
                yield rows
        except GeneratorExit:
            raise
        except Exception as error:
            raise _Unreadable(part, path, error) from error


def _gathered(arrow: Any, batches: Iterator[Any]) -> Iterator[Any]:
    """The same in larger pieces: of many small files come many small batches."""
    held: list[Any] = []
    count = 0
    for rows in batches:
        held.append(rows)
        count += rows.num_rows
        if count >= _ROWS:
            yield arrow.concat_tables(held)
            held, count = [], 0
    if held:
        yield arrow.concat_tables(held)


def _size(dataset: str, parts: Sequence[Part]) -> int:
    total = 0
    for part in parts:
        for table in TABLES:
            with contextlib.suppress(OSError):
                total += os.stat(os.path.join(dataset, part.path(table))).st_size
    return total


def _sweep(dataset: str) -> None:
    """Remove what was left by programs that were killed, a day ago or more."""
    until = time.time_ns() - _LEFT_OVER
    for table in TABLES:
        for folder, _, names in os.walk(os.path.join(dataset, table)):
            beside = os.path.join(
                dataset, VOUCHING, os.path.relpath(folder, dataset).partition(os.sep)[2]
            )
            for name in names:
                is_left = UNFINISHED.fullmatch(name) or (
                    told_by(name) and not os.path.exists(os.path.join(beside, name))
                )
                path = os.path.join(folder, name)
                with contextlib.suppress(OSError):
                    if is_left and os.lstat(path).st_mtime_ns < until:
                        os.unlink(path)
