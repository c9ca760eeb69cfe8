"""What a dataset holds, and which of its files are good: the one place that decides.

A file of table `hosts` vouches for the files of its name in the other tables; without all of them
it is not whole, and nothing of it counts. Of a recording's day that several files hold, the one
with the most ticks counts, of these the one that was added last, of these the compacted one. So
what is written beside a reader is there when its `hosts` file is, and replaces what it was made of.

Whoever removes files takes the lock of the dataset for itself, whoever reads shares it: files that
a reader chose stay until it is done.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from ..errors import CannotWrite, StoreError
from ..export.columns import module
from ..own_files import SAFELY
from .names import ALL_HOSTS, day_of_folder, told_by
from .schema import TABLES, VOUCHING

#: Holds the lock. Engines pass over names that begin with an underscore.
_LOCK = "_lock"
#: How often a lock is asked for again, seconds.
_AGAIN_S = 0.05


class Held(NamedTuple):
    """A recording's day as a file of hosts tells it."""

    recording: str
    hostname: str | None
    last_tick: int
    added_ns: int
    fingerprint: str


@dataclass(frozen=True)
class Part:
    """Files of one name: a recording's day, or a day of many recordings.

    `units` are what it holds, `superseded` the recordings of which something newer is there.
    """

    day: date
    place: str
    name: str
    units: tuple[Held, ...]
    superseded: frozenset[str] = frozenset()

    @property
    def is_compacted(self) -> bool:
        """Whether it may be of many recordings."""
        return self.place.endswith(ALL_HOSTS)

    def path(self, table: str) -> str:
        """Its file of a table, below the dataset."""
        return os.path.join(table, self.place, self.name)


class Bad(NamedTuple):
    """A file that cannot be used, and why."""

    path: str
    why: str


@dataclass(frozen=True)
class Listing:
    """The files of a dataset that count, what is stale, and what cannot be used."""

    folder: str
    parts: tuple[Part, ...]
    stale: tuple[Part, ...]
    bad: tuple[Bad, ...]

    def files(self, table: str) -> list[str]:
        """The files of a table that count, whole or in part: see `superseded`."""
        return [os.path.join(self.folder, part.path(table)) for part in self.parts]

    def superseded(self) -> dict[str, frozenset[str]]:
        """Names of files -> recordings in them whose rows do not count: they are elsewhere."""
        return {part.name: part.superseded for part in self.parts if part.superseded}


def listing(
    folder: str, days: Iterable[date] | None = None, recording: tuple[str, str] | None = None
) -> Listing:
    """List a dataset, or some days of it, or only the files that may hold a recording.

    `recording` is the folder of its host and its number: of a large dataset that is far less.

    Raises StoreError if there is none, MissingExtra.
    """
    module("pyarrow.parquet", "fleet")
    wanted = None if days is None else frozenset(days)
    found, bad = [], []
    for day, name in _dates(folder):
        if wanted is None or day in wanted:
            for part in _parts_of(folder, day, name, recording):
                if isinstance(part, Bad):
                    bad.append(part)
                else:
                    found.append(part)
    parts, stale = _choose(found)
    return Listing(folder, tuple(parts), tuple(stale), tuple(bad))


def damage(folder: str, part: Part) -> list[Bad]:
    """Which files of a part are no Parquet, or lack columns: what their ends tell.

    Raises MissingExtra.
    """
    found = []
    for table, columns in TABLES.items():
        path = part.path(table)
        try:
            told = set(open_parquet(os.path.join(folder, path)).schema_arrow.names)
        except Exception as error:
            found.append(Bad(path, first_line(error)))
        else:
            missing = [column.name for column in columns if column.name not in told]
            if missing:
                found.append(Bad(path, f"it has no column {missing[0]}"))
    return found


def _dates(folder: str) -> list[tuple[date, str]]:
    """The days that have a file of hosts, in order."""
    try:
        os.listdir(folder)
    except OSError as error:
        raise StoreError(f"{folder}: no dataset: {error.strerror or error}") from None
    with contextlib.suppress(FileNotFoundError):
        names = os.listdir(os.path.join(folder, VOUCHING))
        return sorted((day, name) for name in names if (day := day_of_folder(name)) is not None)
    return []


def _parts_of(
    folder: str, day: date, date_name: str, recording: tuple[str, str] | None
) -> Iterator[Part | Bad]:
    hosts = sorted(_names(os.path.join(folder, VOUCHING, date_name)))
    for host in hosts:
        if recording is not None and host not in (recording[0], ALL_HOSTS):
            continue
        place = os.path.join(date_name, host)
        for name in sorted(_names(os.path.join(folder, VOUCHING, place))):
            told = told_by(name)
            if told is None or (recording and told.recording not in (None, recording[1])):
                continue
            yield _part(folder, Part(day, place, name, ()))


def _part(folder: str, part: Part) -> Part | Bad:
    for table in TABLES:
        if not os.path.isfile(os.path.join(folder, part.path(table))):
            return Bad(part.path(table), "it is missing; add the recording again")
    try:
        units = _units(os.path.join(folder, part.path(VOUCHING)))
    except Exception as error:
        return Bad(part.path(VOUCHING), first_line(error))
    return Part(part.day, part.place, part.name, units)


def _units(path: str) -> tuple[Held, ...]:
    """What a file of hosts says that there is."""
    # To start threads for a few tiny columns takes longer than to read them.
    table = open_parquet(path).read(columns=list(Held._fields), use_threads=False)
    columns = (table.column(name).to_pylist() for name in Held._fields)
    units = tuple(map(Held._make, zip(*columns, strict=True)))
    for unit in units:
        texts, numbers = (unit.recording, unit.fingerprint), (unit.last_tick, unit.added_ns)
        if not all(isinstance(each, str) for each in texts) or not all(
            isinstance(each, int) for each in numbers
        ):
            raise TypeError("it does not say what it is of")
    return units


def _choose(found: list[Part]) -> tuple[list[Part], list[Part]]:
    """Which parts count, and which hold nothing that does."""
    best: dict[tuple[date, str], tuple[tuple[int, int, bool, str], Part]] = {}
    for part in found:
        for unit in part.units:
            rank = unit.last_tick, unit.added_ns, part.is_compacted, part.name
            key = part.day, unit.recording
            if key not in best or best[key][0] < rank:
                best[key] = rank, part
    parts, stale = [], []
    for part in found:
        lost = frozenset(
            unit.recording for unit in part.units if best[part.day, unit.recording][1] is not part
        )
        if len(lost) == len({unit.recording for unit in part.units}):
            stale.append(part)
        else:
            parts.append(Part(part.day, part.place, part.name, part.units, lost))
    return parts, stale


def _names(folder: str) -> list[str]:
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        return os.listdir(folder)
    return []


def open_parquet(path: str) -> Any:
    """A Parquet file, of which only the end is read so far. Raises whatever pyarrow makes of it."""
    parquet = module("pyarrow.parquet", "fleet")
    return parquet.ParquetFile(path)


def first_line(error: Exception) -> str:
    """What an error of pyarrow says, which may be many lines."""
    return (str(error) or type(error).__name__).partition("\n")[0]


# Locks --------------------------------------------------------------------------------------------


@contextlib.contextmanager
def reading(folder: str) -> Iterator[None]:
    """While this lasts, nobody removes a file; who may not open the lock does without.

    Raises OSError if the filesystem has no locks at all.
    """
    try:
        descriptor = os.open(os.path.join(folder, _LOCK), os.O_RDONLY | SAFELY)
    except OSError:
        yield
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        yield
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def alone(folder: str, name: str = _LOCK, seconds: float = 0.0) -> Iterator[bool]:
    """Whether nobody else holds the lock by now, or within some seconds: then it is held.

    Raises CannotWrite.
    """
    path = os.path.join(folder, name)
    try:
        mode = stat.S_IMODE(os.stat(folder).st_mode) & 0o664 | 0o600  # of who may use the folder
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | SAFELY, mode)
            os.fchmod(descriptor, mode)
        except FileExistsError:
            descriptor = os.open(path, os.O_RDWR | SAFELY)
    except OSError as error:
        raise CannotWrite(f"{folder}: cannot write: {error.strerror or error}") from None
    try:
        yield _is_taken(descriptor, time.monotonic() + seconds)
    finally:
        os.close(descriptor)


def _is_taken(descriptor: int, until: float) -> bool:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            if time.monotonic() >= until:
                return False
            time.sleep(_AGAIN_S)
        else:
            return True


def remove(folder: str, parts: Iterable[Part]) -> int:
    """Remove the files of parts, those that vouch first, and tell how many bytes they had.

    To be called by who holds the lock.
    """
    size = 0
    for part in parts:
        for table in (VOUCHING, *(name for name in TABLES if name != VOUCHING)):
            path = os.path.join(folder, part.path(table))
            with contextlib.suppress(OSError):
                size += os.stat(path).st_size
                os.unlink(path)
    return size
