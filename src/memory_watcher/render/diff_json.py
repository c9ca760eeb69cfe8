"""memory-watcher diff's --json."""

from __future__ import annotations

from typing import Any

from ..analysis.diff import Group, Side
from ..answers.diff import RunFacts
from .diff_lines import Rest, Shown
from .json_values import dump, named, timed


def render(shown: Shown) -> str:
    """What differs, as one JSON object and a newline."""
    view = shown.view
    return dump(
        {
            "view": "diff",
            "before": _side(view.before, view.totals[0]),
            "after": _side(view.after, view.totals[1]),
            "figure": view.figure,
            "figure_note": view.instead,
            "by": view.by,
            "groups": [_group(group) for group in shown.groups],
            "others": [_rest(rest) for rest in shown.rests],
            "total_change": view.total_change,
        }
    )


def _side(runs: tuple[RunFacts, ...], total: Side) -> dict[str, Any]:
    return {
        "bytes": total.sum.size,
        "lacking": total.sum.lacking,
        "mappings": total.mappings,
        "runs": [_run(run) for run in runs],
    }


def _run(run: RunFacts) -> dict[str, Any]:
    return {
        **named("file", run.file),
        **named("moment", run.moment),
        **timed("time", run.time),
        "tick": run.tick,
        "measurement": run.measurement,
        "processes": [{"pid": pid, **named("label", label)} for pid, label in run.processes],
        "bytes": run.total.sum.size,
        "lacking": run.total.sum.lacking,
        "mappings": run.total.mappings,
        "torn": run.torn,
        "without_layout": run.without,
    }


def _group(group: Group) -> dict[str, Any]:
    return {
        "kind": group.kind.value if group.kind else None,
        **named("name", group.name),
        "before": group.before.sum.size,
        "after": group.after.sum.size,
        "change": group.change,
        "match": group.match.value,
        "mappings_before": group.before.mappings,
        "mappings_after": group.after.mappings,
        "noise": group.noise,
    }


def _rest(rest: Rest) -> dict[str, Any]:
    return {
        "title": rest.title,
        "groups": rest.groups,
        "before": rest.before.sum.size,
        "after": rest.after.sum.size,
        "change": rest.change,
        "mappings_before": rest.before.mappings,
        "mappings_after": rest.after.mappings,
    }
