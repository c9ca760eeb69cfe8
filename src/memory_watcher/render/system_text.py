"""memory-peak's text for all processes of a recording."""

from __future__ import annotations

from ..model import SystemMemory
from ..store.results import ProcessMoment
from ..units import format_duration, format_time
from .columns import ABSENT, Line, blocks, label, plural
from .system_view import SystemView

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
_TITLES = {
    "pss": "PSS: resident, each page divided by how many map it",
    "rss": "RSS: resident, shared or not",
    "statm": "statm resident",
}


def render(view: SystemView) -> str:
    """Text with sizes in KiB, ending in a newline."""
    ranking = view.ranking
    processes = [Line(_title(view, moment), size) for moment, size in ranking.top]
    others: list[Line] = []
    total: list[Line] = []
    if view.process_memory == "pss":
        others = [Line("other processes:", ranking.other.size)]
        total = [Line("sum:", ranking.total.size)]
    parts = [
        _about(view),
        blocks(_memory(view.memory), processes, others, total),
        *_notes(view),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _about(view: SystemView) -> str:
    lowest = f" (lowest {view.lowest})" if view.lowest else ""
    count = len(view.ranking.top) + view.ranking.other_count
    return "\n".join(
        [
            label("system memory", f"tick {view.tick}{lowest}"),
            label("time", format_time(view.time)),
            label("processes", str(count)),
            label("figures", _TITLES[view.process_memory]),
        ]
    )


def _memory(memory: SystemMemory | None) -> list[Line]:
    if memory is None:
        return []
    values: dict[str, int | None] = {
        **memory.values,
        "MemAvailableComputed": memory.available_computed,
    }
    return [Line(f"{name}:", values.get(name)) for name in _SHOWN if name in values]


def _title(view: SystemView, moment: ProcessMoment) -> str:
    image = moment.process.image_at(moment.latest.tick)
    mark = " = its parent's memory" if moment.process.id in view.duplicates else ""
    return f"{image.name if image else ABSENT} ({moment.process.pid}){mark}"


def _notes(view: SystemView) -> list[str]:
    ranking = view.ranking
    lines = []
    additive = view.process_memory == "pss"
    if view.memory is None:
        lines.append("The machine's memory (/proc/meminfo) was not recorded then.")
    if not additive:
        if ranking.other_count:
            lines.append(f"{plural(ranking.other_count, 'more process', 'more processes')}.")
        lines.append("No sum: a page that several processes share is in the RSS of each.")
    elif ranking.total.lacking:
        lacking = plural(ranking.total.lacking, "process", "processes")
        lines.append(f"The sum lacks {lacking} whose PSS could not be read: {_reasons(view)}.")
    if view.older and view.process_memory != "statm":
        older = plural(len(view.older), "process", "processes")
        age = format_duration(max(view.older.values()))
        lines.append(f"{older} by an older layout (up to {age}).")
    if count := len(view.duplicates):
        shows = plural(count, "process shows its parent's", "processes show their parent's")
        lines.append(f"{shows} memory (vfork)" + (": in no sum." if additive else "."))
    return ["\n".join(lines)] if lines else []


def _reasons(view: SystemView) -> str:
    reasons = {moment.latest.state.label for moment, size in view.ranking.top if size is None}
    return ", ".join(sorted(reasons)) if reasons else "see --json"
