r"""Turns what was read of a recording into the header and the columns that the page decodes.

`web/src/model.ts` declares the same names; what is the same in every report (states, figures) is in
`web/src/tables.ts`, generated from the package. Texts are escaped as everywhere: what is not
printable stands as \xNN. They reach the page within the packed data only, never as HTML.
"""

from __future__ import annotations

import itertools
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, Final, TypedDict, cast

from .._version import __version__
from ..analysis.attribution import BY_PATH
from ..analysis.breakdown import OWN_LINES
from ..analysis.figures import best, explain
from ..analysis.identity import By, identify
from ..analysis.kinds import Kind
from ..analysis.parents import parents
from ..analysis.roles import Role, program_of, roles, shown_command_line
from ..analysis.timeline import Figure
from ..answers.assurance import assurance_of
from ..answers.cgroups import stories
from ..answers.cost import RunCost, costs
from ..answers.places import place_of
from ..clocks import TimeAxis
from ..metrics import CGROUP_SIZES, MEMINFO, READING, above
from ..model import Totals
from ..recorded import RecordedProcess, RecordedRun
from ..render.assurance_text import missed
from ..render.cgroup_text import whose
from ..render.colours import GREY, Coloured, Shades, alike, colours_of, kind_colours, palette
from ..render.cost_text import cost_text
from ..render.escape import escape
from ..store.recording import Recording
from ..units import format_offset, format_time, local_offset, repeated_zone
from .history import DETAILS, FIGURES, Histories, Life, ProcessHistory, Ticks
from .packing import Columns, relative
from .sums import add_sums
from .verdicts import Verdicts, verdicts_told

FORMAT = 1
_KINDS = list(Kind)
#: Figures that are stored less the sum of others; the page adds these again, in this order.
RELATIVE_TO: Final[dict[str, tuple[str, ...]]] = {
    "rss": ("shared_clean", "shared_dirty", "private_clean", "private_dirty"),
    "pss": ("private_clean", "private_dirty"),
    "pss_dirty": ("private_dirty",),
    "referenced": ("rss",),
    "anonymous": ("private_dirty",),
}


class FirstFigure(TypedDict):
    """A figure, and if it is not PSS why."""

    figure: Figure
    instead: str | None


class _Numbered(dict[Any, int]):
    """Distinct values, numbered in the order in which they come."""

    def __missing__(self, value: Any) -> int:
        number = self[value] = len(self)
        return number


def contents(
    recording: Recording, held: Histories, created_ns: int, verdicts: Verdicts | None = None
) -> tuple[Any, Columns]:
    """Everything that the page needs: what is told once, and columns of numbers."""
    columns = Columns()
    groups, mapping_groups = _Numbered(), _Numbered()
    paths, permissions, letters = _Numbered(), _Numbered(), _Numbered()
    details = recording.details(DETAILS)
    used = _Numbered()
    sums, shares = None, [0] * len(held.processes)
    if held.passes is not None:
        sums, shares = add_sums(columns, held, held.passes)
    _ticks(columns, held.ticks)
    _readings(columns, held, letters)
    lives = [(each.process, life) for each in held.processes for life in each.lives]
    numbers = _mappings(columns, lives, (groups, mapping_groups, paths, permissions))
    weights, mapping_weights = (
        _weights([life for _, life in lives], of_lives, held) for of_lives in numbers
    )
    _usages(columns, [life for _, life in lives], held, used)
    header = {
        "format": FORMAT,
        "version": __version__,
        "created": format_time(created_ns),
        **_clock(columns, held.ticks, recording.axis),
        "ticks": {"held": len(held.ticks), "recorded": len(held.ticks.every)},
        "sums": sums,
        **first_figure(recording, held),
        "kinds": [
            {
                "name": kind.value,
                "meaning": kind.meaning,
                "own": kind in OWN_LINES,
                "byPath": kind in BY_PATH,
                "colours": kind_colours(kind),
                "alike": [shades.light for shades in alike(kind)],
            }
            for kind in Kind
        ],
        "groups": _named_groups(list(groups), weights),
        "own": [list(Kind).index(kind) for kind in OWN_LINES],
        "paths": [escape(path) for path in paths],
        "permissions": list(permissions),
        "letters": list(letters),
        "details": [_detail(details[number]) for number in used],
        "sameColours": _by_weight(
            "mapping", [Coloured(key, None, "") for key in mapping_groups], mapping_weights
        ),
        "otherColours": GREY,
        "palette": palette(),
        "processes": [
            {**facts, "shares": count}
            for facts, count in zip(_processes(recording, held), shares, strict=True)
        ],
        "verdicts": verdicts
        and verdicts_told(verdicts, [each.process for each in held.processes], groups),
        "runs": _runs(recording),
        "meminfo": _meminfo(columns, recording, held),
        "cgroup": _cgroup(columns, recording, held),
    }
    return header, columns


def first_figure(recording: Recording, held: Histories) -> FirstFigure:
    """Which figure is shown at first, and why it is not PSS; over processes only what adds up."""
    several = len(held.processes) > 1
    told = set(recording.told_figures(None if several else held.processes[0].process.id))
    # Of a layout in which some mapping lacks a figure the sum does not tell it.
    for name in ("pss", "rss"):
        place = 1 + FIGURES.index(name)
        if any(usage[place] is not None for usage in held.usages):
            told.add(name)
    figure = best("pss", told, summed=several) or best("pss", told) or "pss"
    return {"figure": cast(Figure, figure), "instead": explain("pss", figure)}


def _detail(row: tuple[Any, ...]) -> list[Any]:
    return [escape(value) if isinstance(value, str) else value for value in row]


def _named_groups(
    groups: Sequence[tuple[Kind, str]], weights: Sequence[int]
) -> list[dict[str, Any]]:
    kinds = list(Kind)
    colours = _by_weight("name", [Coloured(name, kind, name) for kind, name in groups], weights)
    return [
        {"kind": kinds.index(kind), "name": escape(name), "colours": shades}
        for (kind, name), shades in zip(groups, colours, strict=True)
    ]


def _by_weight(by: By, groups: Sequence[Coloured], weights: Sequence[int]) -> list[Shades]:
    """The colours of groups, of which the biggest choose first."""
    order = sorted(range(len(groups)), key=lambda at: -weights[at])
    chosen = colours_of(by, [groups[at] for at in order])
    return [shades for _, shades in sorted(zip(order, chosen, strict=True))]


def _weights(lives: Sequence[Life], numbers: Sequence[int], held: Histories) -> list[int]:
    """The highest PSS of the mappings of each group, added up, bytes."""
    pss = [usage[1 + FIGURES.index("pss")] or 0 for usage in held.usages]
    weights = [0] * (max(numbers, default=-1) + 1)
    for life, number in zip(lives, numbers, strict=True):
        weights[number] += max((pss[usage] for usage in life.usages), default=0)
    return weights


def _ticks(columns: Columns, ticks: Ticks) -> None:
    columns.add("tick.time", [row.time // 1000 for row in ticks.rows])
    columns.add("tick.watched", [ticks.watch.until(row.time) // 1000 for row in ticks.rows])
    columns.add("tick.run", [row.run_id for row in ticks.rows])


def _clock(columns: Columns, ticks: Ticks, axis: TimeAxis) -> dict[str, Any]:
    """What a clock on the wall showed: local time where the report is made, as in other outputs."""
    walls = [axis.wall(row.time) for row in ticks.rows]
    notes = _Numbered({"": 0})
    ahead = [
        local_offset(wall) * 1_000_000 + wall // 1000 - row.time // 1000
        for wall, row in zip(walls, ticks.rows, strict=True)
    ]
    columns.add("tick.ahead", ahead)
    columns.add("tick.note", [notes[repeated_zone(wall)] for wall in walls])
    span = (ticks.rows[0].time, ticks.rows[-1].time) if ticks.rows else (0, 0)
    return {
        "zone": f"UTC{format_offset(local_offset(walls[0]))}" if walls else "UTC",
        "notes": list(notes),
        "jumps": [
            {"time": jump.place_ns // 1000, "text": f"{format_time(at)} {jump.text}"}
            for jump in axis.jumps_between(*span)
            for at in (axis.wall(jump.place_ns),)
        ],
    }


def _readings(columns: Columns, held: Histories, letters: _Numbered) -> None:
    rows = [each for process in held.processes for each in process.measurements]
    columns.add("reading.tick", [held.ticks.position_of[row.tick] for row in rows])
    columns.add("reading.time", [held.axis.place(row.tick, row.time) // 1000 for row in rows])
    columns.add(
        "reading.until", [until // 1000 for process in held.processes for until in process.until]
    )
    columns.add("reading.layoutState", [row.state.value for row in rows])
    for index, name in enumerate(Totals._fields):
        columns.add(
            f"total.{name}", [row.totals[index] if row.totals is not None else None for row in rows]
        )
    columns.add("reading.rollup_pss", [row.rollup_pss for row in rows])
    for index, name in enumerate(("residentHighest", "markHighest")):
        every = [value for process in held.processes for value in process.highest[index]]
        columns.add(f"reading.{name}", every)
    for metric in READING:
        values = [getattr(row.reading, metric.name) for row in rows]
        if metric.name == "state":
            values = [None if value is None else letters[value] for value in values]
        columns.add(f"reading.{metric.name}", values)


def _mappings(
    columns: Columns,
    lives: Sequence[tuple[RecordedProcess, Life]],
    tables: tuple[_Numbered, _Numbered, _Numbered, _Numbered],
) -> tuple[list[int], list[int]]:
    """Add the headers of mappings; tells of each its group, and what it is one with over time."""
    groups, mapping_groups, paths, permissions = tables
    headers = [life.header for _, life in lives]
    columns.add_wide("mapping.start", [header.start for header in headers])
    columns.add_wide("mapping.size", [header.size for header in headers])
    columns.add_wide("mapping.offset", [header.offset for header in headers])
    columns.add_wide("mapping.inode", [header.inode for header in headers])
    columns.add("mapping.dev", [header.dev for header in headers])
    columns.add("mapping.permissions", [permissions[header.perms] for header in headers])
    columns.add("mapping.path", [paths[header.pathname] for header in headers])
    by_name = [_group(groups, life) for _, life in lives]
    same = [
        mapping_groups[identify(life.header, life.attribution, "mapping", (process.id, "")).key]
        for process, life in lives
    ]
    columns.add("mapping.group", by_name)
    columns.add("mapping.kind", [_KINDS.index(life.attribution.kind) for _, life in lives])
    columns.add("mapping.same", same)
    columns.add("mapping.usages", [len(life.starts) for _, life in lives])
    return by_name, same


def _group(groups: _Numbered, life: Life) -> int:
    identity = identify(life.header, life.attribution, "name")
    return groups[identity.kind, identity.name]


def _usages(columns: Columns, lives: Sequence[Life], held: Histories, used: _Numbered) -> None:
    """Usages mapping by mapping; starts and lengths as sums, so that differences are what counts.

    What mostly follows from other figures is stored relative to them: see RELATIVE_TO.
    """
    gaps = [
        start - before
        for life in lives
        for start, before in zip(life.starts, [0, *life.ends], strict=False)
    ]
    lengths = [
        end - start for life in lives for start, end in zip(life.starts, life.ends, strict=True)
    ]
    columns.add("usage.gap", list(itertools.accumulate(gaps)))
    columns.add("usage.length", list(itertools.accumulate(lengths)))
    numbers = [number for life in lives for number in life.usages]
    distinct = list(zip(*held.usages, strict=True)) or [()] * (1 + len(FIGURES))
    renumbered = [used[detail] for detail in distinct[0]]
    columns.add("usage.detail", [renumbered[number] for number in numbers])
    figures = dict(zip(FIGURES, distinct[1:], strict=True))
    for name in FIGURES:
        values = list(figures[name])
        if name in RELATIVE_TO:
            values = relative(values, *(figures[base] for base in RELATIVE_TO[name]))
        columns.add(f"usage.{name}", [values[number] for number in numbers])


def _processes(recording: Recording, held: Histories) -> list[dict[str, Any]]:
    every = [each.process for each in held.processes]
    role_of = _roles(every)
    heights = [
        max((m.totals.pss or 0 for m in each.measurements if m.totals), default=0)
        for each in held.processes
    ]
    titles = [f"{role_of[each.id][-1].label} ({each.pid})" if each.images else "" for each in every]
    colours = _by_weight("process", [Coloured(title, None, title) for title in titles], heights)
    position_of: dict[int | None, int] = {process.id: at for at, process in enumerate(every)}
    parent_of = parents(every)
    return [
        {
            **_process(recording, each, held),
            "parent": position_of.get(parent_of[each.process.id]),
            "images": _images(each.process, role_of[each.process.id], held.ticks),
            "colours": shades,
        }
        for each, shades in zip(held.processes, colours, strict=True)
    ]


def _roles(processes: Sequence[RecordedProcess]) -> dict[int, list[Role]]:
    """The role of each image of each process."""
    programs = {
        (process.id, number): program_of(image)
        for process in processes
        for number, image in enumerate(process.images)
    }
    found = roles(programs)
    return {
        process.id: [found[process.id, number] for number in range(len(process.images))]
        for process in processes
    }


def _images(
    process: RecordedProcess, roles_of_images: Sequence[Role], ticks: Ticks
) -> list[dict[str, Any]]:
    return [
        {
            "position": ticks.position(image.first_tick),
            "name": escape(image.name),
            "label": escape(role.label),
            "group": escape(role.group),
            "command": _command(image.command_line),
            "exe": _escaped(image.exe),
        }
        for image, role in zip(process.images, roles_of_images, strict=True)
    ]


def _command(command_line: str | None) -> str | None:
    return None if command_line is None else escape(shown_command_line(command_line))


def _process(recording: Recording, history: ProcessHistory, held: Histories) -> dict[str, Any]:
    process = history.process
    found = assurance_of(recording, process)
    mark = found.mark
    place = place_of(process, recording.containers())
    highest = found.highest.totals if found.highest else None
    return {
        "id": process.id,
        "pid": process.pid,
        "uid": process.uid,
        "cgroup": _lines(
            "\n".join(line for line in (place.container_text, process.cgroup) if line) or None
        ),
        "firstSeen": _time(process.first_seen),
        "lastSeen": _time(process.last_seen),
        "ended": process.ended,
        "end": held.ticks.position(process.end_tick),
        "readings": len(history.measurements),
        "mappings": len(history.lives),
        "recorded": {
            "readings": history.readings,
            "layouts": history.layouts,
            "torn": history.torn,
            "cpu": history.cpu_ns // 1000,
        },
        "mark": None if mark is None else {"size": mark.size, "time": format_time(mark.time)},
        "highestRss": highest.rss if highest else None,
        "missed": missed(found.gap, found.known, mark),
    }


def _runs(recording: Recording) -> list[dict[str, Any]]:
    cost_of = {cost.run: cost for cost in costs(recording)}
    return [_run(run, cost_of.get(run.id)) for run in recording.runs()]


def _run(run: RecordedRun, cost: RunCost | None) -> dict[str, Any]:
    return {
        "id": run.id,
        "host": _escaped(run.machine.hostname),
        "kernel": _escaped(run.machine.kernel),
        "bootId": _escaped(run.machine.boot_id),
        "pageSize": run.machine.page_size,
        "started": _time(run.started),
        "ended": _time(run.ended),
        "lasted": _micro(run.lasted_ns),
        "endReason": _escaped(run.end_reason),
        "period": _micro(run.period_ns),
        "command": escape(run.command_line),
        "version": escape(run.version),
        "cpu": _micro(None if cost is None else cost.cpu_ns),
        "cost": None if cost is None else cost_text(cost),
        "peakRss": run.peak_rss,
        "cpus": run.machine.cpus,
        "maxMapCount": run.max_map_count,
        "policy": _escaped(run.policy),
    }


def _meminfo(columns: Columns, recording: Recording, held: Histories) -> list[str]:
    """Add what was recorded of /proc/meminfo at the kept ticks; returns the fields' names."""
    ticks = held.ticks
    changes: dict[str, list[tuple[int, int | None]]] = defaultdict(list)
    for tick, name, value in recording.meminfo_rows():
        changes[name].append((tick, value))
    names = [line.name for line in MEMINFO if line.name in changes]
    for name in names:
        columns.add(f"meminfo.{name}", list(_at_ticks(ticks, changes[name])))
    return names


def _cgroup(columns: Columns, recording: Recording, held: Histories) -> dict[str, Any] | None:
    """Add the sizes of a control group at the kept ticks; of several the one with most memory."""
    one = held.processes[0].process if len(held.processes) == 1 else None
    story = next(iter(stories(recording, one)), None)
    if story is None:
        return None
    path = story.path
    (number,) = (number for number, _, each in recording.cgroups() if each == path)
    changes: dict[str, list[tuple[int, int | None]]] = defaultdict(list)
    for tick, name, value in recording.cgroup_rows(number):
        changes[name].append((tick, value))
    names = [
        metric.name
        for metric in CGROUP_SIZES
        if metric.name in changes
        # Older recordings of version 1 have some figures without the cgroups below, too.
        if f"stat.total_{metric.name.removeprefix('stat.')}" not in changes
    ]
    for name in names:
        columns.add(f"cgroup.{name}", list(_at_ticks(held.ticks, changes[name])))
    titles = {}
    if story.limits and (limit := story.limits[-1]) is not None and limit.levels:
        titles[above("max")] = f"limit {whose(path, limit)}"
    return {"path": escape(path), "figures": names, "titles": titles}


def _at_ticks(ticks: Ticks, changes: Sequence[tuple[int, int | None]]) -> Iterator[int | None]:
    """Tell a value at each kept tick; each change counts until the next, or the end of its run."""
    runs = {row.tick: row.run_id for row in ticks.every}
    numbers = [tick for tick, _ in changes]
    for row in ticks.rows:
        index = bisect_right(numbers, row.tick) - 1
        stands = index >= 0 and runs.get(numbers[index]) == row.run_id
        yield changes[index][1] if stands else None


def _escaped(text: str | None) -> str | None:
    return None if text is None else escape(text)


def _lines(text: str | None) -> str | None:
    """Escape a text of several lines line by line."""
    return None if text is None else "\n".join(escape(line) for line in text.split("\n"))


def _time(nanoseconds: int | None) -> str | None:
    return None if nanoseconds is None else format_time(nanoseconds)


def _micro(nanoseconds: int | None) -> int | None:
    return None if nanoseconds is None else nanoseconds // 1000
