"""Two recordings over time: both figures, what lies between them, and what differs at the peaks."""

from __future__ import annotations

from typing import Literal, NamedTuple, get_args

from ..analysis.curves import Curve, between, curve_of, shifted
from ..errors import SelectionError
from ..message import Named, Setting
from ..metrics import LAYOUT
from . import choices
from .diff import At, DiffView, Figure, diff, members
from .history import History, history
from .moment import PEAK

Align = Literal["age", "time"]
#: What is known over time as well as at a moment.
FIGURES: tuple[Figure, ...] = ("pss", "rss", "uss", "swap")


class Compared(NamedTuple):
    """A figure of two recordings over time, and the groups that differ at their peaks.

    `before`, `after` and `difference` are bytes; their times count from each one's own start if
    they are aligned by age, else from 1970 (UTC nanoseconds). `starts` are those times of each
    one's own start, `titles` who they are of.
    """

    before: Curve
    after: Curve
    difference: Curve
    figure: str
    align: Align
    starts: tuple[int, int]
    titles: tuple[str, str]
    files: tuple[str, str]
    peaks: DiffView

    def aligned(self, align: Align) -> Compared:
        """The same, aligned by age or by time."""
        if align == self.align:
            return self
        sign = 1 if align == "time" else -1
        before, after = (
            shifted(curve, sign * start)
            for curve, start in zip((self.before, self.after), self.starts, strict=True)
        )
        return self._replace(
            before=before, after=after, difference=between(before, after), align=align
        )


def compare_histories(
    before: At, after: At, *, figure: Figure = "pss", align: Align = "age"
) -> Compared:
    """Compare one recording with another over all of their time; moments of `At` do not matter.

    Raises SelectionError, UsageError.
    """
    choices.check(Named(Setting.FIGURE, "figure"), figure, FIGURES)
    choices.check(Named(Setting.ALIGN, "align"), align, get_args(Align))
    sides = [each._replace(moment=PEAK) for each in (before, after)]
    peaks = diff(sides[0], sides[1], figure=figure)
    found = [_history(side, figure) for side in sides]
    if found[0].figure != found[1].figure:
        shown = " and ".join(LAYOUT[each.figure].title for each in found)
        raise SelectionError(
            f"the two recordings report different figures ({shown}); choose another",
            Named(Setting.FIGURE, "", " with {}"),
        )
    starts = (found[0].timeline.times_ns[0], found[1].timeline.times_ns[0])
    one, other = (curve_of(each.timeline) for each in found)
    by_time = Compared(
        one,
        other,
        between(one, other),
        found[0].figure,
        "time",
        starts,
        (found[0].title, found[1].title),
        (before.runs[0].path, after.runs[0].path),
        peaks,
    )
    return by_time.aligned(align)


def _history(side: At, figure: str) -> History:
    recording = side.runs[0]
    return history(recording, members(recording, side.process), figure=figure, by="kind", top=0)
