"""What a recording's values must look like: types and ranges, checked as rows are read.

SQLite stores any value in any column, and whoever sent a recording, or a disk that turned a bit,
chose what stands there. So each column of each answer is checked by its name: what the schema calls
a number is one, and is not negative but for those named here; a text is a text. NULL may stand
anywhere, for a column that an older file lacks reads so.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from ..model import LayoutState
from .schema import TABLES

_Column = Sequence[Any]
_NONE = type(None)
_NUMBERS = {int, _NONE}
_TEXTS = {str, _NONE}
#: Addresses above 2^63 are held as negative numbers; times may lie before 1970.
_SIGNED = frozenset(
    ("start", "end", "offset", "inode", "address", "stack_pointer", "oom_score_adj", "exit_code")
)
_STATES = frozenset((*(state.value for state in LayoutState), None))


class Misfit(sqlite3.DatabaseError):
    """A value that no recorder writes."""


def check_shapes(description: Sequence[Sequence[Any]], rows: Sequence[tuple[Any, ...]]) -> None:
    """Raise Misfit, naming the column, if a value of an answer is none that a recorder writes."""
    # Whole columns at once, by what runs in C: a page has tens of thousands of values.
    for (name, *_), column in zip(description, zip(*rows, strict=True), strict=False):
        if not _check_of(name)(column):
            raise Misfit(f"{name} holds what no recorder writes")


@cache
def _check_of(name: str) -> Callable[[_Column], bool]:
    """The check for a column; an expression may be a number or a text."""
    special = {"layout_state": _is_state, "perms": _is_permissions}
    if name in special:
        return special[name]
    kind = _kinds().get(name)
    if kind == "TEXT":
        return _is_text
    if kind is None:
        return _is_either
    return _is_number if name in _SIGNED or name.endswith("_ns") else _is_size


@cache
def _kinds() -> dict[str, str]:
    """The type of each column of the schema; of a name with two types, none."""
    kinds: dict[str, str] = {}
    for name, kind in re.findall(r'^    "?(\w+)"? (INTEGER|TEXT)\b', TABLES, re.MULTILINE):
        kinds[name] = kind if kinds.get(name, kind) == kind else ""
    return {name: kind for name, kind in kinds.items() if kind}


def _is_number(column: _Column) -> bool:
    return _NUMBERS.issuperset(map(type, column))


def _is_size(column: _Column) -> bool:
    if not _is_number(column):
        return False
    if None in column:
        return min(filter(None, column), default=0) >= 0
    return bool(min(column) >= 0)


def _is_text(column: _Column) -> bool:
    return _TEXTS.issuperset(map(type, column))


def _is_either(column: _Column) -> bool:
    return {int, str, _NONE}.issuperset(map(type, column))


def _is_state(column: _Column) -> bool:
    return _is_number(column) and _STATES.issuperset(column)


def _is_permissions(column: _Column) -> bool:
    return _is_text(column) and all(len(text) == 4 for text in set(column) - {None})
