"""The memory of the whole machine, as /proc/meminfo told it."""

from __future__ import annotations

from ...errors import SelectionError
from ...model import SystemMemory
from ...recorded import MeminfoRow, SystemFigure
from ..readonly import ReadOnlyDatabase
from .processes import Processes, listing
from .ticks import Ticks


class MachineMemory:
    """The figures of /proc/meminfo at all ticks."""

    def __init__(self, database: ReadOnlyDatabase, ticks: Ticks, processes: Processes) -> None:
        self._database = database
        self._path = database.path
        self._ticks = ticks
        self._processes = processes

    def at(self, tick: int) -> SystemMemory | None:
        """Tell what /proc/meminfo said at a tick; None if it was not recorded then.

        It is read at the deadlines only, not where a process starts, ends or peaks between them.

        Raises SelectionError for an unknown tick.
        """
        first = self._ticks.first_of_run(tick)
        if self._database.row("SELECT 1 FROM ticks WHERE id = ? AND cause IS NOT NULL", tick):
            return None
        rows = self._database.rows(
            "SELECT f.name, (SELECT nullif(m.value, -1) FROM meminfo AS m WHERE m.field_id = f.id"
            " AND m.first_tick BETWEEN ? AND ? ORDER BY m.first_tick DESC LIMIT 1) AS value"
            " FROM meminfo_fields AS f ORDER BY f.id",
            first,
            tick,
        )
        values = {name: value for name, value in rows if value is not None}
        return SystemMemory(values) if values else None

    def peak(self, by: SystemFigure = "MemAvailable") -> int:
        """Find the tick at which the machine had the least memory available; the first of equals.

        Raises SelectionError if the recording does not tell.
        """
        if by == "MemAvailable":
            row = self._database.row(
                "SELECT first_tick FROM meminfo"
                " WHERE field_id = (SELECT id FROM meminfo_fields WHERE name = ?) AND value >= 0"
                " ORDER BY value, first_tick LIMIT 1",
                by,
            )
            found: int | None = None if row is None else row[0]
        else:
            found = self._lowest_computed()
        if found is None:
            raise SelectionError(
                f"{self._path}: {by} was not recorded; choose a process: "
                + listing(self._processes.all())
            )
        return found

    def rows(self) -> list[MeminfoRow]:
        """All changes of /proc/meminfo in order.

        A value is valid until the field's next one, but not beyond its run of the recorder.
        """
        rows = self._database.rows(
            "SELECT m.first_tick, f.name, nullif(m.value, -1) FROM meminfo AS m"
            " JOIN meminfo_fields AS f ON f.id = m.field_id ORDER BY m.first_tick, m.field_id"
        )
        return list(map(MeminfoRow._make, rows))

    def _lowest_computed(self) -> int | None:
        """Sweep over the changes of the fields that make up MemAvailableComputed."""
        changes = self._database.rows(
            "SELECT m.first_tick, f.name, nullif(m.value, -1) FROM meminfo AS m"
            " JOIN meminfo_fields AS f ON f.id = m.field_id WHERE f.name IN"
            " ('MemFree', 'Buffers', 'Cached', 'Shmem', 'SwapCached', 'SReclaimable')"
            " ORDER BY m.first_tick"
        )
        values: dict[str, int | None] = {}
        now = SystemMemory(values)
        lowest: int | None = None
        found: int | None = None
        for index, (tick, name, value) in enumerate(changes):
            values[name] = value
            if index + 1 < len(changes) and changes[index + 1][0] == tick:
                continue  # the other fields of this tick are still those of the one before
            available = now.available_computed
            if available is not None and (lowest is None or available < lowest):
                lowest, found = available, tick
        return found
