"""A small fleet whose answers are known: written row by row, without anything that records.

Six hosts, two days. `server` grows by 1 MiB an hour on hosts of release 1.1, and not on those of
1.0. Host h5 needs far more than the others. From day two on h2 has a library of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from memory_watcher.fleet.names import part_name
from memory_watcher.fleet.schema import TABLES

KI, MI = 1 << 10, 1 << 20
SECOND = 10**9
HOUR, DAY = 3600 * SECOND, 86_400 * SECOND
FIRST_DAY = 20_770  # 2026-11-13
#: A program may call itself anything; the dataset holds it escaped, so it is text all the same.
HOSTILE = "=cmd|' /C \"calc\"'!A1; <b>\\x1b[31m"
SERVER, HELPER = "/srv/bin/server", HOSTILE
HOSTS = ("h0", "h1", "h2", "h3", "h4", "h5")

Row = dict[str, Any]


def release_of(number: int) -> str:
    """Every second host has the newer one."""
    return f"1.{number % 2}"


def rows() -> Iterator[tuple[str, str, int, Row]]:
    """Table, host, day and row of everything in the fleet."""
    for number, host in enumerate(HOSTS):
        for day in (0, 1):
            for table, row in _of_day(number, day):
                unit = {"day": FIRST_DAY + day, "recording": f"{number:016x}", "hostname": host}
                yield table, host, day, {**unit, **row}


def _of_day(number: int, day: int) -> Iterator[tuple[str, Row]]:
    begin = (FIRST_DAY + day) * DAY
    yield (
        "hosts",
        {
            "release": release_of(number),
            "labels": "{}",
            "ticks": 24,
            "processes": 2,
            # The newer release came an hour later.
            "first_ns": begin + number % 2 * HOUR,
            "last_ns": begin + 23 * HOUR,
            "recorder_cpu_ns": (number + 1) * SECOND,
            "recorder_lasted_ns": 1000 * SECOND,
            "recorder_peak_rss": 20 * MI,
            "last_tick": 23,
            "added_ns": 1,
            "fingerprint": "x",
        },
    )
    for hour in range(24):
        free = (4 + number) * 100 * MI + (0 if hour == 12 else MI)
        swap = {"swap_total": 1000 * MI, "swap_free": (900 - hour) * MI, "shmem": 7 * MI}
        memory = {"mem_total": 4000 * MI, "mem_available": free}
        yield "system", {"time_ns": begin + hour * HOUR, **memory, **swap}
    yield from _server(number, day)
    helper = {"process_id": 2, "pid": 8, "process": "helper", "program": HELPER}
    same = {"first_ns": begin, "last_ns": begin + 23 * HOUR, "kind": "heap", "name": "heap"}
    yield "changes", {**helper, **same, "mappings": 1, "rss": 3 * MI, "pss": None}
    yield (
        "processes",
        {**helper, "first_ns": begin, "last_ns": begin + 23 * HOUR, "max_rss": 3 * MI},
    )


def heap_of(number: int, hour: int) -> int:
    """Bytes of the server's heap after so many hours of both days."""
    base = (400 if number == 5 else 100 + number) * MI
    return base + (hour * MI if release_of(number) == "1.1" else 0)


def _server(number: int, day: int) -> Iterator[tuple[str, Row]]:
    begin, born = (FIRST_DAY + day) * DAY, FIRST_DAY * DAY - HOUR
    who = {"process_id": 1, "pid": 7, "process": "server", "program": SERVER}
    for hour in range(24):
        held = heap_of(number, day * 24 + hour)
        at = {"first_ns": begin + hour * HOUR, "last_ns": begin + hour * HOUR, "state": "exact"}
        heap = {"kind": "heap", "name": "heap", "mappings": 1, "rss": held, "pss": held}
        yield "changes", {**who, "started_ns": born, **at, **heap}
    library = {"kind": "library", "name": "/lib/libx.so", "build_id": f"b{number % 2}"}
    at = {"first_ns": begin, "last_ns": begin + 23 * HOUR, "started_ns": born, "mappings": 2}
    yield "changes", {**who, **at, **library, "rss": 2 * MI, "pss": MI}
    if number == 2 and day == 1:
        own = {"kind": "library", "name": "/lib/libnew.so", "build_id": "n1", "mappings": 1}
        yield "changes", {**who, **at, "first_ns": begin + HOUR, **own, "rss": MI, "pss": MI}
    most = heap_of(number, day * 24 + 23) + MI
    seen = {"started_ns": born, "first_ns": begin, "last_ns": begin + 23 * HOUR, "build_id": "s1"}
    yield (
        "processes",
        {**who, **seen, "max_pss": most, "max_rss": most, "peak_ns": begin + 23 * HOUR},
    )


def write(folder: Path) -> Path:
    """Write the fleet as Parquet files; skips the test where pyarrow is missing."""
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    from memory_watcher.export.columns import schema

    found: dict[tuple[str, str, int], list[Row]] = {}
    for table, host, day, row in rows():
        found.setdefault((table, host, day), []).append(row)
    names = {key[1:]: part_name(lines[0]["recording"], 23, 1) for key, lines in found.items()}
    for table, (host, day) in product(TABLES, names):
        lines = found.get((table, host, day), [])
        place = folder / table / f"date=2026-11-{13 + day}" / f"host={host}"
        place.mkdir(parents=True, exist_ok=True)
        columns = {
            column.name: [line.get(column.name) for line in lines] for column in TABLES[table]
        }
        made = arrow.table(
            {
                field.name: arrow.array(columns[field.name], _plain(arrow, field.type))
                for field in schema(arrow, TABLES[table])
            }
        )
        parquet.write_table(made, place / names[host, day], compression="zstd")
    return folder


def part(folder: Path, table: str, host: str) -> Path:
    """The file of a host, a table and the first day."""
    (found,) = (folder / table / "date=2026-11-13" / f"host={host}").iterdir()
    return found


def _plain(arrow: Any, kind: Any) -> Any:
    return arrow.string() if arrow.types.is_dictionary(kind) else kind
