"""Names of containers."""

from __future__ import annotations

BEFORE: dict[str, str | None] = {"containers": None}

ADDED: tuple[tuple[str, str], ...] = ()

STATEMENTS = (
    """CREATE TABLE containers (
    container_id TEXT NOT NULL,
    name TEXT,
    pod TEXT,
    namespace TEXT,
    image TEXT,
    PRIMARY KEY (container_id)
) WITHOUT ROWID""",
)
