"""Ticks, and the axis of time on which they are."""

from __future__ import annotations

from ...clocks import TimeAxis
from ...errors import SelectionError
from ...recorded import TickRow
from ...units import format_time
from ..readonly import ReadOnlyDatabase
from .axis import in_order, read_axis


class Ticks:
    """All ticks of a recording, which may grow while it is read."""

    def __init__(self, database: ReadOnlyDatabase) -> None:
        self._database = database
        self._path = database.path
        self._axis: tuple[int | None, TimeAxis] | None = None
        self._in_order: tuple[int | None, bool] | None = None

    @property
    def axis(self) -> TimeAxis:
        """The axis on which the places of these rows are: the same as their times, nearly always.

        Other answers (measurements, processes, runs) have times of the wall clock.
        """
        (last,) = self._database.row("SELECT max(id) FROM ticks") or (None,)
        if self._axis is None or self._axis[0] != last:
            self._axis = last, read_axis(self._database)
        return self._axis[1]

    def are_in_order(self) -> bool:
        """Whether ticks stand in order of time, as all do but captures loaded in any order."""
        (last,) = self._database.row("SELECT max(id) FROM ticks") or (None,)
        if self._in_order is None or self._in_order[0] != last:
            self._in_order = last, not self._goes_back() or self._ascends()
        return self._in_order[1]

    def _goes_back(self) -> bool:
        """Whether the wall clock ever showed an earlier time after a later one: 3 ms to know."""
        return bool(
            self._database.rows(
                "SELECT 1 FROM ticks AS b JOIN ticks AS a ON a.id = b.id - 1"
                " WHERE b.time_ns < a.time_ns LIMIT 1"
            )
        )

    def _ascends(self) -> bool:
        ticks = [row.tick for row in self.rows()]
        return ticks == sorted(ticks)

    def rows(self) -> list[TickRow]:
        """All ticks in order of time."""
        rows = self._database.rows("SELECT id, time_ns, run_id, cause FROM ticks ORDER BY id")
        return list(map(TickRow._make, in_order(rows, self.axis)))

    def time_of(self, tick: int) -> int:
        """When a tick began, UTC nanoseconds.

        Raises SelectionError for an unknown tick.
        """
        row = self._database.row("SELECT time_ns FROM ticks WHERE id = ?", tick)
        if row is None:
            raise SelectionError(f"{self._path}: no tick {tick}")
        time_ns: int = row[0]
        return time_ns

    def at(self, time_ns: int) -> int:
        """Find the tick at that time, or the last one before it.

        Raises SelectionError if there is none, saying when the first one is.
        """
        row = self._database.row(
            "SELECT id FROM ticks WHERE time_ns <= ? ORDER BY time_ns DESC, id DESC LIMIT 1",
            time_ns,
        )
        if row is not None:
            tick: int = row[0]
            return tick
        first = self._database.row("SELECT min(time_ns) FROM ticks")
        when = f"the first tick is of {format_time(first[0])}" if first and first[0] else "no ticks"
        raise SelectionError(f"{self._path}: nothing was recorded at or before that time; {when}")

    def span(self) -> tuple[int, int] | None:
        """When the first tick and the last one were, UTC nanoseconds; None without any."""
        row = self._database.row("SELECT min(time_ns), max(time_ns) FROM ticks")
        return None if row is None or row[0] is None else (row[0], row[1])

    def first_of_run(self, tick: int) -> int:
        """Figures are valid until the next of the same run: between two runs nobody looked."""
        row = self._database.row(
            "SELECT r.first_tick FROM ticks AS t JOIN runs AS r ON r.id = t.run_id WHERE t.id = ?",
            tick,
        )
        if row is None:
            raise SelectionError(f"{self._path}: no tick {tick}")
        first: int = row[0]
        return first

    def max_map_count(self, tick: int) -> int | None:
        """How many mappings the machine let a process have in the run of a tick."""
        told = self._database.told("runs", ("max_map_count",), "r.")
        row = self._database.row(
            f"SELECT {told} FROM ticks AS t JOIN runs AS r ON r.id = t.run_id WHERE t.id = ?", tick
        )
        return None if row is None else row[0]
