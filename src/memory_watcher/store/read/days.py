"""A recording by days of UTC: which ticks a day has, and what processes and machine had on it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...errors import Damaged
from ...model import LayoutState
from ...recorded import Day, DayFigures, KeptLayout, MeminfoRow
from ...units import SECOND
from ..readonly import ReadOnlyDatabase
from .readings import READING_TIME, READINGS

DAY_NS = 86_400 * SECOND
#: A recording of more days is none: a clock that runs wild, or a file that was made up.
_MOST_DAYS = 4000
#: The changes of /proc/meminfo of so many ticks are read at once.
_PAGE = 2000
#: A torn layout may count a mapping twice.
_SOUND = f"r.layout_state <> {LayoutState.TORN.value}"
#: The fields of DayFigures; each is called as what it is checked like (see shapes).
_FIGURES = (
    "count(*)",
    "count(r.keyframe)",
    f"min({READING_TIME}) AS time_ns",
    f"max({READING_TIME}) AS time_ns",
    f"max(ifnull(r.resident, CASE WHEN {_SOUND} THEN r.rss END)) AS rss",
    "max(r.high_water_mark) AS high_water_mark",
    f"max(CASE WHEN {_SOUND} THEN r.uss END) AS uss",
    "max(ifnull(r.swap, r.layout_swap)) AS swap",
    "max(r.mappings) AS mappings",
)
_OF_THE_DAY = f"WHERE r.process_id = ? AND r.tick BETWEEN ? AND ? AND t.time_ns / {DAY_NS} = ?"


class Days:
    """What a recording holds of each day; a tick belongs to the day that its wall clock showed."""

    def __init__(self, database: ReadOnlyDatabase) -> None:
        self._database = database

    def all(self) -> list[Day]:
        """The days that have a tick, in order.

        Raises Damaged if they are more than a recording can have.
        """
        rows = self._database.rows(
            f"SELECT time_ns / {DAY_NS}, min(id) AS id, max(id) AS id, count(*),"
            " min(time_ns) AS time_ns, max(time_ns) AS time_ns"
            f" FROM ticks WHERE time_ns >= 0 GROUP BY 1 ORDER BY 1 LIMIT {_MOST_DAYS + 1}"
        )
        if len(rows) > _MOST_DAYS:
            raise Damaged(f"{self._database.path}: its times are of more than {_MOST_DAYS} days")
        return list(map(Day._make, rows))

    def figures(self, process_id: int, day: Day) -> DayFigures | None:
        """What was read of a process on a day; None if it was not read."""
        row = self._database.row(
            f"SELECT {', '.join(_FIGURES)} {READINGS}{_OF_THE_DAY}",
            *_of(process_id, day),
        )
        return None if row is None or not row[0] else DayFigures._make(row)

    def kept_layouts(self, process_id: int, day: Day, every_ns: int) -> list[KeptLayout]:
        """Of each so long time of a day the highest layout of a process, in order of ticks.

        By PSS, or what the kernel tells instead. A torn one is given only if all are torn.
        """
        figure = "coalesce(r.pss, r.rss, r.uss)"
        rows = self._database.rows(
            "SELECT tick, layout_state, figure, name FROM (SELECT r.tick AS tick,"
            f" r.layout_state AS layout_state, {figure} AS figure, CASE WHEN r.pss IS NOT NULL"
            " THEN 'pss' WHEN r.rss IS NOT NULL THEN 'rss' ELSE 'uss' END AS name, row_number()"
            f" OVER (PARTITION BY t.time_ns / {every_ns}"
            f" ORDER BY {_SOUND} DESC, {figure} DESC, r.tick) AS place"
            f" {READINGS}{_OF_THE_DAY} AND r.keyframe IS NOT NULL AND {figure} IS NOT NULL)"
            " WHERE place = 1 ORDER BY tick",
            *_of(process_id, day),
        )
        return [
            KeptLayout(tick, LayoutState(state), figure, name) for tick, state, figure, name in rows
        ]

    def meminfo(self, day: Day, fields: Sequence[str]) -> Iterator[tuple[int, int, MeminfoRow]]:
        """Changes of some lines of /proc/meminfo on a day, in order of ticks, read in pages.

        Each with the time and the run of its tick. The names are this program's own.
        """
        names = ", ".join(f"'{name}'" for name in fields)
        after = day.first_tick - 1
        while after < day.last_tick:
            row = self._database.row("SELECT min(id) AS id FROM ticks WHERE id > ?", after)
            if row is None or row[0] is None:
                return
            first: int = row[0]
            after = first + _PAGE
            rows = self._database.rows(
                "SELECT t.time_ns, t.run_id, m.first_tick, f.name, nullif(m.value, -1) AS value"
                " FROM meminfo_fields AS f JOIN meminfo AS m ON m.field_id = f.id"
                " JOIN ticks AS t ON t.id = m.first_tick"
                f" WHERE f.name IN ({names}) AND m.first_tick BETWEEN ? AND ?"
                f" AND t.time_ns / {DAY_NS} = ? ORDER BY m.first_tick",
                *(first, min(after, day.last_tick), day.number),
            )
            for time_ns, run_id, *change in rows:
                yield time_ns, run_id, MeminfoRow._make(change)

    def meminfo_before(self, day: Day, fields: Sequence[str]) -> dict[str, int | None]:
        """What these lines said last before a day, in the run of its first tick."""
        names = ", ".join(f"'{name}'" for name in fields)
        rows = self._database.rows(
            "SELECT f.name, (SELECT nullif(m.value, -1) FROM meminfo AS m WHERE m.field_id = f.id"
            " AND m.first_tick < ? AND m.first_tick >= (SELECT r.first_tick FROM runs AS r"
            " JOIN ticks AS t ON t.run_id = r.id WHERE t.id = ?)"
            " ORDER BY m.first_tick DESC LIMIT 1) AS value FROM meminfo_fields AS f"
            f" WHERE f.name IN ({names})",
            *(day.first_tick, day.first_tick),
        )
        return dict(rows)


def _of(process_id: int, day: Day) -> tuple[int, int, int, int]:
    return process_id, day.first_tick, day.last_tick, day.number
