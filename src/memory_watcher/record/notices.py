"""What the user should know while a recording goes on, each said once."""

from __future__ import annotations

from collections.abc import Callable, Collection

from ..units import format_duration
from .policy import Policy
from .schedule import Due, LayoutSchedule

#: How many different reasons are said of one process: its texts may differ at each tick.
_FAULTS_EACH = 4

#: Of all processes together no more are said than this.
_REMEMBERED = 4096


class Notices:
    """Says each thing once; what was said of a process is forgotten with it."""

    def __init__(self, policy: Policy, say: Callable[[str], None]) -> None:
        self._policy = policy
        self._say = say
        self._said: set[str] = set()
        self._faults: dict[int, set[str]] = {}  # those of them that are one process's, by PID

    @property
    def said(self) -> Collection[str]:
        """The keys of what was said."""
        return self._said

    def once(self, key: str, message: str) -> None:
        """Say it, unless something was said under this key."""
        if key not in self._said:
            self._said.add(key)
            self._say(message)

    def forget(self, pid: int) -> None:
        """A process has ended: its PID may be used again."""
        self._said -= {f"slow {pid}", *self._faults.pop(pid, ())}

    def fault(self, pid: int, problem: str) -> None:
        """Why figures of a process are missing; of each at most a few reasons."""
        key = f"fault {pid}: {problem}"
        faults = self._faults.setdefault(pid, set())
        if key not in faults and len(faults) < _FAULTS_EACH and len(self._said) < _REMEMBERED:
            faults.add(key)
            self.once(key, f"process {pid} cannot be read in full now: {problem}")

    def too_much(self, pid: int, schedule: LayoutSchedule, due: Due) -> None:
        """Why a layout that is due is not read."""
        if due is Due.TOO_SLOW:
            self.once(
                f"slow {pid}",
                f"process {pid}: reading its layout takes {format_duration(schedule.wall_ns)},"
                " longer than --max-stall. No layouts until it shrinks; RSS, swap and faults are"
                " still recorded",
            )
        elif self._policy.max_cpu is not None and schedule.cost_ns:
            apart = round(schedule.cost_ns / self._policy.max_cpu)
            self.once(
                "dear",
                f"process {pid}: one layout takes {format_duration(schedule.cost_ns)} CPU, so"
                f" --max-cpu {100 * self._policy.max_cpu:g} allows one every"
                f" {format_duration(apart)}. RSS, swap and faults are still read at every tick",
            )
        elif self._policy.max_cpu is not None and schedule.is_starved:
            self.once(
                "dear",
                f"process {pid}: no second layout yet: one takes up to"
                f" {format_duration(schedule.first_cost_ns)} CPU, and --max-cpu"
                f" {100 * self._policy.max_cpu:g} leaves no room for it. Raise --max-cpu, or use a"
                " longer --period or --fast-period",
            )

    def no_first_layout(self, pid: int) -> None:
        """That one has ended before its first layout was its turn."""
        if self._policy.max_cpu is not None:
            self.once(
                "firsts",
                f"process {pid} exited before its first layout was read: too many processes"
                f" started at once for --max-cpu {100 * self._policy.max_cpu:g}. Its RSS, swap and"
                " faults are recorded; raise --max-cpu for more layouts",
            )

    def turns(self, round_ns: int, every_ns: int) -> None:
        """Why not all layouts of a machine that changed are read."""
        self.once(
            "turns",
            f"reading all layouts takes {format_duration(round_ns)} CPU. Changed processes are now"
            f" read in rotation, at most that much per {format_duration(every_ns)} (--full-every)."
            " RSS peaks are still read at once; RSS, swap and faults at every tick",
        )

    def passes_apart(self, processes: int, apart_ns: int | None) -> None:
        """That the sums of all come less often than asked for; None: they do not."""
        if apart_ns is not None and self._policy.max_cpu is not None:
            self.once(
                "passes",
                f"sums over {_all(processes)} every {format_duration(apart_ns)}"
                f" (--max-cpu {100 * self._policy.max_cpu:g} allows no more). RSS, swap and faults"
                " are still read at every tick",
            )

    def layouts_apart(self, processes: int, apart_ns: int | None) -> None:
        """That the layouts of all come less often than their sums; None: they do not."""
        if apart_ns is not None and self._policy.max_cpu is not None:
            self.once(
                "layouts",
                f"layouts of {_all(processes)} every {format_duration(apart_ns)}"
                f" (--max-cpu {100 * self._policy.max_cpu:g} allows no more). Sums, RSS, swap and"
                " faults are still recorded in between",
            )


def _all(processes: int) -> str:
    return f"all {processes} processes" if processes > 1 else "the process"
