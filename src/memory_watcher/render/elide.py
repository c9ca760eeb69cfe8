"""Shortens long names in the middle, where paths are least telling."""

from __future__ import annotations

from collections.abc import Callable

_ELLIPSIS = "…"


def elide(text: str, width: float, measure: Callable[[str], float] = len) -> str:
    """Cut out as much of the middle as must be, so that it measures at most `width`.

    Of a path the last part is kept whole if that can be, and then the beginning.
    """
    if measure(text) <= width:
        return text
    prefix = ""
    if text.startswith("/"):
        folder, _, name = text.rpartition("/")
        prefix = f"{_ELLIPSIS}/"
        if measure(prefix + name) <= width:
            return _longest(len(folder), lambda kept: folder[:kept] + prefix + name, width, measure)
        text = name

    def without_middle(kept: int) -> str:
        tail = kept // 2
        return prefix + text[: kept - tail] + _ELLIPSIS + (text[-tail:] if tail else "")

    return _longest(max(len(text) - 1, 0), without_middle, width, measure)


def elide_process(title: str, width: float, measure: Callable[[str], float] = len) -> str:
    """Shorten what a process is called: first the program's name goes, for its role tells more.

    `chromium utility NetworkService (12)` -> `…utility NetworkService (12)`.
    """
    _, _, role = title.partition(" ")
    if measure(title) <= width or not role or role.startswith("("):
        return elide(title, width, measure)
    return elide(_ELLIPSIS + role, width, measure)


def _longest(
    most: int, cut: Callable[[int], str], width: float, measure: Callable[[str], float]
) -> str:
    """Find the most that can be kept."""
    low, high = 0, most
    while low < high:
        kept = (low + high + 1) // 2
        if measure(cut(kept)) <= width:
            low = kept
        else:
            high = kept - 1
    return cut(low)
