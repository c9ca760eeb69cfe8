"""memory-peak's --json for all processes of a recording."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..answers.group import Branch
from ..answers.machine import SystemView
from ..metrics import adds_up
from .json_values import dump, measurement_facts, named, pass_facts, process_facts, summed, timed


def render(view: SystemView, jumps: Sequence[Mapping[str, Any]] = ()) -> str:
    """All processes at one tick, as one JSON object and a newline."""
    memory = view.memory
    return dump(
        {
            "view": "system",
            "tick": view.tick,
            **timed("time", view.time),
            **timed("asked", view.asked),
            "moment": view.asked_as,
            "clock_jumps": list(jumps),
            "lowest": view.lowest.name if view.lowest else None,
            "lowest_at": _lowest(view),
            "pass": pass_facts(view.moment) if view.moment else None,
            "why_no_sum": view.why,
            "refused_passes": view.refused,
            "meminfo": memory.values if memory else None,
            "mem_available_computed": memory.available_computed if memory else None,
            "memory_parts": _parts(view),
            "process_memory": view.process_memory,
            "processes": [_moment(view, branch, size) for branch, size in view.ranking.top],
            "groups": _groups(view),
            **_sums(view),
        }
    )


def _lowest(view: SystemView) -> dict[str, Any] | None:
    lowest = view.lowest
    if lowest is None:
        return None
    return {"tick": lowest.tick, **timed("time", lowest.time), "bytes": lowest.size}


def _groups(view: SystemView) -> list[dict[str, Any]] | None:
    """The processes added up by name or user, if that was wanted."""
    if view.groups is None:
        return None
    return [
        {**named("name", each.name), "processes": each.processes, **summed(each.sum)}
        for each, _ in view.groups.top
    ]


def _parts(view: SystemView) -> dict[str, Any] | None:
    """What MemTotal consists of, bytes; `kernel` is the sum of its own."""
    memory = view.memory
    if memory is None or not memory.parts:
        return None
    return {**{part.key: part.size for part in memory.parts}, "kernel": memory.kernel}


def _moment(view: SystemView, branch: Branch, size: int | None) -> dict[str, Any]:
    age = None
    if branch.share is None and branch.layout is not None:
        age = view.older.get(branch.process.id, 0)
    return {
        "process": process_facts(branch.process, branch.role, branch.place),
        "bytes": size,
        "shows_parents_memory": branch.shows_parents_memory,
        "at_pass": branch.share.figures._asdict() if branch.share else None,
        "reading": measurement_facts(branch.latest) if branch.latest else None,
        "layout": measurement_facts(branch.layout) if branch.layout else None,
        "layout_age_ns": age,
    }


def _sums(view: SystemView) -> dict[str, Any]:
    """RSS is never added up over processes: a shared page would count several times."""
    additive = adds_up(view.process_memory) and view.moment is not None
    ranking = view.ranking
    return {
        "other": {
            "processes": ranking.other_count,
            **(summed(ranking.other) if additive else {"bytes": None}),
        },
        "sum": summed(ranking.total) if additive else None,
    }
