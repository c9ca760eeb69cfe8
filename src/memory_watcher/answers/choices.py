"""What a question may be asked with: all else is refused, and the choices named."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, cast

from ..errors import UsageError
from ..message import Named, Setting
from ..metrics import over_processes

if TYPE_CHECKING:
    from ..analysis.timeline import Figure

#: How the figure is called in errors.
FIGURE = Named(Setting.FIGURE, "figure")
_WITH_PID = Named(Setting.PID, "", " with {}")


def check(what: Named, asked: str, choices: Collection[str]) -> None:
    """Raise UsageError unless `asked` is one of `choices`; `what` is the argument's name."""
    if asked not in choices:
        raise UsageError(what, f": {asked!r} is no choice; choose one of {', '.join(choices)}")


def why_not_added_up(figure: str) -> str | None:
    """Why a figure of several processes is never added up; None of one that is."""
    if figure not in ("rss", "statm", "hugetlb"):
        return None
    return f"{figure} cannot be added up over processes, because shared pages would count in each"


def summable(asked: str, several: bool) -> Figure:
    """The figure to add up where this one is asked for. Raises UsageError if there is none."""
    if several and asked == "mappings":
        raise UsageError(
            FIGURE,
            " mappings: their limit is that of each process; choose one",
            _WITH_PID,
        )
    if several and (why := why_not_added_up(asked)):
        raise UsageError(FIGURE, f": {why}; choose pss, or one process", _WITH_PID)
    return cast("Figure", over_processes(asked) if several else asked)
