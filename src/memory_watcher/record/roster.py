"""Who is recorded now."""

from __future__ import annotations

from .target import Target


class Roster:
    """All targets by PID; and by process id those of them that wait for their first layouts."""

    def __init__(self) -> None:
        self.by_pid: dict[int, Target] = {}
        self.waiting: dict[int, Target] = {}
        #: Whether one has ended since this was set to False: its PID may be another's now.
        self.has_left = False

    def __len__(self) -> int:
        return len(self.by_pid)

    def add(self, target: Target) -> None:
        """Take one in, which waits for its first layout."""
        self.by_pid[target.pid] = target
        self.waiting[target.process_id] = target

    def remove(self, target: Target) -> bool:
        """It has ended; returns whether it still waited for its first layout."""
        del self.by_pid[target.pid]
        self.has_left = True
        return self.waiting.pop(target.process_id, None) is not None

    def holds(self, target: Target) -> bool:
        """Whether it is still recorded: another may have its PID."""
        return self.by_pid.get(target.pid) is target

    def with_layouts(self) -> list[Target]:
        """Those whose first layouts are read."""
        waiting = self.waiting
        return [each for each in self.by_pid.values() if each.process_id not in waiting]
