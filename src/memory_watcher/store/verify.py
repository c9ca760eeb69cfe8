"""Checks all of a recording: structure, schema, types, references, intervals and sums.

A finding is one line. A recording without findings holds what a recorder wrote, in the way in which
it writes: each layout adds up to the sums that were stored when it was read.
"""

from __future__ import annotations

import heapq
import sqlite3
from collections.abc import Iterator
from typing import NamedTuple

from ..model import GATES, size_beside
from . import schema
from .contents import is_own_view
from .ddl import declared
from .escaping import SOURCES, escaped
from .readonly import ReadOnlyDatabase, Row
from .schema import STATES, STATES_WITH_LAYOUT, TOTALS_COLUMNS
from .steps import Steps, silently

#: How many findings of one kind are listed.
LISTED = 10


def findings(path: str, tell: Steps = silently) -> Iterator[str]:
    """All that is wrong with a recording, one line each, as it is found; `tell`: how far it is.

    Raises RecordingNotFound, NotARecording, NewerRecording, Damaged (what cannot be read at all).
    """
    database = ReadOnlyDatabase(path)
    try:
        structure = list(_structure(database))
        yield from structure
        if structure:
            return  # what follows would be told of the same damage, in other words
        yield from _schema(database)
        types = list(_types(database))
        yield from types
        if not types:
            yield from _escapes(database)
            yield from _references(database)
            yield from _order(database)
            yield from _intervals(database)
            yield from _sums(database, tell)
    finally:
        database.close()


def _structure(database: ReadOnlyDatabase) -> Iterator[str]:
    """The pages of the file, its trees and indices, as SQLite sees them."""

    def ask(connection: sqlite3.Connection) -> list[str]:
        names = [f"('{name}')" for name in sorted(database.contents.tables)]
        found = []
        for which in names if database.contents.extra else [f"({LISTED})"]:
            found += [str(row[0]) for row in connection.execute(f"PRAGMA integrity_check{which}")]
        return [line for text in found if text != "ok" for line in text.splitlines()]

    for line in database.inspect(ask)[:LISTED]:
        if not line.startswith("***"):
            yield f"structure: {line}"


def _schema(database: ReadOnlyDatabase) -> Iterator[str]:
    contents = database.contents
    if contents.refused is not None:
        yield f"schema: {contents.refused}"
    if contents.version < schema.VERSION:
        return  # its views are made anew when a recorder adds to it
    for name in contents.own_views:
        if not is_own_view(contents.views[name]):
            yield f"schema: the view {name} is not the one that a recorder makes"


def _types(database: ReadOnlyDatabase) -> Iterator[str]:
    """Columns hold what they are declared to hold; SQLite itself takes anything."""
    for table in sorted(database.contents.tables):
        for column, kind in declared(database.contents.tables[table]).items():
            allowed = "'integer', 'null'" if kind == "INTEGER" else "'text', 'null'"
            (count,) = database.row(
                f'SELECT count(*) FROM {table} WHERE typeof("{column}") NOT IN ({allowed})'
            ) or (0,)
            if count:
                yield f"types: values of {table}.{column} that are not {kind.lower()}: {count}"


def _escapes(database: ReadOnlyDatabase) -> Iterator[str]:
    """Each text that is not valid UTF-8 has the form that the views show."""
    if not database.has_table("escaped_texts"):
        return
    shown: dict[str, str] = dict(database.rows("SELECT raw, shown FROM escaped_texts"))
    for table, column in SOURCES:
        texts = (row[0] for row in database.rows(f"SELECT {column} FROM {table}"))
        count = sum(shown.get(text) != escaped(_bytes(text)) for text in texts if text is not None)
        if count:
            yield f"texts: values of {table}.{column} that the views show wrong: {count}"


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _references(database: ReadOnlyDatabase) -> Iterator[str]:
    """What a row refers to is there."""

    def ask(connection: sqlite3.Connection) -> list[Row]:
        found: list[Row] = []
        for table in sorted(database.contents.tables):
            # One row would refer to a table that development versions have renamed.
            rows = connection.execute(f"PRAGMA foreign_key_check('{table}')")
            found += [row for row in rows if row[2] in database.contents.tables]
        return found

    counts: dict[tuple[str, str], int] = {}
    for table, _, parent, _ in database.inspect(ask):
        counts[table, parent] = counts.get((table, parent), 0) + 1
    for (table, parent), count in counts.items():
        yield f"references: rows of {table} whose rows of {parent} are not there: {count}"
    yield from _counted(
        database,
        "references: usages of a process or mapping that is not there, or not of it: {}",
        f"SELECT count(*) FROM {_usages(database)} AS u LEFT JOIN {_mappings(database)} AS m"
        " ON m.id = u.mapping_id WHERE m.process_id IS NOT u.process_id",
    )
    yield from _counted(
        database,
        "references: images of a process that is not there: {}",
        f"SELECT count(*) FROM {_images(database)}"
        " WHERE process_id NOT IN (SELECT id FROM processes)",
    )


def _order(database: ReadOnlyDatabase) -> Iterator[str]:
    """Ticks, runs and states are as a recorder counts them."""
    for words, sql in (
        (
            "order: readings with a state that does not exist: {}",
            f"SELECT count(*) FROM readings WHERE layout_state NOT IN {STATES}",
        ),
        (
            "order: readings with a layout against their state, or without one: {}",
            "SELECT count(*) FROM readings"
            f" WHERE (keyframe IS NOT NULL) <> (layout_state IN {STATES_WITH_LAYOUT})",
        ),
        (
            "order: readings with a keyframe after them: {}",
            "SELECT count(*) FROM readings WHERE keyframe > tick",
        ),
        (
            "order: ticks outside of their run: {}",
            "SELECT count(*) FROM ticks AS t JOIN runs AS r ON r.id = t.run_id"
            " WHERE t.id < r.first_tick OR t.id > r.last_tick",
        ),
        (
            "order: runs that end before they begin: {}",
            "SELECT count(*) FROM runs WHERE last_tick < first_tick - 1",
        ),
        (
            "order: ticks earlier than the one before them, by the clock that is never set: {}",
            "SELECT count(*) FROM ticks AS t JOIN ticks AS b ON b.id = t.id - 1"
            " WHERE t.run_id = b.run_id AND t.monotonic_ns < b.monotonic_ns",
        ),
        (
            "order: readings with a negative figure: {}",
            "SELECT count(*) FROM readings WHERE min(ifnull(rss, 0), ifnull(pss, 0),"
            " ifnull(uss, 0), ifnull(resident, 0), ifnull(size, 0), ifnull(high_water_mark, 0),"
            " ifnull(swap, 0)) < 0",
        ),
    ):
        yield from _counted(database, words, sql)


def _counted(database: ReadOnlyDatabase, words: str, sql: str) -> Iterator[str]:
    (count,) = database.row(sql) or (0,)
    if count:
        yield words.format(count)


def _usages(database: ReadOnlyDatabase) -> str:
    return "usages" if database.contents.version == 1 else "usage_rows"


def _mappings(database: ReadOnlyDatabase) -> str:
    return "mappings" if database.contents.version == 1 else "mapping_rows"


def _images(database: ReadOnlyDatabase) -> str:
    return "images" if database.contents.version < 3 else "image_rows"


def _intervals(database: ReadOnlyDatabase) -> Iterator[str]:
    """A mapping has one usage at a time; each ends not before it begins."""
    yield from _counted(
        database,
        "intervals: usages that end before they begin: {}",
        f"SELECT count(*) FROM {_usages(database)} WHERE last_tick < first_tick",
    )


class _Usage(NamedTuple):
    """One interval, with what it adds to the sums."""

    first: int
    last: int
    mapping: int
    sums: tuple[int | None, ...]


def _sums(database: ReadOnlyDatabase, tell: Steps) -> Iterator[str]:
    """Each layout adds up to what was stored beside it."""
    for process_id in _process_ids(database, tell):
        wrong = list(_wrong_sums(database, process_id))
        yield from wrong[:LISTED]
        if len(wrong) > LISTED:
            yield f"sums: more layouts of process {process_id}: {len(wrong) - LISTED}"


def wrong_layouts(database: ReadOnlyDatabase, tell: Steps = silently) -> Iterator[int]:
    """The numbers of measurements whose layouts do not add up to what was stored beside them."""
    for process_id in _process_ids(database, tell):
        yield from (number for number, _ in _compared(database, process_id) if number)


def _process_ids(database: ReadOnlyDatabase, tell: Steps) -> Iterator[int]:
    rows = database.rows("SELECT id FROM processes ORDER BY id")
    for number, (process_id,) in enumerate(rows, 1):
        tell("layouts of process", number, len(rows))
        yield process_id


def _wrong_sums(database: ReadOnlyDatabase, process_id: int) -> Iterator[str]:
    return (line for _, line in _compared(database, process_id))


def _compared(database: ReadOnlyDatabase, process_id: int) -> Iterator[tuple[int, str]]:
    """(Number of the measurement, what is wrong with it); 0: several."""
    sweep = _Sweep()
    usages = _intervals_of(database, process_id)
    following = next(usages, None)
    for number, tick, keyframe, *stored in _layouts_of(database, process_id):
        while following is not None and following.first <= tick:
            sweep.add(following)
            following = next(usages, None)
        sweep.end_before(tick, keyframe)
        for name, value, sum_stored in zip(TOTALS_COLUMNS, sweep.sums(), stored, strict=True):
            if value != sum_stored:
                yield (
                    number,
                    f"sums: measurement {number} (process {process_id}, tick {tick}): {name} is"
                    f" {_shown(sum_stored)}, its mappings add up to {_shown(value)}",
                )
                break
    if sweep.overlaps:
        yield (
            0,
            f"intervals: {sweep.overlaps} usages of process {process_id} begin while an earlier one"
            " of the same mapping is valid",
        )


def _shown(value: int | None) -> str:
    return "not reported" if value is None else str(value)


class _Sweep:
    """The usages that are valid at a tick, and their sums, as ticks go on."""

    def __init__(self) -> None:
        self._ends: list[tuple[int, int, _Usage]] = []  # a heap
        self._count = 0
        self._sums = [0] * (len(TOTALS_COLUMNS) - 1)
        self._untold = [0] * (len(TOTALS_COLUMNS) - 1)
        self._valid: dict[int, _Usage] = {}
        self.overlaps = 0  # usages that began while one of the same mapping was valid
        self._keyframe = 0

    def add(self, usage: _Usage) -> None:
        """One more is valid from here on."""
        if usage.last < usage.first:
            return
        before = self._valid.get(usage.mapping)
        self.overlaps += before is not None and before.last >= usage.first
        self._valid[usage.mapping] = usage
        heapq.heappush(self._ends, (usage.last, self._count, usage))
        self._count += 1
        self._change(usage, 1)

    def end_before(self, tick: int, keyframe: int) -> None:
        """Leave out what ended before a tick, and what is older than its keyframe."""
        while self._ends and self._ends[0][0] < tick:
            self._change(heapq.heappop(self._ends)[2], -1)
        if keyframe != self._keyframe:
            self._keyframe = keyframe
            for entry in self._ends:
                if entry[2].first < keyframe:
                    self._change(entry[2], -1)
            self._ends = [entry for entry in self._ends if entry[2].first >= keyframe]
            heapq.heapify(self._ends)

    def sums(self) -> tuple[int | None, ...]:
        """As Totals are: how many, and each sum, None where any mapping lacks the figure."""
        told = zip(self._sums, self._untold, strict=True)
        return (len(self._ends), *[None if untold else total for total, untold in told])

    def _change(self, usage: _Usage, sign: int) -> None:
        for place, value in enumerate(usage.sums):
            if value is None:
                self._untold[place] += sign
            else:
                self._sums[place] += sign * value


def _layouts_of(database: ReadOnlyDatabase, process_id: int) -> Iterator[Row]:
    after = -1
    while True:
        rows = database.rows(
            f"SELECT id, tick, keyframe, {', '.join(TOTALS_COLUMNS)} FROM readings"
            " WHERE process_id = ? AND keyframe IS NOT NULL AND tick > ? ORDER BY tick LIMIT 4000",
            *(process_id, after),
        )
        yield from rows
        if len(rows) < 4000:
            return
        after = rows[-1][1]


def _intervals_of(database: ReadOnlyDatabase, process_id: int) -> Iterator[_Usage]:
    after = (-1, -1)
    while True:
        rows = database.rows(
            "SELECT u.first_tick, u.last_tick, u.mapping_id,"
            f' iif(p.pathname IN {GATES}, NULL, m."end" - m."start"), u.rss, u.pss,'
            " u.private_clean + u.private_dirty, d.private_hugetlb, d.swap, d.swap_pss,"
            " iif(substr(d.other, 1, 5) = 'Size:', d.other, NULL)"
            " FROM usages AS u CROSS JOIN mappings AS m ON m.id = u.mapping_id"
            " CROSS JOIN paths AS p ON p.id = m.path_id"
            " CROSS JOIN details AS d ON d.id = u.detail_id"
            " WHERE u.process_id = ? AND (u.first_tick, u.mapping_id) > (?, ?)"
            " ORDER BY u.first_tick, u.mapping_id LIMIT 4000",
            *(process_id, *after),
        )
        for first, last, mapping, length, rss, pss, private, huge, swap, swap_pss, other in rows:
            size = 0 if length is None else size_beside(other, length)
            uss = None if private is None else private + (huge or 0)
            yield _Usage(first, last, mapping, (size, rss, pss, uss, swap, swap_pss))
        if len(rows) < 4000:
            return
        after = (rows[-1][0], rows[-1][2])
