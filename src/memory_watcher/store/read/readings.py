"""Readings of one process, as rows: figures of every tick, without layouts."""

from __future__ import annotations

import warnings

from ...errors import DamagedWarning
from ...recorded import ReadingRow, StatmRow, StoredSum, SumRow, ThreadRow
from ...units import plural
from ..readonly import ReadOnlyDatabase
from .axis import in_order
from .ticks import Ticks

#: Of a question that joins readings AS r and ticks AS t: when a process was read.
READING_TIME = "t.time_ns + ifnull(r.delay_ns, 0)"
READINGS = "FROM readings AS r JOIN ticks AS t ON t.id = r.tick "

#: By which figures a peak or floor may be asked for.
PEAK_COLUMNS: dict[str, str] = {
    "pss": "r.pss",
    "rss": "r.rss",
    "uss": "r.uss",
    "swap": "r.layout_swap",
    "hugetlb": "r.hugetlb",  # as status tells it
    "statm": "r.resident",
}
_TOLD_COLUMNS = {**PEAK_COLUMNS, "swap_pss": "r.swap_pss"}


class Readings:
    """The readings of all processes."""

    def __init__(self, database: ReadOnlyDatabase, ticks: Ticks) -> None:
        self._database = database
        self._path = database.path
        self._ticks = ticks

    def rows(self, process_id: int) -> list[ReadingRow]:
        """All readings of a process in order of time, without their sums."""
        rows = self._database.rows(
            f"SELECT r.tick, {READING_TIME}, t.run_id, r.layout_state, r.keyframe, r.resident,"
            f" r.high_water_mark {READINGS}WHERE r.process_id = ? ORDER BY r.tick",
            process_id,
        )
        self.compare_count(process_id, len(rows))
        return list(map(ReadingRow._make, in_order(rows, self._ticks.axis)))

    def statm_rows(self, process_id: int) -> list[StatmRow]:
        """What statm said of a process at each reading, in order of time."""
        rows = self._database.rows(
            f"SELECT r.tick, {READING_TIME}, t.run_id, r.layout_state, r.resident, r.shared"
            f" {READINGS}WHERE r.process_id = ? ORDER BY r.tick",
            process_id,
        )
        return list(map(StatmRow._make, in_order(rows, self._ticks.axis)))

    def count(self, process_id: int) -> int:
        """How many measurements a process has."""
        row = self._database.row("SELECT count(*) FROM readings WHERE process_id = ?", process_id)
        return row[0] if row else 0

    def sum_rows(self, process_id: int) -> list[SumRow]:
        """The sums of all layouts of a process in order of ticks."""
        rows = self._database.rows(
            "SELECT tick, pss, rss, uss, layout_swap FROM readings"
            " WHERE process_id = ? AND keyframe IS NOT NULL ORDER BY tick",
            process_id,
        )
        return list(map(SumRow._make, rows))

    def thread_rows(self, process_id: int) -> list[ThreadRow]:
        """How many threads a process had at each reading, in order of ticks."""
        rows = self._database.rows(
            "SELECT tick, layout_state, threads FROM readings WHERE process_id = ? ORDER BY tick",
            process_id,
        )
        return list(map(ThreadRow._make, rows))

    def stored_sums(self, process_id: int, figure: str) -> list[StoredSum]:
        """Of each layout of a process what it came to when it was read.

        The sum is that of one of `told_figures`; of "mappings" it is how many there are.
        """
        column = {**_TOLD_COLUMNS, "mappings": "r.mappings"}[figure]
        rows = self._database.rows(
            f"SELECT r.tick, r.mappings, {column} FROM readings AS r"
            " WHERE r.process_id = ? AND r.keyframe IS NOT NULL ORDER BY r.tick",
            process_id,
        )
        return list(map(StoredSum._make, rows))

    def cost_of_layouts(self, process_id: int) -> int:
        """What reading all layouts of a process cost the recorder, nanoseconds of CPU."""
        row = self._database.row(
            "SELECT ifnull(sum(cpu_ns), 0) FROM readings WHERE process_id = ?", process_id
        )
        return row[0] if row else 0

    def told_figures(self, process_id: int | None = None) -> frozenset[str]:
        """Figures that some layout of a process, or of any, tells: pss, rss, uss, swap, swap_pss.

        And statm. Kernels differ in what they tell: see analysis.figures.
        """
        # What is told is nearly always told by the first layout: no need to look at all of them.
        of_one = "" if process_id is None else f" AND r.process_id = {int(process_id)}"
        of_some = f"SELECT 1 FROM readings AS r WHERE r.keyframe IS NOT NULL{of_one} AND"
        columns = ", ".join(
            f"EXISTS ({of_some} {column} IS NOT NULL)" for column in _TOLD_COLUMNS.values()
        )
        (row,) = self._database.rows(f"SELECT {columns}")
        told = zip(_TOLD_COLUMNS, row, strict=True)
        return frozenset(figure for figure, is_told in told if is_told)

    def compare_count(self, process_id: int, found: int) -> None:
        """Warn if readings of a process were left out because their ticks are missing.

        A recorder may have added some since they were read: only ticks that are not there count.
        """
        if self.count(process_id) == found:
            return
        (lost,) = self._database.row(
            "SELECT count(*) FROM readings WHERE process_id = ?"
            " AND tick NOT IN (SELECT id FROM ticks)",
            process_id,
        ) or (0,)
        if lost:
            warnings.warn(
                f"{self._path}: damaged: the ticks of {plural(lost, 'measurement', 'measurements')}"
                f" of process {process_id} are missing; what they held is left out",
                DamagedWarning,
                stacklevel=4,
            )
