"""memory-peak's text for one process."""

from __future__ import annotations

from ..analysis.breakdown import Group
from ..answers.cgroups import CGROUP_PEAK
from ..answers.process import ProcessView
from ..metrics import LAYOUT, READING
from ..units import format_kib, format_time, group_digits, plural
from . import cgroup_text
from .activity import activity
from .assurance_text import missed
from .beside import aside, beside
from .escape import escape
from .place_text import place_labels
from .text_columns import ABSENT, Line, blocks, label

_STATM = tuple(metric for metric in READING if metric.source.startswith("statm "))


def render(view: ProcessView) -> str:
    """Text with sizes in KiB, ending in a newline."""
    measurement = view.measurement
    title = "peak measurement" if view.is_peak else "measurement"
    parts = [
        _about_process(view),
        _statm(view),
        _about_layout(view),
        _activity(view),
        "\n".join(
            [
                label(title, str(measurement.id)),
                label("time", format_time(measurement.time)),
                *([label("moment", cgroup_text.HIGHEST)] if view.moment == CGROUP_PEAK else []),
            ]
        ),
        _sizes(view),
        *_notes(view),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _about_process(view: ProcessView) -> str:
    process = view.process
    image = process.image_at(view.measurement.tick)
    name = escape(image.name) if image and image.name else ABSENT
    role = escape(view.role.text)
    return "\n".join(
        [
            label("pid", str(process.pid)),
            label("process name", name),
            *([label("role", role)] if role else []),
            *place_labels([view.place]),
            label("process id", f"{process.id} (in this recording)"),
        ]
    )


def _statm(view: ProcessView) -> str:
    sizes = [format_kib(getattr(view.measurement.reading, metric.name)) for metric in _STATM]
    longest = max(len(size) for size in sizes)
    return "\n".join(
        label(metric.title, f"{size:>{longest}}  {metric.meaning}")
        for metric, size in zip(_STATM, sizes, strict=True)
    )


def _activity(view: ProcessView) -> str:
    """How many mappings of how many, and what it did up to this moment."""
    measurement, reading = view.measurement, view.measurement.reading
    lines = []
    if measurement.totals is not None:
        most = (
            "" if view.most_mappings is None else f" of at most {group_digits(view.most_mappings)}"
        )
        source = "" if view.most_mappings is None else " (vm.max_map_count)"
        lines.append(
            label("mappings", f"{group_digits(measurement.totals.mappings)}{most}{source}")
        )
    lines += [label(title, text) for title, text in activity(reading, view.before)]
    return "\n".join(lines)


def _about_layout(view: ProcessView) -> str:
    measurement = view.measurement
    lines = [
        label("figures", LAYOUT[view.breakdown.figure].described),
        *([label("note", view.instead)] if view.instead else []),
        label("layout", f"{measurement.state.label}: {measurement.state.meaning}"),
        label("high-water mark", _mark(view)),
        label("highest layout", _highest(view)),
    ]
    if view.breakdown.figure == "pss" and measurement.rollup_pss is not None:
        size = format_kib(measurement.rollup_pss)
        lines.append(label("PSS unrounded", f"{size} (smaps_rollup; each mapping's is cut to Ki)"))
    return "\n".join(lines)


def _mark(view: ProcessView) -> str:
    """The kernel's own mark, its gap to this measurement, and to the highest layout there is."""
    if view.mark is None:
        return f"{ABSENT} (the kernel's VmHWM was not read)"
    mark = f"{format_kib(view.mark.size)} (VmHWM)"
    rss = view.measurement.totals.rss if view.measurement.totals else None
    if rss is not None:
        gap = view.mark.size - rss
        where = "above" if gap >= 0 else "below"
        mark += f", {format_kib(abs(gap))} {where} the RSS of {format_kib(rss)} here"
    return mark


def _highest(view: ProcessView) -> str:
    """The highest layout, and whether something higher was missed."""
    highest = view.highest
    rss = highest.totals.rss if highest and highest.totals else None
    if highest is None or rss is None:
        return f"{ABSENT} (RSS was not reported)"
    which = "this measurement" if highest.id == view.measurement.id else f"measurement {highest.id}"
    return f"{format_kib(rss)} RSS, {which}: {missed(view.gap, view.known, view.mark)}"


def _sizes(view: ProcessView) -> str:
    parts = view.breakdown
    title = LAYOUT[parts.figure].title
    end = [Line(f"sum of {title}:", parts.total.sum.size)]
    if view.process_memory == "statm":
        end.append(Line("statm resident:", view.measurement.reading.resident))
    return blocks(
        [_line(group, parts.figure, ":") for group in parts.own],
        [_line(group, parts.figure) for group in parts.top],
        [_line(parts.other, parts.figure, ":")],
        end,
        beside(parts.total, view.measurement.reading),
        *map(cgroup_text.lines_of, view.cgroups),
    )


def _line(group: Group, figure: str, end: str = "") -> Line:
    return Line(f"{group.name or '(no name)'}{end}", group.sum.size, aside(group, figure))


def _notes(view: ProcessView) -> list[str]:
    """Say which lines lack something."""
    parts = view.breakdown
    title = LAYOUT[parts.figure].title
    lines = [
        f"{escape(group.name)}: without {group.sum.lacking} of"
        f" {plural(len(group.entries), 'mapping', 'mappings')}, whose {title} was not reported"
        for group in (*parts.own, *parts.top, parts.other, parts.total)
        if group.sum.lacking
    ]
    lines += cgroup_text.notes(view.cgroups, view.judges)
    return ["\n".join(lines)] if lines else []
