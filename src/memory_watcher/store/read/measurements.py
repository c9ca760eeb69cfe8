"""Measurements: what was read of one process at one instant, but for its layout."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from ...errors import Damaged, SelectionError
from ...metrics import READING
from ...model import LayoutState, Reading, Totals
from ...recorded import Measurement, ProcessMoment, StoredFigure
from ...units import SECOND, format_time
from ..readonly import ReadOnlyDatabase, Row
from ..schema import TOTALS_COLUMNS
from .processes import Processes
from .readings import PEAK_COLUMNS, READING_TIME, READINGS, Readings
from .ticks import Ticks

#: How many measurements are read at once; see `readonly` for why it is not all of them.
_PAGE = 2000
#: How many ticks are named in one question.
_AT_ONCE = 400
#: Where a measurement at a time is looked for first.
_NEAR = 60 * SECOND


class Measurements:
    """The measurements of all processes."""

    def __init__(
        self, database: ReadOnlyDatabase, ticks: Ticks, readings: Readings, processes: Processes
    ) -> None:
        self._database = database
        self._path = database.path
        self._ticks = ticks
        self._readings = readings
        self._processes = processes

    def of(self, process_id: int) -> Iterator[Measurement]:
        """All measurements of a process in order of time, without their layouts.

        Raises SelectionError for an unknown process.
        """
        self._processes.one(process_id=process_id)
        if self._ticks.are_in_order():
            return self._pages(process_id)
        axis = self._ticks.axis
        return iter(
            sorted(
                self._pages(process_id),
                key=lambda each: (axis.place(each.tick, each.time), each.id),
            )
        )

    def one(self, measurement_id: int) -> Measurement:
        """One measurement by its number.

        Raises SelectionError if there is none.
        """
        row = self._database.row(f"{self._measurement}{READINGS}WHERE r.id = ?", measurement_id)
        if row is None:
            if self._database.row("SELECT 1 FROM readings WHERE id = ?", measurement_id):
                raise Damaged(
                    f"{self._path}: damaged: the tick of measurement {measurement_id} is missing"
                )
            raise SelectionError(f"{self._path}: no measurement {measurement_id}")
        return _measurement_of(row)

    def at_tick(self, process_id: int, tick: int) -> Measurement:
        """What a tick read of a process, with or without a layout.

        Raises SelectionError if it did not read it.
        """
        row = self._database.row(
            f"{self._measurement}{READINGS}WHERE r.process_id = ? AND r.tick = ?", process_id, tick
        )
        if row is None:
            raise SelectionError(f"{self._path}: process {process_id} was not read at tick {tick}")
        return _measurement_of(row)

    def at_ticks(self, process_id: int, ticks: Sequence[int]) -> Iterator[Measurement]:
        """What some ticks, in order, read of a process; those that did not read it are left out."""
        for begin in range(0, len(ticks), _AT_ONCE):
            some = ", ".join(str(int(tick)) for tick in ticks[begin : begin + _AT_ONCE])
            rows = self._database.rows(
                f"{self._measurement}{READINGS}WHERE r.process_id = ? AND r.tick IN ({some})"
                " ORDER BY r.tick",
                process_id,
            )
            yield from map(_measurement_of, rows)

    def extreme(
        self,
        process_id: int,
        by: StoredFigure,
        order: Literal["ASC", "DESC"],
        first_tick: int = 0,
        last_tick: int | None = None,
    ) -> Measurement:
        """The first or last by one figure of those that have a layout: see `Recording.peak`.

        Raises SelectionError if there is none, saying why.
        """
        column = PEAK_COLUMNS[by]
        row = self._database.row(
            "SELECT r.id FROM readings AS r WHERE r.process_id = ? AND r.tick BETWEEN ? AND ?"
            f" AND r.keyframe IS NOT NULL AND {column} IS NOT NULL"
            f" ORDER BY r.layout_state = {LayoutState.TORN.value}, {column} {order}, r.tick"
            " LIMIT 1",
            *(process_id, first_tick, 2**62 if last_tick is None else last_tick),
        )
        if row is None:
            raise self._why_no_layout(process_id, by)
        return self.one(row[0])

    def at_time(self, process_id: int, time_ns: int) -> Measurement:
        """Find the measurement with a layout at that time, or the last one before it.

        Raises SelectionError if there is none, saying when the first one is.
        """
        # Readings are later than their tick's time, so ticks narrow the search; ticks are few and
        # small, readings are not. The second try is for a gap longer than usual.
        for earliest in (time_ns - _NEAR, -(2**63)):
            row = self._database.row(
                "SELECT r.id FROM ticks AS t CROSS JOIN readings AS r"
                " ON r.process_id = ? AND r.tick = t.id"
                " WHERE t.time_ns BETWEEN ? AND ? AND r.keyframe IS NOT NULL"
                f" AND {READING_TIME} <= ? ORDER BY {READING_TIME} DESC, r.tick DESC LIMIT 1",
                process_id,
                earliest,
                time_ns,
                time_ns,
            )
            if row is not None:
                return self.one(row[0])
        first = self._database.row(
            f"SELECT min({READING_TIME}) {READINGS}"
            "WHERE r.process_id = ? AND r.keyframe IS NOT NULL",
            process_id,
        )
        if first is None or first[0] is None:
            raise self._why_no_layout(process_id)
        raise SelectionError(
            f"{self._path}: no layout was recorded at or before that time;"
            f" the first one is of {format_time(first[0])}"
        )

    def reading_before(self, measurement: Measurement) -> tuple[Reading, int] | None:
        """Give the cheap figures read of a process before, in the same run, and how long before."""
        first = self._ticks.first_of_run(measurement.tick)
        row = self._database.row(
            f"{self._measurement}{READINGS}WHERE r.process_id = ? AND r.tick BETWEEN ? AND ?"
            " AND r.resident IS NOT NULL ORDER BY r.tick DESC LIMIT 1",
            *(measurement.process_id, first, measurement.tick - 1),
        )
        if row is None:
            return None
        before, axis = _measurement_of(row), self._ticks.axis
        now = axis.place(measurement.tick, measurement.time)
        return before.reading, now - axis.place(before.tick, before.time)

    def layout_until(self, process_id: int, tick: int) -> Measurement:
        """Find the last measurement of a process with a layout, at a tick or before it.

        Raises SelectionError if there is none.
        """
        row = self._database.row(
            f"{self._measurement}{READINGS}WHERE r.process_id = ? AND r.tick <= ?"
            " AND r.keyframe IS NOT NULL ORDER BY r.tick DESC LIMIT 1",
            *(process_id, tick),
        )
        if row is None:
            raise self._why_no_layout(process_id)
        return _measurement_of(row)

    def of_all(self, tick: int) -> list[ProcessMoment]:
        """Every process that lived at a tick, with its latest reading of the same run until then.

        Raises SelectionError for an unknown tick.
        """
        first = self._ticks.first_of_run(tick)
        latest = self._latest(first, tick, "")
        layouts = {number: found for number, found in latest.items() if found.has_layout}
        if any(found.state is LayoutState.NOT_TAKEN for found in latest.values()):
            for number, found in self._latest(first, tick, "AND r.keyframe IS NOT NULL").items():
                if number in latest and latest[number].state is LayoutState.NOT_TAKEN:
                    layouts[number] = found
        return [
            ProcessMoment(process, latest[process.id], layouts.get(process.id))
            for process in self._processes.alive_after(tick)
            if process.id in latest
        ]

    def _latest(self, first: int, tick: int, condition: str) -> dict[int, Measurement]:
        rows = self._database.rows(
            f"{self._measurement} FROM processes AS p CROSS JOIN readings AS r ON r.id ="
            " (SELECT r.id FROM readings AS r WHERE r.process_id = p.id AND r.tick BETWEEN ? AND ?"
            f" {condition} ORDER BY r.tick DESC LIMIT 1) CROSS JOIN ticks AS t ON t.id = r.tick"
            " WHERE p.end_tick IS NULL OR p.end_tick > ?",
            first,
            tick,
            tick,
        )
        return {row[1]: _measurement_of(row) for row in rows}

    def _pages(self, process_id: int) -> Iterator[Measurement]:
        after = -(2**63)
        found = 0
        while True:
            rows = self._database.rows(
                f"{self._measurement}{READINGS}WHERE r.process_id = ? AND r.tick > ?"
                f" ORDER BY r.tick LIMIT {_PAGE}",
                process_id,
                after,
            )
            for row in rows:
                yield _measurement_of(row)
            found += len(rows)
            if len(rows) < _PAGE:
                self._readings.compare_count(process_id, found)
                return
            after = rows[-1][2]

    @property
    def _measurement(self) -> str:
        """The beginning of a question for measurements: see `_measurement_of`."""
        figures = self._database.told("readings", (metric.name for metric in READING), "r.")
        return (
            f"SELECT r.id, r.process_id, r.tick, {READING_TIME}, r.layout_state, r.keyframe,"
            f" {', '.join(f'r.{column}' for column in TOTALS_COLUMNS)},"
            f" r.rollup_pss, r.cpu_ns, r.wall_ns, {figures} "
        )

    def _why_no_layout(self, process_id: int, by: StoredFigure | None = None) -> SelectionError:
        process = self._processes.one(process_id=process_id)
        who = f"process {process.id} (PID {process.pid}, {process.name!r})"
        rows = self._database.rows(
            "SELECT DISTINCT layout_state FROM readings WHERE process_id = ?", process_id
        )
        states = sorted(LayoutState(row[0]) for row in rows)
        if by is not None and any(state.has_layout for state in states):
            told = ", ".join(sorted(self._readings.told_figures(process_id))) or "none"
            return SelectionError(f"{who}: no layout reports {by}; reported figures: {told}")
        # Why there is none says more than that only cheap figures were read at some ticks.
        reasons = [state for state in states if state is not LayoutState.NOT_TAKEN] or states
        why = " ".join(state.meaning for state in reasons)
        return SelectionError(f"{who}: no layout was recorded. {why}".rstrip())


def _measurement_of(row: Row) -> Measurement:
    totals = None if row[5] is None else Totals(*row[6:13])
    return Measurement(
        id=row[0],
        process_id=row[1],
        tick=row[2],
        time=row[3],
        state=LayoutState(row[4]),
        reading=Reading(*row[16:]),
        totals=totals,
        rollup_pss=row[13],
        cpu_ns=row[14],
        wall_ns=row[15],
        keyframe=row[5],
    )
