"""The tables of a dataset as engines take them: files that can be read, and types of SQL."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping

from ..export.columns import Column
from .dataset import first_line, listing, open_parquet
from .engines.base import Table
from .schema import TABLES

#: Types of SQL that all engines have.
_TYPES: Mapping[str, str] = {
    "text": "STRING",
    "int32": "INT",
    "int64": "BIGINT",
    "date32": "DATE",
    "bool": "BOOLEAN",
}
_MAGIC = b"PAR1"


def tables(folder: str, sql: str) -> tuple[list[Table], dict[str, str]]:
    """The tables that a text of SQL may name, and the files left out with what is wrong with them.

    Raises StoreError if the folder holds no dataset, MissingExtra.
    """
    listed = listing(folder)
    left_out = {os.path.join(folder, bad.path): bad.why for bad in listed.bad}
    superseded = listed.superseded()
    words = set(re.findall(r"\w+", sql.lower()))
    found = []
    for name, columns in TABLES.items():
        if name in words:
            cut = {path: why for path in listed.files(name) if (why := _cut(path))}
            left_out |= cut
            whole = [path for path in listed.files(name) if path not in cut]
            lost = ((path, superseded.get(os.path.basename(path))) for path in whole)
            partly = {path: recordings for path, recordings in lost if recordings}
            files = [path for path in whole if path not in partly]
            found.append(Table(name, files, _columns(columns), partly))
    return found, left_out


def _columns(columns: Iterable[Column]) -> dict[str, str]:
    return {column.name: _TYPES[column.type] for column in columns}


def _cut(path: str) -> str | None:
    """What is wrong with the two ends of a file; None if nothing is."""
    try:
        with open(path, "rb") as file:
            begin = file.read(4)
            size = file.seek(0, os.SEEK_END)
            file.seek(max(size - 8, 0))
            end = file.read(8)
    except OSError as error:
        return error.strerror or str(error)
    if size < 12 or begin != _MAGIC or end[4:] != _MAGIC:
        return "not a whole Parquet file"
    if int.from_bytes(end[:4], "little") > size - 12:
        return "its footer is damaged"
    return None


def damaged(files: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Those files that cannot be read through, with the reason. Raises MissingExtra."""
    for path in files:
        try:
            with open_parquet(path) as file:
                for _ in file.iter_batches():
                    pass
        except Exception as error:  # whatever a damaged file leads to
            yield path, first_line(error)
