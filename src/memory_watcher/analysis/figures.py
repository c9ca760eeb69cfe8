"""Which figure is shown where a kernel does not tell the one that was asked for.

Kernels before 2.6.25 tell no PSS, WSL 1 tells nothing but PSS, and captures lack what their kernel
lacked. Every view asks here, shows the best figure there is, and says so once.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

#: Figure -> those that may stand for it, the best first. Nothing stands for what is in swap.
STAND_INS: Final = {
    "pss": ("rss", "uss"),
    "rss": ("pss", "uss"),
    "uss": ("pss", "rss"),
    "statm": ("rss", "pss", "uss"),
}
#: Figures that may not be added up over processes: a shared page would count in each.
_OF_ONE = frozenset(("rss", "swap", "statm"))

TITLES: Final = {
    "pss": "PSS",
    "rss": "RSS",
    "uss": "USS",
    "statm": "RSS (statm)",
    "swap": "swap",
    "swap_pss": "swap PSS",
}


def best(asked: str, told: Collection[str], *, summed: bool = False) -> str | None:
    """Choose the figure to show: the one asked for if it is told, else the best that stands for it.

    With `summed` only figures that may be added up over processes. None if nothing is told.
    """
    for figure in (asked, *STAND_INS.get(asked, ())):
        if figure in told and not (summed and figure in _OF_ONE):
            return figure
    return None


def explain(asked: str, shown: str) -> str | None:
    """Say in one sentence why another figure is shown; None if it is the one asked for."""
    if shown == asked:
        return None
    return f"the kernel reports no {TITLES[asked]}; {TITLES[shown]} is shown"
