r"""An answer as a table, JSON or CSV.

A table shows sizes and times as people read them. JSON and CSV have bytes; a time stands there as
ISO text of UTC, in JSON beside its nanoseconds. Names are escaped for each medium.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import islice
from typing import Any

from ..export.text import cell, utc
from ..render.bar_chart import MOST_BARS, Bar, BarView
from ..render.escape import escape, pad, width
from ..render.json_values import named, pieces
from ..render.text_columns import ABSENT
from ..units import format_duration, format_size, format_time, group_digits
from .asked import Question, Unit
from .engines.base import Answer, QueryFailed

#: A table shows no more rows: it is as wide as its widest one.
MOST_ROWS = 2000
#: Columns of numbers stand to the right.
_NUMBER = (int, float, Decimal)
_LONGEST = 96
#: What Python's dates can say.
_TIMES = range(-(10**18), 10**19)

Units = Mapping[str, Unit]


def plain(value: object) -> str | int | float | bool | None:
    """A value of an engine as one of JSON; what has no such value is text."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return str(value)


# A table ------------------------------------------------------------------------------------------


def table(answer: Answer, units: Units) -> tuple[str, bool]:
    """The answer for people, and whether there are rows that it leaves out."""
    rows = list(islice(answer.rows, MOST_ROWS + 1))
    cut = len(rows) > MOST_ROWS
    del rows[MOST_ROWS:]
    of = [units.get(name, "") for name in answer.columns]
    shown = [[_shown(value, unit) for value, unit in zip(row, of, strict=True)] for row in rows]
    right = [
        name in units or any(isinstance(row[number], _NUMBER) for row in rows)
        for number, name in enumerate(answer.columns)
    ]
    lines = [[escape(name) for name in answer.columns], *shown]
    wide = [max(map(width, column)) for column in zip(*lines, strict=True)]
    return "".join(_line(line, wide, right) for line in lines), cut


def _line(line: Sequence[str], wide: Sequence[int], right: Sequence[bool]) -> str:
    cells = (
        " " * (columns - width(text)) + text if at_right else pad(text, columns)
        for text, columns, at_right in zip(line, wide, right, strict=True)
    )
    return "  ".join(cells).rstrip() + "\n"


def _shown(value: object, unit: Unit) -> str:
    value = plain(value)
    if value is None:
        return ABSENT
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _number(value, unit)
    text = escape(str(value))
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _number(value: int | float, unit: Unit) -> str:
    whole = round(value)
    if unit in ("bytes", "bytes_per_hour"):
        return format_size(whole) + ("/h" if unit == "bytes_per_hour" else "")
    if unit == "time" and whole in _TIMES:
        return format_time(whole)
    if unit == "duration":
        return format_duration(whole)
    if unit == "percent":
        return f"{value:.4g} %"
    return group_digits(value) if isinstance(value, int) else f"{value:.6g}"


# JSON and CSV -------------------------------------------------------------------------------------


def json_pieces(answer: Answer, units: Units, head: Mapping[str, Any]) -> Iterator[str]:
    """One JSON object in pieces: `head`, the columns with their units, the rows."""
    columns = [{**named("name", name), "unit": units.get(name) or None} for name in answer.columns]
    return pieces({**head, "columns": columns, "rows": _objects(answer, units)})


def _objects(answer: Answer, units: Units) -> Iterator[dict[str, Any]]:
    for row in answer.rows:
        value: dict[str, Any] = {}
        for name, each in zip(answer.columns, map(plain, row), strict=True):
            if isinstance(each, str):
                value |= named(name, each)
            else:
                value[name] = each
                if units.get(name) == "time":
                    value[f"{name.removesuffix('_ns')}_utc"] = _utc(each)
        yield value


def csv_pieces(answer: Answer, units: Units) -> Iterator[str]:
    """Lines of comma-separated values (RFC 4180), as the csv export writes them."""
    yield _csv(map(cell, answer.columns))
    for row in answer.rows:
        yield _csv(
            _field(each, units.get(name, ""))
            for name, each in zip(answer.columns, map(plain, row), strict=True)
        )


def _field(value: object, unit: Unit) -> object:
    if isinstance(value, str):
        return cell(value)
    return _utc(value) if unit == "time" else value


def _csv(values: Iterator[Any]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow(values)
    return line.getvalue()


def _utc(time_ns: object) -> str | None:
    if not isinstance(time_ns, int) or time_ns not in _TIMES:
        return None
    return utc(time_ns)


# A chart ------------------------------------------------------------------------------------------


def bars(answer: Answer, question: Question) -> BarView:
    """A bar for each of the first rows: its name is what the columns of text say.

    It shows the column that the question names, or the first one of numbers.

    Raises QueryFailed if there is no such column.
    """
    rows = [tuple(map(plain, row)) for row in islice(answer.rows, MOST_BARS)]
    numbers = [
        place for place in range(len(answer.columns)) if any(_is_number(row[place]) for row in rows)
    ]
    wanted = [place for place in numbers if answer.columns[place] == question.chart]
    if rows and not numbers:
        raise QueryFailed("the answer has no column of numbers to draw")
    place = (wanted or numbers or [0])[0]
    name = answer.columns[place] if answer.columns else ""
    unit = question.units.get(name, "")
    return BarView(
        question.title,
        question.meaning_of(name),
        [
            Bar(_title(row), float(row[place] or 0), _shown(row[place], unit))
            for row in rows
            if row[place] is None or _is_number(row[place])
        ],
    )


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _title(row: tuple[object, ...]) -> str:
    return " · ".join(escape(value) for value in row if isinstance(value, str))
