"""Writes a database as the original memory-watcher of 2021 wrote its own: see store.original.

Sizes are KiB, times local without a zone. Ids are hashes: of a process its start time and PID, as
there; of mappings and measurements 63 bits of what they are of. What the original could not tell
it wrote as 0, for no column of a figure may be NULL.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta, tzinfo
from typing import NamedTuple

from ..model import Mapping as Header
from ..units import SECOND
from .original import MEMINFO, Id

_STATM = ("statm_size", "statm_resident", "statm_shared", "statm_text", "statm_lib", "statm_data")
_OF_MEASUREMENT = ("rss_sum", "pss_sum", "oom_adj", "oom_score", "oom_score_adj", *_STATM)
_ID = "`id` UNSIGNED BIG INT PRIMARY KEY"


def _numbers(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}` INTEGER NOT NULL" for name in names)


def _refers(column: str, table: str) -> str:
    return f"`{column}` UNSIGNED BIG INT NOT NULL REFERENCES {table}(id) ON DELETE CASCADE"


_TABLES = f"""
CREATE TABLE `process` ({_ID}, `pid` INTEGER NOT NULL, `start_time`, `name` varchar(255) NULL);
CREATE TABLE `memory_range` ({_ID}, {_refers("process_id", "process")}, {_numbers(("from", "to"))},
    `permission` varchar(255) NULL, `name` varchar(255) NULL);
CREATE TABLE `measurement` ({_ID}, {_refers("process_id", "process")}, `time` datetime NOT NULL,
    {_numbers((*_OF_MEASUREMENT, "statm_dt"))});
CREATE TABLE `data` ({_refers("range_id", "memory_range")},
    {_refers("measurement_id", "measurement")}, {_numbers(("rss", "pss"))});
CREATE TABLE `system_memory` (`time` datetime NOT NULL, {_numbers(MEMINFO)});
"""
_INDEX = "CREATE INDEX idx_data_measurement_id ON data(measurement_id)"


class OriginalFigures(NamedTuple):
    """The figures of a measurement in KiB; `oom_score` and `oom_score_adj` as the kernel has them.

    `statm`: size, resident, shared, text, data.
    """

    rss_sum: int
    pss_sum: int
    oom_score: int
    oom_score_adj: int
    statm: tuple[int, int, int, int, int]


@contextmanager
def original_writer(path: str, zone: tzinfo | None) -> Iterator[OriginalWriter]:
    """Write into an empty file that is this program's own; times are of a zone, None: as here.

    Raises OSError if it cannot be written.
    """
    try:
        connection = sqlite3.connect(path, isolation_level=None)
        try:
            # The file has no name yet: after an error it is thrown away.
            connection.execute("PRAGMA journal_mode = OFF")
            connection.execute("PRAGMA synchronous = OFF")
            connection.executescript(_TABLES)
            connection.execute("BEGIN")
            yield OriginalWriter(connection, zone)
            connection.execute(_INDEX)
            connection.execute("COMMIT")
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise OSError(str(error)) from None


class OriginalWriter:
    """Adds rows to the tables of 2021. Raises sqlite3.Error, which `original_writer` tells."""

    def __init__(self, connection: sqlite3.Connection, zone: tzinfo | None) -> None:
        self._connection, self._zone = connection, zone

    def process(self, pid: int, start_time: int, name: str) -> Id:
        """Add a process; `start_time` in clock ticks since boot."""

        def add(attempt: int) -> int:
            number = ((start_time + attempt) << 32 | pid) % (1 << 63)
            self._insert("process", number, pid, str(start_time), _shown(name))
            return number

        return _first_free(add)

    def memory_range(self, process: Id, header: Header, name: str) -> Id:
        """Add a mapping under the name that it is to have."""
        start, end, perms, *_ = header

        def add(attempt: int) -> int:
            number = _hash(process, start, end, perms, name, attempt)
            told = (_signed(start), _signed(end), perms, _shown(name))
            self._insert("memory_range", number, process, *told)
            return number

        return _first_free(add)

    def measurement(self, process: Id, time_ns: int, figures: OriginalFigures) -> Id:
        """Add a measurement; of two in one millisecond the second is said to be one later."""
        rss, pss, score, score_adj, (*statm, data) = figures
        told = (rss, pss, _oom_adj(score_adj), score, score_adj, *statm, 0, data, 0)

        def add(attempt: int) -> int:
            time = self._local(time_ns, attempt)
            number = _hash(process, time)
            self._insert("measurement", number, process, time, *told)
            return number

        return _first_free(add)

    def data(self, measurement: Id, rows: Iterable[tuple[Id, int, int]]) -> None:
        """Add the RSS and PSS of mappings, KiB."""
        self._connection.executemany(
            "INSERT INTO data VALUES (?, ?, ?, ?)",
            ((mapping, measurement, rss, pss) for mapping, rss, pss in rows),
        )

    def system_memory(self, time_ns: int, values: Mapping[str, int]) -> None:
        """Add what /proc/meminfo said, KiB by its own names."""
        told = (values.get(name, 0) for name in MEMINFO.values())
        self._insert("system_memory", self._local(time_ns), *told)

    def _insert(self, table: str, *values: object) -> None:
        marks = ", ".join("?" * len(values))
        self._connection.execute(f"INSERT INTO {table} VALUES ({marks})", values)

    def _local(self, time_ns: int, later: int = 0) -> str:
        """A time as text, so many milliseconds later."""
        seconds, rest = divmod(time_ns, SECOND)
        moment = datetime.fromtimestamp(seconds, self._zone)
        moment += timedelta(milliseconds=rest // 1_000_000 + later)
        return moment.replace(tzinfo=None).isoformat(timespec="milliseconds")


def _first_free(add: Callable[[int], int]) -> int:
    """Try one id after the other until none has it yet: ids and times are unique."""
    attempt = 0
    while True:
        try:
            return add(attempt)
        except sqlite3.IntegrityError:
            attempt += 1


def _hash(*parts: object) -> int:
    text = "\0".join(map(str, parts)).encode("utf-8", "surrogateescape")
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big") >> 1


def _signed(address: int) -> int:
    return address - (1 << 64) if address >= 1 << 63 else address


def _shown(name: str) -> str:
    r"""What is no UTF-8 as \xNN: the original's readers expect text."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _oom_adj(score_adj: int) -> int:
    """The old scale of the same, from -17 to 15, as the kernel computes it."""
    return 15 if score_adj == 1000 else int(score_adj * 17 / 1000)
