"""Datasets of recordings for tests, and what DuckDB says of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from memory_watcher.fleet.add import Added, add
from memory_watcher.fleet.dataset import listing
from memory_watcher.fleet.schema import TABLES
from memory_watcher.fleet.unit import Told
from memory_watcher.model import Usage
from memory_watcher.store.recording import Recording

from .recordings import KI, MI, SECOND, START, RecordingBuilder, mapping

MINUTE = 60 * SECOND
DAY = 86_400 * SECOND


def grown(path: Path, ticks: int, host: str = "host", apart: int = SECOND) -> Path:
    """A recording of a process whose heap is as many MiB as there were ticks."""
    path.unlink(missing_ok=True)
    builder = RecordingBuilder(path)
    builder.execute(
        "UPDATE machines SET boot_id = ?, hostname = CAST(? AS TEXT)",
        *(f"boot of {host!r}", host.encode("utf-8", "surrogateescape")),
    )
    process = builder.process(7, "server")
    for number in range(ticks):
        tick = builder.tick(START + number * apart)
        heap = (number + 1) * MI
        usage = Usage(heap, heap, 0, 0, 0, 0, heap, heap, heap, swap=KI, swap_pss=KI)
        builder.layout(process, [(mapping(0x500000, 64 * MI, pathname="[heap]"), usage)])
        builder.meminfo(tick, MemTotal=8 * MI, MemAvailable=8 * MI - number * KI)
    return builder.close()


def added(
    folder: Path, path: Path, labels: Mapping[str, str] | None = None, every_ns: int = MINUTE
) -> list[Added]:
    """Add a recording, and tell what became of its days."""
    with Recording(path) as recording:
        return add(str(folder), recording, Told(labels or {}, every_ns))


def asked(folder: Path, sql: str) -> list[tuple[Any, ...]]:
    """What DuckDB answers about the files that count; each table is a view."""
    there = listing(str(folder))
    lost = {name: sorted(numbers) for name, numbers in there.superseded().items()}
    connection = duckdb.connect()
    for table in TABLES:
        connection.execute(
            f"CREATE VIEW {table} AS SELECT * EXCLUDE filename FROM read_parquet("
            f"{there.files(table)}, hive_partitioning = false, filename = true) WHERE"
            + "".join(
                f" NOT (contains(filename, '{name}') AND list_contains({numbers}, recording)) AND"
                for name, numbers in lost.items()
            )
            + " true"
        )
    found: list[tuple[Any, ...]] = connection.execute(sql).fetchall()
    return found


def files(folder: Path, table: str = "hosts") -> Sequence[Path]:
    """All files of a table, whether they count or not."""
    return sorted((folder / table).glob("*/*/*.parquet"))


def every_file(folder: Path) -> list[Path]:
    """All that a dataset holds, but for its locks."""
    return sorted(
        path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("_")
    )
