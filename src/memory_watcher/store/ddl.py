"""SQL as text: what a recording's schema says, without running any of it."""

from __future__ import annotations

import re

#: Comments and blanks first; a quote that is never closed is a token of its own.
_TOKEN = re.compile(
    r"""(?P<nothing> \s+ | --[^\n]* | /\*.*?(?:\*/|\Z) )
      | '(?:[^']|'')*' | "(?:[^"]|"")*" | `[^`]*` | \[[^\]]*\]
      | [^\W\d][\w$]* | \d[\w.]* | .""",
    re.VERBOSE | re.DOTALL,
)


def tokens(sql: str) -> list[str]:
    """The words and signs of SQL, without comments."""
    return [match.group() for match in _TOKEN.finditer(sql) if match.lastgroup != "nothing"]


def normal(sql: str) -> str:
    """A statement without what means nothing: comments, blanks, quotes around what it makes."""
    found = tokens(sql)
    if len(found) > 2 and found[2][:1] == '"':  # CREATE TABLE "name"
        found[2] = found[2][1:-1].replace('""', '"')
    return " ".join(found)


def _definitions(table: str) -> list[list[str]]:
    """The parts of a table's statement between its commas, in tokens."""
    found: list[list[str]] = []
    depth = 0
    for word in tokens(table):
        depth += (word == "(") - (word == ")")
        if depth == 1 and word in "(,":
            found.append([])
        elif depth and found:
            found[-1].append(word)
    return found


def declared(table: str) -> dict[str, str]:
    """The columns of a table and their types, by the statement that makes it."""
    return {
        words[0].strip('"'): words[1]
        for words in _definitions(table)
        if words and words[0] not in ("PRIMARY", "UNIQUE")
    }


def references(table: str) -> list[tuple[str, str]]:
    """The columns of a table that refer to the id of another one: (column, the other table)."""
    return [
        (words[0].strip('"'), words[words.index("REFERENCES") + 1])
        for words in _definitions(table)
        if "REFERENCES" in words
    ]


def statements(script: str) -> list[str]:
    """The statements of a script of this program's own, each without its semicolon."""
    found, start = [], 0
    for match in _TOKEN.finditer(script):
        if match.group() == ";":
            found.append(script[start : match.start()].strip())
            start = match.end()
    return found
