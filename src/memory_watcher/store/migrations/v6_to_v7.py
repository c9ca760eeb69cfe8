"""Names of containers; what runtimes said; of ticks, what the recorder itself did."""

from __future__ import annotations

BEFORE: dict[str, str | None] = {"containers": None, "runtime_reports": None}

ADDED = (("ticks", "cpu_ns"), ("ticks", "fast_passes"), ("ticks", "too_slow"))

STATEMENTS = (
    """CREATE TABLE containers (
    container_id TEXT NOT NULL,
    name TEXT,
    pod TEXT,
    namespace TEXT,
    image TEXT,
    PRIMARY KEY (container_id)
) WITHOUT ROWID""",
    """CREATE TABLE runtime_reports (
    process_id INTEGER NOT NULL REFERENCES processes(id),
    tick INTEGER NOT NULL,
    source TEXT NOT NULL,
    time_ns INTEGER NOT NULL,
    report TEXT NOT NULL,
    PRIMARY KEY (process_id, tick, source)
)""",
    *(f"ALTER TABLE {table} ADD COLUMN {column} INTEGER" for table, column in ADDED),
)
