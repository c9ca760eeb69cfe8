"""What shows a language runtime in executed files."""

from __future__ import annotations

BEFORE: dict[str, str | None] = {"file_marks": None}

ADDED: tuple[tuple[str, str], ...] = ()

STATEMENTS = (
    """CREATE TABLE file_marks (
    machine_id INTEGER NOT NULL REFERENCES machines(id),
    dev INTEGER NOT NULL,
    inode INTEGER NOT NULL,
    mark TEXT NOT NULL,
    PRIMARY KEY (machine_id, dev, inode, mark)
) WITHOUT ROWID""",
)
