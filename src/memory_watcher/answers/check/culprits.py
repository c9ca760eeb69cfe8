"""What is to blame for a limit that was crossed: what grew, since when, and whether it stayed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ...analysis.breakdown import OWN_LINES
from ...analysis.budgets.agreed import entries_of, is_part, mappings_by_kind
from ...analysis.budgets.baseline import Baseline
from ...analysis.budgets.changes import MOST, Change, Sizes, changes, most_to_blame
from ...analysis.budgets.model import Culprit, Line
from ...analysis.budgets.pieces import Piece, covered
from ...analysis.diff import middle
from ...analysis.kinds import Kind
from .by_process import by_process, more_processes
from .measure import Measured
from .past import Past, past_of
from .rates import Rates

#: A process has a culprit if it has so much of it.
_NEARLY_ALL = 0.8


class Blame(NamedTuple):
    """The culprits, the first to blame first, and by how much anything else changed at most."""

    culprits: tuple[Culprit, ...] = ()
    others: int | None = None


class Blamer:
    """Tells what is to blame for the lines of one budget; what the runs had before is read once."""

    def __init__(self, measured: Sequence[Measured], baseline: Baseline | None) -> None:
        self._measured = measured
        self._baseline = baseline
        self._pasts: dict[int, Past | None] = {}

    def blame(self, line: Line, allowed: int) -> Blame:
        """What grew above the baseline, or else since the run with the median had warmed up.

        Where nothing grew so much that it explains what is above `allowed`, the biggest are named.
        """
        if line.what in ("threads", "processes"):
            return Blame(by_process(line, self._measured, self._baseline))
        number = _middle_run(line, self._measured)
        run = self._measured[number]
        if run.rates is not None:
            return _fastest(line, run, run.rates)
        if line.what == "mappings":
            return self._more_mappings(line, run, self._past(number), allowed)
        found = self._grown(line, run, self._past(number), allowed)
        unseen = _unseen(line, run)
        culprits = sorted((*unseen, *found.culprits), key=lambda each: -(each.change or 0))
        return found._replace(culprits=tuple(culprits)) if unseen else found

    def _more_mappings(self, line: Line, run: Measured, past: Past | None, allowed: int) -> Blame:
        """Of which there are more than agreed to, or than after the warm-up if that explains it."""
        if self._baseline is not None:
            agreed = mappings_by_kind(self._baseline, run.budget)
            return Blame(_more_of_a_kind(agreed, run) if agreed else ())
        if past is not None and len(run.members) == 1:
            found = _blamed(line, run, changes(*past.counts()), None)
            rise = sum(each.change or 0 for each in found.culprits)
            if 2 * rise >= sum(piece.mappings for piece in run.pieces) - allowed:
                return found
        return _biggest(line, run)

    def _past(self, number: int) -> Past | None:
        if number not in self._pasts:
            run = self._measured[number]
            self._pasts[number] = (
                None
                if run.tick is None
                else past_of(run.recording, run.members, run.figure, run.tick)
            )
        return self._pasts[number]

    def _grown(self, line: Line, run: Measured, past: Past | None, allowed: int) -> Blame:
        agreed = _agreed(self._baseline, run)
        if agreed and self._baseline is not None:
            now = _medians([_sizes(each.pieces) for each in self._measured if each.pieces])
            found = _blamed(line, run, changes(agreed, now), past)
            processes = more_processes(line, run, self._baseline)
            return found._replace(culprits=(*processes, *found.culprits)[:MOST])
        if past is not None:
            found = _blamed(line, run, changes(past.lowest(), _sizes(run.pieces)), past)
            rise = sum(each.change or 0 for each in found.culprits)
            if 2 * rise >= sum(piece.size or 0 for piece in _mine(line, run)) - allowed:
                return found
        return _biggest(line, run)


def _middle_run(line: Line, measured: Sequence[Measured]) -> int:
    """Which run's value is the median, or just above it."""
    values = enumerate(each.value(line).size for each in measured)
    sizes = sorted((size, number) for number, size in values if size is not None)
    return sizes[len(sizes) // 2][1] if sizes else 0


def _mine(line: Line, run: Measured) -> tuple[Piece, ...]:
    return covered(line, run.budget.lines, run.pieces)


def _sizes(pieces: Sequence[Piece]) -> dict[tuple[Kind, str], int]:
    """Bytes by kind and name."""
    found: Counter[tuple[Kind, str]] = Counter()
    for piece in pieces:
        found[piece.kind, piece.name] += piece.size or 0
    return found


def _numbers(pieces: Sequence[Piece]) -> dict[tuple[Kind, str], int]:
    """How many mappings by kind and name."""
    found: Counter[tuple[Kind, str]] = Counter()
    for piece in pieces:
        found[piece.kind, piece.name] += piece.mappings
    return found


def _more_of_a_kind(agreed: Mapping[str, int], run: Measured) -> tuple[Culprit, ...]:
    """The kinds of which there are more mappings than agreed to, the biggest change first."""
    now: Counter[str] = Counter()
    for piece in run.pieces:
        now[piece.kind.value] += piece.mappings
    more = ((kind, agreed.get(kind, 0), count) for kind, count in now.items())
    found = [
        Culprit(kind, kind, before, after, after - before)
        for kind, before, after in more
        if after > before
    ]
    return tuple(sorted(found, key=lambda each: (-(each.change or 0), each.kind))[:MOST])


def _medians(runs: Sequence[Sizes]) -> Sizes:
    keys = dict.fromkeys(key for run in runs for key in run)
    return {key: middle([run.get(key, 0) for run in runs]) for key in keys}


def _agreed(baseline: Baseline | None, run: Measured) -> Sizes:
    """What the baseline has by name; of a kind without names, as a whole."""
    if baseline is None:
        return {}
    mine = entries_of(baseline, run.budget)
    kinds = {kind.value: kind for kind in Kind}
    named = {kind for kind, name in mine if name}
    return {
        (kinds[kind], name or OWN_LINES.get(kinds[kind], kind)): entry.value
        for (kind, name), entry in mine.items()
        if kind in kinds and not is_part(kind) and (name or kind not in named)
    }


def _blamed(line: Line, run: Measured, grown: Sequence[Change], past: Past | None) -> Blame:
    """Those of a line that grew; all else is `others`, also what the line is not about."""
    mine = {(piece.kind, piece.name) for piece in _mine(line, run)}
    blamed = most_to_blame([each for each in grown if (each.kind, each.name) in mine])
    others = max((abs(each.change) for each in grown if each not in blamed), default=0)
    return Blame(tuple(_culprit(each, run, past) for each in blamed), others)


def _culprit(change: Change, run: Measured, past: Past | None) -> Culprit:
    group = (change.kind, change.name)
    found = Culprit(
        *(change.kind.value, _called(group, change.title, run)),
        *(change.before, change.after, change.change),
        process=_owner(group, run),
    )
    story = past.story(group, change.before, change.change) if past else None
    if story is None:
        return found
    return found._replace(since_ns=story.since_ns, is_held=story.is_held, where=story.where)


def _called(group: tuple[Kind, str], title: str, run: Measured) -> str:
    """`[heap]` rather than `heap`: what the kernel calls it, if that is one name."""
    if group[0] not in OWN_LINES:
        return title
    paths = {piece.pathname for piece in run.pieces if (piece.kind, piece.name) == group}
    return next(iter(paths)) if len(paths) == 1 and all(paths) else title


def _owner(group: tuple[Kind, str], run: Measured) -> str:
    """The processes that have nearly all of a group, if there are others."""
    of: Counter[str] = Counter()
    for piece in run.pieces:
        of[piece.process] += (piece.size or 0) if (piece.kind, piece.name) == group else 0
    ((name, most),) = of.most_common(1) or [("", 0)]
    return name if len(of) > 1 and most >= _NEARLY_ALL * sum(of.values()) else ""


def _biggest(line: Line, run: Measured) -> Blame:
    """Without anything to compare with: who has most of it, bytes or mappings."""
    mine = _mine(line, run)
    of = Counter(_numbers(mine) if line.what == "mappings" else _sizes(mine))
    return Blame(
        tuple(
            Culprit(
                *(group[0].value, _called(group, group[1], run), None, size, None),
                process="" if line.what == "mappings" else _owner(group, run),
            )
            for group, size in of.most_common(MOST)
            if size
        )
    )


def _unseen(line: Line, run: Measured) -> tuple[Culprit, ...]:
    """What the total has that no layout shows."""
    if line.what != "total":
        return ()
    higher = run.missed.higher if run.missed.is_mark else 0
    seen = (
        (run.besides, "processes whose layouts are older or lacking"),
        (higher, "what no layout shows (the kernel's mark)"),
    )
    return tuple(Culprit("unseen", name, 0, size, size) for size, name in seen if size > 0)


def _fastest(line: Line, run: Measured, rates: Rates) -> Blame:
    """What grows fastest; `change` is in bytes per hour."""
    growing = [piece for piece in _mine(line, run) if piece.size]
    growing.sort(key=lambda piece: -(piece.size or 0))
    found = []
    for piece in growing[:MOST]:
        group = rates.by_group[piece.kind, piece.name]
        found.append(
            Culprit(
                *(piece.kind.value, _called((piece.kind, piece.name), piece.name, run)),
                *(group.first, group.last, piece.size),
                since_ns=rates.since(group),
                is_held=True,
            )
        )
    return Blame(tuple(found), max((piece.size or 0 for piece in growing[MOST:]), default=0))
