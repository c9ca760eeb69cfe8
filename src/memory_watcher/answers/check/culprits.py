"""What is to blame for a limit that was crossed: what grew, since when, and whether it stayed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ...analysis.breakdown import OWN_LINES
from ...analysis.budgets.agreed import entries_of
from ...analysis.budgets.baseline import Baseline
from ...analysis.budgets.changes import MOST, Change, Sizes, changes, most_to_blame
from ...analysis.budgets.model import Budget, Culprit, Line
from ...analysis.budgets.pieces import Piece, covered
from ...analysis.diff import middle
from ...analysis.kinds import Kind
from .measure import Measured, Run
from .past import Past, past_of


class Blame(NamedTuple):
    """The culprits, the first to blame first, and by how much anything else changed at most."""

    culprits: tuple[Culprit, ...]
    others: int | None


def blame(
    budget: Budget,
    line: Line,
    runs: Sequence[Run],
    measured: Sequence[Measured],
    baseline: Baseline | None,
) -> Blame:
    """Tell what grew: above the baseline, or else since the run that is in the middle warmed up.

    Where nothing grew so much that it explains the excess, the biggest are named.
    """
    if line.what in ("threads", "processes"):
        return _by_process(budget, line, measured, baseline)
    number = _middle_run(line, measured)
    if budget.at == "growth":
        return _fastest(line, measured[number])
    after = _medians([_sizes(each.pieces, line) for each in measured if each.pieces])
    agreed = _agreed(baseline, budget) if line.what != "mappings" else {}
    past = past_of(runs[number].recording, measured[number])
    if agreed:
        return _blamed(line, measured[number], changes(agreed, after), past)
    if past is not None and line.what != "mappings":
        grown = changes(past.lowest(), _sizes(measured[number].pieces, line))
        value = measured[number].value(line).size or 0
        found = _blamed(line, measured[number], grown, past)
        rise = sum(each.change or 0 for each in found.culprits)
        if line.limit.maximum is None or 2 * rise >= value - line.limit.maximum:
            return found
    return _biggest(line, measured[number])


def _middle_run(line: Line, measured: Sequence[Measured]) -> int:
    """Which run's value is the median, or just above it."""
    sizes = [
        (size, number)
        for number, each in enumerate(measured)
        if (size := each.value(line).size) is not None
    ]
    sizes.sort()
    return sizes[len(sizes) // 2][1] if sizes else 0


def _sizes(pieces: Sequence[Piece], line: Line) -> dict[tuple[Kind, str], int]:
    """By kind and name: bytes, or of a limit of mappings how many there are."""
    found: dict[tuple[Kind, str], int] = {}
    for piece in pieces:
        size = piece.mappings if line.what == "mappings" else piece.size or 0
        key = (piece.kind, piece.name)
        found[key] = found.get(key, 0) + size
    return found


def _medians(runs: Sequence[Sizes]) -> Sizes:
    keys = dict.fromkeys(key for run in runs for key in run)
    return {key: middle([run.get(key, 0) for run in runs]) for key in keys}


def _agreed(baseline: Baseline | None, budget: Budget) -> Sizes:
    """What the baseline has by name; of a kind without names, as a whole."""
    if baseline is None:
        return {}
    mine = entries_of(baseline, budget)
    kinds = {kind.value: kind for kind in Kind}
    named = {kind for kind, name in mine if name}
    return {
        (kinds[kind], name or OWN_LINES.get(kinds[kind], kind)): entry.value
        for (kind, name), entry in mine.items()
        if kind in kinds and (name or kind not in named)
    }


def _blamed(line: Line, run: Measured, grown: Sequence[Change], past: Past | None) -> Blame:
    """Those of a line that grew; all else is `others`, also what the line is not about."""
    mine = {(piece.kind, piece.name) for piece in covered(line, run.budget.lines, run.pieces)}
    blamed = most_to_blame([each for each in grown if (each.kind, each.name) in mine])
    others = max((abs(each.change) for each in grown if each not in blamed), default=0)
    return Blame(tuple(_culprit(each, past) for each in blamed), others)


def _culprit(change: Change, past: Past | None) -> Culprit:
    found = Culprit(change.kind.value, change.title, change.before, change.after, change.change)
    story = past.story(change.kind, change.name, change.before, change.change) if past else None
    if story is None:
        return found
    return found._replace(since_ns=story.since_ns, is_held=story.is_held)


def _biggest(line: Line, run: Measured) -> Blame:
    """Without anything to compare with: who has most of it."""
    pieces = covered(line, run.budget.lines, run.pieces)
    sizes = sorted(_sizes(pieces, line).items(), key=lambda item: -item[1])
    return Blame(
        tuple(Culprit(kind.value, name, None, size, None) for (kind, name), size in sizes[:MOST]),
        None,
    )


def _fastest(line: Line, run: Measured) -> Blame:
    """What grows fastest; `change` is in bytes per hour."""
    growing = sorted(
        (piece for piece in covered(line, run.budget.lines, run.pieces) if piece.size),
        key=lambda piece: -(piece.size or 0),
    )
    groups = {} if run.rates is None else run.rates.by_group
    found = []
    for piece in growing[:MOST]:
        group = groups[piece.kind, piece.name]
        since = None if run.rates is None else run.rates.since(group)
        found.append(
            Culprit(
                *(piece.kind.value, piece.name, group.first, group.last, piece.size),
                since_ns=since,
                is_held=True,
            )
        )
    rest = [piece.size or 0 for piece in growing[MOST:]]
    return Blame(tuple(found), max(rest, default=0))


def _by_process(
    budget: Budget, line: Line, measured: Sequence[Measured], baseline: Baseline | None
) -> Blame:
    """Which processes there are, or have the threads: what there is more of first."""
    counts = [each.threads if line.what == "threads" else each.processes for each in measured]
    names = dict.fromkeys(name for count in counts for name in count.of)
    found = []
    for name in names:
        after = middle([count.of.get(name, 0) for count in counts])
        before = None if baseline is None else _agreed_count(baseline, budget, line, name)
        change = None if before is None else after - before
        found.append(Culprit("process", name, before, after, change, process=name))
    found.sort(key=lambda each: (-(each.change or 0), -(each.after or 0), each.name))
    kept = [each for each in found if each.change] or found
    return Blame(tuple(kept[:MOST]), None)


def _agreed_count(baseline: Baseline, budget: Budget, line: Line, process: str) -> int | None:
    entries = baseline.entries.items()
    if not any(key.process and key.kind == line.what for key, _ in entries):
        return None
    return next(
        (
            entry.value
            for key, entry in entries
            if (key.process, key.at, key.kind) == (process, budget.at, line.what)
        ),
        0,
    )
