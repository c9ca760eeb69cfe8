"""A moment as a person writes it, and what it stands for in a recording.

    peak            where the figure that is asked for is highest
    floor           where it is lowest in the last fifth: what is left when all else was freed
    start end       the first and the last that was recorded
    2018-08-17T15:58:03.942, 15:58, 15:58:03
    +90s            so long after the start
    50%             so far between start and end
    #17             the measurement of that number

One parser for `--measurement-time`, `--from`, `--to`, the terminal UI and scripts.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol, TypeVar

from ..analysis.ending import MOST, before_the_end
from ..errors import NothingRecorded, SelectionError, UsageError
from ..message import Named, Setting
from ..units import SECOND, format_time, parse_duration, parse_time

if TYPE_CHECKING:
    from ..analysis.passes import Moment as Pass
    from ..analysis.passes import Passes
    from ..recorded import Measurement, ReadingRow, StoredFigure
    from ..store.recording import Recording

Kind = Literal[
    "peak", "floor", "start", "end", "time", "day time", "after", "percent", "number", "tick"
]

_NAMES: dict[str, Kind] = {"peak": "peak", "floor": "floor", "start": "start", "end": "end"}
#: How moments are written, for help and errors.
FORMS = "peak, floor, start, end, 15:58, +90s, 50%, or #17"


class Moment(NamedTuple):
    """A moment as it was asked for.

    `value` is UTC nanoseconds of a time, nanoseconds after the start, thousandths of a percent, or
    a measurement's number; of a time of day 1 if its first instant is meant; 0 for a name. `text`
    is what was written, `option` where. Nobody writes a tick: other answers name it.
    """

    kind: Kind
    value: int = 0
    text: str = ""
    option: str = "time"

    @property
    def is_time(self) -> bool:
        """Whether it is told by the clock on the wall."""
        return self.kind in ("time", "day time")


PEAK = Moment("peak", text="peak")
#: Where the floor is looked for: from here on to the end.
_LAST_FIFTH = Moment("percent", 80_000)


def parse(text: str, option: str, *, first: bool = False) -> Moment:
    """Understand a moment. With `first` a time is the first instant of what it says, else the last.

    Raises UsageError, naming `option`.
    """
    text = text.strip()
    if (name := text.lower()) in _NAMES:
        return Moment(_NAMES[name], 0, text, option)
    if match := re.fullmatch(r"#(\d{1,18})", text):
        return Moment("number", int(match[1]), text, option)
    if match := re.fullmatch(r"(\d{1,3}(?:\.\d*)?)\s*%", text):
        return Moment("percent", _thousandths(match[1], option), text, option)
    if text.startswith("+"):
        return Moment("after", _after(text, option), text, option)
    if match := re.fullmatch(r"(\d{1,2}):(\d\d)(?::(\d\d)(?:[.,]\d{1,9})?)?", text):
        if int(match[1]) > 23 or int(match[2]) > 59 or int(match[3] or 0) > 59:
            raise UsageError(f"{option}: {text!r} is no time of day")
        return Moment("day time", int(first), text, option)
    try:
        return Moment("time", parse_time(text, option, first=first), text, option)
    except UsageError as error:
        raise UsageError(f"{error} (or {FORMS})") from None


def _thousandths(percent: str, option: str) -> int:
    if float(percent) > 100:
        raise UsageError(f"{option}: {percent}%: there is nothing after 100%")
    return round(float(percent) * 1000)


def _after(text: str, option: str) -> int:
    """Nanoseconds of `+90s`; unlike other durations it may be 0."""
    if re.fullmatch(r"\+0+\s*[a-z]*", text):
        return 0
    return parse_duration(text[1:], option, "s")


def understood(
    moment: Moment | str | int, option: str = "moment", *, first: bool = False
) -> Moment:
    """A moment, or what a script wrote for one: text, or UTC nanoseconds. Raises UsageError."""
    if isinstance(moment, int):
        return Moment("time", moment, str(moment), option)
    return parse(moment, option, first=first) if isinstance(moment, str) else moment


def place(moment: Moment, begin: int, end: int) -> int:
    """Nanoseconds of a moment in a history from `begin` to `end`.

    Times are of the clock on the wall, and so have to be `begin` and `end` for them: a time of day
    is the first such time from `begin` on, if that is not after `end`. For all else they may be
    places on the axis (see clocks), so that a clock that was set does no harm.

    Raises UsageError for what only figures can say: peak, floor, a measurement's number.
    """
    if moment.kind == "time":
        return moment.value
    if moment.kind == "day time":
        return _time_of_day(moment, begin, end)
    if moment.kind == "after":
        return begin + moment.value
    if moment.kind == "percent":
        return begin + round((end - begin) * moment.value / 100_000)
    if moment.kind in ("start", "end"):
        return begin if moment.kind == "start" else end
    raise UsageError(f"{moment.option}: {moment.text}: write a time here, as 15:58, +90s or 50%")


def time_of(moment: Moment, recording: Recording) -> int:
    """UTC nanoseconds of the wall clock: of a time, or a time of day.

    Raises SelectionError if the recording is empty, UsageError.
    """
    if moment.kind == "time":
        return moment.value
    bounds = recording.span()
    if bounds is None:
        raise NothingRecorded(recording.path)
    return place(moment, *bounds)


def place_of(moment: Moment, recording: Recording, *, first: bool) -> int:
    """Where a moment stands on the recording's axis; of a time shown twice the `first`, or last.

    Raises SelectionError if the recording is empty, UsageError.
    """
    if moment.is_time:
        time_ns = time_of(moment, recording)
        return recording.axis.begin(time_ns) if first else recording.axis.end(time_ns)
    rows = recording.tick_rows()
    if not rows:
        raise NothingRecorded(recording.path)
    return place(moment, rows[0].time, rows[-1].time)


def tick_of(moment: Moment, recording: Recording) -> int:
    """The tick at a moment, or the last one before it. Raises SelectionError, UsageError."""
    if moment.kind == "tick":
        return moment.value
    if moment.is_time:
        return recording.tick_at(time_of(moment, recording))
    rows = recording.tick_rows()
    if not rows:
        raise NothingRecorded(recording.path)
    return _at(moment, rows).tick


def measurement_of(
    moment: Moment, recording: Recording, process_id: int, figure: StoredFigure
) -> Measurement:
    """The measurement with a layout that a moment stands for: at a time, or the last one before it.

    Start, end and shares are those of the layouts of this process.

    Raises SelectionError if there is none, UsageError.
    """
    if moment.kind == "peak":
        return recording.peak(process_id, figure)
    if moment.kind == "number":
        found = recording.measurement(moment.value)
        if found.process_id != process_id:
            raise SelectionError(
                f"{moment.option}: measurement {moment.value} is of another process (id"
                f" {found.process_id}); choose ",
                Named(Setting.PROCESS_ID, "that process", "it with {}"),
            )
        return found
    if moment.is_time:
        return recording.at(process_id, time_of(moment, recording))
    rows = [row for row in recording.reading_rows(process_id) if row.keyframe is not None]
    if not rows:
        return recording.layout_until(process_id, -1)  # says why there is none
    if moment.kind == "floor":
        first, last = _floor_between(recording, process_id, rows)
        return recording.floor(process_id, figure, first, last)
    row = _until(moment.value, rows) if moment.kind == "tick" else _at(moment, rows)
    return recording.measurement_at(process_id, row.tick)


def _until(tick: int, rows: Sequence[ReadingRow]) -> ReadingRow:
    """The last row until a tick; if all are later, the first."""
    return rows[max(bisect_right(rows, tick, key=lambda row: row.tick) - 1, 0)]


def _floor_between(
    recording: Recording, process_id: int, rows: Sequence[ReadingRow]
) -> tuple[int, int]:
    """The ticks of the last fifth, without those at which the process was ending."""
    first = _since(_LAST_FIFTH, rows)[0].tick
    has_ended = any(
        each.id == process_id and each.end_tick is not None for each in recording.processes()
    )
    sizes = [row.resident for row in rows if row.resident is not None]
    if not has_ended or len(sizes) < len(rows):
        return first, rows[-1].tick
    fifth = next(at for at, row in enumerate(rows) if row.tick == first)
    kept = before_the_end(sizes, max(0, min(fifth, len(rows) - 2 - MOST)))
    last = rows[kept - 1].tick
    return min(first, last), last


def pass_of(
    moment: Moment,
    recording: Recording,
    passes: Passes,
    run_id: int | None = None,
    figure: str = "pss",
) -> Pass | None:
    """The pass over several processes that a moment stands for; None if there is no sum at all.

    All but times are of the run `run_id`, if it is given. Peak and floor are those of `figure`, a
    field of passes.Figures. The floor (in the last fifth) is a pass that lacks nobody, if there is
    one: what is missing makes a sum small.

    Raises SelectionError if there are only later ones, UsageError for a measurement's number.
    """
    if moment.kind == "number":
        raise UsageError(
            f"{moment.option}: {moment.text}: a measurement is of one process; choose ",
            Named(Setting.PID, "that process", "it with {}"),
        )
    if moment.kind == "peak":
        return passes.peak(run_id, figure)
    if moment.kind == "tick":
        first = min(passes.sums, key=lambda each: each.tick, default=None)
        return passes.at(moment.value) or first
    if moment.is_time:
        return pass_at(recording, passes, time_of(moment, recording))
    sums = [each for each in passes.sums if run_id is None or each.run_id == run_id]
    sums.sort(key=lambda each: each.time)
    if not sums:
        return None
    if moment.kind == "floor":
        sizes = [(getattr(each.sums, figure), each) for each in _since(_LAST_FIFTH, sums)]
        told = [(each.lacking, size, each.tick, each) for size, each in sizes if size is not None]
        return min(told)[-1] if told else None
    return _at(moment, sums)


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


class _Placed(Protocol):
    """What stands at a place on the axis."""

    @property
    def time(self) -> int:
        """The place, nanoseconds."""


_P = TypeVar("_P", bound=_Placed)


def _at(moment: Moment, rows: Sequence[_P]) -> _P:
    """Of some in order of their places the one that a moment stands for, or the last before it."""
    wanted = place(moment, rows[0].time, rows[-1].time)
    return rows[max(bisect_right(rows, wanted, key=lambda row: row.time) - 1, 0)]


def _since(moment: Moment, rows: Sequence[_P]) -> Sequence[_P]:
    """Those from a moment on: at least the last."""
    wanted = place(moment, rows[0].time, rows[-1].time)
    return rows[bisect_left(rows, wanted, key=lambda row: row.time) :]


def _time_of_day(moment: Moment, begin: int, end: int) -> int:
    """The first such time from `begin` on; if that is after `end`, that of the first day."""
    day = datetime.fromtimestamp(begin // SECOND).date()
    hour, rest = moment.text.split(":", 1)

    def on(day: date, *, first: bool) -> int:
        return parse_time(f"{day:%Y-%m-%d}T{hour:0>2}:{rest}", moment.option, first=first)

    first = bool(moment.value)
    if on(day, first=False) < begin:
        following = on(day + timedelta(days=1), first=first)
        if following <= end:
            return following
    return on(day, first=first)
