"""What a recording says of the recorded process between two times: asked in the recorder's process.

So the recorded process needs no memory for it.
"""

from __future__ import annotations

from typing import Any

from ..analysis.breakdown import break_down
from ..analysis.kinds import Kind
from ..answers.diff import At, DiffView, diff
from ..answers.layouts import attributed
from ..answers.moment import Moment
from ..errors import SelectionError
from ..model import LayoutState
from ..recorded import LayoutRow, Measurement, RecordedProcess
from ..store.recording import Recording
from ..units import format_time

Facts = dict[str, Any]

#: Of so many layouts, those with the highest RSS, the kinds are added up: each takes milliseconds.
_MOST_LAYOUTS = 64
#: So many groups are told, and none that changed by less.
_MOST_CULPRITS = 8
_LEAST_CHANGE = 64 * 1024
_FAMILIES = sorted({kind.family.value for kind in Kind if kind is not kind.family})


def facts(path: str, pid: int, since_ns: int, until_ns: int) -> Facts:
    """What was recorded between two times (UTC nanoseconds), as JSON; sizes are bytes.

    before      RSS of the last layout at the first time or before it; None if there is none
    layouts     how many layouts there are between the two
    highest     RSS of the highest of all these, `highest_ns` its time
    kinds       of each kind its RSS: before, in the layout where it is highest, in the last one
    families    those of the kinds that are sums of others, as library is of its parts
    changes     from before to the highest: kind, name, before, after, change; the biggest first
    others      the greatest change of any group that is not among them
    tree        the highest sum of PSS of all processes between the two; None if it is not known
    passes      of how many passes that is the highest
    from, to    the two times as text, in the time zone of the recorder: a test may change its own
    """
    with Recording(path) as recording:
        process = recording.process(pid=pid)
        before = _before(recording, process, since_ns)
        layouts = _layouts(recording, process, since_ns, until_ns)
        every = ([before] if before else []) + layouts
        tree, passes = _tree(recording, since_ns, until_ns)
        found: Facts = {"layouts": len(layouts), "tree": tree, "passes": passes}
        found |= {"families": _FAMILIES}
        found |= {"from": format_time(since_ns), "to": format_time(until_ns)}
        if not every:
            return {**found, "before": None, "highest": None, "kinds": {}, "changes": []}
        highest = max(every, key=_rss)
        found |= {"highest": _rss(highest), "highest_ns": highest.time}
        found |= {"before": _rss(before) if before else None}
        found |= {"kinds": _kinds(recording, before, layouts)}
        return found | _changes(recording, process, before, highest)


def _rss(measurement: Measurement) -> int:
    totals = measurement.totals
    return 0 if totals is None or totals.rss is None else totals.rss


def _before(recording: Recording, process: RecordedProcess, time_ns: int) -> Measurement | None:
    try:
        return recording.at(process.id, time_ns)
    except SelectionError:
        return None


def _layouts(
    recording: Recording, process: RecordedProcess, since_ns: int, until_ns: int
) -> list[Measurement]:
    """The layouts between two times, in order; torn ones only if there are no others."""
    try:
        # The tick that was begun before the first time may have read it after that.
        first = recording.tick_at(since_ns)
    except SelectionError:
        first = 0
    rows = [
        row
        for row in recording.layout_rows(first, recording.tick_at(until_ns))
        if row.process_id == process.id and row.rss is not None
        if since_ns < _wall(recording, row) <= until_ns
    ]
    whole = [row for row in rows if row.state is not LayoutState.TORN] or rows
    last = whole[-1:]
    chosen = sorted(whole, key=lambda row: row.rss or 0)[-_MOST_LAYOUTS:]
    ticks = sorted({row.tick for row in (*chosen, *last)})
    return list(recording.measurements_at(process.id, ticks))


def _wall(recording: Recording, row: LayoutRow) -> int:
    return recording.axis.wall(row.time) + row.delay_ns


def _tree(recording: Recording, since_ns: int, until_ns: int) -> tuple[int | None, int]:
    axis = recording.axis
    told = [
        each.pss
        for each in recording.passes()
        if each.pss is not None and since_ns < axis.wall(each.time) <= until_ns
    ]
    return max(told, default=None), len(told)


def _kinds(
    recording: Recording, before: Measurement | None, layouts: list[Measurement]
) -> dict[str, list[int | None]]:
    """RSS of each kind: before, where it is highest, in the last layout."""
    first = {} if before is None else _by_kind(recording, before)
    later = [_by_kind(recording, each) for each in layouts]
    known = None if before is None else 0
    last = later[-1] if later else first
    names = sorted({name for each in (first, *later) for name in each})
    return {
        name: [
            first.get(name, known),
            max(each.get(name, 0) for each in ([first] if before else []) + later),
            last.get(name, 0),
        ]
        for name in names
    }


def _by_kind(recording: Recording, measurement: Measurement) -> dict[str, int]:
    found: dict[str, int] = {}
    for line in break_down(attributed(recording, measurement), "rss", "kind").top:
        for kind in {line.kind, line.kind.family} if line.kind else ():
            if line.sum.size is not None:
                found[kind.value] = found.get(kind.value, 0) + line.sum.size
    return found


def _changes(
    recording: Recording, process: RecordedProcess, before: Measurement | None, after: Measurement
) -> Facts:
    if before is None or before.id == after.id:
        return {"changes": [], "others": 0}
    sides = (At(recording, _number(each), process) for each in (before, after))
    view: DiffView = diff(*sides, figure="rss")
    changed = [group for group in view.groups if group.change]
    told = [group for group in changed if (group.change or 0) >= _LEAST_CHANGE][:_MOST_CULPRITS]
    others = [abs(group.change or 0) for group in changed if group not in told]
    return {
        "changes": [
            [
                "" if group.kind is None else group.kind.value,
                group.name,
                *(group.before.sum.size, group.after.sum.size, group.change),
            ]
            for group in told
        ],
        "others": max(others, default=0),
    }


def _number(measurement: Measurement) -> Moment:
    return Moment("number", measurement.id, f"#{measurement.id}")
