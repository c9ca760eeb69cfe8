"""memory-replay --plain: one measurement after the other, each as short text."""

from __future__ import annotations

from collections.abc import Sequence

from ..analysis.breakdown import Breakdown, Group
from ..analysis.figures import explain
from ..analysis.passes import Moment
from ..answers.group import Branch, pss_of
from ..metrics import LAYOUT
from ..model import Reading
from ..recorded import Measurement
from ..units import format_kib, format_time, plural
from .beside import aside, beside
from .text_columns import Line, blocks, process_name


def render_all(
    moment: Moment | None, time_ns: int, branches: Sequence[Branch], why: str | None
) -> str:
    """All processes at one moment, a line for each, the biggest first. Ends in a newline."""
    lines = sorted(branches, key=lambda branch: -(pss_of(branch) or 0))
    first = f"{format_time(time_ns)}  {plural(len(lines), 'process', 'processes')}"
    if moment is None:
        first += f"\n{why}"
    parts = [
        [Line(process_name(each.role.label, each.process.pid), pss_of(each)) for each in lines],
        [] if moment is None else [Line("sum of PSS:", moment.sums.pss)],
    ]
    return "\n\n".join([first, blocks(*parts)]) + "\n"


def render(name: str, measurement: Measurement, breakdown: Breakdown | None) -> str:
    """Sizes in KiB; a line saying why where there is no layout. Ends in a newline.

    `name` is what the process is called (columns.process_name).
    """
    first = (
        f"{format_time(measurement.time)}  {name}"
        f"  measurement {measurement.id}  {measurement.state.label}"
    )
    parts = [f"{first}\n{_sums(measurement, breakdown.total if breakdown else None)}"]
    if not measurement.state.is_sound:
        parts[0] += f"\n{measurement.state.meaning}"
    if breakdown is not None:
        instead = explain("pss", breakdown.figure)
        parts[0] += f"\n{instead}" if instead else ""
        parts.append(_sizes(breakdown, measurement.reading))
    return "\n\n".join(parts) + "\n"


def _sums(measurement: Measurement, total: Group | None) -> str:
    reading, totals = measurement.reading, measurement.totals
    figures = [("statm resident", reading.resident), ("high-water mark", reading.high_water_mark)]
    if totals is not None:
        private = total.sums()["private_hugetlb"].size if total else None
        figures = [
            ("PSS", totals.pss),
            ("RSS", totals.rss),
            ("USS with hugetlb" if private else "USS", totals.uss),
            ("swap", totals.swap),
            *figures[1:],
        ]
    return "  ".join(f"{title} {format_kib(size)}" for title, size in figures)


def _sizes(breakdown: Breakdown, reading: Reading) -> str:
    return blocks(
        [_line(group, breakdown.figure, ":") for group in breakdown.own],
        [_line(group, breakdown.figure) for group in breakdown.top],
        [
            _line(breakdown.other, breakdown.figure, ":"),
            Line(f"sum of {LAYOUT[breakdown.figure].title}:", breakdown.total.sum.size),
            *beside(breakdown.total, reading),
        ],
    )


def _line(group: Group, figure: str, end: str = "") -> Line:
    return Line(f"{group.name or '(no name)'}{end}", group.sum.size, aside(group, figure))
