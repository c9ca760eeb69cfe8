"""What usages refer to: headers of mappings, the files they map, and details that seldom change."""

from __future__ import annotations

from ...model import VOLATILE_FIELDS, Mapping, Usage
from .remembered import LONGEST_REMEMBERED, forget_oldest
from .texts import Texts
from .transaction import Transaction, as_bytes, insert_into, signed

_DETAIL_COLUMNS = Usage._fields[VOLATILE_FIELDS:]
_INSERT_DETAIL = (
    f"INSERT INTO details ({', '.join(_DETAIL_COLUMNS)})"
    f" VALUES ({'?, ' * (len(_DETAIL_COLUMNS) - 1)}CAST(? AS TEXT))"
)
_INSERT_MAPPING = insert_into(
    "mapping_rows", "id", "process_id", "start", "size", "perms", "offset", "file_id"
)
#: SQLite gives a number of its own choice where the next one would be beyond all.
_LAST_NUMBER = 2**62
_FIND_FILE = "SELECT id FROM files WHERE (dev, inode, path_id) = (?, ?, ?)"
_INSERT_FILE = insert_into("files", "dev", "inode", "path_id")


class Headers:
    """Numbers of mappings, files and details."""

    def __init__(self, transaction: Transaction, texts: Texts) -> None:
        self._transaction = transaction
        self._texts = texts
        self._files: dict[tuple[int, int, str], int] = {}
        self._details: dict[tuple[int | str | None, ...], int] = {}
        self._last: int | None = None  # number of a mapping
        self._new: list[tuple[object, ...]] = []

    def add(self, process_id: int, mapping: Mapping) -> int:
        """The number of a new mapping of a process, which `store` stores."""
        if self._last is None:
            self._last = self._transaction.rows("SELECT max(id) FROM mapping_rows")[0][0] or 0
        fields = (
            *(process_id, signed(mapping.start), mapping.size, mapping.perms),
            *(signed(mapping.offset), self._file(mapping)),
        )
        if self._last >= _LAST_NUMBER:
            return self._transaction.execute(_INSERT_MAPPING, None, *fields)
        self._last += 1
        self._new.append((self._last, *fields))
        return self._last

    def store(self) -> None:
        """Store all that were added: to do that one by one takes twice as long."""
        if self._new:
            self._transaction.each_later(_INSERT_MAPPING, self._new)
            self._new = []

    def _file(self, mapping: Mapping) -> int:
        key = mapping.dev, signed(mapping.inode), mapping.pathname
        number = self._files.get(key)
        if number is None:
            path = self._texts.number("paths", mapping.pathname.encode("utf-8", "surrogateescape"))
            number = self._transaction.number(_FIND_FILE, _INSERT_FILE, *key[:2], path)
            if len(mapping.pathname) <= LONGEST_REMEMBERED:
                forget_oldest(self._files)
                self._files[key] = number
        return number

    def detail(self, usage: Usage) -> int:
        """The number of what seldom changes of a usage."""
        detail = usage[VOLATILE_FIELDS:]
        number = self._details.get(detail)
        if number is None:
            other = as_bytes(usage.other)
            self._texts.escape(other)
            number = self._transaction.execute(_INSERT_DETAIL, *detail[:-1], other)
            forget_oldest(self._details)
            self._details[detail] = number
        return number
