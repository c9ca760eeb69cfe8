"""A budget file -> what it says. Pure; the form is described in docs/budgets.md."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any, get_args

from ...errors import NoBudget
from .amounts import limit_of
from .kind_words import KIND_WORDS, PART_WORDS, kind_named
from .model import COUNTS, At, Budget, BudgetFile, Figure, Line, Unit, What
from .toml_text import Node, is_bare, load, name, nearest, shown

PYPROJECT = "pyproject.toml"

_OF_ALL: tuple[What, ...] = ("total", "unlisted")
_SETTINGS = ("process", "at", "figure", "title")
_KEYS = (*_SETTINGS, *get_args(What))


def parse(text: str, path: str) -> BudgetFile:
    """Read a budget file: `[[budget]]` tables, or in pyproject.toml [[tool.memory-watcher.budget]].

    `path` is how messages call it; by its name a pyproject.toml is known. Raises BudgetFormatError
    with the line, and NoBudget if nothing is wrong but there is no budget.
    """
    is_pyproject = os.path.basename(path) == PYPROJECT
    root = load(text, path)
    found = _in_pyproject(root) if is_pyproject else _only_budget(root)
    tables = [] if found is None else _tables(found)
    if not tables:
        header = "[[tool.memory-watcher.budget]]" if is_pyproject else "[[budget]]"
        raise NoBudget(path, None, f"it has no budget; begin one with {header}")
    return BudgetFile(path, tuple(map(_budget, tables)))


def _in_pyproject(root: Node) -> Node | None:
    found = root
    for key in ("tool", "memory-watcher"):
        found = _table(found)
        if key not in found.value:
            return None
        found = found[key]
    return _only_budget(found)


def _only_budget(node: Node) -> Node | None:
    table = _table(node)
    if "tool" in table.value:
        raise table["tool"].error(f"only {PYPROJECT} has tool tables; write [[budget]] here")
    table.refuse_other_keys(("budget",))
    return table["budget"] if "budget" in table.value else None


def _tables(node: Node) -> list[Node]:
    """One table, or an array of them."""
    tables = node.elements() if isinstance(node.value, list) else [node]
    return list(map(_table, tables))


#: What to write where a table is wanted.
_EXAMPLES = {
    "budget": "begin a budget with [[budget]]",
    "kind": 'write kind.heap = "80 MiB"',
    "name": 'write name."libcrypto.so*" = "6 MiB"',
}


def _table(node: Node) -> Node:
    if not isinstance(node.value, dict):
        key = next((key for key in reversed(node.keys) if isinstance(key, str)), "")
        remedy = f"; {_EXAMPLES[key]}" if key in _EXAMPLES else ""
        raise node.error(f"{name(node)}: {shown(node.value)} is not a table{remedy}")
    return node


def _budget(node: Node) -> Budget:
    node.refuse_other_keys(_KEYS)
    at: At = _choice(node, "at", get_args(At), "peak")
    figure: Figure = _choice(node, "figure", get_args(Figure), "pss")
    process = _text(node, "process") if "process" in node.value else None
    if process == "":
        raise node["process"].error("process: the pattern is empty; leave it out for all processes")
    title = _text(node, "title") if "title" in node.value else ""
    lines = sorted(_lines(node, at), key=lambda line: line.number)
    if not lines:
        raise node.error(f"this budget has no limit; give {', '.join(get_args(What))}")
    return Budget(process, at, figure, tuple(lines), title, node.number)


def _lines(budget: Node, at: At) -> Iterator[Line]:
    unit: Unit = "bytes/h" if at == "growth" else "bytes"
    for what in _OF_ALL:
        if what in budget.value:
            yield Line(what, limit_of(budget[what], unit), "", budget[what].number)
    for what in COUNTS:
        if what in budget.value:
            if at == "growth":
                raise budget[what].error(
                    f"{what}: a count has no growth; move it to a budget of another moment"
                )
            yield Line(what, limit_of(budget[what], "count"), "", budget[what].number)
    if "kind" in budget.value:
        yield from _kinds(_table(budget["kind"]), unit)
    if "name" in budget.value:
        yield from _names(_table(budget["name"]), unit)


def _kinds(table: Node, unit: Unit) -> Iterator[Line]:
    seen: dict[str, int] = {}
    for word, node in table.items():
        kind = kind_named(word)
        if kind is None:
            remedy = nearest(word, KIND_WORDS, PART_WORDS)
            raise node.error(f"unknown kind {shown(word)}; {remedy}")
        if unit == "bytes/h" and kind is not kind.family:
            raise node.error(
                f"{kind.value}: growth is not judged for parts of files;"
                f" limit {kind.family.value}, which is all of them"
            )
        if kind.value in seen:
            raise node.error(f"{kind.value} has a limit already, on line {seen[kind.value]}")
        seen[kind.value] = node.number
        yield Line("kind", limit_of(node, unit), kind.value, node.number)


def _names(table: Node, unit: Unit) -> Iterator[Line]:
    for pattern, node in table.items():
        if not pattern:
            raise node.error('name: the pattern is empty; write "*" for all names')
        if _is_unquoted(pattern, node):
            written = ".".join([pattern, *_chain(node.value)])
            raise node.error(
                f"a limit has max and over-baseline; if {shown(written)} is a name,"
                f' put it in quotes: name."{written}"'
            )
        yield Line("name", limit_of(node, unit), pattern, node.number)


def _is_unquoted(pattern: str, node: Node) -> bool:
    """Whether a name with a dot may have been written without quotes: a table of one key each."""
    return (
        is_bare(pattern)
        and isinstance(node.value, dict)
        and len(node.value) == 1
        and not {"max", "over-baseline"} & node.value.keys()
    )


def _chain(value: Any) -> Iterator[str]:
    while isinstance(value, dict) and len(value) == 1:
        ((key, value),) = value.items()
        yield key


def _choice(budget: Node, key: str, choices: tuple[str, ...], default: str) -> Any:
    if key not in budget.value:
        return default
    word = _text(budget, key)
    if word not in choices:
        raise budget[key].error(f"{key}: unknown word {shown(word)}; {nearest(word, choices)}")
    return word


def _text(budget: Node, key: str) -> str:
    value = budget[key].value
    if not isinstance(value, str):
        raise budget[key].error(f"{key}: {shown(value)} is not a text; write it in quotes")
    return value
