"""Texts that are not valid UTF-8 have a form for the views."""

from __future__ import annotations

BEFORE: dict[str, str | None] = {"escaped_texts": None}

ADDED: tuple[tuple[str, str], ...] = ()

_TEXTS = (
    ("paths", "pathname"),
    ("command_lines", "command_line"),
    ("image_rows", "name"),
    ("details", "other"),
)

STATEMENTS = (
    """CREATE TABLE escaped_texts (
    raw TEXT NOT NULL,
    shown TEXT NOT NULL,
    PRIMARY KEY (raw)
) WITHOUT ROWID""",
    *(
        f"INSERT OR IGNORE INTO escaped_texts SELECT {column},"
        f" escaped_text(CAST({column} AS BLOB)) FROM {table}"
        f" WHERE escaped_text(CAST({column} AS BLOB)) IS NOT NULL"
        for table, column in _TEXTS
    ),
)
