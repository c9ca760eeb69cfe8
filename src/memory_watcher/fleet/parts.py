"""The tables of a dataset as engines take them: files that can be read, and types of SQL."""

from __future__ import annotations

import importlib
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ..errors import MissingExtra, StoreError
from ..export.columns import Column
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

    Raises StoreError if the folder holds no dataset.
    """
    if not any(os.path.isdir(os.path.join(folder, name)) for name in TABLES):
        raise StoreError(f"{folder}: there is no dataset; make one with fleet add")
    words = set(re.findall(r"\w+", sql.lower()))
    found, left_out = [], {}
    for name, columns in TABLES.items():
        if name in words:
            files = []
            for path in sorted(map(str, Path(folder, name).glob("date=*/host=*/*.parquet"))):
                reason = _cut(path)
                if reason is None:
                    files.append(path)
                else:
                    left_out[path] = reason
            found.append(Table(name, files, _columns(columns)))
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
    try:
        parquet: Any = importlib.import_module("pyarrow.parquet")
    except ImportError:
        raise MissingExtra("files of a fleet are read by pyarrow", "fleet") from None
    for path in files:
        try:
            with parquet.ParquetFile(path, page_checksum_verification=True) as file:
                for _ in file.iter_batches():
                    pass
        except Exception as error:  # whatever a damaged file leads to
            yield path, str(error).partition("\n")[0]
