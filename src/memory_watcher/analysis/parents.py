"""Who is whose child, in every view and for every way of recording. Pure.

A PID is used again, processes are read in any order, and the kernel hands orphans to another
parent. So a parent is told from what was stored of a process when it was first seen: its parent's
PID, and both start times.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from typing import Protocol


class Born(Protocol):
    """A recorded process."""

    @property
    def id(self) -> int:
        """Its number in the recording."""

    @property
    def machine_id(self) -> int:
        """The number of the machine, and of its boot, on which it ran."""

    @property
    def pid(self) -> int:
        """Its PID."""

    @property
    def start_time(self) -> int:
        """When it started, in clock ticks (10 ms) since boot."""

    @property
    def parent_pid(self) -> int | None:
        """Its parent's PID when it was first seen."""

    @property
    def first_tick(self) -> int | None:
        """The tick at which it was first seen."""

    @property
    def end_tick(self) -> int | None:
        """The tick at which it was found to have ended."""


def parents(processes: Sequence[Born]) -> dict[int, int | None]:
    """The parent's number for each process's number; None if it is not among them.

    Of the processes that had the parent's PID it is the one that started last, but not after the
    child. One that had been found to have ended before the child was seen is none. Start times are
    as rough as 10 ms, so a child may seem to start with its parent.
    """
    by_pid: dict[tuple[int, int], list[Born]] = {}
    for process in sorted(processes, key=lambda process: process.start_time):
        by_pid.setdefault((process.machine_id, process.pid), []).append(process)

    def parent_of(child: Born) -> int | None:
        if child.parent_pid is None or child.parent_pid == child.pid:
            return None
        for candidate in reversed(by_pid.get((child.machine_id, child.parent_pid), [])):
            if candidate.start_time <= child.start_time:
                return candidate.id if _lived(candidate, child) else None
        return None

    return _without_circles({process.id: parent_of(process) for process in processes})


def _lived(parent: Born, child: Born) -> bool:
    """Whether it may have lived when the child's parent was read: at the child's first tick."""
    if parent.end_tick is None or child.first_tick is None:
        return True
    return parent.end_tick >= child.first_tick


def _without_circles(parent_of: dict[int, int | None]) -> dict[int, int | None]:
    """Make a root of whoever would be its own ancestor, so that no view loses it."""
    sound: set[int] = set()
    for number in parent_of:
        path: list[int] = []
        above: int | None = number
        while above is not None and above not in sound:
            sound.add(above)
            path.append(above)
            above = parent_of[above]
        if above in path:
            parent_of[path[-1]] = None
    return parent_of


def nearest(
    process_id: int, alive: Container[int], parent_of: Mapping[int, int | None]
) -> int | None:
    """The parent, or if that has ended the nearest ancestor that lives; None if none does."""
    above, seen = parent_of.get(process_id), {process_id}
    while above is not None and above not in alive and above not in seen:
        seen.add(above)
        above = parent_of.get(above)
    return above if above is not None and above in alive else None


def walk(
    alive: Mapping[int, int | None], parent_of: Mapping[int, int | None]
) -> Iterator[tuple[int, int]]:
    """Depth and number of the processes of a tree: parents first, of siblings the biggest first.

    `alive` gives their sizes. A process whose parent has ended stands below its grandparent.
    """
    children: dict[int | None, list[int]] = {}
    for process_id in alive:
        children.setdefault(nearest(process_id, alive, parent_of), []).append(process_id)
    for siblings in children.values():
        siblings.sort(key=lambda process_id: (-(alive[process_id] or 0), process_id), reverse=True)
    waiting = [(0, process_id) for process_id in children.get(None, [])]
    while waiting:
        depth, process_id = waiting.pop()
        yield depth, process_id
        waiting += [(depth + 1, child) for child in children.get(process_id, [])]
