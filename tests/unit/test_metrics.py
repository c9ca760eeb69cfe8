"""Every figure is declared once, and model and schema have the same ones."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest

from memory_watcher.metrics import (
    ADDED_UP_AS,
    CGROUP,
    CGROUP_V1_FILES,
    DERIVED,
    FIELDS_OF,
    LAYOUT,
    LAYOUT_STATES,
    MEMINFO,
    OFFERED,
    OVER_MAPPINGS,
    OVER_PROCESSES,
    READING,
    TOTALS,
    USAGE,
    Metric,
    adds_up,
    over_processes,
)
from memory_watcher.model import VOLATILE_FIELDS, LayoutState, Reading, Totals, Usage
from memory_watcher.store import schema

UNITS = {"bytes": "INTEGER", "count": "INTEGER", "flag": "INTEGER", "text": "TEXT"}
UNITS["1/100 s"] = "INTEGER"


@pytest.fixture
def database() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:")
    schema.create(connection)
    yield connection
    connection.close()


def columns(database: sqlite3.Connection, table: str) -> dict[str, str]:
    """Names and types of a table's columns, in order."""
    return {row[1]: row[2] for row in database.execute(f"PRAGMA table_info({table})")}


def test_usage_has_these_fields_in_this_order() -> None:
    """model.Usage and metrics.USAGE are the same list."""
    assert tuple(metric.name for metric in USAGE) == Usage._fields


def test_reading_has_these_fields_in_this_order() -> None:
    """model.Reading and metrics.READING are the same list."""
    assert tuple(metric.name for metric in READING) == tuple(Reading.__dataclass_fields__)


def test_columns_of_usages(database: sqlite3.Connection) -> None:
    """What changes often are the last columns of `usages`, stored as the type of its unit."""
    expected = {metric.name: UNITS[metric.unit] for metric in USAGE[:VOLATILE_FIELDS]}
    found = columns(database, "usage_rows")
    assert list(found.items())[-VOLATILE_FIELDS:] == list(expected.items())
    assert list(columns(database, "usages")) == list(found)


def test_columns_of_details(database: sqlite3.Connection) -> None:
    """The rest are the columns of `details`."""
    expected = {metric.name: UNITS[metric.unit] for metric in USAGE[VOLATILE_FIELDS:]}
    assert columns(database, "details") == {"id": "INTEGER", **expected}


def test_columns_of_readings(database: sqlite3.Connection) -> None:
    """The figures of a reading are the last columns of `readings`."""
    expected = {metric.name: UNITS[metric.unit] for metric in READING}
    found = columns(database, "readings")
    assert list(found.items())[-len(READING) :] == list(expected.items())


def test_columns_of_the_view(database: sqlite3.Connection) -> None:
    """The view `layouts` shows every figure of a mapping."""
    found = list(columns(database, "layouts"))
    assert found[-len(USAGE) :] == [metric.name for metric in USAGE]


def test_totals_have_these_fields_in_this_order() -> None:
    """model.Totals and metrics.TOTALS are the same list; all can be asked for by name."""
    assert tuple(metric.name for metric in TOTALS) == Totals._fields
    derived = {"uss", "hugetlb", "held", "held_pss"}
    assert {*Totals._fields, *Usage._fields, *derived, "statm"} == set(LAYOUT)


def test_every_state_of_a_layout_has_its_words() -> None:
    """And none that is no state."""
    assert set(LAYOUT_STATES) == {state.name for state in LayoutState}


def test_what_is_offered_for_several_processes_adds_up() -> None:
    """What views offer, or what stands for it; the names of version 1's files are declared."""
    assert all(adds_up(over_processes(name)) for name in OFFERED)
    assert not adds_up("rss")
    assert set(CGROUP_V1_FILES.values()) <= {metric.name for metric in CGROUP}


def test_counters_only_rise() -> None:
    """Faults, CPU time, switches and a cgroup's events are counters, and no size is."""
    counters = {metric.name for metric in (*READING, *CGROUP) if metric.is_counter}
    assert {"minor_faults", "user_time", "voluntary_switches", "events.oom"} <= counters
    assert not any(m.is_counter for m in (*USAGE, *CGROUP, *MEMINFO) if m.unit == "bytes")


def test_a_figure_is_described_in_a_line() -> None:
    """Title and meaning; an abbreviation keeps its capitals."""
    assert LAYOUT["rss"].described == "RSS: in RAM and mapped here, shared or not"
    assert LAYOUT["locked"].described == "locked: PSS locked into RAM"
    assert LAYOUT["statm"].described == "RSS (statm): RSS as the kernel counts it"


@pytest.mark.parametrize("metrics", [USAGE, READING, DERIVED, TOTALS, CGROUP, MEMINFO])
def test_every_metric_is_explained(metrics: tuple[Metric, ...]) -> None:
    """Each has a title, a known unit, a source and a meaning; names and sources are its own."""
    assert len({metric.name for metric in metrics}) == len(metrics)
    assert len({metric.source for metric in metrics}) == len(metrics)
    for metric in metrics:
        assert metric.unit in UNITS
        assert metric.title
        assert metric.source
        assert metric.meaning


def test_derived_figures_name_the_fields_they_need() -> None:
    """Of each the fields are fields of Usage, and without all of them it is not known."""
    assert set(FIELDS_OF) == {metric.name for metric in DERIVED}
    for name, fields in FIELDS_OF.items():
        known = {field: 0 if field in fields else None for field in Usage._fields}
        others = {field: None if field in fields else 0 for field in Usage._fields}
        assert getattr(Usage._make(known.values()), name) == 0
        assert getattr(Usage._make(others.values()), name) is None


def test_what_stands_for_a_figure_over_processes() -> None:
    """RSS, swap and held are never added up over processes; what is instead, may be."""
    assert not set(ADDED_UP_AS) & set(OVER_PROCESSES)
    for name in ("pss", "rss", "uss", "swap", "swap_pss", "held", "held_pss"):
        assert over_processes(name) in OVER_PROCESSES
    assert set(OVER_PROCESSES) < set(OVER_MAPPINGS)
