"""Lines of a control group for memory-peak, beside its processes."""

from __future__ import annotations

from collections.abc import Sequence

from ..analysis.cgroup_parts import parts, told, unmapped
from ..answers.cgroups import CgroupAt, Judge
from ..metrics import CGROUP, CGROUP_LIMITS
from ..units import format_kib
from .escape import escape
from .text_columns import Line

_TITLES = {metric.name: metric.title for metric in CGROUP}
#: What is said of the moment CGROUP_PEAK.
HIGHEST = "where the memory of the cgroup was highest"
NOT_A_SUM = (
    "A cgroup's memory is not the sum of PSS. Page cache and kernel memory are in it;"
    " files that another cgroup read first are not."
)


def lines_of(cgroup: CgroupAt) -> list[Line]:
    """What it has, what that consists of, and what it may have. --json gives all figures."""
    path, figures = cgroup
    name = f"cgroup {path}"
    sizes = {
        _TITLES["current"]: figures.get("current"),
        **{f"of it {part.title}": part.size or None for part in parts(figures)},
        "of it mapped by no process (page cache, tmpfs)": unmapped(figures) or None,
        _TITLES["swap_current"]: told(figures, "swap"),
        _TITLES["peak"]: figures.get("peak"),
        **{_TITLES[limit]: figures.get(limit) for limit in CGROUP_LIMITS},
    }
    return [Line(f"{name} {title}:", size) for title, size in sizes.items() if size is not None]


def notes(cgroups: Sequence[CgroupAt], judges: Sequence[Judge]) -> list[str]:
    """Sentences below the figures."""
    found = [*map(_judged, judges), *_limits(cgroups)]
    return [*found, NOT_A_SUM] if cgroups else found


def _judged(judge: Judge) -> str:
    then = "" if judge.current is None else f", {format_kib(judge.current)} at this moment"
    return f"By the kernel, cgroup {escape(judge.path)} had at most {format_kib(judge.peak)}{then}."


def _limits(cgroups: Sequence[CgroupAt]) -> list[str]:
    return [
        f"Cgroup {escape(path)} {told}."
        for path, figures in cgroups
        for told in (_events(figures.get("events.max"), figures.get("events.oom_kill")),)
        if told
    ]


def _events(reached: int | None, killed: int | None) -> str:
    words = []
    if reached:
        words.append(f"came to its limit {reached} times" if reached > 1 else "came to its limit")
    if killed:
        words.append(f"lost {killed} processes to it" if killed > 1 else "lost a process to it")
    return (" and ".join(words) + " since it was made") if words else ""
