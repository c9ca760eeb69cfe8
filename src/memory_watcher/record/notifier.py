"""Says each thing that a user should know once."""

from __future__ import annotations

from collections.abc import Callable

from .notices import (
    FastApart,
    Fault,
    LayoutsApart,
    LayoutsOfOneApart,
    NoFirstLayout,
    NoSecondLayout,
    Notice,
    Rotation,
    SumsApart,
    TooSlow,
)
from .policy import Policy
from .throttle.schedule import Due, LayoutSchedule

#: How many different reasons are said of one process: its texts may differ at each tick.
_FAULTS_EACH = 4

#: Of all processes together no more are said than this.
_REMEMBERED = 4096


class Notifier:
    """Says each thing once; what was said of a process is forgotten with it."""

    def __init__(self, policy: Policy, say: Callable[[Notice], None]) -> None:
        self._policy = policy
        self._say = say
        self._said: set[str] = set()
        self._faults: dict[int, set[str]] = {}  # those of them that are one process's, by PID

    def once(self, key: str, notice: Notice) -> None:
        """Say it, unless something was said under this key."""
        if key not in self._said:
            self._said.add(key)
            self._say(notice)

    def forget(self, pid: int) -> None:
        """A process has ended: its PID may be used again."""
        self._said -= {f"slow {pid}", *self._faults.pop(pid, ())}

    def fault(self, pid: int, problem: str) -> None:
        """Why figures of a process are missing; of each at most a few reasons."""
        key = f"fault {pid}: {problem}"
        faults = self._faults.setdefault(pid, set())
        if key not in faults and len(faults) < _FAULTS_EACH and len(self._said) < _REMEMBERED:
            faults.add(key)
            self.once(key, Fault(pid, problem))

    def too_much(self, pid: int, schedule: LayoutSchedule, due: Due) -> None:
        """Why a layout that is due is not read."""
        max_cpu, max_stall_ns = self._policy.max_cpu, self._policy.max_stall_ns
        if due is Due.TOO_SLOW:
            self.once(f"slow {pid}", TooSlow(pid, schedule.stall_ns, max_stall_ns or 0))
        elif max_cpu is not None and (apart_ns := schedule.apart_ns) is not None:
            self.once("dear", LayoutsOfOneApart(pid, schedule.cost_ns, apart_ns, max_cpu))
        elif max_cpu is not None and schedule.is_starved:
            self.once("dear", NoSecondLayout(pid, schedule.first_cost_ns, max_cpu))

    def no_first_layout(self, pid: int) -> None:
        """That one has ended before its first layout was its turn."""
        if self._policy.max_cpu is not None:
            self.once("firsts", NoFirstLayout(pid, self._policy.max_cpu))

    def turns(self, round_ns: int, every_ns: int) -> None:
        """Why not all layouts of a machine that changed are read."""
        self.once("turns", Rotation(round_ns, every_ns))

    def passes_apart(self, processes: int, apart_ns: int | None) -> None:
        """That the sums of all come less often than asked for; None: they do not."""
        if apart_ns is not None and self._policy.max_cpu is not None:
            self.once("passes", SumsApart(processes, apart_ns, self._policy.max_cpu))

    def fast_apart(self, apart_ns: int, asked_ns: int) -> None:
        """That cheap readings come less often than asked for."""
        if self._policy.max_cpu is not None:
            reads = self._policy.fast_period_ns is not None
            self.once("fast", FastApart(apart_ns, asked_ns, self._policy.max_cpu, reads))

    def layouts_apart(self, processes: int, apart_ns: int | None) -> None:
        """That the layouts of all come less often than their sums; None: they do not."""
        if apart_ns is not None and self._policy.max_cpu is not None:
            self.once("layouts", LayoutsApart(processes, apart_ns, self._policy.max_cpu))
