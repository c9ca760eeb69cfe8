"""Recordings judged by budgets: what is over, by how much, and what is to blame."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...analysis.budgets.baseline import Baseline
from ...analysis.budgets.model import Budget, BudgetFile, Checked, Limit, Line, RunFile
from ...analysis.budgets.noise import default_budgets
from ...errors import UsageError
from ...store.recording import Recording
from ...units import format_size, plural
from ..same_program import refuse_other_runs
from .agree import baseline_of, notes
from .judge import judge
from .measure import Measured, Run, measured

__all__ = [
    "Baseline",
    "Budget",
    "BudgetFile",
    "Checked",
    "Limit",
    "Line",
    "Measured",
    "Run",
    "baseline_of",
    "check",
    "judge",
    "measured",
]


def check(
    recordings: Recording | Sequence[Recording],
    budget: BudgetFile | None = None,
    baseline: Baseline | None = None,
) -> Checked:
    """Judge recordings of the same thing by a budget; several are runs, whose medians count.

    Sizes are bytes. Nothing that could not be measured, and nothing of which only some runs are
    within, is called within: `why` of what is undecided says what to do. Without a budget
    everything that the baseline has is judged, with the tolerances of analysis.budgets.noise.

    Raises UsageError without a recording or without anything to judge by, OtherPrograms for
    recordings, or a baseline, of different programs.
    """
    every = (recordings,) if isinstance(recordings, Recording) else tuple(recordings)
    if not every:
        raise UsageError("name at least one recording")
    if budget is None and baseline is None:
        raise UsageError("give a budget or a baseline")
    refuse_other_runs(every)
    differing = () if baseline is None else notes(baseline, every)
    runs = [Run(each) for each in every]
    return Checked(
        judge(_limits(budget, baseline), runs, baseline),
        tuple(RunFile(each.path) for each in every),
        None if budget is None else budget.path or None,
        None if baseline is None else baseline.path,
        (*differing, *_notes(runs)),
    )


def _limits(budget: BudgetFile | None, baseline: Baseline | None) -> BudgetFile:
    """The budgets, or else those of all that the baseline has."""
    if budget is not None:
        return budget
    return BudgetFile("", ()) if baseline is None else default_budgets(baseline)


def _notes(runs: Sequence[Run]) -> Iterator[str]:
    """What a reader should know of the figures."""
    missed = max(run.missed_peak for run in runs)
    if missed:
        which = "" if len(runs) == 1 else "up to "
        yield (
            f"memory was {which}{format_size(missed)} higher at a moment of which there is no"
            " layout: kinds and names are judged as the highest layout has them; a shorter period"
            " shows more"
        )
    unchecked = sum(run.unchecked for run in runs)
    if unchecked:
        yield (
            f"{plural(unchecked, 'layout', 'layouts')} could not be verified: this kernel's own"
            " figures of a process are approximate, or there are none"
        )
