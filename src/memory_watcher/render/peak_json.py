r"""memory-peak's --json: bytes, UTC nanoseconds beside ISO times, null for what was not told.

It is ASCII, so any encoding holds it. Bytes of a name that are no UTF-8 are written as \xNN, and
the exact bytes stand beside it in hexadecimal (`name_hex`).
"""

from __future__ import annotations

import json
from typing import Any

from ..analysis.peak import ADDITIVE, Group, Ranking, Sum
from ..metrics import READING
from ..store.results import Measurement, ProcessMoment, RecordedImage, RecordedProcess
from ..units import format_time
from .views import ProcessView, SystemView


def render_process(view: ProcessView) -> str:
    """One process at one measurement, as one JSON object and a newline."""
    parts = view.breakdown
    return _text(
        {
            "view": "process",
            "is_peak": view.is_peak,
            "process_memory": view.process_memory,
            "process": _process(view.process),
            "measurement": _measurement(view.measurement),
            "high_water_mark": _mark(view),
            "figure": parts.figure,
            "groups": [_group(group) for group in (*parts.own, *parts.top)],
            "other": {"groups": parts.other_groups, **_group(parts.other)},
            "sum": _group(parts.total),
        }
    )


def render_system(view: SystemView) -> str:
    """All processes at one tick, as one JSON object and a newline."""
    memory = view.memory
    return _text(
        {
            "view": "system",
            "tick": view.tick,
            **_time("time", view.time),
            "lowest": view.lowest,
            "meminfo": memory.values if memory else None,
            "mem_available_computed": memory.available_computed if memory else None,
            "process_memory": view.process_memory,
            "processes": [_moment(moment, size) for moment, size in view.ranking.top],
            **_sums(view.process_memory, view.ranking),
        }
    )


def _text(value: dict[str, Any]) -> str:
    return json.dumps(value, indent=2, ensure_ascii=True, allow_nan=False) + "\n"


def _name(key: str, text: str | None) -> dict[str, str | None]:
    if text is None or text.isascii():
        return {key: text}
    data = text.encode("utf-8", "surrogateescape")
    valid = data.decode("utf-8", "backslashreplace")
    return {key: text} if valid == text else {key: valid, f"{key}_hex": data.hex()}


def _time(key: str, time_ns: int | None) -> dict[str, str | int | None]:
    return {
        key: None if time_ns is None else format_time(time_ns),
        f"{key}_ns": time_ns,
    }


def _image(image: RecordedImage) -> dict[str, Any]:
    return {
        "first_tick": image.first_tick,
        **_name("name", image.name),
        **_name("command_line", image.command_line),
        **_name("exe", image.exe),
    }


def _process(process: RecordedProcess) -> dict[str, Any]:
    return {
        "id": process.id,
        "pid": process.pid,
        "start_time": process.start_time,
        **_name("name", process.name),
        "parent_pid": process.parent_pid,
        "uid": process.uid,
        **_name("cgroup", process.cgroup),
        **_time("first_seen", process.first_seen),
        **_time("last_seen", process.last_seen),
        "ended": process.ended,
        "images": [_image(image) for image in process.images],
    }


def _measurement(measurement: Measurement) -> dict[str, Any]:
    totals = measurement.totals
    return {
        "id": measurement.id,
        "tick": measurement.tick,
        **_time("time", measurement.time),
        "layout_state": measurement.state.label,
        "reading": {m.name: getattr(measurement.reading, m.name) for m in READING},
        "totals": totals._asdict() if totals else None,
        "rollup_pss": measurement.rollup_pss,
        "cpu_ns": measurement.cpu_ns,
        "wall_ns": measurement.wall_ns,
    }


def _mark(view: ProcessView) -> dict[str, Any] | None:
    if view.mark is None:
        return None
    return {
        "bytes": view.mark.size,
        "tick": view.mark.tick,
        **_time("time", view.mark.time),
        "gap": view.gap.size,
        "verdict": view.gap.verdict.value,
        "highest_rss_measurement": view.highest.id if view.highest else None,
    }


def _group(group: Group) -> dict[str, Any]:
    return {
        "kind": group.kind.value if group.kind else None,
        **_name("name", group.name),
        **_sum(group.sum),
        "mappings": len(group.entries),
        "address_space": group.address_space,
        "figures": {figure: group.sum_of(figure).size for figure in ADDITIVE},
    }


def _sum(total: Sum) -> dict[str, int | None]:
    return {"bytes": total.size, "lacking": total.lacking}


def _moment(moment: ProcessMoment, size: int | None) -> dict[str, Any]:
    return {
        "process": _process(moment.process),
        "bytes": size,
        "reading": _measurement(moment.latest),
        "layout": _measurement(moment.layout) if moment.layout else None,
    }


def _sums(process_memory: str, ranking: Ranking[ProcessMoment]) -> dict[str, Any]:
    """RSS is never added up over processes: a shared page would count several times."""
    summed = process_memory == "pss"
    return {
        "other": {
            "processes": ranking.other_count,
            **(_sum(ranking.other) if summed else {"bytes": None}),
        },
        "sum": _sum(ranking.total) if summed else None,
    }
