"""What the mappings of a process are for at a moment, and by which evidence."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from ..analysis.arenas import HEAP_SIZE
from ..analysis.attribution import Kind
from ..analysis.basis import Basis
from ..analysis.breakdown import Sum, add_up
from ..analysis.figures import best
from ..analysis.kinds import Reason, reasons
from ..analysis.reservations import Piece, find_runs, held_together
from ..analysis.runtimes import Found
from ..analysis.runtimes.jvm_report import JvmReport, parse_report
from ..errors import SelectionError, UsageError
from ..recorded import Measurement, RecordedProcess, RuntimeReport
from ..store.recording import Recording
from .moment import PEAK, Moment, measurement_of, understood


class KindsView(NamedTuple):
    """One process at one measurement: why each of its mappings is what it is, by address.

    `said` is what its runtime said of its own memory nearest to that, if it was asked.
    """

    process: RecordedProcess
    measurement: Measurement
    figure: str
    reasons: tuple[Reason, ...]
    said: RuntimeReport | None = None


class Evidence(NamedTuple):
    """Mappings of one kind and name that have it on the same grounds; `size` in the figure.

    `hugetlb` is what they have in huge pages, bytes: outside RSS and PSS.
    """

    kind: Kind
    name: str
    basis: Basis
    rule: Found | None
    mappings: int
    size: Sum
    hugetlb: int = 0


def kinds_view(
    recording: Recording, process: RecordedProcess, moment: Moment | str | int = PEAK
) -> KindsView:
    """All mappings of a process at a moment, by default its peak, with what tells their kinds.

    Raises SelectionError, UsageError.
    """
    figure = best("pss", recording.told_figures(process.id)) or "pss"
    measurement = measurement_of(
        understood(moment), recording, process.id, "rss" if figure == "rss" else "pss"
    )
    figure = best("pss", measurement.told_figures - {"statm"}) or figure
    entries = recording.layout(measurement.id).entries
    evidence = recording.kind_evidence(process.id, measurement.tick)
    said = recording.runtime_report(process.id, measurement.tick)
    return KindsView(process, measurement, figure, tuple(reasons(entries, evidence)), said)


def own_word(view: KindsView) -> JvmReport | None:
    """What its runtime said of its own memory, understood; None: it was not asked."""
    return None if view.said is None else parse_report(view.said.text)


def evidence_of(view: KindsView) -> list[Evidence]:
    """All that has the same kind and name on the same grounds, the biggest first."""
    members: dict[tuple[Kind, str, Basis, Found | None], list[Reason]] = {}
    for reason in view.reasons:
        key = (*reason.attribution, reason.basis, reason.rule)
        members.setdefault(key, []).append(reason)
    found = [
        Evidence(
            *key,
            mappings=len(each),
            size=add_up(getattr(reason.entry.usage, view.figure, None) for reason in each),
            hugetlb=sum(reason.entry.usage.hugetlb or 0 for reason in each),
        )
        for key, each in members.items()
    ]
    return sorted(found, key=lambda each: (-(each.size.size or 0), each.kind.value, each.name))


class Reserved(NamedTuple):
    """Address space that was reserved together; bytes.

    `accessible` is how much of it can be used, in so many `pieces`, and `size` what these hold, in
    the view's figure. `kind` and `name` are those of its accessible pieces, if all have the same.
    """

    start: int
    end: int
    kind: Kind | None
    name: str
    accessible: int
    pieces: int
    size: Sum

    @property
    def reserved(self) -> int:
        """All of it."""
        return self.end - self.start


def reserved_of(view: KindsView) -> list[Reserved]:
    """What was reserved together, as far as that is proven: the biggest first."""
    entries = [reason.entry for reason in view.reasons]
    found = []
    for each in held_together(find_runs(entries), lambda piece: _group(view.reasons, piece)):
        used = [view.reasons[piece.position] for piece in each.pieces if not piece.is_reserve]
        kinds = {reason.attribution for reason in used}
        kind, name = kinds.pop() if len(kinds) == 1 else (None, "")
        found.append(
            Reserved(
                *(each.start, each.end, kind, name),
                accessible=sum(reason.entry.mapping.size for reason in used),
                pieces=len(used),
                size=add_up(getattr(reason.entry.usage, view.figure, None) for reason in used),
            )
        )
    return sorted(found, key=lambda each: (-(each.size.size or 0), -each.reserved, each.start))


def _group(reasons: Sequence[Reason], piece: Piece) -> tuple[object, ...] | None:
    """What a rule says of it: heaps of malloc's arenas that touch are still several."""
    reason = reasons[piece.position]
    if reason.basis is Basis.ARENA:
        return reason.basis, piece.start // HEAP_SIZE
    return (reason.attribution,) if reason.basis is Basis.RUNTIME else None


def parse_address(text: str, option: str = "address") -> int:
    """An address as smaps prints it: 7f2866800000, 0x7f2866800000, or a whole header's beginning.

    Raises UsageError, naming `option`.
    """
    match = re.fullmatch(r"(?:0[xX])?([0-9a-fA-F]{1,16})(-[0-9a-fA-F]{1,16}\b.*)?", text.strip())
    if match is None:
        raise UsageError(
            f"{option}: {text[:40]!r} is no address; write it in hexadecimal, as smaps does:"
            " 7f2866800000"
        )
    return int(match[1], 16)


def why(view: KindsView, address: int) -> Reason:
    """The mapping that holds an address.

    Raises SelectionError, naming what is mapped next to it, if nothing is there.
    """
    for reason in view.reasons:
        if reason.entry.mapping.start <= address < reason.entry.mapping.end:
            return reason
    mappings = [reason.entry.mapping for reason in view.reasons]
    below = max((each for each in mappings if each.end <= address), default=None)
    above = min((each for each in mappings if each.start > address), default=None)
    near = [f"{each.start:x}-{each.end:x}" for each in (below, above) if each is not None]
    beside = f"; next to it lie {' and '.join(near)}" if near else ""
    raise SelectionError(f"nothing is mapped at {address:x} in this measurement{beside}")
