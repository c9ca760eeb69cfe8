"""A moment as a person writes it, and what it stands for in a recording.

    peak floor      where the figure that is asked for is highest, lowest
    start end       the first and the last that was recorded
    2018-08-17T15:58:03.942, 15:58, 15:58:03
    +90s            so long after the start
    50%             so far between start and end
    #17             the measurement of that number

One parser for `--measurement-time`, `--from`, `--to`, the terminal UI and scripts.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Literal, NamedTuple

from ..errors import SelectionError, UsageError
from ..units import SECOND, format_time, parse_duration, parse_time

if TYPE_CHECKING:
    from ..analysis.passes import Moment as Pass
    from ..analysis.passes import Passes
    from ..store.recording import PeakFigure, Recording
    from ..store.results import Measurement

Kind = Literal["peak", "floor", "start", "end", "time", "day time", "after", "percent", "number"]

_DAY = 24 * 3600 * SECOND
_NAMES: tuple[Literal["peak", "floor", "start", "end"], ...] = ("peak", "floor", "start", "end")
#: How moments are written, for help and errors.
FORMS = "peak, floor, start, end, a time as 2018-08-17T15:58:03 or 15:58, +90s, 50%, or #17"


class Moment(NamedTuple):
    """A moment as it was asked for.

    `value` is UTC nanoseconds of a time, nanoseconds after the start, thousandths of a percent, or
    a measurement's number; 0 for a name. `text` is what was written, `option` where.
    """

    kind: Kind
    value: int = 0
    text: str = ""
    option: str = "time"


PEAK = Moment("peak", text="peak")


def parse(text: str, option: str, *, first: bool = False) -> Moment:
    """Understand a moment. With `first` a time is the first instant of what it says, else the last.

    Raises UsageError, naming `option`.
    """
    text = text.strip()
    for name in _NAMES:
        if text.lower() == name:
            return Moment(name, 0, text, option)
    if match := re.fullmatch(r"#(\d{1,18})", text):
        return Moment("number", int(match[1]), text, option)
    if match := re.fullmatch(r"(\d{1,3}(?:\.\d*)?)\s*%", text):
        return Moment("percent", round(float(match[1]) * 1000), text, option)
    if text.startswith("+"):
        return Moment("after", parse_duration(text[1:], option, "s"), text, option)
    if re.fullmatch(r"\d{1,2}:\d\d(:\d\d([.,]\d{1,9})?)?", text):
        _time_of_day(text, 0, option)  # whether there is such a time
        return Moment("day time", int(first), text, option)
    return Moment("time", parse_time(text, option, first=first), text, option)


def understood(moment: Moment | str) -> Moment:
    """A moment, or what a script wrote for one. Raises UsageError."""
    return parse(moment, "moment") if isinstance(moment, str) else moment


def place(moment: Moment, begin: int, end: int) -> int:
    """UTC nanoseconds of a moment in a span that was recorded from `begin` to `end`.

    A time of day is the first such time at or after `begin`.

    Raises UsageError for what only figures tell: peak, floor, a measurement's number.
    """
    if moment.kind == "time":
        return moment.value
    if moment.kind == "day time":
        return _time_of_day(moment.text, begin, moment.option, first=bool(moment.value))
    if moment.kind == "after":
        return begin + moment.value
    if moment.kind == "percent":
        return begin + round((end - begin) * moment.value / 100_000)
    if moment.kind in ("start", "end"):
        return begin if moment.kind == "start" else end
    raise UsageError(f"{moment.option}: {moment.text}: write a time here, as 15:58, +90s or 50%")


def span(recording: Recording) -> tuple[int, int]:
    """When a recording begins and ends, UTC nanoseconds. Raises SelectionError if it is empty."""
    bounds = recording.span()
    if bounds is None:
        raise SelectionError(f"{recording.path}: nothing was recorded")
    return bounds


def time_of(moment: Moment, recording: Recording) -> int:
    """UTC nanoseconds of a moment in a recording; see `place`."""
    return moment.value if moment.kind == "time" else place(moment, *span(recording))


def measurement_of(
    moment: Moment, recording: Recording, process_id: int, figure: PeakFigure
) -> Measurement:
    """The measurement with a layout that a moment stands for: at a time, or the last one before it.

    Raises SelectionError if there is none, UsageError.
    """
    if moment.kind == "peak":
        return recording.peak(process_id, figure)
    if moment.kind == "floor":
        return recording.floor(process_id, figure)
    if moment.kind == "number":
        found = recording.measurement(moment.value)
        if found.process_id != process_id:
            raise SelectionError(
                f"{moment.option}: measurement {moment.value} is of another process (id"
                f" {found.process_id}); choose it with --process-id"
            )
        return found
    if moment.kind == "start":
        return recording.first_layout(process_id)
    if moment.kind == "end":
        return recording.layout_until(process_id, 2**62)
    return recording.at(process_id, time_of(moment, recording))


def pass_of(
    moment: Moment, recording: Recording, passes: Passes, run_id: int | None = None
) -> Pass | None:
    """The pass over several processes that a moment stands for; None if there is no sum at all.

    The peak and the floor (of PSS) are those of the run `run_id`, if it is given.

    Raises SelectionError if there are only later ones, UsageError for a measurement's number.
    """
    sums = [each for each in passes.sums if run_id is None or each.run_id == run_id]
    if moment.kind == "peak":
        return passes.peak(run_id)
    if not passes.sums:
        return None
    if moment.kind == "floor":
        told = [each for each in sums if each.sums.pss is not None]
        return min(told, key=lambda each: (each.sums.pss, each.tick), default=None)
    if moment.kind in ("start", "end"):
        return (sums or passes.sums)[0 if moment.kind == "start" else -1]
    return pass_at(recording, passes, time_of(moment, recording))


def pass_at(recording: Recording, passes: Passes, time_ns: int) -> Pass | None:
    """The pass at a time, or the last one before it; None if there is none at all.

    Raises SelectionError if there are only later ones.
    """
    found = passes.at(recording.tick_at(time_ns))
    if found is None and passes.sums:
        raise SelectionError(
            f"{recording.path}: no sum was recorded at or before that time;"
            f" the first one is of {format_time(recording.tick_time(passes.sums[0].tick))}"
        )
    return found


def _time_of_day(text: str, begin: int, option: str, *, first: bool = False) -> int:
    day = datetime.fromtimestamp(begin // SECOND)
    hour, rest = text.split(":", 1)
    moment = parse_time(f"{day:%Y-%m-%d}T{hour:0>2}:{rest}", option, first=first)
    return moment if moment >= begin else moment + _DAY
