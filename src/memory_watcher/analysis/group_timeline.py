"""Timelines of several processes: their sums at passes, and never between two."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from itertools import accumulate, pairwise
from statistics import median_low
from typing import Any

from ..model import LayoutState
from ..recorded import TickRow
from .identity import Identity, rest_of
from .observed import PAUSE, Instants, ObservedSpans
from .passes import Moment, Passes, allowed
from .timeline import Figure, Series, Timeline


class Group:
    """Some processes at the passes of a span that give sums."""

    def __init__(
        self,
        passes: Passes,
        process_ids: Collection[int],
        ticks: Sequence[TickRow],
        watch: ObservedSpans,
        span: tuple[int | None, int | None],
    ) -> None:
        """`ticks` are all of the recording, `span` places; `process_ids` says whose sums."""
        moments = {moment.tick: moment for moment in passes.sums}
        self.instants = Instants((row for row in ticks if row.tick in moments), *span, watch.order)
        self._moments: list[Moment] = [moments[tick] for tick in self.instants.ticks]
        self._shares = [share for share in passes.shares if share.process_id in process_ids]
        self._watch = watch

    def whole_rows(self) -> list[TickRow]:
        """The ticks of those passes of which every member's layout is."""
        return [
            row
            for row, moment in zip(self.instants.rows, self._moments, strict=True)
            if moment.is_whole
        ]

    # -- by process -------------------------------------------------------------------------------

    def by_process(
        self, figure: Figure, identities: Mapping[int, Identity], top: int | None
    ) -> Timeline:
        """Each process with what it has in the sums; the `top` ones with the highest peaks."""
        rows = {
            number: self._values(changes)
            for number, changes in self._changes(figure).items()
            if number is not None
        }
        until = stands(self.instants, self._watch, [True] * len(self.instants))
        lengths = [end - time for time, end in zip(self.instants.times, until, strict=True)]

        def series(identity: Identity, values: list[int]) -> Series:
            integral = sum(map(int.__mul__, values, lengths))
            return Series(*identity, values, max(values, default=0), integral)

        found = [series(identities[number], values) for number, values in rows.items()]
        found = [each for each in found if each.peak]
        found.sort(key=lambda each: (-each.peak, each.name, each.key))
        kept = found if top is None else found[:top]
        rest = found[len(kept) :]
        groups = [*kept]
        if rest:
            merged = [sum(parts) for parts in zip(*(each.values for each in rest), strict=True)]
            other = series(rest_of(None, "process"), merged)
            groups.append(replace(other, stands_for=len(rest)))
        sums = self.sums(figure)
        nothing: list[None] = [None] * len(sums)
        zeros = [0] * len(sums)
        return Timeline(
            figure=figure,
            by="process",
            ticks=self.instants.ticks,
            times_ns=self.instants.times,
            until_ns=until,
            read_until_ns=until,
            groups=tuple(groups),
            other_groups=len(rest),
            total=sums,
            states=[LayoutState.EXACT] * len(sums),
            lacking=self._lacking(figure),
            sums=sums,
            resident=nothing,
            resident_highest=nothing,
            high_water_mark=nothing,
            torn=zeros,
            gaps=zeros,
        )

    def sums(self, figure: Figure) -> list[int | None]:
        """What they come to at each pass; None if nobody tells it."""
        changes: dict[int, int] = defaultdict(int)
        told: dict[int, int] = defaultdict(int)
        for start, end, value in self._parts(figure):
            if value is not None:
                changes[start] += value
                changes[end] -= value
                told[start] += 1
                told[end] -= 1
        return [
            size if tellers else None
            for size, tellers in zip(self._values(changes), self._values(told), strict=True)
        ]

    def _lacking(self, figure: Figure) -> list[int]:
        changes: dict[int, int] = defaultdict(int)
        for start, end, value in self._parts(figure):
            if value is None:
                changes[start] += 1
                changes[end] -= 1
        return self._values(changes)

    def _changes(self, figure: Figure) -> dict[int, dict[int, int]]:
        """By how much each process's part changes at which positions."""
        found: dict[int, dict[int, int]] = defaultdict(lambda: defaultdict(int))
        for share, (start, end, value) in zip(self._shares, self._parts(figure), strict=True):
            if value:
                found[share.process_id][start] += value
                found[share.process_id][end] -= value
        return found

    def _parts(self, figure: Figure) -> list[tuple[int, int, int | None]]:
        """Positions from and until which each share counts, and what it adds."""
        starts = self.instants.positions(share.first_tick for share in self._shares)
        ends = self.instants.ends(share.end_tick - 1 for share in self._shares)
        parts = [getattr(share.part, figure) for share in self._shares]
        return list(zip(starts, ends, parts, strict=True))

    def _values(self, changes: Mapping[int, int]) -> list[int]:
        steps = [0] * (len(self.instants) + 1)
        for position, change in changes.items():
            steps[position] += change
        return list(accumulate(steps[:-1]))

    # -- by what mappings are for -----------------------------------------------------------------

    def beside_sums(self, whole: Timeline) -> Timeline:
        """Put a timeline of the passes with all layouts among all passes, with their sums.

        Of a pass whose layouts do not come to what the pass found, the groups are not known.
        """
        count = len(self.instants)
        sums = self.sums(whole.figure)
        place = {tick: position for position, tick in enumerate(whole.ticks)}
        of_position = [place.get(tick) for tick in self.instants.ticks]
        for position, (there, told) in enumerate(zip(of_position, sums, strict=True)):
            if there is not None and not _agree(whole.total[there], told):
                of_position[position] = None

        def spread(values: Sequence[Any], otherwise: Any) -> list[Any]:
            return [otherwise if there is None else values[there] for there in of_position]

        known = [there is not None for there in of_position]
        return replace(
            whole,
            ticks=self.instants.ticks,
            times_ns=self.instants.times,
            until_ns=stands(self.instants, self._watch, known),
            read_until_ns=stands(self.instants, self._watch, [True] * count),
            groups=tuple(
                replace(series, values=spread(series.values, None)) for series in whole.groups
            ),
            total=spread(whole.total, None),
            states=spread(whole.states, LayoutState.NOT_TAKEN),
            lacking=spread(whole.lacking, 0),
            sums=sums,
            resident=[None] * count,
            resident_highest=[None] * count,
            high_water_mark=[None] * count,
            torn=spread(whole.torn, 0),
            gaps=[0] * count,
        )


def _agree(layouts: int | None, sums: int | None) -> bool:
    return layouts is not None and sums is not None and abs(layouts - sums) <= allowed(sums)


def stands(instants: Instants[Any], watch: ObservedSpans, known: Sequence[bool]) -> list[int]:
    """Until when what is known at an instant stands: up to the next, but not for long if none is.

    Nothing stands while nobody looked, nor for more than a few times the usual between two.
    """
    times = instants.times
    positions = [position for position, one in enumerate(known) if one]
    steps = [times[after] - times[before] for before, after in pairwise(positions)]
    longest = PAUSE * max(median_low(steps) if steps else 0, watch.usual_ns)
    until = list(times)
    for position, after in zip(positions, [*positions[1:], None], strict=bool(positions)):
        time = times[position]
        end = instants.last_ns if after is None else times[after]
        until[position] = max(time, min(end, watch.until(time), time + longest))
    return until


def apart(made: Timeline, top: int | None) -> Timeline:
    """Processes that must not be added up: the `top` ones, and no total."""
    kept = made.groups if top is None else made.groups[:top]
    return replace(
        made,
        groups=tuple(
            replace(series, values=[value or None for value in series.values]) for series in kept
        ),
        other_groups=len(made.groups) - len(kept),
        total=[None] * len(made),
        is_stacked=False,
    )
