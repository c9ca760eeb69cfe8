"""What grew: groups of a timeline ranked by how much more they have at the end of a span."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import mul

from ..units import SECOND
from .kinds import Kind
from .timeline import Timeline, cut, reduce


@dataclass(frozen=True, slots=True)
class Growth:
    """How one group changed over a span.

    `first` and `last` are its bytes at the first and the last instant with a layout, `change` what
    lies between. `slope` is bytes per second of the straight line that fits best (least squares)
    through all instants; None if all are at one time. Where both point upwards growth is steady;
    where they differ the group goes up and down. `spark` are a few values for a small picture, at
    the same instants for all groups: None where no layout is known.
    """

    key: str
    kind: Kind | None
    name: str
    first: int
    last: int
    slope: float | None
    spark: Sequence[int | None]

    @property
    def change(self) -> int:
        """Bytes at the end less bytes at the start."""
        return self.last - self.first


def rank_growth(
    timeline: Timeline,
    first_ns: int | None = None,
    last_ns: int | None = None,
    spark: int = 32,
) -> list[Growth]:
    """Rank the groups of a timeline by growth over a span, the biggest first, the shrunk ones last.

    To miss none, make the timeline with top=None: its group "other" is taken as one.
    """
    span = cut(timeline, first_ns, last_ns)
    known = [position for position, total in enumerate(span.total) if total is not None]
    if not known:
        return []
    small = reduce(span, spark)
    origin = span.times_ns[known[0]]
    times = [(span.times_ns[position] - origin) / SECOND for position in known]
    middle = sum(times) / len(times)
    centred = [time - middle for time in times]
    spread = sum(map(mul, centred, centred))
    ranked = []
    for series, reduced in zip(span.groups, small.groups, strict=True):
        values = [series.values[position] or 0 for position in known]
        slope = sum(map(mul, centred, values)) / spread if spread else None
        ranked.append(
            Growth(
                *(series.key, series.kind, series.name, values[0], values[-1]),
                slope=slope,
                spark=reduced.values,
            )
        )
    ranked.sort(key=lambda growth: (-growth.change, -(growth.slope or 0), growth.name, growth.key))
    return ranked
