"""Which figure is shown where a kernel does not tell the one that was asked for.

Kernels before 2.6.25 tell no PSS, WSL 1 tells nothing but PSS, and captures lack what their kernel
lacked. Every view asks here, shows the best figure there is, and says so once.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from ..metrics import LAYOUT, adds_up

#: Figure -> those that may stand for it, the best first. Nothing stands for what is in swap.
STAND_INS: Final = {
    "pss": ("rss", "uss"),
    "rss": ("pss", "uss"),
    "uss": ("pss", "rss"),
    "statm": ("rss", "pss", "uss"),
    "held": ("rss", "pss", "uss"),
    "held_pss": ("pss", "uss"),
}


def best(asked: str, told: Collection[str], *, summed: bool = False) -> str | None:
    """Choose the figure to show: the one asked for if it is told, else the best that stands for it.

    With `summed` only figures that may be added up over processes. None if nothing is told.
    """
    for figure in (asked, *STAND_INS.get(asked, ())):
        if figure in told and (adds_up(figure) or not summed):
            return figure
    return None


def explain(asked: str, shown: str) -> str | None:
    """Say in one sentence why another figure is shown; None if it is the one asked for."""
    if shown == asked:
        return None
    return f"the kernel reports no {LAYOUT[asked].title}; {LAYOUT[shown].title} is shown"
