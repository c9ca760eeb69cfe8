"""What is stored about several processes that belong together: what was selected, exits, cgroups.

`TreeWriter` and `TreeRecording` are Writer and Recording with these questions added.
"""

from __future__ import annotations

from typing import NamedTuple

from ..errors import SelectionError
from ..model import ProcessFacts
from .connection import explained
from .readonly import Row
from .recording import Recording
from .writer import Writer


class RecordedSelection(NamedTuple):
    """What one run recorded: see table `selections` of the schema."""

    run_id: int
    kind: str
    description: str
    root_pid: int | None
    too_short: int | None


class RecordedExit(NamedTuple):
    """How a process ended: its exit code, or else the signal; `max_rss` (ru_maxrss) is bytes."""

    code: int | None
    signal: int | None
    max_rss: int


class PeakRow(NamedTuple):
    """The highest figures of a process, bytes; None where none was recorded."""

    rss: int | None
    pss: int | None
    high_water_mark: int | None


class SumRow(NamedTuple):
    """The sums over one layout, bytes: PSS, USS and swap of it may be added over processes."""

    process_id: int
    tick: int
    measurement_id: int
    mappings: int
    size: int
    rss: int | None
    pss: int | None
    uss: int | None
    swap: int | None
    swap_pss: int | None


class TreeWriter(Writer):
    """A recording being written, of processes that belong together."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self._id_of_pid: dict[int, int] = {}
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
        return process_id

    def exit(self, pid: int, code: int | None, signal: int | None, max_rss: int) -> None:
        """Store how a process of this run ended; one that was never recorded is passed over."""
        process_id = self._id_of_pid.get(pid)
        if process_id is not None:
            with explained(self.path):
                self._execute(
                    "INSERT OR REPLACE INTO exits VALUES (?, ?, ?, ?)",
                    *(process_id, code, signal, max_rss),
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


class TreeRecording(Recording):
    """A recording opened for reading, with questions about processes that belong together."""

    def selection(self) -> RecordedSelection | None:
        """What the last run recorded; None if that is a single process or the whole machine."""
        row = self._rows_if_there(
            "selections",
            "SELECT run_id, kind, description, root_pid, too_short FROM selections"
            " WHERE run_id = (SELECT max(id) FROM runs)",
        )
        return RecordedSelection(*row[0]) if row else None

    def exits(self) -> dict[int, RecordedExit]:
        """How processes ended of which that is known, by process id."""
        rows = self._rows_if_there(
            "exits", "SELECT process_id, exit_code, signal, max_rss FROM exits"
        )
        return {row[0]: RecordedExit(*row[1:]) for row in rows}

    def peaks(self) -> dict[int, PeakRow]:
        """The highest figures of every process, by process id; of fast readings, too."""
        rows = self._database.rows(
            "SELECT process_id, max(max(ifnull(rss, resident), ifnull(resident, rss))), max(pss),"
            " max(high_water_mark) FROM readings GROUP BY process_id"
        )
        found = {row[0]: PeakRow(*row[1:]) for row in rows}
        fast = self._rows_if_there(
            "fast_readings",
            "SELECT process_id, max(resident), max(high_water_mark) FROM fast_readings"
            " GROUP BY process_id",
        )
        for process_id, resident, mark in fast:
            row = found.get(process_id, PeakRow(None, None, None))
            found[process_id] = row._replace(
                rss=_highest(row.rss, resident), high_water_mark=_highest(row.high_water_mark, mark)
            )
        return found

    def layout_sums(self, first_tick: int, last_tick: int) -> list[SumRow]:
        """The sums of all layouts of some ticks, by tick.

        Raises SelectionError if there is none.
        """
        rows = self._database.rows(
            "SELECT process_id, tick, id, mappings, layout_size, rss, pss, uss, layout_swap,"
            " swap_pss FROM readings"
            " WHERE keyframe IS NOT NULL AND tick BETWEEN ? AND ? ORDER BY tick, process_id",
            *(first_tick, last_tick),
        )
        if not rows:
            raise SelectionError(f"{self.path}: no layout was recorded")
        return [SumRow(*row) for row in rows]

    def last_ticks(self, first_tick: int, last_tick: int) -> dict[int, int]:
        """The last tick at which each process was seen alive, by process id."""
        rows = self._database.rows(
            "SELECT p.id, p.end_tick FROM processes AS p WHERE p.end_tick BETWEEN ? AND ?",
            *(first_tick, last_tick),
        )
        return {process_id: end - 1 for process_id, end in rows}

    def cgroups(self) -> list[tuple[int, int, str]]:
        """Number, version and path of the cgroups that were recorded."""
        rows = self._rows_if_there("cgroups", "SELECT id, version, path FROM cgroups ORDER BY id")
        return [(row[0], row[1], row[2]) for row in rows]

    def cgroup_figures(self, cgroup_id: int, first_tick: int, tick: int) -> dict[str, int]:
        """What a cgroup's figures were at a tick; empty if they were not recorded then."""
        rows = self._database.rows(
            "SELECT f.name, (SELECT value FROM cgroup_readings AS r WHERE r.cgroup_id = ?"
            " AND r.field_id = f.id AND r.first_tick BETWEEN ? AND ?"
            " ORDER BY r.first_tick DESC LIMIT 1) AS value FROM cgroup_fields AS f ORDER BY f.id",
            *(cgroup_id, first_tick, tick),
        )
        return {name: value for name, value in rows if value is not None}

    def _rows_if_there(self, table: str, sql: str) -> list[Row]:
        """Rows of a table that recordings of earlier versions do not have."""
        there = self._database.row(
            "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", table
        )
        return self._database.rows(sql) if there else []


def _highest(*sizes: int | None) -> int | None:
    return max((size for size in sizes if size is not None), default=None)
