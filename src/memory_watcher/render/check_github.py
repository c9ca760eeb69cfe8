"""What was judged, as workflow commands of GitHub Actions, which become annotations."""

from __future__ import annotations

import os.path
from collections.abc import Iterator

from ..analysis.budgets.model import Checked, Judged, Word
from .check_words import headline, sentence, worst_first
from .github_command import command

#: GitHub shows so many errors and so many warnings of a step, and drops the others in silence.
MOST = 10
#: A job's summary may have so many bytes; of a larger one GitHub shows nothing at all.
SUMMARY_BYTES = 1 << 20


def render(checked: Checked, workspace: str | None = None, *, report_only: bool = False) -> str:
    """One line for each budget that is not within, and one that counts what GitHub would drop.

    `workspace` is the folder of the repository, to which GitHub takes paths as relative. With
    `report_only` nothing is an error.
    """
    errors, warnings = [], []
    for judged in worst_first(checked):
        if judged.verdict is Word.OVER and not report_only:
            errors.append(_annotation("error", judged, checked.budget, workspace))
        elif judged.verdict is not Word.WITHIN:
            warnings.append(_annotation("warning", judged, checked.budget, workspace))
    if not checked.budgets:
        warnings.append(command("warning", headline(checked), title="Memory budgets"))
    lines = [*_first(errors, "errors"), *_first(warnings, "warnings")]
    return "".join(f"{line}\n" for line in lines)


def _first(lines: list[str], what: str) -> Iterator[str]:
    yield from lines[:MOST]
    if (more := len(lines) - MOST) > 0:
        yield f"{more} more {what}: GitHub shows {MOST} of a step. All are in the job's summary."


_TITLES = {Word.OVER: "Over its memory budget", Word.UNDECIDED: "Memory budget not judged"}


def _annotation(level: str, judged: Judged, budget: str | None, workspace: str | None) -> str:
    properties = {"title": f"{_TITLES[judged.verdict]}: {judged.name}"}
    if budget is not None and judged.line.number > 0:
        file = os.path.relpath(budget, workspace) if workspace else budget
        properties = {"file": file, "line": str(judged.line.number), **properties}
    return command(level, sentence(judged), **properties)
