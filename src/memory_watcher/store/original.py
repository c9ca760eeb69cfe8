"""The databases of the original memory-watcher (C++/Qt, 2018 to 2021), as it wrote them.

    August 2018    range, measurement (sums), data; one process, whose PID is in the file's name
    October 2018   measurement has statm, too
    2021           process, memory_range, measurement, data, system_memory; ids are hashes

Sizes are KiB, times local without a zone. An id above 2^63 is a REAL there: ids are compared as
they stand, and never computed with. A file is read as it is, and only its tables are asked.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from types import TracebackType
from typing import NamedTuple

from ..errors import Damaged, NotARecording, RecordingNotFound, StoreError
from .guard import Guard
from .original_tables import TABLES, is_original
from .readonly import Row, decode_text, uri_of

#: Columns of measurement since October 2018, pages of 4 KiB as KiB; lib and dt are always 0.
_STATM = ("statm_size", "statm_resident", "statm_shared", "statm_text", "statm_data")
#: Column of system_memory -> line of /proc/meminfo.
MEMINFO = {
    "mem_total": "MemTotal",
    "mem_free": "MemFree",
    "mem_available": "MemAvailable",
    "buffers": "Buffers",
    "cached": "Cached",
    "swap_cache": "SwapCached",
    "swap_total": "SwapTotal",
    "swap_free": "SwapFree",
    "anon_pages": "AnonPages",
    "mapped": "Mapped",
    "shmem": "Shmem",
    "slab": "Slab",
    "s_reclaimable": "SReclaimable",
}
_PAGE = 2_000

#: An id: a hash, whatever SQLite made of it.
Id = int | float


class OriginalProcess(NamedTuple):
    """A process; `start_time` in clock ticks since boot."""

    id: Id
    pid: int
    start_time: int
    name: str


class OriginalRange(NamedTuple):
    """A mapping; `name` was cut at its first blank."""

    id: Id
    start: int
    end: int
    perms: str
    name: str


class OriginalMeasurement(NamedTuple):
    """A measurement without its mappings: KiB, local time as text; `statm` None before it was kept.

    `process_id` is None in a file of one process. `statm`: size, resident, shared, text, data.
    """

    id: Id
    process_id: Id | None
    time: str
    rss_sum: int
    pss_sum: int
    statm: tuple[int, ...] | None


class OriginalDatabase:
    """One file of the original's, opened for reading. To be closed, or used by `with`.

    Raises RecordingNotFound, NotARecording, StoreError; the questions raise Damaged.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        if not os.path.isfile(path):
            raise RecordingNotFound(f"{path}: no such file")
        for suffix in ("-journal", "-wal"):
            if os.path.exists(path + suffix) and os.path.getsize(path + suffix):
                raise StoreError(
                    f"{path}: it was left in the middle of a change, which {path}{suffix} undoes:"
                    " open it with sqlite3 once, then import it"
                )
        try:
            self._connection = sqlite3.connect(
                f"{uri_of(os.path.abspath(path))}?mode=ro&immutable=1", uri=True
            )
            self._connection.text_factory = decode_text
            self._guard = Guard(self._connection, os.path.getsize(path))
            rows = self._connection.execute(
                "SELECT name, sql FROM sqlite_master WHERE type = 'table'"
            ).fetchall()
        except sqlite3.Error as error:
            raise NotARecording(f"{path}: no database of the original ({error})") from None
        tables = frozenset(str(name) for name, _ in rows)
        if not is_original(tables):
            self._connection.close()
            raise NotARecording(f"{path}: a SQLite database, but not one of the original's")
        self.has_processes = tables >= TABLES["2021"]
        self._has_system_memory = "system_memory" in tables
        self._has_statm = any(
            name == "measurement" and "statm_size" in str(sql) for name, sql in rows
        )
        self._guard.allow_reading(tables, (), ())

    def __enter__(self) -> OriginalDatabase:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._connection.close()

    def processes(self) -> Iterator[OriginalProcess]:
        """All processes; none of a file of 2018."""
        if self.has_processes:
            for number, pid, start_time, name in self._rows(
                "SELECT id, pid, start_time, name FROM process ORDER BY start_time, pid"
            ):
                yield OriginalProcess(
                    self._id(number), self._whole(pid), self._whole(start_time), _text(name)
                )

    def ranges(self) -> Iterator[OriginalRange]:
        """All mappings."""
        table = "memory_range" if self.has_processes else "range"
        for number, start, end, perms, name in self._rows(
            f'SELECT id, "from", "to", permission, name FROM {table}'
        ):
            yield OriginalRange(
                *(self._id(number), self._address(start), self._address(end)),
                *(_text(perms), _text(name)),
            )

    def measurements(self) -> Iterator[OriginalMeasurement]:
        """All measurements in order of their times."""
        process = "process_id" if self.has_processes else "NULL"
        statm = ", ".join(_STATM) if self._has_statm else ", ".join(["NULL"] * len(_STATM))
        for number, process_id, time, rss, pss, *figures in self._rows(
            f"SELECT id, {process}, time, rss_sum, pss_sum, {statm} FROM measurement"
            " ORDER BY time, id"
        ):
            yield OriginalMeasurement(
                self._id(number),
                None if process_id is None else self._id(process_id),
                _text(time),
                self._whole(rss),
                self._whole(pss),
                tuple(map(self._whole, figures)) if self._has_statm else None,
            )

    def usages(self, measurement: Id) -> list[tuple[Id, int, int]]:
        """The id of each mapping of a measurement with its RSS and PSS, KiB."""
        return [
            (self._id(number), self._whole(rss), self._whole(pss))
            for number, rss, pss in self._rows(
                "SELECT range_id, rss, pss FROM data WHERE measurement_id = ?", measurement
            )
        ]

    def system_memory(self) -> Iterator[tuple[str, dict[str, int]]]:
        """Local time, and lines of /proc/meminfo in KiB, in order."""
        if self._has_system_memory:
            for time, *values in self._rows(
                f"SELECT time, {', '.join(MEMINFO)} FROM system_memory ORDER BY time"
            ):
                told = zip(MEMINFO.values(), map(self._whole, values), strict=True)
                yield _text(time), dict(told)

    def _rows(self, sql: str, *values: Id) -> Iterator[Row]:
        try:
            self._guard.start()
            cursor = self._connection.execute(sql, values)
            while rows := cursor.fetchmany(_PAGE):
                self._guard.stop()
                yield from rows
                self._guard.start()
        except sqlite3.Error as error:
            raise Damaged(f"{self.path}: damaged: cannot be read ({error})") from None
        finally:
            self._guard.stop()

    def _id(self, value: object) -> Id:
        if isinstance(value, int | float):
            return value
        raise self._odd(value)

    def _whole(self, value: object) -> int:
        if isinstance(value, str) and value.isascii() and value.isdecimal():
            value = int(value[:20])  # start times, whose column has no type
        if isinstance(value, int) and 0 <= value < 1 << 53:
            return value
        raise self._odd(value)

    def _address(self, value: object) -> int:
        if isinstance(value, int):
            return value % (1 << 64)
        if isinstance(value, float) and 0 <= value < 2.0**64:
            return int(value)
        raise self._odd(value)

    def _odd(self, value: object) -> Damaged:
        shown = repr(value)[:40]
        return Damaged(f"{self.path}: damaged: it holds {shown}, which the original never writes")


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
