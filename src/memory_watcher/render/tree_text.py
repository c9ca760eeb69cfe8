"""memory-peak's text for processes that belong together."""

from __future__ import annotations

from ..analysis.breakdown import Group
from ..answers.cgroups import CGROUP_PEAK
from ..answers.group import Branch, TreeView, Whole, pss_of, size_of_line
from ..metrics import LAYOUT
from ..model import LayoutState
from ..units import format_duration, format_kib, format_time, plural
from . import cgroup_text
from .beside import aside, beside_several
from .elide import elide
from .escape import escape, width
from .pass_text import LOWEST, about, sum_title
from .place_text import place_labels
from .text_columns import PROCESS_WIDTH, Line, blocks, label, process_name

_TITLES = {"command": "command", "children": "processes of", "selection": "selection"}
_LESS = "not in these layouts (missing, older, or cut to KiB)"
_MORE = "more in these layouts (of another moment)"
#: So deep is a tree drawn, and so long are the names of groups: there is room for the sizes.
_DEEPEST = 12
_GROUP_WIDTH = 40


def render(view: TreeView) -> str:
    """Text with sizes in KiB, ending in a newline."""
    others = []
    if view.other_count:
        others = [Line("other processes:", view.other.size if view.whole else None)]
    body = blocks(
        [Line(_title(branch), size_of_line(branch)) for branch in view.branches],
        others,
        *(_sums(view.whole) if view.whole else ()),
        *map(cgroup_text.lines_of, view.cgroups),
    )
    return "\n\n".join(part for part in (_about(view), body, _notes(view)) if part) + "\n"


def _sums(whole: Whole) -> list[list[Line]]:
    """What all come to, and what that consists of: lines that add up to the sum of PSS."""
    sums, parts, unread = whole.sums, whole.breakdown, whole.moment.lacking
    pss = Line(sum_title("PSS", sums.pss.lacking + unread), sums.pss.size)
    has_huge = any(entry.usage.private_hugetlb for entry in parts.total.entries)
    private = "private to one process" + (", hugetlb too" if has_huge else "")
    uss = sum_title("USS", sums.uss.lacking + unread, f" ({private})")
    swap = sum_title("swap", sums.swap_pss.lacking + unread, " (PSS)")
    rest = [_line(parts.other, ":")]
    if whole.difference:
        title = _LESS if whole.difference > 0 else _MORE
        rest.append(Line(f"{title}:", whole.difference))
    return [
        [
            pss,
            Line(uss, sums.uss.size),
            Line(swap, sums.swap_pss.size),
        ],
        [_line(group, ":") for group in parts.own],
        [_line(group) for group in parts.top],
        rest,
        [pss],
        beside_several(parts.total, whole.hugetlb),
    ]


def _about(view: TreeView) -> str:
    selection = view.selection
    count = view.other_count + sum(1 for _ in view.members)
    lines = [
        label(_TITLES.get(selection.kind, escape(selection.kind)), escape(selection.description)),
        label(
            "tree peak" if view.is_peak and view.whole else "tree",
            f"tick {view.tick}, {_which(view)}",
        ),
        label("time", format_time(view.time)),
        label("processes", f"{count} alive then, {view.recorded} recorded in all"),
        *place_labels([branch.place for branch in view.members]),
        label("figures", LAYOUT["pss"].described),
        *([about(view.whole.moment, view.time, view.asked)] if view.whole else ()),
    ]
    return "\n".join(lines)


def _which(view: TreeView) -> str:
    if view.moment == "floor":
        return LOWEST
    if view.moment == CGROUP_PEAK:
        return cgroup_text.HIGHEST
    if not view.is_peak:
        return "as asked for"
    return "the highest PSS of all together" if view.whole else "the last figures of each"


def _title(branch: Branch) -> str:
    indent = "  " * min(branch.depth, _DEEPEST)
    if branch.alike:
        count = 1 + len(branch.alike)
        return f"{indent}{elide(escape(branch.role.group), _GROUP_WIDTH, width)} ×{count}"
    mark = " (parent's memory)" if branch.shows_parents_memory else ""
    room = PROCESS_WIDTH - len(indent)
    return f"{indent}{process_name(branch.role.label, branch.process.pid, room)}{mark}"


def _line(group: Group, end: str = "") -> Line:
    return Line(f"{group.name or '(no name)'}{end}", group.sum.size, aside(group, several=True))


def _notes(view: TreeView) -> str:
    lines = [] if view.why is None else [view.why]
    if view.whole is not None:
        lines += _about_sums(view, view.whole)
    torn = sum(_is_torn(branch) for branch in view.members)
    if torn:
        lines.append(f"{plural(torn, 'layout is', 'layouts are')} torn: {LayoutState.TORN.meaning}")
    lines += cgroup_text.notes(view.cgroups, view.judges)
    if view.selection.too_short:
        count = view.selection.too_short
        what = plural(count, "process exited before it", "processes exited before they")
        lines.append(f"{what} could be read.")
    return "\n".join(lines)


def _about_sums(view: TreeView, whole: Whole) -> list[str]:
    lines = []
    if lack := whole.sums.pss.lacking or whole.moment.lacking:
        reasons = sorted(
            {
                branch.latest.state.label
                for branch in view.members
                if branch.latest and pss_of(branch) is None
            }
        )
        lacking = plural(lack, "process", "processes")
        told = f": {', '.join(reasons)}" if reasons else ""
        lines.append(f"The sums lack {lacking} whose PSS could not be read{told}.")
    if whole.age_ns:
        age = format_duration(whole.age_ns)
        lines.append(f"The sums are of this pass. The mappings were read up to {age} before it.")
    if whole.without:
        without = plural(whole.without, "process has", "processes have")
        lines.append(f"{without} no layout: only in the sums.")
    if view.between is not None and whole.moment.private is not None:
        higher = format_kib(view.between.private - whole.moment.private)
        lines.append(
            f"Between passes, the sum of private memory was seen {higher} higher than at this one,"
            f" at {format_time(view.between.time)}."
        )
    if view.refused is not None:
        lines.append(view.refused)
    return lines


def _is_torn(branch: Branch) -> bool:
    return branch.layout is not None and branch.layout.state is LayoutState.TORN
