"""What is known of each PID while processes are looked for: one state each. Pure.

    STRANGER -> HELD_BACK -> FOUND -> RECORDED -> ENDED -> forgotten
       |            |          ^                    |
       +------------+----------+                    +-- its PID is used again: it is new

Who had a PID is known here and nowhere else in the recorder: while one is RECORDED nobody else is
handed out under its PID, and once it has ENDED a start time tells whether the PID is still its own
(a zombie that nobody reaps) or another's.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from ..model import ProcessKey


class State(enum.Enum):
    """What became so far of one that was listed."""

    STRANGER = enum.auto()  # nothing shows that it belongs here
    HELD_BACK = enum.auto()  # it belongs here, but still is what a fork made it
    FOUND = enum.auto()  # it belongs here; not recorded yet, or it cannot be
    RECORDED = enum.auto()  # until its end is told
    ENDED = enum.auto()  # it was recorded
    LEFT_OUT = enum.auto()  # never recorded: the recorder itself, a kernel thread


#: Who may still come in. (Tuples: to hash an Enum costs more than to compare with a few.)
OUTSIDE = (State.STRANGER, State.HELD_BACK)
#: Who came in, and the recorder itself.
TAKEN = tuple(state for state in State if state not in OUTSIDE)


@dataclass(slots=True, eq=False)
class Candidate:
    """One PID. `young_until_ns`: until then it is asked at each look whether it is meant."""

    pid: int
    state: State = State.STRANGER
    young_until_ns: int = 0
    key: ProcessKey | None = None  # of one that has ended

    def is_still(self, start_time: int) -> bool:
        """Whether one with this start time is the one that has ended, and no other."""
        return self.state is State.ENDED and self.key is not None and self.key.is_still(start_time)


class Candidates:
    """All that were listed at the last look, and all that are recorded."""

    def __init__(self) -> None:
        self._by_pid: dict[int, Candidate] = {}
        #: How many are recorded.
        self.recorded = 0

    def __getitem__(self, pid: int) -> Candidate:
        """That of a PID; a stranger if nothing is known of it."""
        return self._by_pid.setdefault(pid, Candidate(pid))

    def state(self, pid: int) -> State | None:
        """What is known of a PID; None if that is nothing."""
        candidate = self._by_pid.get(pid)
        return None if candidate is None else candidate.state

    def having(self, *states: State) -> list[Candidate]:
        """All that are in one of these states."""
        return [each for each in self._by_pid.values() if each.state in states]

    def move(self, pid: int, state: State) -> None:
        """Take note of what became of one."""
        candidate = self[pid]
        self.recorded += (state is State.RECORDED) - (candidate.state is State.RECORDED)
        candidate.state = state

    def ended(self, key: ProcessKey) -> None:
        """Take note of an end: from now on another may have the PID."""
        self.move(key.pid, State.ENDED)
        self._by_pid[key.pid].key = key

    def forget(self, pid: int) -> None:
        """Take whoever has this PID for new."""
        self.move(pid, State.STRANGER)
        del self._by_pid[pid]

    def note_listed(self, pids: set[int]) -> list[Candidate]:
        """Forget who is not listed any more, unless it is recorded; returns who is new."""
        new = sorted(pids.difference(self._by_pid))
        if len(self._by_pid) + len(new) > len(pids):
            for pid in set(self._by_pid).difference(pids):
                if self._by_pid[pid].state is not State.RECORDED:
                    del self._by_pid[pid]
        return [self[pid] for pid in new]
