"""memory-peak's --json for all processes of a recording."""

from __future__ import annotations

from typing import Any

from ..analysis.ranking import Ranking
from ..store.results import ProcessMoment
from .json_values import dump, measurement_facts, process_facts, summed, timed
from .system_view import SystemView


def render(view: SystemView) -> str:
    """All processes at one tick, as one JSON object and a newline."""
    memory = view.memory
    return dump(
        {
            "view": "system",
            "tick": view.tick,
            **timed("time", view.time),
            "lowest": view.lowest,
            "meminfo": memory.values if memory else None,
            "mem_available_computed": memory.available_computed if memory else None,
            "process_memory": view.process_memory,
            "processes": [_moment(view, moment, size) for moment, size in view.ranking.top],
            **_sums(view.process_memory, view.ranking),
        }
    )


def _moment(view: SystemView, moment: ProcessMoment, size: int | None) -> dict[str, Any]:
    return {
        "process": process_facts(moment.process),
        "bytes": size,
        "shows_parents_memory": moment.process.id in view.duplicates,
        "reading": measurement_facts(moment.latest),
        "layout": measurement_facts(moment.layout) if moment.layout else None,
        "layout_age_ns": view.older.get(moment.process.id, 0) if moment.layout else None,
    }


def _sums(process_memory: str, ranking: Ranking[ProcessMoment]) -> dict[str, Any]:
    """RSS is never added up over processes: a shared page would count several times."""
    additive = process_memory == "pss"
    return {
        "other": {
            "processes": ranking.other_count,
            **(summed(ranking.other) if additive else {"bytes": None}),
        },
        "sum": summed(ranking.total) if additive else None,
    }
