"""Build IDs of executed files; of readings, what RSS consists of."""

from __future__ import annotations

BEFORE: dict[str, str | None] = {"build_ids": None}

ADDED = (("readings", "rss_anon"), ("readings", "rss_file"), ("readings", "rss_shmem"))

STATEMENTS = (
    """CREATE TABLE build_ids (
    machine_id INTEGER NOT NULL REFERENCES machines(id),
    dev INTEGER NOT NULL,
    inode INTEGER NOT NULL,
    build_id TEXT NOT NULL,
    PRIMARY KEY (machine_id, dev, inode)
) WITHOUT ROWID""",
    *(f"ALTER TABLE {table} ADD COLUMN {column} INTEGER" for table, column in ADDED),
)
