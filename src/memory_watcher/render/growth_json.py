"""What grew, as JSON: bytes and nanoseconds, verdicts as words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..analysis.placement import Placement
from ..answers.growth import Group, Growth, Life
from .json_values import dump, named, timed


def render(growth: Growth, jumps: Sequence[Mapping[str, Any]] = ()) -> str:
    """One JSON object and a newline."""
    span = growth.span
    return dump(
        {
            "view": "growth",
            **named("title", growth.title),
            "span": {
                **timed("begin", span.begin_ns),
                **timed("end", span.end_ns),
                "duration_ns": span.duration_ns,
                "measurements": span.instants,
                "torn": span.torn,
                "torn_used": span.torn_used,
                "unchecked": span.unchecked,
                "gaps": span.gaps,
                "since_execve": span.since_execve,
            },
            "figure": growth.figure,
            "figure_note": growth.instead,
            "by": growth.by,
            "groups": [_group(group) for group in growth.groups],
            "other_groups": growth.other_groups,
            "total": _group(growth.total),
            "lives": [_life(life) for life in growth.lives],
            "sums_note": growth.sums,
            "clock_jumps": list(jumps),
        }
    )


def _group(group: Group) -> dict[str, Any]:
    verdict = group.verdict
    return {
        "kind": group.kind.value if group.kind else None,
        **named("name", group.name),
        "verdict": verdict.word.value,
        "rate_per_hour": verdict.rate,
        "rate_low": verdict.low,
        "rate_high": verdict.high,
        "rise": verdict.rise,
        "held": verdict.held,
        "since_ns": group.since_ns,
        "first": group.first,
        "last": group.last,
        "highest": group.highest,
        "mappings_first": group.mappings_first,
        "mappings_last": group.mappings_last,
        "needed_ns": verdict.needed_ns,
        "placement": _placement(group.placement),
    }


def _placement(where: Placement | None) -> dict[str, Any] | None:
    if where is None:
        return None
    main = where.main
    return {
        "main": None
        if main is None
        else {
            **named("name", main.name),
            "before": main.before,
            "after": main.after,
            "since_ns": main.since_ns,
        },
        "new": where.new,
        "new_size": where.new_size,
        "huge": where.huge,
        "resident": where.resident,
        "arenas": None if where.arenas is None else where.arenas._asdict(),
    }


def _life(life: Life) -> dict[str, Any]:
    verdict = life.verdict
    return {
        "process_id": life.process.id,
        "pid": life.process.pid,
        **timed("begin", life.begin_ns),
        **timed("end", life.end_ns),
        "verdict": verdict.word.value,
        "rate_per_hour": verdict.rate,
        "first": life.first,
        "last": life.last,
    }
