"""Headers of mappings in a tenth of the memory: a process that lives long has had very many."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping

from ...errors import Damaged
from ...model import Mapping as Header
from ..readonly import ReadOnlyDatabase

_PAGE = 4_000
#: So many of those that were asked for last are kept as they were given.
_RECENT = 16_384


class PackedHeaders(Mapping[int, Header]):
    """The headers of all mappings that a process ever had, by mapping id."""

    def __init__(self, database: ReadOnlyDatabase, process_id: int) -> None:
        self._ids = array("q")
        self._numbers = array("Q")  # start, end, offset, inode of each
        self._devices = array("q")
        self._perms = array("L")
        self._paths = array("L")
        self._texts: list[str] = []
        self._recent: dict[int, Header] = {}
        self._read(database, process_id)
        # Ids of a process rise; with others beside it not one by one.
        self._positions = {} if self._is_dense else {n: at for at, n in enumerate(self._ids)}

    @property
    def _is_dense(self) -> bool:
        return not self._ids or self._ids[-1] - self._ids[0] + 1 == len(self._ids)

    def _read(self, database: ReadOnlyDatabase, process_id: int) -> None:
        numbers: dict[str, int] = {}
        after = -1
        while True:
            rows = database.rows(
                'SELECT m.id, m."start", m."end", m.perms, m."offset", m.dev, m.inode, p.pathname'
                " FROM mappings AS m JOIN paths AS p ON p.id = m.path_id"
                f" WHERE m.process_id = ? AND m.id > ? ORDER BY m.id LIMIT {_PAGE}",
                *(process_id, after),
            )
            for number, start, end, perms, offset, dev, inode, path in rows:
                if end < start:
                    raise Damaged(f"{database.path}: damaged: a mapping ends before it starts")
                self._ids.append(number)
                # Unsigned numbers above 2**63 are held by SQLite as negative ones.
                self._numbers.extend(each % 2**64 for each in (start, end, offset, inode))
                self._devices.append(dev)
                self._perms.append(numbers.setdefault(perms, len(numbers)))
                self._paths.append(numbers.setdefault(path, len(numbers)))
            if len(rows) < _PAGE:
                self._texts = list(numbers)
                return
            after = rows[-1][0]

    def __getitem__(self, number: int) -> Header:
        header = self._recent.get(number)
        if header is None:
            if len(self._recent) >= _RECENT:
                self._recent.clear()
            header = self._recent[number] = self._header(number)
        return header

    def _header(self, number: int) -> Header:
        if self._positions:
            at = self._positions[number]
        else:
            at = number - self._ids[0] if self._ids else -1
            if not 0 <= at < len(self._ids):
                raise KeyError(number)
        start, end, offset, inode = self._numbers[4 * at : 4 * at + 4]
        perms, path = self._texts[self._perms[at]], self._texts[self._paths[at]]
        return Header(start, end, perms, offset, self._devices[at], inode, path)

    def __iter__(self) -> Iterator[int]:
        return iter(self._ids)

    def __len__(self) -> int:
        return len(self._ids)
