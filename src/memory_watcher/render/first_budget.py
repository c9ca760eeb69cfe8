"""A first budget as the file that a person goes on with."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Iterator

from ..analysis.budgets.draft import Seen
from ..analysis.budgets.model import COUNTS, Budget, Line
from ..analysis.budgets.write import write
from ..answers.first_budget import FirstBudget
from ..metrics import LAYOUT
from ..units import format_size, plural

#: So many recordings are named; of more the number is told.
_NAMED = 5
_WIDTH = 96
_MOMENTS = {
    "peak": "at the peak",
    "end": "at the end",
    "floor": "at the floor, the lowest of the last fifth",
    "growth": "as it grows per hour",
}


def render(first: FirstBudget, judge: str) -> str:
    """TOML with comments; `judge` is the command that judges by it."""

    def remark(budget: Budget, line: Line) -> str:
        said = _remark(budget, line, first.seen[line])
        return f"{said}{_on_cpus(first)}" if line.what == "threads" else said

    paragraphs = (textwrap.fill(each, _WIDTH) for each in _heading(first, judge))
    return write([first.budget], "\n\n".join(paragraphs), remark)


def _heading(first: FirstBudget, judge: str) -> Iterator[str]:
    number = len(first.recordings)
    recordings = plural(number, "recording", "recordings")
    names = ", ".join(map(os.path.basename, first.recordings[:_NAMED]))
    named = f"{names} and {number - _NAMED} more" if number > _NAMED else names
    title = LAYOUT[first.budget.figure].title
    when = _MOMENTS[first.budget.at]
    processes = plural(first.processes, "process", "processes")
    yield (
        f"How much memory there may be. `{judge}` judges by this file. {title} {when}, of"
        f" {processes}, measured in {recordings}: {named}."
    )
    yield (
        "Beside each limit stands what was measured. The limit adds room for noise, and is rounded"
        " up. Make limits tighter, delete what does not matter, add what does."
    )
    if any(seen.alone > seen.highest for seen in first.seen.values()):
        yield (
            f"{title} rises when other processes that map the same files end. Limits allow that:"
            ' "up to" is the most it can be.'
        )
    if first.has_threads:
        yield (
            "Some programs have as many threads as the machine has CPUs (Java, Go, .NET, pools of"
            " workers). On another machine these need another limit of threads."
        )
    if number == 1:
        yield (
            "One recording shows no noise. If checks fail without a reason, make this file from"
            " several."
        )


def _on_cpus(first: FirstBudget) -> str:
    """`, on 4 CPUs`, where there are threads whose number may depend on that."""
    if not first.has_threads or not first.cpus:
        return ""
    *fewer, most = first.cpus
    lowest = f"{fewer[0]} to " if fewer else ""
    return f", on {lowest}{plural(most, 'CPU', 'CPUs')}"


def _remark(budget: Budget, line: Line, seen: Seen) -> str:
    if line.what in COUNTS:
        low, high = str(seen.lowest), str(seen.highest)
    else:
        per = "/h" if budget.at == "growth" else ""
        low, high = (f"{format_size(size)}{per}" for size in (seen.lowest, seen.highest))
    text = high if low == high else f"{low} to {high}"
    is_more = line.what not in COUNTS and seen.alone > seen.highest
    return f"{text}, up to {format_size(seen.alone)}" if is_more else text
