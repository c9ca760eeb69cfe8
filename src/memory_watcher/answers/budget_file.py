"""Which budget file is meant, and what it says: the only place that opens one."""

from __future__ import annotations

import os

from ..analysis.budgets.model import BudgetFile
from ..analysis.budgets.parse import PYPROJECT, parse
from ..errors import BudgetFormatError, NoBudget
from ..own_files import read_small, reason

BUDGET_FILE = "memory-budget.toml"
#: A person writes some hundred lines; Python's reader of TOML takes long for what is far larger.
LARGEST = 1024 * 1024


def find(path: str | None = None, folder: str = ".") -> BudgetFile | None:
    """Read a budget file: the one that is named, or else that of a folder, or None.

    That of a folder is memory-budget.toml, or else pyproject.toml, if that has budgets.

    Raises BudgetFormatError, and NoBudget for a file without a budget.
    """
    if path is not None:
        return read(path)
    own = os.path.join(folder, BUDGET_FILE)
    if os.path.lexists(own):
        return read(os.path.normpath(own))
    project = os.path.join(folder, PYPROJECT)
    if not os.path.lexists(project):
        return None
    try:
        return read(os.path.normpath(project))
    except NoBudget:
        return None


def read(path: str) -> BudgetFile:
    """Read a budget file. Raises BudgetFormatError, and NoBudget for one without a budget."""
    try:
        data = read_small(path, LARGEST)
    except OSError as error:
        if isinstance(error, FileNotFoundError) and os.path.isdir(os.path.dirname(path) or "."):
            raise BudgetFormatError(path, None, "there is no such budget file") from None
        raise BudgetFormatError(path, None, f"cannot read: {reason(error, path)}") from None
    except ValueError:  # a NUL byte in the name
        raise BudgetFormatError(repr(path), None, "this is no name of a file") from None
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise BudgetFormatError(path, line, "it is not UTF-8; save it as UTF-8") from None
    return parse(text, path)
