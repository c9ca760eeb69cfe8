"""Lines of a control group for memory-peak, beside its processes."""

from __future__ import annotations

from collections.abc import Sequence

from ..analysis.cgroup_limits import Limit
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
    path, figures, _ = cgroup
    name = f"cgroup {path}"
    sizes: dict[str, int | None] = {
        _TITLES["current"]: figures.get("current"),
        **{f"of it {part.title}": part.size or None for part in parts(figures)},
        "of it mapped by no process (page cache, tmpfs)": unmapped(figures) or None,
        _TITLES["swap_current"]: told(figures, "swap"),
        _TITLES["peak"]: figures.get("peak"),
    }
    limits = [(_TITLES[each], limit) for each in CGROUP_LIMITS if (limit := cgroup.limit(each))]
    return [
        *(Line(f"{name} {title}:", size) for title, size in sizes.items() if size is not None),
        *(Line(f"{name} {title}:", each.size, whose(path, each)) for title, each in limits),
    ]


def whose(path: str, limit: Limit) -> str:
    """Whose limit it is that holds for a cgroup; nothing if it is its own."""
    if limit.levels == 0:
        return ""
    owner = limit.owner(path)
    return "of a cgroup above it" if owner is None else f"of {escape(owner)}, above it"


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
        for path, _, events in cgroups
        for told in (_events(events.get("events.max"), events.get("events.oom_kill")),)
        if told
    ]


def _events(reached: int | None, killed: int | None) -> str:
    times = f" {reached} times" if reached and reached > 1 else ""
    lost = f"lost {killed} processes" if killed and killed > 1 else "lost a process"
    if reached:
        return f"came to its limit{times}{f' and {lost} to it' if killed else ''} since it was made"
    if killed:
        # The kernel counts those that it ended for want of memory anywhere.
        why = "the machine, or a cgroup above it, had no memory left"
        return f"{lost} since it was made: {why}"
    return ""
