"""The text of `show`: a table of all figures of one process, a line for each group of mappings."""

from __future__ import annotations

from collections.abc import Sequence

from ..analysis.breakdown import Group
from ..answers.process import ProcessView
from ..metrics import LAYOUT
from ..units import KIB, format_time, group_digits, plural
from .escape import escape
from .text_columns import ABSENT

#: Columns that always stand there, as far as the kernel reports them.
_ALWAYS = ("rss", "pss", "uss", "swap")
#: Columns for what is not 0.
_WHERE_THERE_IS = (
    *("swap_pss", "anon_huge_pages", "shmem_pmd_mapped", "file_pmd_mapped"),
    *("hugetlb", "lazy_free", "locked", "ksm"),
)


def render(view: ProcessView) -> str:
    """Sizes in KiB; ends in a newline."""
    parts = view.breakdown
    groups = [group for group in (*parts.own, *parts.top) if group.entries]
    if parts.other_groups:
        groups.append(parts.other._replace(name=f"{parts.other_groups} more"))
    figures = _figures(parts.total)
    heads = [*(LAYOUT[figure].title for figure in figures), "size", "kind", "name"]
    cells = [heads, *(_cells(group, figures) for group in (*groups, parts.total))]
    widths = [max(len(line[column]) for line in cells) for column in range(len(figures) + 2)]
    lines = [_line(line, widths) for line in cells]
    return "\n".join([*_head(view), "", *lines]) + "\n"


def _figures(total: Group) -> list[str]:
    sums = total.sums()
    told = [figure for figure in _ALWAYS if sums[figure].size is not None]
    return told + [figure for figure in _WHERE_THERE_IS if sums[figure].size]


def _cells(group: Group, figures: Sequence[str]) -> list[str]:
    sums = group.sums()
    sizes = [sums[figure].size for figure in figures]
    return [
        *(_kib(size) for size in (*sizes, group.address_space)),
        group.kind.value if group.kind else "",
        escape(group.name) or "(no name)",
    ]


def _kib(size: int | None) -> str:
    return ABSENT if size is None else group_digits(size // KIB)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    *sizes, kind, name = cells
    right = [f"{size:>{width}}" for size, width in zip(sizes, widths, strict=False)]
    return "  ".join([*right, f"{kind:<{widths[-1]}}", name]).rstrip()


def _head(view: ProcessView) -> list[str]:
    measurement = view.measurement
    count = len(view.breakdown.total.entries)
    lines = [
        f"{escape(view.process.name) or ABSENT} ({view.process.pid}),"
        f" {format_time(measurement.time)}: {plural(count, 'mapping', 'mappings')},"
        f" layout {measurement.state.label}; sizes in KiB"
    ]
    if view.instead:
        lines.append(f"{view.instead}.")
    return lines
