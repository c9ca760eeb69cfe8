"""What several processes have together: what was selected, how they ended, their cgroups."""

from __future__ import annotations

from collections.abc import Iterator

from ...errors import SelectionError
from ...recorded import (
    CgroupRow,
    PeakRow,
    RecordedContainer,
    RecordedExit,
    RecordedSelection,
)
from ..readonly import ReadOnlyDatabase
from .passes import rows_if_there


class Group:
    """What was recorded of the processes as a group."""

    def __init__(self, database: ReadOnlyDatabase) -> None:
        self._database = database
        self._path = database.path
        self._containers: dict[str, RecordedContainer] | None = None

    def selection(self) -> RecordedSelection | None:
        """What the last run recorded; None if that is a single process or the whole machine."""
        row = rows_if_there(
            self._database,
            "selections",
            "SELECT run_id, kind, description, root_pid, too_short FROM selections"
            " WHERE run_id = (SELECT max(id) FROM runs)",
        )
        return RecordedSelection(*row[0]) if row else None

    def exits(self) -> dict[int, RecordedExit]:
        """How processes ended of which that is known, by process id."""
        rows = rows_if_there(
            self._database,
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
        fast = rows_if_there(
            self._database,
            "fast_readings",
            "SELECT process_id, max(resident), max(high_water_mark) FROM fast_readings"
            " GROUP BY process_id",
        )
        for process_id, resident, mark in fast:
            row = found.get(process_id, PeakRow(None, None, None))
            found[process_id] = row._replace(
                rss=_highest(row.rss, resident), high_water_mark=_highest(row.high_water_mark, mark)
            )
        at_passes = rows_if_there(
            self._database,
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
            raise SelectionError(f"{self._path}: no layout was recorded")
        tick: int = row[0]
        return tick

    def cgroups(self) -> list[tuple[int, int, str]]:
        """Number, version and path of the cgroups that were recorded."""
        rows = rows_if_there(
            self._database, "cgroups", "SELECT id, version, path FROM cgroups ORDER BY id"
        )
        return [(row[0], row[1], row[2]) for row in rows]

    def cgroup_figures(self, cgroup_id: int, first_tick: int, tick: int) -> dict[str, int | None]:
        """What a cgroup's figures were at a tick; empty if they were not recorded then.

        None: there is no such limit, or the figure could not be read any more.
        """
        rows = self._database.rows(
            "SELECT f.name, nullif(r.value, -1) AS value FROM cgroup_readings AS r"
            " JOIN cgroup_fields AS f ON f.id = r.field_id WHERE r.cgroup_id = ?"
            " AND r.first_tick = (SELECT max(l.first_tick) FROM cgroup_readings AS l"
            " WHERE l.cgroup_id = r.cgroup_id AND l.field_id = r.field_id"
            " AND l.first_tick BETWEEN ? AND ?) ORDER BY f.id",
            *(cgroup_id, first_tick, tick),
        )
        return dict(rows)

    def cgroup_events(self, cgroup_id: int, first_tick: int, last_tick: int) -> dict[str, int]:
        """The last count of each event between two ticks, also of a cgroup that was removed."""
        rows = self._database.rows(
            "SELECT f.name, r.value, max(r.first_tick) FROM cgroup_readings AS r"
            " JOIN cgroup_fields AS f ON f.id = r.field_id WHERE r.cgroup_id = ?"
            " AND f.name > 'events.' AND f.name < 'events/' AND r.value >= 0"
            " AND r.first_tick BETWEEN ? AND ? GROUP BY r.field_id ORDER BY r.field_id",
            *(cgroup_id, first_tick, last_tick),
        )
        return {name: count for name, count, _ in rows}

    def containers(self) -> dict[str, RecordedContainer]:
        """What runtimes call the containers of processes, by the id in the path of the cgroup."""
        if self._containers is None:  # asked for each pass
            self._containers = self._read_containers()
        return self._containers

    def _read_containers(self) -> dict[str, RecordedContainer]:
        rows = rows_if_there(
            self._database,
            "containers",
            "SELECT container_id, name, pod, namespace, image FROM containers"
            " ORDER BY container_id",
        )
        return {row[0]: RecordedContainer(*row[1:]) for row in rows}

    def cgroup_rows(self, cgroup_id: int) -> Iterator[CgroupRow]:
        """All changes of a cgroup's figures, in order of ticks."""
        rows = self._database.rows(
            "SELECT r.first_tick, f.name, nullif(r.value, -1) AS value FROM cgroup_readings AS r"
            " JOIN cgroup_fields AS f ON f.id = r.field_id WHERE r.cgroup_id = ?"
            " ORDER BY r.first_tick, r.field_id",
            cgroup_id,
        )
        return map(CgroupRow._make, rows)


def _highest(*sizes: int | None) -> int | None:
    return max((size for size in sizes if size is not None), default=None)
