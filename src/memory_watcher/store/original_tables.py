"""By which tables a database of the original memory-watcher is known."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

#: Year -> the tables that its files have at least.
TABLES: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "2021": frozenset({"process", "memory_range", "measurement", "data"}),
        "2018": frozenset({"range", "measurement", "data"}),
    }
)


def is_original(tables: frozenset[str]) -> bool:
    """Whether a database with these tables is one of the original memory-watcher's."""
    return any(wanted <= tables for wanted in TABLES.values())
