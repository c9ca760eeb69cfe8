"""Machines, runs of a recorder, what each was to record, and its ticks."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from dataclasses import astuple

from ..._version import __version__
from ...model import Machine, Tick
from .layouts import close_all_usages
from .transaction import Transaction, as_bytes, insert_into

_FIND_MACHINE = (
    "SELECT id FROM machines WHERE (boot_id, hostname, kernel, page_size, cpus) IS (?, ?, ?, ?, ?)"
)
_INSERT_MACHINE = insert_into("machines", "boot_id", "hostname", "kernel", "page_size", "cpus")
_INSERT_TICK = insert_into("ticks", "id", "run_id", *Tick._fields)


class Runs:
    """Writes runs and ticks."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._latest_ns: int | None = None  # time of the last tick
        #: Whether the clock was set back: times alone then do not tell ticks.
        self.was_set_back = False

    def start(
        self,
        machine: Machine,
        period_ns: int | None,
        command: Iterable[str],
        policy: str | None,
        max_map_count: int | None,
    ) -> None:
        """Begin a run, and end one that was killed; see table `runs` of the schema."""
        now = self._transaction
        now.begin()
        self._close_unfinished()
        now.machine = now.number(_FIND_MACHINE, _INSERT_MACHINE, *astuple(machine))
        now.run = now.execute(
            "INSERT INTO runs"
            " (machine_id, first_tick, period_ns, command_line, version, policy, max_map_count)"
            " VALUES (?, ?, ?, CAST(? AS TEXT), ?, ?, ?)",
            *(now.machine, now.tick + 1, period_ns, as_bytes(shlex.join(command))),
            *(__version__, policy, max_map_count),
        )
        now.end()

    def _close_unfinished(self) -> None:
        """A run that was killed left usages open: they end with its last tick."""
        now = self._transaction
        if now.row("SELECT 1 FROM runs WHERE last_tick IS NULL"):
            close_all_usages(now)
            now.execute(
                "UPDATE runs SET last_tick = ?, end_reason = 'killed' WHERE last_tick IS NULL",
                now.tick,
            )

    def finish(self, reason: str, cpu_ns: int | None, rss: int | None) -> None:
        """End the run with this tick."""
        self._transaction.execute(
            "UPDATE runs SET last_tick = ?, end_reason = ?, cpu_ns = ?, peak_rss = ? WHERE id = ?",
            *(self._transaction.tick, reason, cpu_ns, rss, self._transaction.run),
        )

    def select(self, kind: str, description: str, root_pid: int | None) -> None:
        """Store what this run records."""
        self._transaction.execute(
            "INSERT INTO selections VALUES (?, ?, CAST(? AS TEXT), ?, NULL)",
            *(self._transaction.run, kind, as_bytes(description), root_pid),
        )

    def too_short(self, count: int) -> None:
        """Store how many processes had ended before anything could be read of them."""
        self._transaction.execute(
            "UPDATE selections SET too_short = ? WHERE run_id = ?", count, self._transaction.run
        )

    def tick(self, tick: Tick) -> int:
        """Begin a tick; returns its number."""
        now = self._transaction
        now.begin()  # nobody else writes from here to the commit
        now.tick += 1
        now.later(_INSERT_TICK, now.tick, now.run, *tick)
        if self._latest_ns is not None and tick.time_ns < self._latest_ns:
            self.was_set_back = True
        self._latest_ns = tick.time_ns
        return now.tick

    def unchanged(self, processes: int) -> None:
        """Store how many processes this tick did not read."""
        self._transaction.later(
            "UPDATE ticks SET unchanged = ? WHERE id = ?", processes, self._transaction.tick
        )

    def too_slow(self) -> None:
        """Store that one more process was not read, since that would have held it up."""
        self._transaction.later(
            "UPDATE ticks SET too_slow = ifnull(too_slow, 0) + 1 WHERE id = ?",
            self._transaction.tick,
        )
