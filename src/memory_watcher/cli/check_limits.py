"""What `check` judges by: the budgets that were named, or that are found here."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from ..errors import UsageError
from .check_said import Found
from .progress import ProgressLine

if TYPE_CHECKING:
    from ..analysis.budgets.model import BudgetFile
    from ..store.recording import Recording


class Limits(NamedTuple):
    """What is judged by."""

    budget: BudgetFile


def read(budget: str | None) -> Limits:
    """Read what was named, or what is found here. Raises BudgetFormatError, UsageError."""
    from ..answers.budget_file import BUDGET_FILE, find

    found = find(budget)
    if found is None:
        raise UsageError(
            f"there is no budget: no {BUDGET_FILE} here, and no table in pyproject.toml;"
            " make one with: memory-watcher budget init FILE (a recording)"
        )
    return Limits(found)


def judge(files: Sequence[str], limits: Limits) -> Found:
    """Judge recordings of one program.

    Raises UsageError if they are of several, StoreError, SelectionError.
    """
    from ..answers.check import check
    from ..store.recording import Recording

    with ExitStack() as opened, ProgressLine("judging"):
        recordings = [opened.enter_context(Recording(file)) for file in files]
        for one, other in pairwise(zip(files, map(_programs, recordings), strict=True)):
            _refuse_another_program(one, other)
        return Found(check(recordings, limits.budget))


def _programs(recording: Recording) -> frozenset[str]:
    return frozenset(
        image.name or "" for process in recording.processes() for image in process.images
    )


def _refuse_another_program(
    one: tuple[str, frozenset[str]], other: tuple[str, frozenset[str]]
) -> None:
    (file_a, programs_a), (file_b, programs_b) = one, other
    if programs_a and programs_b and not programs_a & programs_b:
        raise UsageError(
            f"{file_a} is of {_few(programs_a)}, {file_b} of {_few(programs_b)};"
            " check recordings of different programs one by one"
        )


def _few(programs: frozenset[str]) -> str:
    first = sorted(programs)[:3]
    return ", ".join(first) + (", …" if len(programs) > len(first) else "")
