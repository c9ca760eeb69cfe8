"""What a control group counts besides the memory of its processes, and what it was denied."""

from __future__ import annotations

from collections.abc import Mapping

from .base import SMALLEST, Example, Finding, Rank, Scene

#: A share of the cgroup's memory that is worth a sentence.
_CACHE = 0.1


def oom_kills(scene: Scene) -> Finding | None:
    """Processes that the kernel ended because the cgroup had no more memory."""
    killed = [(path, figures.get("events.oom_kill", 0)) for path, figures in scene.cgroups]
    count = sum(number for _, number in killed)
    if not count:
        return None
    examples = tuple(Example(path, number) for path, number in killed if number)
    reached = any(_reached(figures) for _, figures in scene.cgroups)
    figures = {"kills": count, "reached": int(reached)}
    return Finding("oom-kills", Rank.ACT, scene.memory, figures, examples)


def _reached(figures: Mapping[str, int]) -> bool:
    """Whether its own limit was why: the kernel counts kills whatever ran out of memory."""
    return bool(figures.get("events.oom") or figures.get("events.max"))


def cache(scene: Scene) -> Finding | None:
    """Page cache, tmpfs and shared memory in the cgroup's own figure."""
    found = [each for each in map(_cache_of, scene.cgroups) if each is not None]
    return max(found, key=lambda each: each.stake, default=None)


def _cache_of(cgroup: tuple[str, Mapping[str, int]]) -> Finding | None:
    path, told = cgroup
    current = told.get("current")
    files = told.get("stat.file", told.get("stat.total_cache"))
    shared = told.get("stat.total_shmem", told.get("stat.shmem", 0))
    if not current or files is None or files < max(SMALLEST, _CACHE * current):
        return None
    # The kernel counts tmpfs and shared memory as files.
    figures = {"current": current, "cache": max(files - shared, 0), "shared": shared}
    return Finding("cgroup-cache", Rank.LOOK, files, figures, (Example(path, current),))


FINDERS = (oom_kills, cache)
