"""Which processes are to blame: there are more of them, or they have more threads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ...analysis.budgets.agreed import entries_of
from ...analysis.budgets.baseline import Baseline
from ...analysis.budgets.changes import MOST
from ...analysis.budgets.model import Budget, Culprit, Line
from ...analysis.diff import middle
from .measure import Measured


def by_process(
    line: Line, measured: Sequence[Measured], baseline: Baseline | None
) -> tuple[Culprit, ...]:
    """Of threads or processes: of whom there are more than agreed to, else of whom there are."""
    counts = [each.threads if line.what == "threads" else each.processes for each in measured]
    names = list(dict.fromkeys(name for count in counts for name in count.of))
    found = []
    for name in names:
        after = middle([count.of.get(name, 0) for count in counts])
        before = _agreed(baseline, measured[0].budget, names, name, line.what)
        change = None if before is None else after - before
        found.append(Culprit("process", name, before, after, change))
    found.sort(key=lambda each: (-(each.change or 0), -(each.after or 0), each.name))
    return tuple([each for each in found if each.change] or found)[:MOST]


def more_processes(line: Line, run: Measured, baseline: Baseline) -> tuple[Culprit, ...]:
    """Of a total those processes of which there are more than agreed to; bytes."""
    if line.what != "total" or len(run.members) < 2:
        return ()
    sizes: Counter[str] = Counter()
    for piece in run.pieces:
        sizes[piece.process] += piece.size or 0
    found = []
    for name, size in sizes.items():
        there = _agreed(baseline, run.budget, list(sizes), name, "processes")
        if there is not None and run.processes.of.get(name, 0) > there:
            before = _agreed(baseline, run.budget, list(sizes), name, "total") or 0
            found.append(Culprit("process", name, before, size, size - before))
    found.sort(key=lambda each: (-(each.change or 0), each.name))
    return tuple(each for each in found if (each.change or 0) > 0)


def _agreed(
    baseline: Baseline | None, budget: Budget, names: Sequence[str], name: str, what: str
) -> int | None:
    """What the baseline has of a process, one of `names`; None if it does not tell of single ones.

    It tells of each when all together had most. Those of a pattern have their most at a moment of
    their own: the baseline has what they had then in sum only, which is that of a single name.
    """
    if baseline is None:
        return None
    if budget.process is not None:
        entry = entries_of(baseline, budget).get((what, ""))
        return entry.value if entry and len(names) == 1 else None
    mine = {
        key.process: entry.value
        for key, entry in baseline.entries.items()
        if key.process and key[1:] == (budget.figure, budget.at, what, "")
    }
    return mine.get(name, 0) if mine else None
