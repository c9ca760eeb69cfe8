"""What was judged, as Markdown for a comment in a pull request, and for a job's summary."""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate

from ..analysis.budgets.model import Checked, Judged, Word
from ..units import plural
from .check_words import culprit_phrases, headline, scaled, spread, worst_first
from .markdown import cell, table

#: GitHub refuses a longer comment (65,536 characters); GitLab takes 1 MiB.
COMMENT_BYTES = 65_536
_TITLES = ("budget", "limit", "measured", "spread", "verdict", "culprit")
_NUMBERS = (1, 2, 3)
#: Room for the sentence that says what was left out.
_RESERVE = 100


def render(checked: Checked, most_bytes: int = COMMENT_BYTES, *, report_only: bool = False) -> str:
    """A heading, a row for each budget, the worst first, and where to look; ends in a newline.

    It has at most `most_bytes` as UTF-8: what has no room is left out by whole lines, and counted.
    Where not even that can be said, it is empty.
    """
    only = " (only reported)" if report_only else ""
    blocks = [f"**Memory: {checked.verdict.value}**{only}. {headline(checked)}.\n"]
    if checked.budgets:
        head, rule, *rows = table(_TITLES, _NUMBERS, map(_row, worst_first(checked))).split("\n")
        blocks.append(f"\n{head}\n{rule}\n")
        blocks += [f"{row}\n" for row in rows]
    blocks += [f"\n{paragraph}\n" for paragraph in _paragraphs(checked)]
    return _fitting(blocks, most_bytes)


def _fitting(blocks: list[str], most_bytes: int) -> str:
    """All blocks, or as many of the first as leave room to say how many are left out."""
    sizes = [len(block.encode()) for block in blocks]
    if sum(sizes) <= most_bytes:
        return "".join(blocks)
    ends = list(accumulate(sizes))
    kept = bisect_right(ends, most_bytes - _RESERVE)
    left = plural(len(blocks) - kept, "more line has", "more lines have")
    said = f"\n{left} no room here: see what the command printed.\n"
    return "".join(blocks[:kept]) + said if most_bytes >= _RESERVE else ""


def _row(judged: Judged) -> list[str]:
    limit, measured = scaled([judged.limit, judged.measured], judged.unit)
    why = judged.why if judged.verdict is Word.UNDECIDED else "; ".join(_culprits(judged))
    texts = (
        judged.name,
        limit.text,
        measured.text,
        spread(judged),
    )
    verdict = judged.verdict.value
    shown = verdict if judged.verdict is Word.WITHIN else f"**{verdict}**"
    return [*map(cell, texts), shown, cell(why)]


def _culprits(judged: Judged) -> list[str]:
    return culprit_phrases(judged) if judged.verdict is Word.OVER else []


def _paragraphs(checked: Checked) -> list[str]:
    files = [
        f"Recording: {cell(run.path)}" + (f", report: {cell(run.report)}" if run.report else "")
        for run in checked.recordings
    ]
    return [*map(cell, checked.notes), *files]
