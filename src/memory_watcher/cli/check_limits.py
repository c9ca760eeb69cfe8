"""What `check` judges by: the budgets that were named, or are found here, and a baseline."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from ..errors import BaselineFormatError, UsageError
from .check_said import Found
from .progress import ProgressLine

if TYPE_CHECKING:
    from ..analysis.budgets.baseline import Baseline
    from ..analysis.budgets.model import BudgetFile
    from ..store.recording import Recording

#: A baseline has some hundred lines of some hundred bytes.
_LARGEST = 16 << 20


class Limits(NamedTuple):
    """What is judged by; `update` is the baseline that is to be written."""

    budget: BudgetFile | None
    baseline: Baseline | None = None
    update: str | None = None

    @property
    def paths(self) -> list[str]:
        """The files, which no output may replace."""
        return [each.path for each in (self.budget, self.baseline) if each is not None]


def read(budget: str | None, baseline: str | None, *, update: bool) -> Limits:
    """Read what was named, or what is found here.

    Raises BudgetFormatError, BaselineFormatError, UsageError.
    """
    from ..answers.budget_file import BUDGET_FILE, find

    found = find(budget)
    if found is None and baseline is None:
        raise UsageError(
            f"there is no budget: no {BUDGET_FILE} here, and no table in pyproject.toml;"
            " make one with: memory-watcher budget init FILE (a recording)"
        )
    if baseline is None:
        _refuse_without_baseline(found)
        return Limits(found)
    return Limits(found, _baseline(baseline, update=update), baseline if update else None)


def _refuse_without_baseline(budget: BudgetFile | None) -> None:
    """Say before anything is launched that a limit cannot be judged."""
    for each in budget.budgets if budget else ():
        for line in each.lines:
            if line.limit.is_over_baseline:
                raise UsageError(
                    f"{budget.path if budget else ''}: line {line.number}: this limit is above a"
                    " baseline; name it with --baseline FILE, and write it first with --update"
                )


def _baseline(path: str, *, update: bool) -> Baseline | None:
    """What was agreed to; None if it is to be written anew, and was not there or not readable."""
    from ..analysis.budgets.baseline import parse, was_one
    from ..own_files import read_small, reason

    try:
        text = read_small(path, _LARGEST).decode("utf-8", "replace")
    except FileNotFoundError:
        if update:
            return None
        raise UsageError(f"{path}: there is no such baseline; write it with --update") from None
    except (OSError, ValueError) as error:
        why = reason(error, path) if isinstance(error, OSError) else error
        raise UsageError(f"{path!r}: cannot read the baseline: {why}") from None
    try:
        return parse(text, path)
    except BaselineFormatError:
        if not update:
            raise
        if not was_one(text):
            raise UsageError(
                f"{path} is no baseline, so it is not replaced; remove it, or name another file"
            ) from None
        return None


def judge(files: Sequence[str], limits: Limits) -> Found:
    """Judge recordings of one program, and write the baseline if that was asked for.

    Raises OtherPrograms if they are of several programs, StoreError, SelectionError, CannotWrite.
    """
    from ..answers.check import check
    from ..store.recording import Recording

    with ExitStack() as opened, ProgressLine("judging"):
        recordings = [opened.enter_context(Recording(file)) for file in files]
        if limits.update is None:
            return Found(
                check(recordings, _with_all_of(limits.baseline, limits.budget), limits.baseline)
            )
        baseline, changes = _updated(limits.update, recordings, limits)
        return Found(check(recordings, _with_all_of(baseline, limits.budget), baseline), changes)


def _with_all_of(baseline: Baseline | None, budget: BudgetFile | None) -> BudgetFile | None:
    """The budgets; beside absolute limits alone all that a baseline has, as without budgets."""
    from ..analysis.budgets.noise import default_budgets

    if baseline is None or budget is None:
        return budget
    if any(line.limit.is_over_baseline for each in budget.budgets for line in each.lines):
        return budget
    return replace(budget, budgets=budget.budgets + default_budgets(baseline).budgets)


def _updated(
    path: str, recordings: Sequence[Recording], limits: Limits
) -> tuple[Baseline, list[str]]:
    """Write the baseline, whole or not at all; gives it, and what changed in it."""
    from ..analysis.budgets.baseline import changes, text_of
    from ..answers.check import baseline_of
    from ..render.output import write_whole

    baseline = baseline_of(recordings, path, limits.budget)
    write_whole(path, text_of(baseline).encode())
    return baseline, [f"Baseline written: {path}", *changes(limits.baseline, baseline)]
