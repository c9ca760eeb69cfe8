"""Passes over several processes: their sums, and what changed of each process."""

from __future__ import annotations

from dataclasses import astuple, fields

from ...model import Member, Pass
from .transaction import Transaction, insert_into

_INSERT_PASS = insert_into("passes", "tick", *[field.name for field in fields(Pass)])


class Passes:
    """Writes passes, and the highest sums seen between them."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._members: dict[int, Member | None] = {}  # at their last passes of this run

    def begin(self, process_id: int) -> None:
        """A process from now on."""
        self._members[process_id] = None

    def end(self, process_id: int) -> None:
        """It was found to have ended at this tick."""
        del self._members[process_id]

    def store(self, sums: Pass, members: dict[int, Member]) -> None:
        """Store a pass of this tick: its sums, and what changed of its members (by process id).

        Members may have been found to have ended since, at this tick.
        """
        now, known = self._transaction, self._members
        now.later(_INSERT_PASS, now.tick, *astuple(sums))
        rows = []
        for process_id, member in members.items():
            if process_id in known and member == known[process_id]:
                continue
            rows.append((process_id, now.tick, member.is_counted, *member.rollup))
            if process_id in known:
                known[process_id] = member
        now.each_later("INSERT INTO rollups VALUES (?, ?, ?, ?, ?, ?, ?)", rows)

    def mark(self, time_ns: int, private: int, processes: int) -> None:
        """Store the highest sum of private memory seen between two passes."""
        self._transaction.later(
            "INSERT OR REPLACE INTO group_marks VALUES (?, ?, ?, ?)",
            *(time_ns, self._transaction.run, private, processes),
        )
