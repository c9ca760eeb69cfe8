"""Only the command line and the pytest plugin, which have options, name them and programs.

All else says it in words (see message).
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import memory_watcher
from memory_watcher.cli import COMMANDS, PROGRAMS

SOURCE = Path(memory_watcher.__file__).parent

#: They read the command lines of other programs.
OF_OTHERS = {"analysis/scripts.py", "analysis/roles.py"}

MODULES = sorted(
    name
    for path in SOURCE.rglob("*.py")
    if (name := str(path.relative_to(SOURCE))) not in OF_OTHERS
    and not name.startswith(("cli/", "pytest_plugin/"))
)

OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]+")
PROGRAM = re.compile(rf"\b(?:{'|'.join(PROGRAMS)}|memory-watcher (?:{'|'.join(COMMANDS)}))\b")


def literals(text: str) -> Iterator[tuple[int, str]]:
    """The string literals of a module with their lines: docstrings and stored SQL are left out."""
    tree = ast.parse(text)
    docstrings = {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            is_ddl = "CREATE TABLE" in node.value
            if node not in docstrings and not is_ddl:
                yield node.lineno, node.value


def named(text: str) -> list[tuple[int, str]]:
    """What a module names that it must not, by line."""
    return [
        (line, found)
        for line, literal in literals(text)
        for found in OPTION.findall(literal) + PROGRAM.findall(literal)
    ]


def test_modules_are_found() -> None:
    """Those of all floors, or the test below says nothing."""
    assert {each.partition("/")[0] for each in MODULES} >= {"record", "store", "answers", "tui"}


@pytest.mark.parametrize("module", MODULES)
def test_no_module_names_options_or_programs(module: str) -> None:
    """They are the command line's: top and scripts have other ones than record, or none."""
    assert named((SOURCE / module).read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "text",
    [
        'raise E(f"{path}: {x}; use --wait")',
        'A = ("(--proc, PROCFS)",)',
        'say("run memory-watcher verify")',
        'say("as memory-record does")',
    ],
)
def test_what_is_found(text: str) -> None:
    """The patterns find what they are for."""
    assert len(named(text)) == 1


@pytest.mark.parametrize(
    "text",
    ['"""Docstring of --wait."""', 'A = "---p"', 'A = "a newer memory-watcher"', 'A = "a -- b"'],
)
def test_what_is_allowed(text: str) -> None:
    """Docstrings are for programmers; permissions are no option; the package has its name."""
    assert named(text) == []
