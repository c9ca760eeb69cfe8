"""memory-peak's text for all processes of a recording."""

from __future__ import annotations

from ..analysis.breakdown import Sum
from ..answers.group import Branch
from ..answers.machine import SystemView
from ..metrics import LAYOUT, MEM_AVAILABLE_COMPUTED, adds_up
from ..model import SystemMemory
from ..units import format_duration, format_kib, format_time, plural
from .pass_text import LOWEST, about, sum_title
from .text_columns import Line, blocks, label, process_name

#: What of /proc/meminfo is shown; --json gives all of it.
_SHOWN = (
    "MemTotal",
    "MemFree",
    "MemAvailable",
    "MemAvailableComputed",
    "Buffers",
    "Cached",
    "SwapCached",
    "SReclaimable",
    "Shmem",
    "AnonPages",
    "Mapped",
    "Slab",
    "KernelStack",
    "PageTables",
    "SwapTotal",
    "SwapFree",
)


def render(view: SystemView) -> str:
    """Text with sizes in KiB, ending in a newline."""
    ranking = view.ranking
    processes = [Line(_title(branch), size) for branch, size in ranking.top]
    others: list[Line] = []
    total: list[Line] = []
    if view.groups is not None:
        processes = [
            Line(f"{each.name} ({plural(each.processes, 'process', 'processes')})", size)
            for each, size in view.groups.top
        ]
        others = [Line("others:", view.groups.other.size)]
        total = [_total(view, view.groups.total)]
    elif adds_up(view.process_memory) and view.moment is not None:
        others = [Line("other processes:", ranking.other.size)]
        total = [_total(view, ranking.total)]
    parts = [
        _about(view),
        blocks(_memory(view.memory), _parts(view.memory), processes, others, total),
        *_notes(view),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _total(view: SystemView, total: Sum) -> Line:
    unread = view.moment.lacking if view.moment else 0
    return Line(sum_title("PSS", total.lacking + unread), total.size)


def _about(view: SystemView) -> str:
    count = len(view.ranking.top) + view.ranking.other_count
    lines = [
        label("system memory", f"tick {view.tick}{_which(view)}"),
        label("time", format_time(view.time)),
        label("processes", str(count)),
        label("figures", LAYOUT[view.process_memory].described),
        *([about(view.moment, view.time, view.asked)] if view.moment else ()),
    ]
    return "\n".join(lines)


def _which(view: SystemView) -> str:
    if view.asked_as == "floor":
        return f" ({LOWEST})"
    if view.lowest is None:
        return ""
    if view.lowest.tick == view.tick:
        return f" (lowest {view.lowest.name})"
    where = "last pass before" if view.tick < view.lowest.tick else "first pass after"
    return f" ({where} the lowest {view.lowest.name})"


def _memory(memory: SystemMemory | None) -> list[Line]:
    if memory is None:
        return []
    values: dict[str, int | None] = {
        **memory.values,
        MEM_AVAILABLE_COMPUTED.name: memory.available_computed,
    }
    return [Line(f"{name}:", values.get(name)) for name in _SHOWN if name in values]


def _parts(memory: SystemMemory | None) -> list[Line]:
    """What all of the memory is used for, in lines that add up."""
    if memory is None or not memory.parts:
        return []
    lines = [Line(f"{part.name}:", part.size) for part in memory.parts if part.size]
    total = sum(part.size for part in memory.parts)
    kernel = [] if memory.kernel is None else [Line("of that the kernel:", memory.kernel)]
    return [*lines, Line("all of it (MemTotal):", total), *kernel]


def _title(branch: Branch) -> str:
    mark = " (parent's memory)" if branch.shows_parents_memory else ""
    return process_name(branch.role.label, branch.process.pid) + mark


def _notes(view: SystemView) -> list[str]:
    lines = [*_about_time(view)]
    additive = adds_up(view.process_memory)
    if not additive:
        if view.ranking.other_count:
            lines.append(f"{plural(view.ranking.other_count, 'more process', 'more processes')}.")
        lines.append("No sum: a page that several processes share is in the RSS of each.")
    else:
        lines += _about_sum(view)
    if view.older and view.process_memory != "statm":
        older = plural(len(view.older), "process", "processes")
        age = format_duration(max(view.older.values()))
        are = "is shown with a layout" if len(view.older) == 1 else "are shown with layouts"
        lines.append(f"{older} {are} up to {age} old.")
    if count := view.uncounted:
        shares = plural(count, "process shares its parent's", "processes share their parent's")
        lines.append(f"{shares} memory (vfork)" + (": not added." if additive else "."))
    return ["\n".join(lines)] if lines else []


def _about_time(view: SystemView) -> list[str]:
    lines = []
    if view.memory is None:
        lines.append("The machine's memory (/proc/meminfo) was not recorded then.")
    if view.lowest is not None and view.lowest.tick != view.tick:
        away = format_duration(abs(view.lowest.after_ns))
        side = "after" if view.lowest.after_ns > 0 else "before"
        lines.append(
            f"{view.lowest.name} was lowest, {format_kib(view.lowest.size)}, {away} {side} this"
            f" pass: at {format_time(view.lowest.time)}."
        )
    return lines


def _about_sum(view: SystemView) -> list[str]:
    lines = [] if view.why is None else [view.why]
    lack = view.moment.lacking if view.moment else 0
    if view.moment is not None and (lack := lack or view.ranking.total.lacking):
        lacking = plural(lack, "process", "processes")
        lines.append(f"The sum lacks {lacking} whose PSS could not be read: {_reasons(view)}.")
    if view.refused is not None:
        lines.append(view.refused)
    return lines


def _reasons(view: SystemView) -> str:
    reasons = {
        branch.latest.state.label
        for branch, size in view.ranking.top
        if size is None and branch.latest
    }
    return ", ".join(sorted(reasons)) if reasons else "the reasons are in lines not shown"
