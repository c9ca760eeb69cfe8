"""Paths and command lines: each stands in the file once."""

from __future__ import annotations

from ..escaping import escaped
from .remembered import LONGEST_REMEMBERED, forget_oldest
from .transaction import Transaction

#: Tables that have each text once, and in which column.
_COLUMNS = {"paths": "pathname", "command_lines": "command_line"}


class Texts:
    """Numbers of texts, which are bytes: they need not be valid UTF-8."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._known: dict[str, dict[bytes, int]] = {table: {} for table in _COLUMNS}

    def number(self, table: str, text: bytes) -> int:
        """The number of a text in `paths` or `command_lines`."""
        known, column = self._known[table], _COLUMNS[table]
        number = known.get(text)
        if number is None:
            row = self._transaction.row(
                f"SELECT id FROM {table} WHERE {column} = CAST(? AS TEXT)", text
            )
            number = row[0] if row else self._add(table, column, text)
            if len(text) <= LONGEST_REMEMBERED:
                forget_oldest(known)
                known[text] = number
        return number

    def remembered(self, table: str) -> int:
        """How many texts of a table are remembered."""
        return len(self._known[table])

    def _add(self, table: str, column: str, text: bytes) -> int:
        self.escape(text)
        return self._transaction.execute(
            f"INSERT INTO {table} ({column}) VALUES (CAST(? AS TEXT))", text
        )

    def escape(self, text: bytes | None) -> None:
        """For the views: store how a text is shown that is not valid UTF-8."""
        if (shown := escaped(text)) is not None:
            self._transaction.execute(
                "INSERT OR IGNORE INTO escaped_texts VALUES (CAST(? AS TEXT), ?)", text, shown
            )
