"""Stores what several processes have together: what was selected, how they ended, their cgroup."""

from __future__ import annotations

from ..model import ProcessFacts
from .connection import explained
from .steps import Steps, silently
from .writer import Writer

#: Processes that have ended are remembered, for their exit code, up to this many.
_REMEMBERED = 4096


class TreeWriter(Writer):
    """A recording being written, of processes that belong together."""

    def __init__(self, path: str, migrating: Steps = silently) -> None:
        super().__init__(path, migrating)
        self._id_of_pid: dict[int, int] = {}
        self._pid_of_id: dict[int, int] = {}  # those that live
        self._ended: dict[int, int] = {}  # process id -> PID
        self._cgroup_fields: dict[str, int] = {}

    def selection(self, kind: str, description: str, root_pid: int | None) -> None:
        """Store what this run records."""
        with explained(self.path):
            self._execute(
                "INSERT INTO selections VALUES (?, ?, CAST(? AS TEXT), ?, NULL)",
                *(self._run, kind, description.encode("utf-8", "surrogateescape"), root_pid),
            )

    def too_short(self, count: int) -> None:
        """Store how many processes had ended before anything could be read of them."""
        with explained(self.path):
            self._execute("UPDATE selections SET too_short = ? WHERE run_id = ?", count, self._run)

    def add_process(self, facts: ProcessFacts) -> int:
        """Store a process, and remember its number for when it exits."""
        process_id = super().add_process(facts)
        self._id_of_pid[facts.key.pid] = process_id
        self._pid_of_id[process_id] = facts.key.pid
        self._ended.pop(process_id, None)
        return process_id

    def end_process(self, process_id: int) -> None:
        """Note that a process was found to have ended; how, is told soon or never."""
        super().end_process(process_id)
        self._ended[process_id] = self._pid_of_id.pop(process_id)
        if len(self._ended) > _REMEMBERED:
            oldest = next(iter(self._ended))
            pid = self._ended.pop(oldest)
            if self._id_of_pid.get(pid) == oldest:
                del self._id_of_pid[pid]

    def exit(
        self,
        pid: int,
        code: int | None,
        signal: int | None,
        max_rss: int,
        inherited: int | None = None,
    ) -> None:
        """Store how a process of this run ended; one that was never recorded is passed over."""
        process_id = self._id_of_pid.get(pid)
        if process_id is not None:
            with explained(self.path):
                self._execute(
                    "INSERT OR REPLACE INTO exits VALUES (?, ?, ?, ?, ?)",
                    *(process_id, code, signal, max_rss, inherited),
                )

    def cgroup(self, version: int, path: str) -> int:
        """Store a cgroup, or find it again; returns its number."""
        text = path.encode("utf-8", "surrogateescape")
        with explained(self.path):
            self._execute(
                "INSERT OR IGNORE INTO cgroups (version, path) VALUES (?, CAST(? AS TEXT))",
                *(version, text),
            )
            (number,) = self._connection.execute(
                "SELECT id FROM cgroups WHERE path = CAST(? AS TEXT)", (text,)
            ).fetchone()
        return int(number)

    def cgroup_figures(self, cgroup_id: int, changes: dict[str, int]) -> None:
        """Store the figures of a cgroup that changed at this tick."""
        with explained(self.path):
            self._begin()
            self._connection.executemany(
                "INSERT OR REPLACE INTO cgroup_readings VALUES (?, ?, ?, ?)",
                [
                    (cgroup_id, self._cgroup_field(name), self._tick, value)
                    for name, value in changes.items()
                ],
            )

    def _cgroup_field(self, name: str) -> int:
        if name not in self._cgroup_fields:
            self._execute("INSERT OR IGNORE INTO cgroup_fields (name) VALUES (?)", name)
            (number,) = self._connection.execute(
                "SELECT id FROM cgroup_fields WHERE name = ?", (name,)
            ).fetchone()
            self._cgroup_fields[name] = number
        return self._cgroup_fields[name]
