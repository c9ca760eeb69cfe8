"""memory-peak's text for processes that belong together."""

from __future__ import annotations

from ..analysis.peak import Group
from ..model import LayoutState
from ..units import format_duration, format_time
from .columns import ABSENT, Line, blocks, label, plural
from .escape import escape
from .tree_view import Branch, TreeView, pss_of

_TITLES = {"command": "command", "children": "processes of", "selection": "selection"}
_CGROUP_TITLES = {
    "current": "memory in use",
    "peak": "highest ever",
    "swap_current": "swap in use",
    "stat.anon": "anonymous",
    "stat.file": "page cache",
    "stat.shmem": "shared memory",
    "stat.total_rss": "anonymous",
    "stat.total_cache": "page cache",
}


def render(view: TreeView) -> str:
    """Text with sizes in KiB, ending in a newline."""
    parts = view.breakdown
    sums = view.sums
    others = [Line("other processes:", view.other.size)] if view.other_count else []
    body = blocks(
        [Line(_title(branch), pss_of(branch)) for branch in view.branches],
        others,
        [
            Line("sum of PSS:", sums.pss.size),
            Line("sum of USS (private to one process):", sums.uss.size),
            Line("sum of swap (PSS):", sums.swap_pss.size),
        ],
        [_line(group, ":") for group in parts.own],
        [_line(group) for group in parts.top],
        [_line(parts.other, ":")],
        [_line(parts.total, ":")],
        *[_cgroup(path, figures) for path, figures in view.cgroups],
    )
    return "\n\n".join(part for part in (_about(view), body, _notes(view)) if part) + "\n"


def _about(view: TreeView) -> str:
    selection = view.selection
    moment = "the highest PSS of all together" if view.is_peak else "as asked for"
    count = len(view.branches) + view.other_count
    lines = [
        label(_TITLES.get(selection.kind, escape(selection.kind)), escape(selection.description)),
        label("tree peak" if view.is_peak else "tree", f"tick {view.tick}, {moment}"),
        label("time", format_time(view.time)),
        label("processes", f"{count} alive then, {view.recorded} recorded in all"),
        label("figures", "PSS: resident, each page divided by how many map it"),
    ]
    return "\n".join(lines)


def _title(branch: Branch) -> str:
    moment = branch.moment
    image = moment.process.image_at(moment.latest.tick)
    name = image.name if image else ABSENT
    mark = " = its parent's memory" if branch.shows_parents_memory else ""
    return f"{'  ' * min(branch.depth, 16)}{name} ({moment.process.pid}){mark}"


def _line(group: Group, end: str = "") -> Line:
    return Line(f"{group.name or '(no name)'}{end}", group.sum.size)


def _cgroup(path: str, figures: dict[str, int]) -> list[Line]:
    return [
        Line(f"cgroup {path} {title}:", figures[name])
        for name, title in _CGROUP_TITLES.items()
        if name in figures
    ]


def _notes(view: TreeView) -> str:
    lines = []
    if view.sums.pss.lacking:
        reasons = sorted(
            {branch.moment.latest.state.label for branch in view.branches if pss_of(branch) is None}
        )
        lacking = plural(view.sums.pss.lacking, "process", "processes")
        told = f": {', '.join(reasons)}" if reasons else ""
        lines.append(f"The sums lack {lacking} whose PSS could not be read{told}.")
    torn = sum(_is_torn(branch) for branch in view.branches)
    if torn:
        lines.append(f"{plural(torn, 'layout is', 'layouts are')} torn: {LayoutState.TORN.meaning}")
    if age := _oldest(view):
        lines.append(f"Not all were read at that tick: the oldest figure is {age} older.")
    if view.cgroups:
        lines.append(
            "A cgroup's memory is not the sum of PSS: it has page cache and kernel memory in it."
        )
    if view.selection.too_short:
        count = view.selection.too_short
        lines.append(f"{plural(count, 'process was', 'processes were')} too short to read.")
    return "\n".join(lines)


def _is_torn(branch: Branch) -> bool:
    return branch.moment.layout is not None and branch.moment.layout.state is LayoutState.TORN


def _oldest(view: TreeView) -> str | None:
    times = [branch.moment.layout.time for branch in view.branches if branch.moment.layout]
    age = max((view.time - time for time in times), default=0)
    return format_duration(age) if age > 0 else None
