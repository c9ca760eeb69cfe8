"""What stands beside the sum of a layout: in swap, in huge pages, lazily freed, locked.

Nothing of it is shown where it is 0 or not reported.
"""

from __future__ import annotations

from ..analysis.breakdown import Group
from ..model import Reading
from .text_columns import Line

#: Title and the figures of which it is the sum. What is outside of RSS and PSS comes first.
_FIGURES = (
    ("in swap, not in RSS:", ("swap",)),
    ("in swap, divided by how many share it:", ("swap_pss",)),
    ("in huge pages (hugetlb), not in RSS:", ("shared_hugetlb", "private_hugetlb")),
    ("of RSS: lazily freed (MADV_FREE):", ("lazy_free",)),
    ("of RSS: in transparent huge pages:", ("anon_huge_pages",)),
    ("of PSS: locked:", ("locked",)),
)


def beside(total: Group, reading: Reading | None = None) -> list[Line]:
    """Lines for a whole layout; where its mappings do not say, what `reading` says (status)."""
    sums = {name: told.size for name, told in total.sums().items()}
    if reading is not None:
        if sums.get("swap") is None:
            sums["swap"] = reading.swap
        if sums.get("private_hugetlb") is None:
            sums["private_hugetlb"] = reading.hugetlb
    lines = [
        Line(title, size)
        for title, names in _FIGURES
        if (size := sum(sums.get(name) or 0 for name in names))
    ]
    lazy, rss = sums.get("lazy_free"), sums.get("rss")
    if lazy and rss is not None:
        lines.append(Line("RSS without what is lazily freed:", rss - lazy))
    return lines
