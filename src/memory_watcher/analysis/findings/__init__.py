"""Findings: what a person who looks at a recording should know, each one small pure function.

A finding has figures, or there is none: where the recording cannot tell, nothing is said. Words are
put to them where they are shown; what each means, and what to do, is in docs/explain.md.
"""

from __future__ import annotations

from . import anonymous, cgroup, files, growth, limits, over_time, whole
from .base import Finder, Finding, Scene

ALL: tuple[Finder, ...] = (
    *whole.FINDERS,
    *growth.FINDERS,
    *over_time.FINDERS,
    *limits.FINDERS,
    *cgroup.FINDERS,
    *anonymous.FINDERS,
    *files.FINDERS,
)


def find_all(scene: Scene) -> tuple[Finding, ...]:
    """All that is worth telling, the most important first."""
    found = [finding for find in ALL if (finding := find(scene)) is not None]
    return tuple(sorted(found, key=lambda each: (each.rank, -each.stake, each.id)))
