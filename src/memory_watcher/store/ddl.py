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


def column_names(table: str) -> list[str]:
    """The columns of a table, by the statement that makes it."""
    names, depth, is_first = [], 0, False
    for word in tokens(table):
        if word == "(":
            depth += 1
            is_first = depth == 1
        elif word == ")":
            depth -= 1
        elif word == "," and depth == 1:
            is_first = True
        elif is_first:
            is_first = False
            if word not in ("PRIMARY", "UNIQUE"):
                names.append(word.strip('"'))
    return names


def statements(script: str) -> list[str]:
    """The statements of a script of this program's own, each without its semicolon."""
    found, start = [], 0
    for match in _TOKEN.finditer(script):
        if match.group() == ";":
            found.append(script[start : match.start()].strip())
            start = match.end()
    return found
