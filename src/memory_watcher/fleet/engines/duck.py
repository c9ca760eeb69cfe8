"""DuckDB, embedded: reads the Parquet files where they are."""

from __future__ import annotations

import importlib
import os
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from ...errors import MissingExtra
from ...message import Named, Setting
from ...units import format_size
from ..asked import names_in, renamed
from .base import (
    PAGE,
    Answer,
    QueryFailed,
    Table,
    TooLittleMemory,
    UnreadablePart,
    first_line,
    nothing,
    others,
)


class Duck:
    """A database in memory with a view for each table.

    It takes `memory` bytes at most; what does not fit goes to a temporary folder. Its SQL may read
    what lies in `folder` and no other file, and cannot write any.
    """

    def __init__(self, folder: str, memory: int) -> None:
        self._duckdb = _module()
        self._folder = os.path.join(os.path.abspath(folder), "")
        self._memory = memory
        self._spill = tempfile.TemporaryDirectory(prefix="memory-watcher-")
        self._connection: Any = None

    def ask(self, tables: Sequence[Table], sql: str, values: Mapping[str, object]) -> Answer:
        """The answer to one SELECT. Raises QueryFailed."""
        try:
            return self._ask(tables, sql, values)
        except self._duckdb.Error as error:
            raise self._failed(error) from None

    def _ask(self, tables: Sequence[Table], sql: str, values: Mapping[str, object]) -> Answer:
        self._disconnect()
        self._connection = self._duckdb.connect(config=self._settings())
        # The second one is how its files are named: see _pattern.
        folders = f"{_text(self._folder)}, {_pattern(self._folder)}"
        self._connection.execute(f"SET allowed_directories = [{folders}]")
        # From here on it opens nothing outside of the dataset: the SQL may be a stranger's.
        self._connection.execute("SET enable_external_access = false")
        self._connection.execute("SET lock_configuration = true")
        statement = self._only_select(renamed(sql, "$"))
        for table in tables:
            self._connection.execute(_view(table))
        bound = {name: values[name] for name in names_in(sql)}
        done = self._connection.execute(statement, bound or None)
        columns = tuple(column[0] for column in done.description)
        first = done.fetchmany(PAGE)
        return Answer(columns, chain(first, self._pages(done)))

    def _settings(self) -> dict[str, Any]:
        return {
            "memory_limit": f"{self._memory}B",
            "temp_directory": self._spill.name,
            "preserve_insertion_order": False,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        }

    def _only_select(self, sql: str) -> Any:
        statements = self._duckdb.extract_statements(sql)
        if len(statements) != 1 or statements[0].type != self._duckdb.StatementType.SELECT:
            raise QueryFailed("a question is one SELECT; nothing else is run")
        return statements[0]

    def _pages(self, done: Any) -> Iterator[tuple[Any, ...]]:
        try:
            while page := done.fetchmany(PAGE):
                yield from page
        except self._duckdb.Error as error:
            raise self._failed(error) from None

    def _failed(self, error: Exception) -> QueryFailed:
        if isinstance(error, self._duckdb.OutOfMemoryException):
            return TooLittleMemory(
                f"DuckDB needs more memory than {format_size(self._memory)} for this; ",
                Named(Setting.MEMORY, "allow it more", "give it more with {}"),
            )
        if isinstance(error, self._duckdb.ProgrammingError):
            return QueryFailed(f"DuckDB: {first_line(error)}")
        return UnreadablePart(f"DuckDB: {first_line(error)}")

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def close(self) -> None:
        """Close the database and remove what it wrote."""
        self._disconnect()
        self._spill.cleanup()


def _module() -> Any:
    try:
        return importlib.import_module("duckdb")
    except ImportError:
        raise MissingExtra("a fleet is asked through DuckDB", "fleet") from None


def _view(table: Table) -> str:
    """The table as a view; an older file may lack columns, which are null then."""
    parts = [_rows(table.files)] if table.files else []
    parts += [f"{_rows([path])} WHERE {others(lost)}" for path, lost in table.partly.items()]
    return f"CREATE VIEW {table.name} AS " + (" UNION ALL BY NAME ".join(parts) or nothing(table))


def _rows(files: Sequence[str]) -> str:
    names = ", ".join(map(_pattern, files))
    return f"SELECT * FROM read_parquet([{names}], union_by_name = true, hive_partitioning = false)"


def _pattern(path: str) -> str:
    """A path as a text of SQL that stands for this one file alone: names of files are patterns."""
    return _text(re.sub(r"[*?[]", r"[\g<0>]", path))


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
