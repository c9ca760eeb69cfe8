"""Usages as intervals: a row is valid from one tick to another, and is written when it changes."""

from __future__ import annotations

from collections.abc import Iterable

from ...model import VOLATILE_FIELDS, LayoutChange, Mapping, MappingUsage, Usage
from ..schema import STILL_VALID
from .headers import Headers
from .remembered import forget_oldest
from .transaction import Transaction, insert_into

#: A keyframe (all mappings written anew) comes when this many rows per mapping were written since
#: the last one: it costs a ninth of the file, and no layout needs more than nine times its rows
#: (of 2,100 mappings that takes memory-peak 3 ms more than five times would).
KEYFRAME_ROWS_PER_MAPPING = 8

#: Usages that are written at once.
_ROWS = 4_000

_INSERT_USAGE = insert_into(
    *("usage_rows", "process_id", "first_tick", "mapping_id", "last_tick", "detail_id"),
    *Usage._fields[:VOLATILE_FIELDS],
)
_CLOSE_USAGE = (
    "UPDATE usage_rows SET last_tick = ? WHERE process_id = ? AND first_tick = ? AND mapping_id = ?"
)


class _OpenUsages:
    """Which usages of one process are valid, and since when."""

    __slots__ = ("keyframe", "open", "process_id", "rows", "unused_mappings")

    def __init__(self, process_id: int) -> None:
        self.process_id = process_id
        self.keyframe: int | None = None
        self.rows = 0  # written since the keyframe
        self.open: dict[MappingUsage, tuple[int, int]] = {}  # -> mapping_id, first_tick
        # A mapping that comes back (or only changed its figures) keeps its row. Entries with the
        # same header within one layout, which a torn reading may have, get a row each.
        self.unused_mappings: dict[Mapping, int] = {}


class Layouts:
    """Writes the layouts of all processes, each as what changed since the one before."""

    def __init__(self, transaction: Transaction, headers: Headers) -> None:
        self._transaction = transaction
        self._headers = headers
        self._processes: dict[int, _OpenUsages] = {}
        #: Whether a layout is compared with the next one; nothing is with that of a capture.
        self.are_compared = True

    def begin(self, process_id: int) -> None:
        """A process from now on: its first layout is a keyframe."""
        self._processes[process_id] = _OpenUsages(process_id)

    def end(self, process_id: int) -> None:
        """It was found to have ended at this tick."""
        self._close(self._processes.pop(process_id), self._transaction.tick - 1)

    def finish(self) -> None:
        """The run ends with this tick."""
        for process in self._processes.values():
            self._close(process, self._transaction.tick)

    def keyframe(self, process_id: int) -> int | None:
        """The tick of the oldest rows of a process's latest layout."""
        return self._processes[process_id].keyframe

    def store(self, process_id: int, change: LayoutChange) -> None:
        """Store the layout that a process has at this tick."""
        process = self._processes[process_id]
        if process.keyframe is not None and not change.removed and not change.added:
            return
        gone = {entry: process.open.pop(entry) for entry in change.removed}
        for entry, (mapping_id, _) in gone.items():
            process.unused_mappings[entry.mapping] = mapping_id
        tick = self._transaction.tick
        limit = KEYFRAME_ROWS_PER_MAPPING * change.totals.mappings
        if process.keyframe is None or process.rows + len(change.added) > limit:
            self._close(process, tick - 1)
            process.keyframe, process.rows = tick, 0
            self._open(process, change.entries())
        else:
            self._transaction.each_later(
                _CLOSE_USAGE,
                [
                    (tick - 1, process_id, first_tick, mapping_id)
                    for mapping_id, first_tick in gone.values()
                ],
            )
            self._open(process, change.added)
        forget_oldest(process.unused_mappings)

    def _open(self, process: _OpenUsages, entries: Iterable[MappingUsage]) -> None:
        """Write rows that are valid from this tick on, until further notice."""
        tick, known, detail = self._transaction.tick, process.open, self._headers.detail
        rows: list[tuple[object, ...]] = []
        for entry in entries:
            usage, before = entry.usage, known.get(entry)
            mapping_id = before[0] if before else self._mapping(process, entry.mapping)
            if self.are_compared:
                known[entry] = mapping_id, tick
            rows.append(
                (
                    *(process.process_id, tick, mapping_id, STILL_VALID, detail(usage)),
                    *_without_repetition(usage),
                )
            )
            if len(rows) == _ROWS:
                self._insert(process, rows)
                rows = []
        self._insert(process, rows)

    def _insert(self, process: _OpenUsages, rows: list[tuple[object, ...]]) -> None:
        self._headers.store()
        self._transaction.each_later(_INSERT_USAGE, rows)
        process.rows += len(rows)

    def _mapping(self, process: _OpenUsages, mapping: Mapping) -> int:
        mapping_id = process.unused_mappings.pop(mapping, None)
        return self._headers.add(process.process_id, mapping) if mapping_id is None else mapping_id

    def _close(self, process: _OpenUsages, last_tick: int) -> None:
        """Let all usages that are still valid end with this tick."""
        self._transaction.later(
            "UPDATE usage_rows SET last_tick = ?"
            " WHERE process_id = ? AND first_tick >= ? AND last_tick = ?",
            *(last_tick, process.process_id, process.keyframe, STILL_VALID),
        )


def close_all_usages(transaction: Transaction) -> None:
    """Let all that a run that was killed left open end with the last tick."""
    transaction.execute(
        "UPDATE usage_rows SET last_tick = ? WHERE last_tick = ?", transaction.tick, STILL_VALID
    )


def _without_repetition(usage: Usage) -> tuple[object, ...]:
    """What often changes, as usage_rows has it: NULL for the same as rss, -1 for not told."""
    rss, *others = usage[:VOLATILE_FIELDS]
    return (rss, *[None if size == rss else -1 if size is None else size for size in others])
