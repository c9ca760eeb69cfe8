"""What every engine takes and gives."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

from ...errors import MemoryWatcherError

#: How many rows are fetched at once.
PAGE = 4096


class QueryFailed(MemoryWatcherError):
    """An engine cannot answer: the SQL is wrong, or memory or a cluster is lacking."""


class TooLittleMemory(QueryFailed):
    """The engine may not take as much memory as the answer needs."""


class UnreadablePart(QueryFailed):
    """An engine cannot answer, perhaps because a file is damaged."""


class Table(NamedTuple):
    """A table of the dataset: its files, and its columns with types of SQL.

    Of the files in `partly`, the rows of these recordings do not count: they are elsewhere.
    """

    name: str
    files: Sequence[str]
    columns: Mapping[str, str]
    partly: Mapping[str, frozenset[str]] = MappingProxyType({})

    def without(self, files: Collection[str]) -> Table:
        """The same table, but for some files."""
        return self._replace(
            files=[path for path in self.files if path not in files],
            partly={path: lost for path, lost in self.partly.items() if path not in files},
        )


class Answer(NamedTuple):
    """What came out: the names of the columns, and the rows."""

    columns: tuple[str, ...]
    rows: Iterator[tuple[Any, ...]]


class Engine(Protocol):
    """Something that runs SQL on the tables of a dataset."""

    def ask(self, tables: Sequence[Table], sql: str, values: Mapping[str, object]) -> Answer:
        """The answer to one SELECT; `:name` in it stands for a value, which is bound.

        The first page has been computed when this returns. Raises QueryFailed.
        """

    def close(self) -> None:
        """Give back what the engine holds."""


def nothing(table: Table) -> str:
    """SQL for a table without a file: its columns, and no row."""
    nulls = ", ".join(f"CAST(NULL AS {of}) AS {name}" for name, of in table.columns.items())
    return f"SELECT {nulls} WHERE 1 = 0"


def others(recordings: frozenset[str]) -> str:
    """A condition in SQL for the rows of other recordings than these, which are hexadecimal."""
    assert all(each.isalnum() for each in recordings)
    return f"recording NOT IN ({', '.join(repr(each) for each in sorted(recordings))})"


def first_line(error: Exception) -> str:
    """What is wrong; the lines after it repeat the SQL, or are a trace."""
    lines = (line.strip() for line in str(error).splitlines())
    return next(filter(None, lines), type(error).__name__)
