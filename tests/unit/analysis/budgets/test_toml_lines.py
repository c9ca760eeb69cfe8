"""Every reported line is the line of that key."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory_watcher.analysis.budgets.toml_lines import Path
from memory_watcher.analysis.budgets.toml_text import load

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

SCALARS = (
    "1",
    "-1.5e3",
    "true",
    "1979-05-27 07:32:00",
    '"a # [b] = \\" {c} \\\\"',
    "'# ] } \\'",
    '""',
    "''",
    '"""x = 1\n[y]\n\\""" "" # """""',
    "'''\na = [\n\" '' '''''",
    '""""""',
)
KEYS = ("k{}", "-{}_", '"q {}.#[]=\'"', "'l {}\"\\'", '"e{}\\"\\u00e9\\n"', '"{}\\\\"')
BETWEEN = ("", " ", "\t", "\n", "\r\n", " # c = [ \" '\n", "\n\n  ")


class Document:
    """A TOML text that notes the line of each key as it is written."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.text = ""
        self.expected: dict[Path, int] = {}
        self._number = 0

    def write(self, text: str) -> None:
        self.text += text

    def blank(self, *choices: str) -> None:
        self.write(self.draw(st.sampled_from(choices)))

    def note(self, path: Path) -> None:
        for length in range(1, len(path) + 1):
            self.expected.setdefault(path[:length], self.text.count("\n") + 1)

    def key(self) -> tuple[str, str]:
        """A key that no other has: as it is written, and what it is."""
        self._number += 1
        written = self.draw(st.sampled_from(KEYS)).format(self._number)
        return written, next(iter(tomllib.loads(f"{written} = 0")))

    def dotted(self) -> tuple[str, Path]:
        pairs = [self.key() for _ in range(self.draw(st.integers(1, 3)))]
        dot = self.draw(st.sampled_from((".", " . ")))
        return dot.join(written for written, _ in pairs), tuple(key for _, key in pairs)

    def pair(self, table: Path, depth: int = 0) -> None:
        written, keys = self.dotted()
        self.note(table + keys)
        self.write(written)
        self.blank("=", " = ")
        self.value(table + keys, depth)

    def value(self, path: Path, depth: int) -> None:
        form = self.draw(st.integers(0, 4)) if depth < 3 else 0
        if form < 3:
            self.write(self.draw(st.sampled_from(SCALARS)))
        elif form == 3:
            self.write("[")
            for index in range(self.draw(st.integers(0, 3))):
                self.write("," if index else "")
                self.blank(*BETWEEN)
                self.note((*path, index))
                self.value((*path, index), depth + 1)
                self.blank(*BETWEEN)
            self.write("]")
        else:
            self.write("{ ")
            for index in range(self.draw(st.integers(0, 3))):
                self.write(", " if index else "")
                self.pair(path, depth + 1)
            self.write(" }")

    def pairs(self, table: Path) -> None:
        for _ in range(self.draw(st.integers(0, 3))):
            self.blank(*BETWEEN)
            self.pair(table)
            self.blank("\n", "\r\n", " # [x]\n")

    def whole(self) -> None:
        self.pairs(())
        for _ in range(self.draw(st.integers(0, 3))):
            written, keys = self.dotted()
            if self.draw(st.booleans()):
                self.note(keys)
                self.write(f"[ {written} ] # x\n")
                self.pairs(keys)
                continue
            for index in range(self.draw(st.integers(1, 3))):
                self.note((*keys, index))
                self.write(f"[[{written}]]\n")
                self.pairs((*keys, index))
                below, more = self.dotted()
                self.note((*keys, index, *more))
                self.write(f"[{written}.{below}]\n")
                self.pairs((*keys, index, *more))


def paths(value: Any, path: Path = ()) -> Iterator[Path]:
    """All keys and positions below a value."""
    below = value.items() if isinstance(value, dict) else ()
    for key, child in enumerate(value) if isinstance(value, list) else below:
        yield (*path, key)
        yield from paths(child, (*path, key))


@st.composite
def documents(draw: st.DrawFn) -> Document:
    document = Document(draw)
    document.whole()
    return document


@given(documents())
def test_each_line_is_that_of_its_key(document: Document) -> None:
    """Whatever stands in strings and comments, however keys are quoted and tables nested."""
    root = load(document.text, "x.toml")
    assert root.value == tomllib.loads(document.text)
    assert set(root.lines) == set(paths(root.value))
    assert root.lines == document.expected


@pytest.mark.parametrize("text", ["", "\n", "# only a comment", "\ufeff", "\ufeffa = 1\r\n"])
def test_texts_with_little(text: str) -> None:
    """An empty text has no lines; a byte order mark and Windows's line ends are no fault."""
    assert set(load(text, "x.toml").lines.values()) <= {1}
