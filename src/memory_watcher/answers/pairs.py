"""Two recordings at many pairs of moments: those that people name, and equal ages.

What differs at each pair is what `diff` says, by every figure that both report.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ..analysis.identity import By
from ..errors import SelectionError, UsageError
from ..metrics import OFFERED, over_processes
from ..store.recording import Recording
from ..store.steps import Steps, silently
from ..units import format_duration
from .diff import At, Comparison, DiffView, Figure, RunFacts
from .moment import PEAK, Moment, understood

#: The pairs that have a name: each recording at its own.
NAMED = ("peak", "floor", "start", "end")
#: Into how many steps the shorter life is cut for equal ages.
STEPS = 24


class Instant(NamedTuple):
    """When one side was read: its tick, and the place on its recording's axis (nanoseconds)."""

    tick: int
    place_ns: int


class Difference(NamedTuple):
    """One figure at one pair of moments: when each side was read, and a view for each grouping."""

    before: Instant
    after: Instant
    views: tuple[DiffView, ...]


class Pair(NamedTuple):
    """The same moment of both recordings, `age_ns` after their starts; None of a named one.

    A figure is missing where it cannot be compared then.
    """

    moment: str
    age_ns: int | None
    differences: dict[Figure, Difference]


class Pairs(NamedTuple):
    """What differs at all pairs. `start_ns` are the places from which ages count."""

    figures: tuple[Figure, ...]
    by: tuple[By, ...]
    start_ns: tuple[int, int]
    pairs: tuple[Pair, ...]


def pairs(before: At, after: At, tell: Steps = silently) -> Pairs:
    """Compare one recording with another at all pairs; moments of `At` do not matter.

    Ages at which both were read before are left out: nothing is new there.

    Raises SelectionError, UsageError.
    """
    compared = Comparison(before, after)
    by: tuple[By, ...] = ("name", "kind")
    if compared.is_of_several:
        by = (*by, "process")
    figures = _told(compared)
    ((start, end),), ((other_start, other_end),) = compared.spans
    moments = [
        *((understood(name), None) for name in NAMED),
        *_ages(min(end - start, other_end - other_start)),
    ]
    found: list[Pair] = []
    for number, (moment, age_ns) in enumerate(moments, 1):
        tell("difference", number, len(moments))
        differences = {
            figure: each
            for figure in figures
            if (each := _difference(compared, (before, after), moment, by, figure))
        }
        if differences:
            found.append(Pair(moment.text, age_ns, differences))
    return Pairs(figures, by, (start, other_start), tuple(_new(found)))


def _told(compared: Comparison) -> tuple[Figure, ...]:
    """The figures that both report at their peaks. Raises what `diff` does if there is none."""
    told: list[Figure] = []
    errors: list[SelectionError | UsageError] = []
    for figure in OFFERED:
        asked = over_processes(figure) if compared.is_of_several else figure
        try:
            if compared.at(PEAK, PEAK, figure=figure).figure == asked:
                told.append(figure)
        except (SelectionError, UsageError) as error:
            errors.append(error)
    if not told:
        raise errors[0]
    return tuple(told)


def _ages(life_ns: int) -> Iterator[tuple[Moment, int]]:
    """Equal steps up to the end of the shorter life."""
    if life_ns > 0:
        for step in range(1, STEPS + 1):
            age_ns = life_ns * step // STEPS
            yield Moment("after", age_ns, f"+{format_duration(age_ns)}"), age_ns


def _difference(
    compared: Comparison, sides: tuple[At, At], moment: Moment, by: tuple[By, ...], figure: Figure
) -> Difference | None:
    """What differs at a moment; None if that cannot be told then."""
    try:
        views = tuple(compared.at(moment, moment, by=each, figure=figure) for each in by)
    except SelectionError:
        return None
    before, after = sides
    return Difference(
        _instant(before.runs[0], views[0].before[0]),
        _instant(after.runs[0], views[0].after[0]),
        views,
    )


def _instant(recording: Recording, run: RunFacts) -> Instant:
    return Instant(run.tick, recording.axis.place(run.tick, run.time))


def _new(found: list[Pair]) -> Iterator[Pair]:
    """Those with a name, and ages at which something else was read than at the one before."""
    last = None
    for pair in found:
        read = [(each.before, each.after) for each in pair.differences.values()]
        if pair.age_ns is None or read != last:
            yield pair
        if pair.age_ns is not None or pair.moment == "start":
            last = read
