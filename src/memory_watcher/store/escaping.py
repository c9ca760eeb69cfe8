"""Texts that are not valid UTF-8, as the views show them.

Tables keep the kernel's bytes. SQL has no function that finds what is not UTF-8 in them, so for
each such text the table `escaped_texts` says how it is shown.
"""

from __future__ import annotations

import sqlite3

#: Where texts with any bytes stand that a view shows, with the column.
SOURCES = (
    ("paths", "pathname"),
    ("command_lines", "command_line"),
    ("image_rows", "name"),
    ("details", "other"),
)


def escaped(text: bytes | None) -> str | None:
    r"""How a text is shown: each byte that is not UTF-8 as \xNN; None if all of it is UTF-8."""
    if text is None or text.isascii():
        return None
    try:
        text.decode()
    except UnicodeDecodeError:
        return text.decode("utf-8", "backslashreplace")
    return None


def allow_escaping(connection: sqlite3.Connection) -> None:
    """Give SQL the function `escaped_text`, of a BLOB."""
    connection.create_function("escaped_text", 1, escaped, deterministic=True)


def escape_all(connection: sqlite3.Connection) -> None:
    """Make the table anew, by what stands in the others; the connection may write."""
    allow_escaping(connection)
    connection.execute("DELETE FROM escaped_texts")
    for table, column in SOURCES:
        connection.execute(
            f"INSERT OR IGNORE INTO escaped_texts SELECT {column},"
            f" escaped_text(CAST({column} AS BLOB)) FROM {table}"
            f" WHERE escaped_text(CAST({column} AS BLOB)) IS NOT NULL"
        )
