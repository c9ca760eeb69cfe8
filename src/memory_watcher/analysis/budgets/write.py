"""Budgets -> a budget file as a person would write it. Pure; `parse` reads the same back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from ...units import KIB, parse_size
from .kind_words import kind_named, word_of
from .model import Budget, Line
from .toml_text import is_bare

_UNITS = ("TiB", "GiB", "MiB", "KiB")
#: Comments begin here, unless a line is longer.
_COLUMN = 40


def no_remark(budget: Budget, line: Line) -> str:
    """Say nothing beside any line."""
    return ""


def write(
    budgets: Iterable[Budget],
    heading: str = "",
    remark: Callable[[Budget, Line], str] = no_remark,
) -> str:
    """Write budgets as TOML; `heading` and what `remark` says of a line are comments.

    Each limit has a line of its own, in the order of the budget. Raises ValueError for text that
    TOML cannot hold: half of a surrogate pair, of which Python makes bytes that are no UTF-8.
    """
    blocks = ["\n".join(_block(budget, remark)) for budget in budgets]
    head = [_comment(heading)] if heading else []
    return "\n\n".join([*head, *blocks]) + "\n"


def _block(budget: Budget, remark: Callable[[Budget, Line], str]) -> Iterator[str]:
    yield "[[budget]]"
    if budget.title:
        yield f"title = {_string(budget.title)}"
    if budget.process is not None:
        yield f"process = {_string(budget.process)}"
    yield f"at = {_string(budget.at)}"
    yield f"figure = {_string(budget.figure)}"
    for line in budget.lines:
        text = f"{_key(line)} = {_limit(budget, line)}"
        said = " ".join(remark(budget, line).split())
        yield f"{text:<{_COLUMN - 1}} {_comment(said)}" if said else text


def _comment(text: str) -> str:
    """Lines of comment; with a control character in one the file would not be TOML."""
    lines = [
        "".join(each if each.isprintable() else "?" for each in line) for line in text.split("\n")
    ]
    return "\n".join(f"# {line}".rstrip() for line in lines)


def _key(line: Line) -> str:
    if line.what in ("kind", "name"):
        pattern = line.pattern
        if line.what == "kind" and (kind := kind_named(pattern)):
            pattern = word_of(kind)
        return f"{line.what}.{_quoted_if_needed(line, pattern)}"
    return line.what


def _quoted_if_needed(line: Line, key: str) -> str:
    # A name is always in quotes: who copies the line and adds a dot then has no other key.
    return key if line.what == "kind" and is_bare(key) else _string(key)


def _limit(budget: Budget, line: Line) -> str:
    amount = _amount(budget, line)
    maximum, share, least = line.limit
    if share is None and least is None and maximum is not None:
        return amount(maximum)
    tolerance = [] if share is None else [_string(f"{share * 100:.10g} %")]
    tolerance += [] if least is None else [amount(least)]
    over = tolerance[0] if len(tolerance) == 1 else f"[{', '.join(tolerance)}]"
    parts = [] if maximum is None else [f"max = {amount(maximum)}"]
    parts += [f"over-baseline = {over}"] if tolerance else []
    return f"{{ {', '.join(parts)} }}"


def _amount(budget: Budget, line: Line) -> Callable[[int], str]:
    if line.what in ("mappings", "threads", "processes"):
        return str
    per = "/h" if budget.at == "growth" else ""
    return lambda size: _string(f"{size_text(size)}{per}")


def size_text(size: int) -> str:
    """`80 MiB`, `4.1 MiB`: bytes in the largest unit that says them exactly as they are read."""
    for power, unit in zip(range(4, 0, -1), _UNITS, strict=True):
        of_unit = KIB**power
        for decimals in range(3):
            text = f"{size / of_unit:.{decimals}f}"
            if size >= of_unit and parse_size(f"{text} {unit}", "") == size:
                return f"{text} {unit}"
    return f"{size} B"


def _string(text: str) -> str:
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError(f"TOML cannot hold {text!r}")
    return f'"{"".join(map(_escaped, text))}"'


def _escaped(character: str) -> str:
    """What a terminal obeys is written as an escape, too: the text is also printed."""
    if character in '"\\':
        return f"\\{character}"
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
