"""Questions about several processes that belong together: what was selected, exits, cgroups."""

from __future__ import annotations

from typing import NamedTuple

from ..errors import SelectionError
from .passes import rows_if_there
from .readonly import Row
from .recording import Recording


class RecordedSelection(NamedTuple):
    """What one run recorded: see table `selections` of the schema."""

    run_id: int
    kind: str
    description: str
    root_pid: int | None
    too_short: int | None


class RecordedExit(NamedTuple):
    """How a process ended: its exit code, or else the signal.

    `max_rss` (ru_maxrss, bytes) is its highest RSS, or that of a child it waited for, or of what
    ran before its first execve: that was at most `inherited` (None: not told).
    """

    code: int | None
    signal: int | None
    max_rss: int
    inherited: int | None = None


class PeakRow(NamedTuple):
    """The highest figures of a process, bytes (`mappings`: how many); None: none was recorded."""

    rss: int | None
    pss: int | None
    high_water_mark: int | None
    swap: int | None = None
    hugetlb: int | None = None
    mappings: int | None = None


class TreeRecording(Recording):
    """A recording opened for reading, with questions about processes that belong together."""

    def __enter__(self) -> TreeRecording:
        return self

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
            "exits",
            "SELECT process_id, exit_code, signal, max_rss,"
            f" {self._database.told('exits', ('inherited',))} FROM exits",
        )
        return {row[0]: RecordedExit(*row[1:]) for row in rows}

    def peaks(self) -> dict[int, PeakRow]:
        """The highest figures of every process, by process id; of fast readings and passes, too."""
        rows = self._database.rows(
            "SELECT process_id, max(max(ifnull(rss, resident), ifnull(resident, rss))), max(pss),"
            " max(high_water_mark), max(swap), max(hugetlb), max(mappings)"
            " FROM readings GROUP BY process_id"
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
        at_passes = self._rows_if_there(
            "rollups",
            "SELECT process_id, max(rss), max(pss) FROM rollups WHERE counted GROUP BY process_id",
        )
        for process_id, rss, pss in at_passes:
            row = found.get(process_id, PeakRow(None, None, None))
            found[process_id] = row._replace(rss=_highest(row.rss, rss), pss=_highest(row.pss, pss))
        return found

    def last_layout(self, first_tick: int, last_tick: int) -> int:
        """The last of some ticks that has a layout.

        Raises SelectionError if none has.
        """
        row = self._database.row(
            "SELECT max(tick) FROM readings WHERE keyframe IS NOT NULL AND tick BETWEEN ? AND ?",
            *(first_tick, last_tick),
        )
        if row is None or row[0] is None:
            raise SelectionError(f"{self.path}: no layout was recorded")
        tick: int = row[0]
        return tick

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
        return rows_if_there(self._database, table, sql)


def _highest(*sizes: int | None) -> int | None:
    return max((size for size in sizes if size is not None), default=None)
