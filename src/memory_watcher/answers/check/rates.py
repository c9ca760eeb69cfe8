"""How fast the memory of a run grows, for budgets of growth: as answers.growth judges it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from ...analysis.budgets.decide import Value
from ...analysis.budgets.kind_words import kind_named
from ...analysis.budgets.model import Line
from ...analysis.budgets.pieces import Piece, covered
from ...analysis.kinds import Kind
from ...analysis.verdicts import Verdict, Word
from ...errors import SelectionError
from ...recorded import RecordedProcess
from ...store.recording import Recording
from ...units import format_duration
from ..growth import Group, Growth, growth

#: What cannot be told from what was recorded; all else that is not growing does not grow.
_NOT_TOLD = (Word.TOO_SHORT, Word.UNCLEAR)


@dataclass(frozen=True)
class Rates:
    """Growth by name; by kind when it is asked for. Bytes per hour; `asked` is the figure."""

    recording: Recording
    processes: tuple[RecordedProcess, ...]
    asked: str
    by_name: Growth

    @cached_property
    def pieces(self) -> tuple[Piece, ...]:
        """The groups by name, each with its rate."""
        return tuple(
            Piece(group.kind, group.name, group.name, value.size, value.at_most, 0)
            for group in self.by_name.groups
            if group.kind is not None
            for value in [_value([group])]
        )

    @property
    def by_group(self) -> dict[tuple[Kind | None, str], Group]:
        """The groups by kind and name."""
        return {(group.kind, group.name): group for group in self.by_name.groups}

    def since(self, group: Group) -> int | None:
        """When a group began to grow, nanoseconds after the recording's start."""
        bounds = self.recording.span()
        return None if bounds is None or group.since_ns is None else group.since_ns - bounds[0]

    @cached_property
    def _by_kind(self) -> Growth:
        return growth(self.recording, self.processes, figure=self.asked, by="kind")

    def value(self, line: Line, lines: Iterable[Line]) -> Value:
        """How fast it grows that a line is about: 0 of what does not grow."""
        if line.what == "total":
            return _value([self.by_name.total])
        if line.what == "kind":
            kind = kind_named(line.pattern)
            return _value([group for group in self._by_kind.groups if _is_of(group.kind, kind)])
        some = {(piece.kind, piece.name) for piece in covered(line, lines, self.pieces)}
        value = _value([each for each in self.by_name.groups if (each.kind, each.name) in some])
        return value._replace(matched=True) if line.what == "unlisted" else value


def rates_of(recording: Recording, processes: tuple[RecordedProcess, ...], figure: str) -> Rates:
    """Judge the growth of some processes.

    Raises SelectionError if the figure or a sum of it was not recorded, UsageError.
    """
    found = growth(recording, processes, figure=figure, by="name")
    if found.instead:
        raise SelectionError(f"{found.instead.partition(';')[0]}; choose another figure")
    if any(group.kind is None for group in found.groups):
        raise SelectionError(found.sums or "nothing gives a sum over these processes")
    return Rates(recording, processes, figure, found)


def _is_of(kind: Kind | None, asked: Kind | None) -> bool:
    return kind is not None and asked in (kind, kind.family)


def _value(groups: Sequence[Group]) -> Value:
    rates = [max(each.verdict.rate or 0, 0) for each in groups if each.verdict.word is Word.GROWING]
    untold = [each.verdict for each in groups if each.verdict.word in _NOT_TOLD]
    size = sum(rates)
    if not untold:
        return Value(size, size, matched=bool(groups))
    bounds = [verdict.high for verdict in untold]
    told = [max(bound, 0) for bound in bounds if bound is not None]
    most = size + sum(told) if len(told) == len(bounds) else None
    return Value(size, most, _why(untold))


def _why(untold: Sequence[Verdict]) -> str:
    if all(verdict.word is Word.UNCLEAR for verdict in untold):
        return "it goes up and down too much to see whether it grows; record for longer"
    needed = max((verdict.needed_ns or 0 for verdict in untold), default=0)
    wanted = f"about {format_duration(needed)}" if needed else "some minutes"
    return f"the recording is too short to see whether it grows; record for {wanted}"
