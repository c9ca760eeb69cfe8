"""Budgets -> a budget file as a person would write it. Pure; `parse` reads the same back."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator

from ...units import KIB
from .model import Budget, Line
from .toml_text import is_bare

_UNITS = ("TiB", "GiB", "MiB", "KiB")
#: Comments begin here, unless a line is longer.
_COLUMN = 40
#: What JSON leaves as it is, TOML does not.
_DELETE = re.compile("\x7f")


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
    """Lines of comment; a control character in one would end the file's being TOML."""
    lines = re.sub(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]", "?", text).split("\n")
    return "\n".join(f"# {line}".rstrip() for line in lines)


def _key(line: Line) -> str:
    if line.what in ("kind", "name"):
        pattern = line.pattern.replace(" ", "-") if line.what == "kind" else line.pattern
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
    """`80 MiB`, `1.5 GiB`: bytes in the largest unit that needs two decimals at most; exact."""
    for power, unit in zip(range(4, 0, -1), _UNITS, strict=True):
        of_unit = KIB**power
        if size >= of_unit and size * 100 % of_unit == 0:
            return f"{size / of_unit:.2f}".rstrip("0").rstrip(".") + f" {unit}"
    return f"{size} B"


def _string(text: str) -> str:
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError(f"TOML cannot hold {text!r}")
    return _DELETE.sub(r"\\u007f", json.dumps(text, ensure_ascii=False))
