"""Usages as intervals of ticks, in pages of plain rows: for timelines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...model import VOLATILE_FIELDS, Usage
from ..readonly import ReadOnlyDatabase, Row

#: How many usage intervals are read at once: about 1 MB; larger pages are slower.
_USAGE_PAGE = 4_000
#: How many ticks are named in one question.
_AT_ONCE = 400


class Intervals:
    """The usage intervals of all processes."""

    def __init__(self, database: ReadOnlyDatabase) -> None:
        self._database = database

    def pages(
        self, process_id: int, columns: Sequence[str], first_tick: int, last_tick: int
    ) -> Iterator[list[Row]]:
        """Usage intervals of a process that begin in a span of ticks, in order, in pages.

        Plain rows, for there are hundreds of thousands, which are turned into columns:
        (first tick, last tick, mapping id, detail id, *columns), `columns` being fields of Usage up
        to `anonymous`. `first_tick` should be a keyframe: what began before it is not told.
        """
        assert set(columns) <= set(Usage._fields[:VOLATILE_FIELDS])
        names = "".join(f", {name}" for name in columns)
        after = (first_tick - 1, 2**62)
        while True:
            rows = self._database.rows(
                f"SELECT first_tick, last_tick, mapping_id, detail_id{names} FROM usages"
                " WHERE process_id = ? AND (first_tick, mapping_id) > (?, ?) AND first_tick <= ?"
                f" ORDER BY first_tick, mapping_id LIMIT {_USAGE_PAGE}",
                process_id,
                *after,
                last_tick,
            )
            if rows:
                yield rows
            if len(rows) < _USAGE_PAGE:
                return
            after = (rows[-1][0], rows[-1][2])

    def keyframes(self, process_id: int) -> list[int]:
        """The ticks at which all usages of a process stand anew, in order."""
        rows = self._database.rows(
            "SELECT DISTINCT keyframe FROM readings WHERE process_id = ?"
            " AND keyframe IS NOT NULL ORDER BY keyframe",
            process_id,
        )
        return [row[0] for row in rows]

    def count(self, process_id: int) -> int:
        """How many usage intervals a process has, those less that a keyframe may only repeat."""
        row = self._database.row(
            "SELECT count(*) - (SELECT count(*) FROM usages WHERE process_id = ?1 AND first_tick IN"
            " (SELECT keyframe FROM readings WHERE process_id = ?1))"
            " FROM usages WHERE process_id = ?1",
            process_id,
        )
        return row[0] if row else 0

    def standing_count(self, process_id: int, first_tick: int, ticks: Sequence[int]) -> int:
        """How many usage intervals of a process stand at one at least of some ticks, in order."""
        return sum(row[0] for row in self._standing("count(*)", process_id, first_tick, ticks))

    def standing_pages(
        self, process_id: int, columns: Sequence[str], first_tick: int, ticks: Sequence[int]
    ) -> Iterator[list[Row]]:
        """As `pages`, but only of intervals that stand at one at least of some ticks."""
        assert set(columns) <= set(Usage._fields[:VOLATILE_FIELDS])
        names = ", ".join(("first_tick", "last_tick", "mapping_id", "detail_id", *columns))
        page: list[Row] = []
        for row in self._standing(names, process_id, first_tick, ticks):
            page.append(row)
            if len(page) >= _USAGE_PAGE:
                yield page
                page = []
        if page:
            yield page

    def _standing(
        self, names: str, process_id: int, first_tick: int, ticks: Sequence[int]
    ) -> Iterator[Row]:
        """Ask for those that begin between two ticks of these, and reach the second: each once.

        Most of a long recording changes again before the next tick that is looked at; SQLite
        passes over those twenty times as fast as rows are made of them.
        """
        before = [first_tick - 1, *ticks]
        for begin in range(0, len(ticks), _AT_ONCE):
            spans = ", ".join(
                f"({int(low)}, {int(high)})"
                for low, high in zip(
                    before[begin : begin + _AT_ONCE], ticks[begin : begin + _AT_ONCE], strict=False
                )
            )
            yield from self._database.rows(
                f"WITH spans (low, high) AS (VALUES {spans})"
                f" SELECT {names} FROM spans CROSS JOIN usages ON process_id = ?"
                " AND first_tick > low AND first_tick <= high AND last_tick >= high",
                process_id,
            )
