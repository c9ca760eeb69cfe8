"""The figures of a process at a tick and between two, and the sums of its layout."""

from __future__ import annotations

from operator import attrgetter

from ...model import FastReading, Reading, Sample
from ..schema import TOTALS_COLUMNS
from .transaction import Transaction, insert_into

_READING_COLUMNS = tuple(Reading.__dataclass_fields__)
_figures_of = attrgetter(*_READING_COLUMNS)
_INSERT_READING = insert_into(
    "readings",
    *("process_id", "tick", "delay_ns", "layout_state", "keyframe", "cpu_ns", "wall_ns"),
    *(*TOTALS_COLUMNS, "rollup_pss"),
    *_READING_COLUMNS,
)


class Readings:
    """Writes readings and fast readings."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def store(
        self, process_id: int, sample: Sample, delay_ns: int | None, keyframe: int | None
    ) -> None:
        """Store the figures of a sample; `keyframe` is that of its layout."""
        totals = sample.change.totals if sample.change else (None,) * len(TOTALS_COLUMNS)
        reading = sample.reading
        self._transaction.later(
            _INSERT_READING,
            *(process_id, self._transaction.tick, delay_ns, int(sample.state)),
            *(keyframe if sample.state.has_layout else None, sample.cpu_ns, sample.wall_ns),
            *totals,
            sample.rollup.pss if sample.rollup else None,
            *_figures_of(reading),
        )

    def store_fast(
        self, process_id: int, time_ns: int, since_ns: int, reading: FastReading, *, by_tick: bool
    ) -> None:
        """Store figures read between two layouts; with `by_tick`, after which tick."""
        tick = self._transaction.tick if by_tick else None
        self._transaction.later(
            "INSERT OR REPLACE INTO fast_readings VALUES (?, ?, ?, ?, ?, ?)",
            *(process_id, time_ns, since_ns, reading[0], reading[1], tick),
        )
