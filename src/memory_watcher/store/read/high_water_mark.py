"""The kernel's high-water mark of a process, and what else is known of its highest RSS."""

from __future__ import annotations

from ...recorded import FastPoint, HighWaterMark, RecordedProcess, RssFacts
from ..readonly import ReadOnlyDatabase
from .fast_readings import fast_points, highest_fast_mark, last_fast_before
from .marks import rss_facts
from .measurements import Measurements
from .processes import Processes
from .readings import READING_TIME, READINGS
from .ticks import Ticks


class HighWaterMarks:
    """The marks of all processes, read at ticks and between them."""

    def __init__(
        self,
        database: ReadOnlyDatabase,
        ticks: Ticks,
        processes: Processes,
        measurements: Measurements,
    ) -> None:
        self._database = database
        self._ticks = ticks
        self._processes = processes
        self._measurements = measurements

    def of(self, process_id: int, until: int | None = None) -> HighWaterMark | None:
        """Find the highest VmHWM seen of a process, and the reading that first showed it.

        `until` is the last tick to look at. None if the kernel's mark was never read. An execve
        starts a new mark; the highest of all images is given.
        """
        row = self._database.row(
            "SELECT r.high_water_mark, r.id FROM readings AS r WHERE r.process_id = ?"
            " AND r.tick <= ? AND r.high_water_mark IS NOT NULL"
            " ORDER BY r.high_water_mark DESC, r.tick LIMIT 1",
            process_id,
            2**63 - 1 if until is None else until,
        )
        if row is None:
            return None
        measurement = self._measurements.one(row[1])
        time = measurement.time
        fast = highest_fast_mark(self._database, process_id)
        if fast is not None and until is None and (fast.size, -fast.time) > (row[0], -time):
            return fast
        seen = self._seen_before(process_id, measurement.tick, time)
        return HighWaterMark(row[0], measurement.tick, time, seen)

    def rss_facts(self, process: RecordedProcess) -> RssFacts:
        """Tell what is known of the highest RSS of a process: for analysis.assurance.judge."""
        mark = self.of(process.id)
        machine = self._processes.machine(process.id)
        return rss_facts(
            self._database, process, machine, mark.size if mark else None, self._ticks.axis
        )

    def fast_points(self, process_id: int) -> list[FastPoint]:
        """Give RSS and high-water mark between the layouts, in order, where one of them changed.

        Their times are places: see `axis`.
        """
        return fast_points(self._database, process_id, self._ticks.axis)

    def _seen_before(self, process_id: int, tick: int, time: int) -> int | None:
        """When a process was last read before a reading, fast readings included."""
        before = self._database.row(
            f"SELECT {READING_TIME}, r.tick {READINGS}WHERE r.process_id = ? AND r.tick < ?"
            " ORDER BY r.tick DESC LIMIT 1",
            *(process_id, tick),
        )
        fast = last_fast_before(self._database, process_id, tick, time)
        if before is None or fast is None:
            return fast[0] if fast else before[0] if before else None
        fast_is_later = fast[0] > before[0] if fast[1] is None else fast[1] >= before[1]
        return fast[0] if fast_is_later else before[0]
