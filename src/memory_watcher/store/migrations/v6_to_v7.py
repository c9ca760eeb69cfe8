"""Names of containers; of ticks, what the recorder itself did."""

from __future__ import annotations

BEFORE: dict[str, str | None] = {"containers": None}

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
    *(f"ALTER TABLE {table} ADD COLUMN {column} INTEGER" for table, column in ADDED),
)
