"""The verdicts of `growth` as the page gets them: the page shows them, and never judges itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ..analysis.identity import By
from ..analysis.kinds import Kind
from ..analysis.timeline import Figure
from ..answers.growth import Group, Growth, Span, growths
from ..errors import NothingThen, SelectionError
from ..recorded import RecordedProcess
from ..render.growth_words import note, notes, rate
from ..store.recording import Recording
from ..store.steps import Steps, silently

#: Of one process; several are judged by process.
_BY: tuple[By, ...] = ("kind", "name")


class Verdicts(NamedTuple):
    """What `growth` says of a whole recording, in a figure: of all processes, and of each by id.

    None where it says nothing: where there is too little to judge, or one process only.
    """

    figure: Figure
    together: Growth | None
    of_process: Mapping[int, Sequence[Growth]]


def read_verdicts(
    recording: Recording,
    processes: Sequence[RecordedProcess],
    figure: Figure,
    tell: Steps = silently,
) -> Verdicts:
    """Ask `growth` of each process, and of all of them if there are several."""
    found: dict[int, Sequence[Growth]] = {}
    for number, process in enumerate(processes, 1):
        tell("verdicts of process", number, len(processes))
        found[process.id] = _ask(recording, [process], figure, _BY)
    together = _ask(recording, processes, figure, ("process",)) if len(processes) > 1 else []
    return Verdicts(figure, together[0] if together else None, found)


def _ask(
    recording: Recording, processes: Sequence[RecordedProcess], figure: Figure, by: Sequence[By]
) -> list[Growth]:
    try:
        return growths(recording, processes, figure, by)
    except (NothingThen, SelectionError):
        return []


def verdicts_told(
    verdicts: Verdicts,
    processes: Sequence[RecordedProcess],
    numbers: Mapping[tuple[Kind, str], int],
) -> dict[str, Any]:
    """As the page reads them; `numbers` are those that it gives to groups by name."""
    position_of = {f"process {process.id}": at for at, process in enumerate(processes)}
    kinds = list(Kind)

    def number_of(group: Group, by: By) -> int | None:
        if group.kind is None:
            return position_of.get(group.key)
        return kinds.index(group.kind) if by == "kind" else numbers.get((group.kind, group.name))

    def told(growth: Growth) -> dict[str, Any]:
        numbered = [(number_of(group, growth.by), group) for group in growth.groups]
        return {
            "by": growth.by,
            "groups": [
                [number, *_row(group, growth.span)]
                for number, group in numbered
                if number is not None  # what is at no kept tick
            ],
            "total": _row(growth.total, growth.span),
            "notes": notes(growth),
        }

    return {
        "figure": verdicts.figure,
        "together": None if verdicts.together is None else told(verdicts.together),
        "apart": [[told(each) for each in verdicts.of_process[one.id]] for one in processes],
    }


def _row(group: Group, span: Span) -> list[Any]:
    """The verdict, its rate (bytes per hour) as a number and in words, and since when."""
    verdict = group.verdict
    text = rate(verdict)
    return [verdict.word.value, verdict.rate if text else None, text, note(group, span)]
