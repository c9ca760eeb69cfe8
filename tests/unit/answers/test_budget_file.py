"""Which budget file is meant, and what cannot be read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from memory_watcher.answers.budget_file import LARGEST, find, read
from memory_watcher.errors import BudgetFormatError, NoBudget

BUDGET = '[[budget]]\ntotal = "1 MiB"\n'
OF_PROJECT = '[[tool.memory-watcher.budget]]\ntotal = "2 MiB"\n'


def maximum(folder: Path, path: str | None = None) -> int | None:
    found = find(path, str(folder))
    return None if found is None else found.budgets[0].lines[0].limit.maximum


def test_which_file_is_meant(tmp_path: Path) -> None:
    """The named one, else memory-budget.toml, else a pyproject.toml that has budgets, else none."""
    assert maximum(tmp_path) is None
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    assert maximum(tmp_path) is None
    (tmp_path / "pyproject.toml").write_text(OF_PROJECT)
    assert maximum(tmp_path) == 2 << 20
    (tmp_path / "memory-budget.toml").write_text(BUDGET)
    assert maximum(tmp_path) == 1 << 20
    assert maximum(tmp_path, str(tmp_path / "pyproject.toml")) == 2 << 20


def test_no_mistake_is_passed_over(tmp_path: Path) -> None:
    """A mistake in pyproject.toml, an empty memory-budget.toml and a bad link are told."""
    (tmp_path / "pyproject.toml").write_text("[tool.memory-watcher]\nbudgets = 1\n")
    with pytest.raises(BudgetFormatError, match="line 2: unknown key 'budgets'"):
        find(None, str(tmp_path))
    (tmp_path / "memory-budget.toml").write_text("")
    with pytest.raises(NoBudget):
        find(None, str(tmp_path))
    (tmp_path / "memory-budget.toml").unlink()
    (tmp_path / "memory-budget.toml").symlink_to("nowhere")
    with pytest.raises(BudgetFormatError, match="there is no such budget file"):
        find(None, str(tmp_path))


def test_what_cannot_be_read(tmp_path: Path) -> None:
    """A folder, no file, a pipe, no text, what is far too large are refused in one line each."""
    (tmp_path / "latin.toml").write_bytes(b"[[budget]]\n\ntitle = 'caf\xe9'\n")
    with open(tmp_path / "huge.toml", "wb") as file:
        file.truncate(100 * LARGEST)
    os.mkfifo(tmp_path / "pipe.toml")  # nobody writes to it
    (tmp_path / "device.toml").symlink_to("/dev/zero")
    for name, why in (
        ("", "cannot read: it is a folder"),
        ("none.toml", "there is no such budget file"),
        ("no/b.toml", "cannot read: no folder"),
        ("latin.toml", "line 3: it is not UTF-8; save it as UTF-8"),
        ("huge.toml", "it is larger than 1 MiB; name another file"),
        ("pipe.toml", "cannot read: it is not a regular file; save what it gives to one"),
        ("device.toml", "cannot read: it is not a regular file"),
        ("nul\0.toml", "this is no name of a file"),
    ):
        with pytest.raises(BudgetFormatError) as caught:
            read(str(tmp_path / name))
        assert why in str(caught.value)
