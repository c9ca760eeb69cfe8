"""What stands beside the sum of a layout, or beside a line: swap, huge pages, lazily freed, locked.

Nothing of it is shown where it is 0 or not reported.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..analysis.attribution import BY_PATH
from ..analysis.breakdown import Group
from ..analysis.hugetlb import at_least_together, unreported
from ..analysis.kinds import Kind
from ..model import MappingUsage, Reading
from ..units import format_kib
from .text_columns import Line

#: Title and figure. What is outside of RSS and PSS comes first.
_FIGURES = (
    ("in swap, not in RSS:", "swap"),
    ("in swap, divided by how many share it:", "swap_pss"),
    ("in huge pages (hugetlb), not in RSS:", "hugetlb"),
    ("of RSS: lazily freed (MADV_FREE):", "lazy_free"),
    ("of RSS: in transparent huge pages:", "anon_huge_pages"),
    ("of PSS: locked:", "locked"),
)
_UNREPORTED = "in huge pages (hugetlb), at most, not in RSS:"


def beside(total: Group, reading: Reading | None = None) -> list[Line]:
    """Lines for a whole layout; where its mappings do not say, what `reading` says (status)."""
    sums = {name: told.size for name, told in total.sums().items()}
    if reading is not None:
        for figure in ("swap", "hugetlb"):
            if sums.get(figure) is None:
                sums[figure] = getattr(reading, figure)
    lines = [Line(title, size) for title, name in _FIGURES if (size := sums.get(name))]
    if not sums.get("hugetlb") and (size := unreported(total.entries)):
        lines.append(Line(_UNREPORTED, size))
    lazy, rss = sums.get("lazy_free"), sums.get("rss")
    if lazy and rss is not None:
        lines.append(Line("RSS without what is lazily freed:", rss - lazy))
    return lines


def beside_several(total: Group, hugetlb: tuple[int, int]) -> list[Line]:
    """Lines for the layouts of several processes: of figures that may be added up over them.

    `hugetlb`: at least and at most so much of them, bytes.
    """
    sums = {name: told.size for name, told in total.sums().items()}
    lazy = sum(
        min(entry.usage.lazy_free, entry.usage.pss or 0)
        for entry in total.entries
        if entry.usage.lazy_free
    )
    least, most = hugetlb
    is_known = least == most
    lines = [
        Line(f"in huge pages (hugetlb), not in PSS{'' if is_known else ', at least'}:", least),
        Line("- at most:", 0 if is_known else most),
        Line("of PSS: lazily freed (MADV_FREE), at most:", lazy),
        Line("of PSS: locked:", sums.get("locked")),
    ]
    return [line for line in lines if line.size]


def aside(group: Group, figure: str = "pss", *, several: bool = False) -> str:
    """What a line has besides its size in `figure`: `+ 2 048 Ki hugetlb, + 4 Ki swap`.

    And how much of a library or program is .bss, where that is most of it.
    With `several`, of the mappings of several processes, what may be added up over them.
    """
    swap = lazy = 0
    huge = []
    for entry in group.entries:  # a million of them: not all figures are added up
        usage = entry.usage
        swap += (usage.swap_pss if several else usage.swap) or 0
        lazy += usage.lazy_free or 0
        if usage.private_hugetlb or usage.shared_hugetlb:
            huge.append(entry)
    parts = []
    if group.kind in BY_PATH and len(group.entries) > 1:
        files = {entry.mapping.pathname for entry in group.entries}
        parts += [f"{len(files)} files"] if len(files) > 1 else []
    if bss := _notable_bss(group, figure):
        parts.append(f"{format_kib(bss)} of it .bss")
    if hugetlb := _hugetlb(huge, figure, several):
        parts.append(f"+ {format_kib(hugetlb)} hugetlb")
    elif not huge and (size := unreported(group.entries)):
        parts.append(f"+ up to {format_kib(size)} hugetlb")
    if swap:
        parts.append(f"+ {format_kib(swap)} swap")
    if lazy and not several:
        parts.append(f"{format_kib(lazy)} of RSS lazily freed")
    return ", ".join(parts)


def _hugetlb(huge: Sequence[MappingUsage], figure: str, several: bool) -> int:
    """What mappings with huge pages have in them besides a figure, bytes: at least so much."""
    if several:
        found = at_least_together([entry] for entry in huge)
    else:
        found = sum(entry.usage.hugetlb or 0 for entry in huge)
    if figure == "uss":  # it has the private ones
        found -= sum(entry.usage.private_hugetlb or 0 for entry in huge)
    return found


#: So much .bss, and at least half of the line, is worth a word.
_NOTABLE = 1 << 20


def _notable_bss(group: Group, figure: str) -> int:
    """Bytes of .bss of a library or program; 0 if that is little."""
    if group.kind is not Kind.LIBRARY or (group.sum.size or 0) < _NOTABLE:
        return 0
    sizes = [getattr(entry.usage, figure) or 0 for entry in group.entries if not _is_of_file(entry)]
    bss = sum(sizes)
    return bss if bss >= _NOTABLE and 2 * bss >= (group.sum.size or 0) else 0


def _is_of_file(entry: MappingUsage) -> bool:
    """Whether it shows a file: of a library all but .bss does."""
    return entry.mapping.inode != 0
