"""Two recordings over time: both figures, what lies between them, and what differs at the peaks."""

from __future__ import annotations

from typing import Literal, NamedTuple, get_args

from ..analysis.curves import Curve, between, curve_of, shifted
from ..analysis.timeline import Timeline
from ..errors import SelectionError
from ..message import Named, Setting
from ..metrics import LAYOUT, OFFERED
from . import choices
from .diff import At, DiffView, Figure, diff
from .history import History, history
from .moment import PEAK
from .taken import members

Align = Literal["age", "time"]


class Compared(NamedTuple):
    """A figure of two recordings over time, and the groups that differ at their peaks.

    `before`, `after` and `difference` are bytes; their times count from each one's own start if
    they are aligned by age, else from 1970 (UTC nanoseconds). `titles` say who they
    are of.
    """

    before: Curve
    after: Curve
    difference: Curve
    figure: str
    align: Align
    titles: tuple[str, str]
    files: tuple[str, str]
    peaks: DiffView


def compare_histories(
    before: At, after: At, *, figure: Figure = "pss", align: Align = "age"
) -> Compared:
    """Compare one recording with another over all of their time; moments of `At` do not matter.

    Raises SelectionError, UsageError.
    """
    choices.check(Named(Setting.FIGURE, "figure"), figure, OFFERED)
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
    one, other = (_curve(each.timeline, align) for each in found)
    return Compared(
        one,
        other,
        between(one, other),
        found[0].figure,
        align,
        (found[0].title, found[1].title),
        (before.runs[0].path, after.runs[0].path),
        peaks,
    )


def _curve(timeline: Timeline, align: Align) -> Curve:
    """A history by time, or from its own start."""
    curve = curve_of(timeline)
    return curve if align == "time" else shifted(curve, -timeline.times_ns[0])


def _history(side: At, figure: str) -> History:
    recording = side.runs[0]
    return history(recording, members(recording, side.process), figure=figure, by="kind", top=0)
