"""Layouts, put together from the usages that were valid at a tick."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

from ...errors import Damaged, DamagedWarning, SelectionError
from ...model import (
    VOLATILE_FIELDS,
    Layout,
    LayoutState,
    Mapping,
    MappingUsage,
    Usage,
    add_up,
)
from ..readonly import ReadOnlyDatabase, Row

_VOLATILE = ", ".join(f"u.{name}" for name in Usage._fields[:VOLATILE_FIELDS])
_DETAILS = Usage._fields[VOLATILE_FIELDS:]


class Layouts:
    """The layouts of all measurements, and what usages refer to."""

    def __init__(self, database: ReadOnlyDatabase) -> None:
        self._database = database
        self._path = database.path

    def of(self, measurement_id: int) -> Layout:
        """All mappings of a measurement with their usage, in the order of their addresses.

        Warns (DamagedWarning) if it does not add up to the sums that are stored beside it.

        Raises SelectionError if there is no such measurement, or if it has no layout.
        """
        found = self._database.row(
            "SELECT process_id, tick, keyframe, layout_state, mappings, rss, pss FROM readings"
            " WHERE id = ?",
            measurement_id,
        )
        if found is None:
            raise SelectionError(f"{self._path}: no measurement {measurement_id}")
        process_id, tick, keyframe, state, *sums = found
        if keyframe is None:
            meaning = LayoutState(state).meaning
            raise SelectionError(f"measurement {measurement_id} has no layout: {meaning}")
        rows = self._database.rows(
            f'SELECT m."start", m."end", m.perms, m."offset", m.dev, m.inode, p.pathname,'
            f" u.detail_id, {_VOLATILE} FROM usages AS u"
            " CROSS JOIN mappings AS m ON m.id = u.mapping_id"
            " CROSS JOIN paths AS p ON p.id = m.path_id"
            " WHERE u.process_id = ? AND u.first_tick BETWEEN ? AND ? AND u.last_tick >= ?",
            process_id,
            keyframe,
            tick,
            tick,
        )
        details = {number: self._detail(number) for number in {row[7] for row in rows}}
        entries = self._entries(rows, details)
        entries.sort(key=lambda entry: entry.mapping)
        self._compare(measurement_id, entries, sums)
        return Layout(tuple(entries), LayoutState(state))

    def headers(self, process_ids: Sequence[int]) -> dict[int, Mapping]:
        """Headers of all mappings that some processes ever had, by mapping id."""
        marks = ", ".join(str(int(process_id)) for process_id in process_ids)
        rows = self._database.rows(
            'SELECT m."start", m."end", m.perms, m."offset", m.dev, m.inode, p.pathname, m.id'
            " FROM mappings AS m JOIN paths AS p ON p.id = m.path_id"
            f" WHERE m.process_id IN ({marks})"
        )
        return {row[7]: self._mapping(row) for row in rows}

    def mapped_since(self, process_id: int, mapping: Mapping, tick: int) -> int:
        """Find from which tick on something of this name was always at some of these addresses."""
        numbers = {
            number
            for number, header in self.headers([process_id]).items()
            if header.start < mapping.end
            and mapping.start < header.end
            and header.pathname == mapping.pathname
        }
        rows = self._database.rows(
            "SELECT mapping_id, first_tick, last_tick FROM usages"
            " WHERE process_id = ? AND first_tick <= ? ORDER BY last_tick DESC",
            process_id,
            tick,
        )
        since = tick
        for number, first_tick, last_tick in rows:
            if last_tick < since - 1:
                break
            if number in numbers:
                since = min(since, first_tick)
        return since

    def details(self, columns: Sequence[str]) -> dict[int, Row]:
        """All details by their number: of each these fields of Usage behind `anonymous`."""
        assert set(columns) <= set(_DETAILS)
        told = self._database.told("details", columns)
        rows = self._database.rows(f"SELECT id, {told} FROM details")
        return {row[0]: row[1:] for row in rows}

    def _entries(self, rows: list[Row], details: dict[int, Row]) -> list[MappingUsage]:
        """Make entries of rows, which are used up: of a million mappings both would be a gigabyte.

        Equal usages and permissions are one object.
        """
        usages: dict[Row, Usage] = {}
        permissions: dict[str, str] = {}
        entries = []
        while rows:
            row = rows.pop()
            usage = usages.get(row[7:])
            if usage is None:
                usage = usages[row[7:]] = Usage._make(row[8:] + details[row[7]])
            mapping = self._mapping(row)
            perms = permissions.setdefault(mapping.perms, mapping.perms)
            entries.append(MappingUsage(mapping._replace(perms=perms), usage))
        return entries

    def _detail(self, number: int) -> Row:
        told = self._database.told("details", _DETAILS)
        row = self._database.row(f"SELECT {told} FROM details WHERE id = ?", number)
        return () if row is None else row

    def _mapping(self, row: Row) -> Mapping:
        # Unsigned numbers above 2**63 are held by SQLite as negative ones.
        start, end, perms, offset, dev, inode, name = row[:7]
        if end < start:
            raise Damaged(f"{self._path}: damaged: a mapping ends before it starts")
        return Mapping(start % 2**64, end % 2**64, perms, offset % 2**64, dev, inode % 2**64, name)

    def _compare(
        self, measurement_id: int, entries: Sequence[MappingUsage], told: Sequence[int | None]
    ) -> None:
        """Warn if a layout is not the one whose sums were stored."""
        figures = (
            len(entries),
            add_up(entry.usage.rss for entry in entries),
            add_up(entry.usage.pss for entry in entries),
        )
        titles = ("mappings", "bytes of RSS", "bytes of PSS")
        for title, figure, stored in zip(titles, figures, told, strict=True):
            # What was not reported is told where it is shown.
            if None not in (stored, figure) and figure != stored:
                warnings.warn(
                    f"{self._path}: damaged: measurement {measurement_id} does not add up to the"
                    f" sums stored beside it ({figure} {title} against {stored}); do not trust its"
                    " figures",
                    DamagedWarning,
                    stacklevel=4,
                )
                return
