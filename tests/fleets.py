"""Datasets of recordings for tests, and what DuckDB says of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from memory_watcher.fleet.add import Added, add
from memory_watcher.fleet.unit import Told
from memory_watcher.store.recording import Recording

MINUTE = 60_000_000_000


def added(
    folder: Path, path: Path, labels: Mapping[str, str] | None = None, every_ns: int = MINUTE
) -> list[Added]:
    """Add a recording, and tell what became of its days."""
    with Recording(path) as recording:
        return list(add(str(folder), recording, Told(labels or {}, every_ns)))


def asked(folder: Path, sql: str) -> list[tuple[Any, ...]]:
    """What DuckDB answers about all files that there are; each table is a view."""
    connection = duckdb.connect()
    for table in sorted(folder.iterdir()):
        if table.is_dir():
            connection.execute(
                f"CREATE VIEW {table.name} AS SELECT * FROM"
                f" read_parquet('{table}/*/*/*.parquet', hive_partitioning = false)"
            )
    found: list[tuple[Any, ...]] = connection.execute(sql).fetchall()
    return found


def files(folder: Path, table: str = "hosts") -> Sequence[Path]:
    """The files of a table."""
    return sorted((folder / table).glob("*/*/*.parquet"))
