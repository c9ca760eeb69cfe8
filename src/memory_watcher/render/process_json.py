"""memory-peak's --json for one process."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from ..analysis.breakdown import Group
from ..analysis.kinds import Kind
from ..answers.process import ProcessView
from .activity import cpu_share
from .assurance_text import as_json
from .json_values import (
    cgroup_facts,
    measurement_facts,
    named,
    pieces,
    process_facts,
    summed,
    timed,
)


def render(view: ProcessView, jumps: Sequence[Mapping[str, Any]] = ()) -> str:
    """One process at one measurement, as one JSON object and a newline."""
    return "".join(stream(view, jumps))


def stream(view: ProcessView, jumps: Sequence[Mapping[str, Any]] = ()) -> Iterator[str]:
    """The same in pieces, each of whole lines or parts of one: of a million groups it is 500 MB."""
    parts = view.breakdown
    return pieces(
        {
            "view": "process",
            "is_peak": view.is_peak,
            "moment": view.moment,
            "process_memory": view.process_memory,
            "process": process_facts(view.process, view.role, view.place),
            "measurement": measurement_facts(view.measurement),
            "clock_jumps": list(jumps),
            "high_water_mark": _mark(view),
            "max_map_count": view.most_mappings,
            "cpu_share": None if view.before is None else _cpu_share(view),
            "missed": as_json(view.gap, view.known),
            **cgroup_facts(view.cgroups, view.judges),
            "figure": parts.figure,
            "figure_note": view.instead,
            "groups": (_named_group(group, view) for group in chain(parts.own, parts.top)),
            "other": {"groups": parts.other_groups, **_group(parts.other)},
            "sum": _group(parts.total),
        }
    )


def _cpu_share(view: ProcessView) -> float | None:
    """Of one CPU since the reading before."""
    assert view.before is not None
    return cpu_share(view.measurement.reading, *view.before)


def _mark(view: ProcessView) -> dict[str, Any] | None:
    if view.mark is None:
        return None
    return {
        "bytes": view.mark.size,
        "tick": view.mark.tick,
        **timed("time", view.mark.time),
        **timed("since", view.mark.since),
        "gap": view.gap.size,
        "tolerance": view.gap.tolerance,
        "verdict": view.gap.verdict.value,
        "highest_rss_measurement": view.highest.id if view.highest else None,
    }


def _named_group(group: Group, view: ProcessView) -> dict[str, Any]:
    return {**_group(group), "build_id": _build_id(group, view)}


def _build_id(group: Group, view: ProcessView) -> str | None:
    """That of a program or library; null for several together."""
    if group.kind is None or group.kind.family is not Kind.LIBRARY:
        return None
    files = {(entry.mapping.dev, entry.mapping.inode) for entry in group.entries}
    found = {view.build_ids[file] for file in files if file in view.build_ids}
    return found.pop() if len(found) == 1 else None


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
