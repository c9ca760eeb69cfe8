"""Which limit holds for a control group: its own, or that of one above it."""

from __future__ import annotations

from typing import NamedTuple

from ..metrics import above, levels_above
from .cgroup_parts import Figures

#: Version 1's own word of the limit that holds, that of cgroups which are not seen included.
_HELD = "stat.hierarchical_memory_limit"


class Limit(NamedTuple):
    """The least of a limit and of those above it, bytes. `levels` above it: 0: its own.

    None: some cgroup above, which is not seen from where it was recorded.
    """

    size: int
    levels: int | None = 0

    def owner(self, path: str) -> str | None:
        """The path of the cgroup above `path` whose limit it is; None: its own, or not seen."""
        return path_above(path, self.levels) if self.levels else None


def limit_of(figures: Figures, name: str = "max") -> Limit | None:
    """The limit that holds, of metrics.CGROUP_LIMITS: the least; None: there is none.

    Where both are the same, it is its own.
    """
    own, higher = figures.get(name), figures.get(above(name))
    held = figures.get(_HELD) if name == "max" else None
    if held is not None and (own is None or held < own):
        # Without use_hierarchy the limits above do not hold: version 1 says which one does.
        return Limit(held, figures.get(levels_above(name)) if held == higher else None)
    if _HELD in figures and name == "max":
        return None if own is None else Limit(own)
    if higher is not None and (own is None or higher < own):
        return Limit(higher, figures.get(levels_above(name)))
    return None if own is None else Limit(own)


def path_above(path: str, levels: int) -> str:
    """The path of a cgroup so many levels above: of memory:/a/b one is memory:/a."""
    controller, slash, below = path.partition("/")
    parts = below.rstrip("/").split("/")
    return f"{controller}{slash}{'/'.join(parts[: max(len(parts) - levels, 0)])}"
