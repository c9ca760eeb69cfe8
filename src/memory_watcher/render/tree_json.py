"""memory-peak's --json for processes that belong together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..analysis.breakdown import Group
from ..analysis.hugetlb import at_least_together
from ..answers.group import Branch, TreeView, Whole, pss_of
from ..metrics import adds_up
from .json_values import (
    cgroup_facts,
    dump,
    measurement_facts,
    named,
    pass_facts,
    process_facts,
    summed,
    timed,
)


def render(view: TreeView, jumps: Sequence[Mapping[str, Any]] = ()) -> str:
    """Several processes at one moment, as one JSON object and a newline."""
    selection = view.selection
    return dump(
        {
            "view": "tree",
            "is_peak": view.is_peak,
            "moment": view.moment,
            "tick": view.tick,
            **timed("time", view.time),
            **timed("asked", view.asked),
            "clock_jumps": list(jumps),
            "kind": selection.kind,
            **named("description", selection.description),
            "root_pid": selection.root_pid,
            "recorded": view.recorded,
            "too_short": selection.too_short,
            "figure": "pss",
            "pass": pass_facts(view.whole.moment) if view.whole else None,
            "why_no_sum": view.why,
            "refused_passes": view.refused,
            "processes": [_branch(branch) for branch in view.branches],
            "other": {
                "processes": view.other_count,
                **(summed(view.other) if view.whole else {"bytes": None}),
            },
            "private_between_passes": _between(view),
            **_whole(view.whole),
            **cgroup_facts(view.cgroups, view.judges),
        }
    )


def _whole(whole: Whole | None) -> dict[str, Any]:
    """Sums and groups, null where there is no sum."""
    if whole is None:
        names = ("sums", "groups", "other_groups", "sum", "layouts")
        return dict.fromkeys(names)
    parts = whole.breakdown
    sums = whole.sums
    return {
        "sums": {
            "pss": summed(sums.pss),
            "uss": summed(sums.uss),
            "swap_pss": summed(sums.swap_pss),
            "hugetlb_at_least": whole.hugetlb[0],
            "hugetlb_at_most": whole.hugetlb[1],
        },
        "groups": [_group(group) for group in (*parts.own, *parts.top)],
        "other_groups": {"groups": parts.other_groups, **_group(parts.other)},
        "sum": _group(parts.total),
        "layouts": {
            "of_this_pass": whole.moment.layouts,
            "oldest_ns": whole.age_ns,
            "without": whole.without,
            "difference": whole.difference,
        },
    }


def _between(view: TreeView) -> dict[str, Any] | None:
    mark, whole = view.between, view.whole
    if mark is None or whole is None or whole.moment.private is None:
        return None
    return {
        "bytes": mark.private,
        "higher_by": mark.private - whole.moment.private,
        **timed("time", mark.time),
        "processes": mark.processes,
    }


def _branch(branch: Branch) -> dict[str, Any]:
    share = branch.share
    return {
        "depth": branch.depth,
        "process": process_facts(branch.process, branch.role, branch.place),
        "bytes": pss_of(branch),
        "shows_parents_memory": branch.shows_parents_memory,
        "at_pass": share.figures._asdict() if share else None,
        "reading": measurement_facts(branch.latest) if branch.latest else None,
        "layout": measurement_facts(branch.layout) if branch.layout else None,
    }


def _group(group: Group) -> dict[str, Any]:
    return {
        "kind": group.kind.value if group.kind else None,
        **named("name", group.name),
        **summed(group.sum),
        "mappings": len(group.entries),
        "address_space": group.address_space,
        "figures": {
            figure: total.size if adds_up(figure) and not total.lacking else None
            for figure, total in group.sums().items()
        },
        "hugetlb_at_least": at_least_together([entry] for entry in group.entries),
    }
