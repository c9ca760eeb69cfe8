"""A TOML text as values that know their place in it, so that each complaint names its line."""

from __future__ import annotations

import difflib
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ...errors import BudgetFormatError
from .toml_lines import Path, lines_of

_LONGEST_SHOWN = 60
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_LINE_OF_MESSAGE = re.compile(r" \(at line (\d+), column \d+\)$")
_END_OF_MESSAGE = " (at end of document)"


@dataclass(frozen=True, slots=True)
class Node:
    """A value of a TOML file: what it is, under which keys, and on which line.

    `file` is how messages call the file; `lines` are those of all keys of it.
    """

    file: str
    value: Any
    keys: Path = ()
    lines: Mapping[Path, int] = field(default_factory=dict, repr=False)

    @property
    def number(self) -> int:
        """The line on which its key stands, from 1."""
        return self.lines.get(self.keys, 1)

    def __getitem__(self, key: str | int) -> Node:
        return Node(self.file, self.value[key], (*self.keys, key), self.lines)

    def items(self) -> Iterator[tuple[str, Node]]:
        """The keys of a table, with their values."""
        for key in self.value:
            yield key, self[key]

    def elements(self) -> list[Node]:
        """What an array holds."""
        return [self[index] for index in range(len(self.value))]

    def error(self, text: str) -> BudgetFormatError:
        """What is wrong here."""
        return BudgetFormatError(self.file, self.number, text)

    def refuse_other_keys(self, known: Iterable[str]) -> None:
        """Raise BudgetFormatError, at its own line, for a key that this table cannot have."""
        known = tuple(known)
        for key, child in self.items():
            if key not in known:
                raise child.error(f"unknown key {shown(key)}; {nearest(key, known)}")


def load(text: str, file: str) -> Node:
    """The whole of a TOML text. Raises BudgetFormatError if it is none."""
    # TOML is UTF-8 without a mark, but editors of Windows write one; both line ends are allowed.
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    try:
        value = _parse(text)
        return Node(file, value, lines=lines_of(text, _keys_of))
    except RecursionError:
        raise BudgetFormatError(file, None, "its arrays are too deep for a budget") from None
    except ValueError as error:
        raise _no_toml(file, str(error), text.rstrip().count("\n") + 1) from None


def _no_toml(file: str, message: str, last_line: int) -> BudgetFormatError:
    """What TOML's reader said, its line in front; some of its messages have none."""
    line = last_line if message.endswith(_END_OF_MESSAGE) else None
    if found := _LINE_OF_MESSAGE.search(message):
        line = int(found[1])
    what = _LINE_OF_MESSAGE.sub("", message).removesuffix(_END_OF_MESSAGE)
    return BudgetFormatError(file, line, f"this is no TOML: {what}")


def is_bare(key: str) -> bool:
    """Whether a key needs no quotes."""
    return _BARE.fullmatch(key) is not None


def _parse(text: str) -> dict[str, Any]:
    if sys.version_info >= (3, 11):
        import tomllib  # noqa: PLC0415 - only who reads a budget needs it
    else:
        import tomli as tomllib  # noqa: PLC0415
    return tomllib.loads(text)


def _keys_of(written: str) -> Path:
    """The keys of a dotted key, as TOML's own reader takes them apart."""
    if is_bare(written):
        return (written,)
    keys: list[str] = []
    value: Any = _parse(f"{written} = 0")
    while isinstance(value, dict):
        ((key, value),) = value.items()
        keys.append(key)
    return tuple(keys)


def name(node: Node) -> str:
    """What messages call a value: its key, with the table's where it says nothing without."""
    keys = [key for key in node.keys if isinstance(key, str)]
    return _cut(".".join(keys[-2:] if keys[-2:-1] != ["budget"] else keys[-1:]))


def shown(value: object) -> str:
    """A value as a message quotes it: not longer than a line."""
    return _cut(str(value).lower() if isinstance(value, bool) else repr(value))


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN - 1]}…"


def nearest(word: str, known: Iterable[str], rarer: Iterable[str] = ()) -> str:
    """Advise what to write instead of a word: the one that was meant, else all there are.

    What is `rarer` is only advised where it is near.
    """
    known = tuple(known)
    every = (*known, *rarer)
    found = difflib.get_close_matches(word[:_LONGEST_SHOWN].lower(), every, 1)
    return f"did you mean {found[0]!r}?" if found else f"there are {', '.join(known)}"
