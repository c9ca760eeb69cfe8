"""CPU time, faults and context switches of a process beside its memory, in words."""

from __future__ import annotations

from ..model import Reading
from ..units import SECOND, format_duration, group_digits

#: stat counts CPU time in hundredths of a second (USER_HZ).
TICK_NS = SECOND // 100


def cpu_ns(reading: Reading) -> int | None:
    """CPU time since its start, nanoseconds."""
    if reading.user_time is None or reading.system_time is None:
        return None
    return (reading.user_time + reading.system_time) * TICK_NS


def cpu_share(now: Reading, before: Reading, apart_ns: int) -> float | None:
    """How much of one CPU it used between two readings so far apart, 1 for all of it."""
    used, had = cpu_ns(now), cpu_ns(before)
    if used is None or had is None or apart_ns <= 0 or used < had:
        return None
    return (used - had) / apart_ns


def activity(now: Reading, before: tuple[Reading, int] | None) -> list[tuple[str, str]]:
    """Title and text of what is told; `before` is the reading before and how long ago it was."""
    lines = []
    if (used := cpu_ns(now)) is not None:
        share = None if before is None else cpu_share(now, *before)
        recent = "" if share is None else f", {100 * share:.0f} % of a CPU since the reading before"
        lines.append(("CPU time", f"{format_duration(used)}{recent}"))
    counts = [
        (title, count)
        for title, count in (("minor", now.minor_faults), ("major", now.major_faults))
        if count is not None
    ]
    if counts:
        told = ", ".join(f"{group_digits(count)} {title}" for title, count in counts)
        lines.append(("page faults", told))
    if now.voluntary_switches is not None and now.involuntary_switches is not None:
        waits, lost = map(group_digits, (now.voluntary_switches, now.involuntary_switches))
        text = f"{waits} waits, {lost} preemptions (of its first thread)"
        lines.append(("switches", text))
    return lines
