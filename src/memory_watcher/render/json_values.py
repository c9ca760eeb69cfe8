r"""Facts as JSON values: bytes, UTC nanoseconds beside ISO times, null for what was not reported.

The text is ASCII, so any encoding holds it. Bytes of a name that are no UTF-8 are written as \xNN,
and the exact bytes stand beside it in hexadecimal (`name_hex`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from ..analysis.breakdown import Sum
from ..analysis.passes import Moment
from ..analysis.roles import Role
from ..answers.cgroups import CgroupAt, Judge
from ..answers.places import Place
from ..clocks import TimeAxis
from ..metrics import READING
from ..recorded import Measurement, RecordedContainer, RecordedImage, RecordedProcess
from ..units import format_time

#: Raised when a key changes its meaning or goes away; new keys may come without it.
#: 1: all up to 0.1.0.
FORMAT_VERSION = 1


def dump(value: dict[str, Any]) -> str:
    """One JSON object and a newline: a line for each key, and for each item of a list.

    `indent` would give a line to every figure and take json's slow path: 70 ms for 1,700 groups.
    """
    return "".join(pieces(value))


def pieces(value: dict[str, Any]) -> Iterator[str]:
    """What `dump` makes, in pieces; an iterator in `value` is a list that is never held whole.

    Each output begins with `format_version`.
    """
    before = "{\n"
    for key, item in {"format_version": FORMAT_VERSION, **value}.items():
        yield f"{before}{_text(key)}: "
        yield from _lines(item)
        before = ",\n"
    yield "\n}\n"


def _lines(item: object) -> Iterator[str]:
    if not isinstance(item, list | Iterator) or item == []:
        yield _text(item)
        return
    before = "[\n  "
    for each in item:
        yield before + _text(each)
        before = ",\n  "
    yield "\n]" if before[0] == "," else "[]"


def _text(value: object) -> str:
    text = json.dumps(value, ensure_ascii=True, allow_nan=False)
    return text.replace("\x7f", "\\u007f")  # the one control that json leaves as it is


def named(key: str, text: str | None) -> dict[str, str | None]:
    """A name under its key, and its exact bytes if they are no UTF-8."""
    if text is None or text.isascii():
        return {key: text}
    data = text.encode("utf-8", "surrogateescape")
    valid = data.decode("utf-8", "backslashreplace")
    return {key: text} if valid == text else {key: valid, f"{key}_hex": data.hex()}


def timed(key: str, time_ns: int | None) -> dict[str, str | int | None]:
    """A time as ISO text and in nanoseconds."""
    return {
        key: None if time_ns is None else format_time(time_ns),
        f"{key}_ns": time_ns,
    }


def image_facts(image: RecordedImage) -> dict[str, Any]:
    """What an execve put into a process."""
    return {
        "first_tick": image.first_tick,
        **named("name", image.name),
        **named("command_line", image.command_line),
        **named("exe", image.exe),
    }


def cgroup_facts(cgroups: Iterable[CgroupAt], judges: Iterable[Judge]) -> dict[str, Any]:
    """Figures of control groups by their names in the recording; null for a limit there is not."""
    return {
        "cgroups": [
            {**named("path", each.path), **each.figures, **_limit_facts(each)} for each in cgroups
        ],
        "cgroup_peaks": [
            {**named("path", judge.path), "peak": judge.peak, "current": judge.current}
            for judge in judges
        ],
    }


def _limit_facts(cgroup: CgroupAt) -> dict[str, Any]:
    """The limit that holds, bytes, and whose it is; nothing without one."""
    limit = cgroup.limit()
    if limit is None:
        return {}
    owner = cgroup.path if limit.levels == 0 else limit.owner(cgroup.path)
    return {"limit": limit.size, **named("limit_of", owner)}


def process_facts(process: RecordedProcess, role: Role, place: Place) -> dict[str, Any]:
    """All that was recorded once of a process, and what tells it apart; null if nothing does.

    `group` is the label of all that do the same.
    """
    return {
        "id": process.id,
        "pid": process.pid,
        "start_time": process.start_time,
        **named("name", process.name),
        **named("role", role.text or None),
        **named("group", role.group or None),
        "parent_pid": process.parent_pid,
        "uid": process.uid,
        **named("cgroup", process.cgroup),
        "container": _container(place),
        **named("unit", place.unit),
        **timed("first_seen", process.first_seen),
        **timed("last_seen", process.last_seen),
        "ended": process.ended,
        "images": [image_facts(image) for image in process.images],
    }


def _container(place: Place) -> dict[str, Any] | None:
    """What a container is called; null where that was not found."""
    if place.container is None:
        return None
    told = RecordedContainer(None, None, None, None) if place.told is None else place.told
    return {
        **named("id", place.container.id),
        "runtime": place.container.runtime,
        **named("name", told.name),
        **named("pod", told.pod),
        "pod_uid": place.container.pod,
        **named("namespace", told.namespace),
        **named("image", told.image),
    }


def measurement_facts(measurement: Measurement) -> dict[str, Any]:
    """The cheap figures and the sums of one measurement."""
    totals = measurement.totals
    return {
        "id": measurement.id,
        "tick": measurement.tick,
        **timed("time", measurement.time),
        "layout_state": measurement.state.label,
        "reading": {m.name: getattr(measurement.reading, m.name) for m in READING},
        "totals": totals._asdict() if totals else None,
        "rollup_pss": measurement.rollup_pss,
        "cpu_ns": measurement.cpu_ns,
        "wall_ns": measurement.wall_ns,
    }


def summed(total: Sum) -> dict[str, int | None]:
    """A sum, and how many parts did not tell theirs."""
    return {"bytes": total.size, "lacking": total.lacking}


def pass_facts(moment: Moment) -> dict[str, Any]:
    """The round over all processes that a sum is of; RSS is no sum, and left out."""
    return {
        "tick": moment.tick,
        "wall_ns": moment.took_ns,
        "processes": moment.processes,
        "lacking": moment.lacking,
        "moved": moment.moved,
        "private": moment.private,
        "from_layouts": moment.moved is None,
    }


def clock_jumps(axis: TimeAxis) -> list[dict[str, Any]]:
    """Where the wall clock jumped, by how much, and what that was."""
    return [
        {
            **timed("time", axis.wall(jump.place_ns)),
            "by_ns": jump.by_ns,
            "suspended_ns": jump.suspended_ns,
            "text": jump.text,
        }
        for jump in axis.jumps
    ]
