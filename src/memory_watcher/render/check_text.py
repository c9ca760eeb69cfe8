"""What was judged, as text for a terminal: what is over first, what is within in one line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ..analysis.budgets.model import Checked, Judged, Word
from ..units import plural
from .check_words import sentence, unjudged, worst_first
from .escape import escape

#: Limits without room.
_EXACT = ("threads", "processes")
#: So many that could not be judged for the same reason are named; of more the number is told.
_NAMED = 5


def render(checked: Checked, changes: Sequence[str] = ()) -> str:
    """Lines, each of which ends in a newline; names are harmless.

    `changes` are those of a baseline that was written, a line each.
    """
    return "".join(f"{escape(line)}\n" for line in (*changes, *_lines(checked)))


def _lines(checked: Checked) -> Iterator[str]:
    if not checked.budgets:
        yield f"{unjudged(checked)}."
    for judged in worst_first(checked):
        if judged.verdict is Word.OVER:
            yield sentence(judged)
    yield from _undecided(checked)
    yield from _within(checked)
    yield from checked.notes
    for run in checked.recordings:
        if run.exit_code is not None:  # of a command: who names a file knows where it is
            yield f"recording: {run.path}"
        if run.report is not None:
            yield f"report: {run.report}"


def _undecided(checked: Checked) -> Iterator[str]:
    """Those of which nothing was measured share a line for each reason."""
    of_reason: dict[str | int, list[Judged]] = {}
    for number, judged in enumerate(checked.budgets):
        if judged.verdict is Word.UNDECIDED:
            key = number if judged.measured is not None else judged.why
            of_reason.setdefault(key, []).append(judged)
    for first, *others in of_reason.values():
        also = [each.name for each in others[: _NAMED - 1]]
        if len(others) >= _NAMED:
            also.append(f"{len(others) - len(also)} more")
        yield sentence(replace(first, name=", ".join([first.name, *also])))


def _within(checked: Checked) -> Iterator[str]:
    """All that is within in one line; only the one that is nearest to its limit is named."""
    within = [each for each in checked.budgets if each.verdict is Word.WITHIN]
    if not within:
        return
    # Threads and processes mostly are what they may be: that says little.
    nearest = max(within, key=lambda each: (each.line.what not in _EXACT, _share(each)))
    named = "; nearest" if len(within) > 1 else ""
    yield f"{plural(len(within), 'budget', 'budgets')} within{named}: {sentence(nearest)}"


def _share(judged: Judged) -> float:
    """How much of its limit is used; a limit of nothing is used up by nothing."""
    if judged.measured is None or judged.limit is None:
        return 0.0
    return judged.measured / judged.limit if judged.limit else float(judged.measured > 0)
