"""Each line of a budget against what the runs have of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ...analysis.budgets.agreed import Agreed, agreed_to
from ...analysis.budgets.baseline import Baseline
from ...analysis.budgets.decide import Value, decide
from ...analysis.budgets.model import (
    COUNTS,
    Budget,
    BudgetFile,
    Judged,
    Limit,
    Line,
    Source,
    Unit,
    Word,
)
from ...analysis.diff import middle
from .culprits import Blame, Blamer
from .measure import Measured, Run


def judge(
    file: BudgetFile, runs: Sequence[Run], baseline: Baseline | None = None
) -> tuple[Judged, ...]:
    """Judge all lines of all budgets over some runs of the same thing, in the file's order.

    What cannot be measured, is torn, or matches nothing is undecided; `why` says why.
    """
    return tuple(_judged(file, runs, baseline))


def _judged(file: BudgetFile, runs: Sequence[Run], baseline: Baseline | None) -> Iterator[Judged]:
    for budget in file.budgets:
        measured = [run.measured(budget) for run in runs]
        blamer = Blamer(measured, baseline)
        for line in budget.lines:
            yield _line(_Case(budget, line, runs, measured, baseline), blamer)


class _Case(NamedTuple):
    """One line of a budget, and what each run has at its moment."""

    budget: Budget
    line: Line
    runs: Sequence[Run]
    measured: Sequence[Measured]
    baseline: Baseline | None


class _Allowed(NamedTuple):
    """How much is allowed; `limit` None, and `why`, if nothing says."""

    limit: int | None
    source: Source = "max"
    agreed: int | None = None
    why: str = ""


def _line(case: _Case, blamer: Blamer) -> Judged:
    budget, line = case.budget, case.line
    allowed = _allowed(case)
    is_compared = allowed.source == "baseline"
    values = [each.value(line, is_compared=is_compared) for each in case.measured]
    word, why = _verdict(case, values, allowed)
    # Of what matches nothing nothing was measured, unless it is judged that there is none.
    is_there = word is not Word.UNDECIDED or any(value.matched for value in values)
    sizes = tuple(
        value.size
        for value in values
        if value.size is not None and is_there and not (word is Word.UNDECIDED and _is_bound(value))
    )
    found = Blame()
    if word is Word.OVER and allowed.limit is not None:
        found = blamer.blame(line, allowed.limit)
    return Judged(
        name=name_of(budget, line),
        line=line,
        process=budget.process,
        figure=budget.figure,
        at=budget.at,
        unit=_unit(budget, line),
        limit=allowed.limit,
        source=allowed.source,
        baseline=allowed.agreed,
        measured=middle(sizes) if sizes else None,
        values=sizes,
        verdict=word,
        why=why,
        culprits=found.culprits,
        others=found.others,
    )


def _is_bound(value: Value) -> bool:
    """Whether nothing was measured, and is only known not to be more: growth of a short run."""
    return value.size == 0 and value.at_most != 0


def _verdict(case: _Case, values: Sequence[Value], allowed: _Allowed) -> tuple[Word, str]:
    if allowed.limit is None:
        return Word.UNDECIDED, allowed.why
    is_known = case.line.what == "kind" and bool(case.measured) and allowed.agreed is not None
    is_there = is_known and all(each.members for each in case.measured)
    if not any(value.matched for value in values) and allowed.limit > 0 and not is_there:
        return Word.UNDECIDED, _no_match(case)
    return decide(values, allowed.limit)


def _no_match(case: _Case) -> str:
    budget, line = case.budget, case.line
    if budget.process is not None and not any(each.members for each in case.measured):
        there = case.runs[0].names if case.runs else ""
        return f"no process is called {budget.process!r}; there is: {there or 'none'}"
    what = {"kind": "no mapping is of kind", "name": "no mapping is called"}
    if line.what in what:
        return f"{what[line.what]} {line.pattern!r}; mend it, or allow 0 if there must be none"
    return "nothing was recorded"


def _allowed(case: _Case) -> _Allowed:
    """What a line allows: of an absolute limit and one above the baseline the lower."""
    limit = case.line.limit
    if not limit.is_over_baseline:
        return _Allowed(limit.maximum)
    if case.baseline is None:
        return _Allowed(
            None, "baseline", why="it is a limit above a baseline, and no baseline was given"
        )
    agreed = agreed_to(case.baseline, case.budget, case.line)
    if agreed.value is None:
        return _Allowed(None, "baseline", why=agreed.why)
    above = agreed.value + _over(limit, agreed)
    if limit.maximum is not None and limit.maximum <= above:
        return _Allowed(limit.maximum, "max", agreed.value)
    return _Allowed(above, "baseline", agreed.value)


def _over(limit: Limit, agreed: Agreed) -> int:
    share = int((agreed.value or 0) * (limit.over_share or 0))
    return max(share, limit.over_least or 0)


def _unit(budget: Budget, line: Line) -> Unit:
    if line.what in COUNTS:
        return "count"
    return "bytes/h" if budget.at == "growth" else "bytes"


def name_of(budget: Budget, line: Line) -> str:
    """What outputs call a line: `heap`, `redis: heap at the end`, `total (rss)`.

    No two lines of a file with different meanings have the same name, but where titles make it so.
    """
    what = line.pattern if line.what in ("kind", "name") else line.what
    if line.what not in COUNTS and budget.figure != "pss":
        what += " (modified)" if budget.figure == "pss_dirty" else f" ({budget.figure})"
    when = {"peak": "", "end": " at the end", "floor": " at the floor", "growth": " growth"}
    whose = budget.title or budget.process or ""
    return f"{whose}: {what}{when[budget.at]}" if whose else f"{what}{when[budget.at]}"
