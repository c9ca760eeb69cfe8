"""memory-peak's --json for processes that belong together."""

from __future__ import annotations

from typing import Any

from ..analysis.peak import Group
from .json_values import dump, measurement_facts, named, process_facts, summed, timed
from .tree_view import Branch, TreeView, pss_of


def render(view: TreeView) -> str:
    """Several processes at one tick, as one JSON object and a newline."""
    parts = view.breakdown
    selection = view.selection
    return dump(
        {
            "view": "tree",
            "is_peak": view.is_peak,
            "tick": view.tick,
            **timed("time", view.time),
            "kind": selection.kind,
            **named("description", selection.description),
            "root_pid": selection.root_pid,
            "recorded": view.recorded,
            "too_short": selection.too_short,
            "figure": parts.figure,
            "processes": [_branch(branch) for branch in view.branches],
            "other": {"processes": view.other_count, **summed(view.other)},
            "sums": {name: summed(total) for name, total in view.sums._asdict().items()},
            "groups": [_group(group) for group in (*parts.own, *parts.top)],
            "other_groups": {"groups": parts.other_groups, **_group(parts.other)},
            "sum": _group(parts.total),
            "cgroups": [{**named("path", path), **figures} for path, figures in view.cgroups],
        }
    )


def _branch(branch: Branch) -> dict[str, Any]:
    moment = branch.moment
    return {
        "depth": branch.depth,
        "process": process_facts(moment.process),
        "bytes": pss_of(branch),
        "shows_parents_memory": branch.shows_parents_memory,
        "reading": measurement_facts(moment.latest),
        "layout": measurement_facts(moment.layout) if moment.layout else None,
    }


def _group(group: Group) -> dict[str, Any]:
    return {
        "kind": group.kind.value if group.kind else None,
        **named("name", group.name),
        **summed(group.sum),
        "mappings": len(group.entries),
        "address_space": group.address_space,
        "figures": {
            figure: None if total.lacking else total.size for figure, total in group.sums().items()
        },
    }
