"""Typed columns, and rows of them as Arrow batches: what Parquet files of this program are made of.

The metadata of a column says its unit and meaning. pyarrow is large: it is loaded when it is used.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from types import MappingProxyType
from typing import Any, BinaryIO, NamedTuple

from ..answers.walk import FIGURES
from ..errors import MissingExtra
from ..render.escape import escape

_BATCH = 16_384
#: Figures differ by few bytes from row to row: split by bytes they pack better than otherwise.
OPTIONS: Mapping[str, Any] = MappingProxyType({"compression": "zstd", "compression_level": 3})


class Column(NamedTuple):
    """A column: its type (a name of pyarrow's, or of `_type`), its unit and what it means."""

    name: str
    type: str
    unit: str = ""
    meaning: str = ""


#: The figures of a group of mappings, in the order of walk.Sums.
FIGURE_COLUMNS = tuple(Column(m.name, "int64", m.unit, m.meaning) for m in FIGURES)


def module(name: str, extra: str = "parquet") -> Any:
    """A part of pyarrow. Raises MissingExtra, which names the extra that brings it."""
    try:
        return importlib.import_module(name)
    except ImportError:
        raise MissingExtra("Parquet files need pyarrow", extra) from None


def schema(arrow: Any, columns: Sequence[Column], *, plain: bool = False) -> Any:
    """The Arrow schema of a table; with `plain` texts are no dictionaries."""
    return arrow.schema(
        arrow.field(
            column.name,
            arrow.string() if plain and column.type == "text" else _type(arrow, column.type),
            metadata={k: v for k in ("unit", "meaning") if (v := getattr(column, k))},
        )
        for column in columns
    )


def batches(
    arrow: Any, columns: Sequence[Column], table: Iterable[tuple[object, ...]]
) -> Iterator[Any]:
    """Rows as Arrow batches: no more than one is held."""
    told, lines = schema(arrow, columns), iter(table)
    while page := list(islice(lines, _BATCH)):
        arrays = [
            _array(arrow, column, values)
            for column, values in zip(columns, zip(*page, strict=True), strict=True)
        ]
        yield arrow.record_batch(arrays, schema=told)


def write_parquet(
    file: BinaryIO,
    columns: Sequence[Column],
    table: Iterable[tuple[object, ...]],
    extra: str = "parquet",
    options: Mapping[str, Any] = MappingProxyType({}),
) -> int:
    """Write rows as a Parquet file, and tell how many they were.

    `options` are pyarrow's, besides those of all files. Raises MissingExtra, naming `extra`.
    """
    arrow, parquet = module("pyarrow", extra), module("pyarrow.parquet", extra)
    count = 0
    with parquet.ParquetWriter(file, schema(arrow, columns), **{**OPTIONS, **options}) as writer:
        for batch in batches(arrow, columns, table):
            writer.write_batch(batch)
            count += batch.num_rows
    return count


def shown(text: str | None) -> str | None:
    r"""A name as tables have it: what is not printable as \xNN; None stays."""
    return None if text is None else escape(text)


def _type(arrow: Any, name: str) -> Any:
    if name == "text":
        return arrow.dictionary(arrow.int32(), arrow.string())
    if name == "time":
        return arrow.timestamp("ns", tz="UTC")
    return getattr(arrow, "bool_" if name == "bool" else name)()


def _array(arrow: Any, column: Column, values: Sequence[object]) -> Any:
    if column.type == "text":
        return arrow.array(values, arrow.string()).dictionary_encode()
    return arrow.array(values, _type(arrow, column.type))
