"""On which line of a TOML text each key stands: Python's own reader does not say."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable

#: How a value is reached: keys, and positions in arrays.
Path = tuple[str | int, ...]

_PART = r"""(?:"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|[A-Za-z0-9_-]+)"""
_KEY = re.compile(rf"{_PART}(?:[ \t]*\.[ \t]*{_PART})*")
_BETWEEN = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_REST_OF_LINE = re.compile(r"[^\n]*")
#: A text may end in five quote marks: two of its own, and the three that end it.
_SCALAR = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}'
    r"|'''.*?'{3,5}"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'[^'\n]*'"
    r"|[^,\]}#\n]+",
    re.DOTALL,
)


def lines_of(text: str, keys_of: Callable[[str], Path]) -> dict[Path, int]:
    """Tell the line (from 1) of each key, table and element of an array.

    `text` is valid TOML: what is not is neither noticed nor survived. `keys_of` takes a key as it
    is written, dots and quotes included, apart. Of what several lines mention, the first counts.
    """
    scan = _Scan(text, keys_of)
    scan.document()
    return scan.lines


class _Scan:
    """One walk over a text; `_at` is how far it is."""

    def __init__(self, text: str, keys_of: Callable[[str], Path]) -> None:
        self.lines: dict[Path, int] = {}
        self._text = text
        self._keys_of = keys_of
        self._at = 0
        self._breaks = [match.end() for match in re.finditer("\n", text)]
        #: Each array of tables, and the position of its latest one.
        self._latest: dict[Path, int] = {}

    def document(self) -> None:
        table: Path = ()
        while self._next():
            if self._text.startswith("[", self._at):
                table = self._header()
            else:
                self._pair(table)
            self._take(_REST_OF_LINE)

    def _next(self) -> str:
        """Go to the next character that says something; empty at the end."""
        self._take(_BETWEEN)
        return self._text[self._at : self._at + 1]

    def _take(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self._text, self._at)
        assert match is not None, "this is no TOML"
        self._at = match.end()
        return match[0]

    def _header(self) -> Path:
        """`[a.b]` and `[[a.b]]`: the path of the table that follows."""
        start = self._at
        is_array = self._text.startswith("[[", self._at)
        self._at += 2 if is_array else 1
        self._next()
        *above, last = self._keys_of(self._take(_KEY))
        table: Path = ()
        for key in above:
            table = self._latest_of((*table, key))
        table = (*table, last)
        if is_array:
            self._note(table, start)
            self._latest[table] = self._latest.get(table, -1) + 1
        table = self._latest_of(table)
        self._note(table, start)
        return table

    def _latest_of(self, table: Path) -> Path:
        return (*table, self._latest[table]) if table in self._latest else table

    def _pair(self, table: Path) -> None:
        start = self._at
        path = table + self._keys_of(self._take(_KEY))
        self._note(path, start)
        self._next()
        self._at += 1  # the equals sign
        self._value(path)

    def _value(self, path: Path) -> None:
        first = self._next()
        if first not in ("[", "{"):
            self._take(_SCALAR)
            return
        self._at += 1
        index = 0
        while self._next() not in ("]", "}"):
            if first == "{":
                self._pair(path)
            else:
                self._note((*path, index), self._at)
                self._value((*path, index))
                index += 1
            if self._next() == ",":
                self._at += 1
        self._at += 1

    def _note(self, path: Path, at: int) -> None:
        """Note where a key stands, and those above it that were not mentioned yet."""
        line = bisect_right(self._breaks, at) + 1
        for length in range(len(path), 0, -1):
            if path[:length] in self.lines:
                break
            self.lines[path[:length]] = line
