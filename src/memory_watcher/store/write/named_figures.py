"""Figures of /proc/meminfo and of cgroups: each has a name, and is written when it changes."""

from __future__ import annotations

from collections.abc import Mapping

from ...recorded import RecordedContainer
from .transaction import Transaction, as_bytes, insert_into


class _Names:
    """The numbers of names, in a table that has each once."""

    def __init__(self, transaction: Transaction, table: str) -> None:
        self._transaction = transaction
        self._find = f"SELECT id FROM {table} WHERE name = ?"
        self._insert = insert_into(table, "name")
        self._known: dict[str, int] = {}

    def number(self, name: str) -> int:
        number = self._known.get(name)
        if number is None:
            number = self._transaction.number(self._find, self._insert, name)
            self._known[name] = number
        return number


class MachineMemory:
    """Writes what changes in /proc/meminfo."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._fields = _Names(transaction, "meminfo_fields")

    def store(self, changes: Mapping[str, int | None]) -> None:
        """Store the fields that changed at this tick."""
        number, tick = self._fields.number, self._transaction.tick
        self._transaction.each_later(
            "INSERT INTO meminfo VALUES (?, ?, ?)",
            [
                (number(name), tick, -1 if value is None else value)
                for name, value in changes.items()
            ],
        )


class Cgroups:
    """Writes cgroups, and what changes of their figures."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._fields = _Names(transaction, "cgroup_fields")

    def number(self, version: int, path: str) -> int:
        """Store a cgroup, or find it again; returns its number."""
        text = as_bytes(path)
        row = self._transaction.row("SELECT id FROM cgroups WHERE path = CAST(? AS TEXT)", text)
        return (
            int(row[0])
            if row
            else self._transaction.execute(
                "INSERT INTO cgroups (version, path) VALUES (?, CAST(? AS TEXT))", version, text
            )
        )

    def container(self, container_id: str, facts: RecordedContainer) -> None:
        """Store what a runtime calls a container."""
        self._transaction.execute(
            "INSERT OR REPLACE INTO containers VALUES (CAST(? AS TEXT), CAST(? AS TEXT),"
            " CAST(? AS TEXT), CAST(? AS TEXT), CAST(? AS TEXT))",
            *map(as_bytes, (container_id, *facts)),
        )

    def store(self, cgroup_id: int, changes: Mapping[str, int]) -> None:
        """Store the figures of a cgroup that changed at this tick."""
        number, tick = self._fields.number, self._transaction.tick
        self._transaction.each_later(
            "INSERT OR REPLACE INTO cgroup_readings VALUES (?, ?, ?, ?)",
            [(cgroup_id, number(name), tick, value) for name, value in changes.items()],
        )
