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
        """Why figures of a process are not told; of each at most a few reasons."""
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
                f"process {pid}: reading its layout takes {format_duration(schedule.wall_ns)}, more"
                " than --max-stall: only the cheap figures are recorded while it is that large",
            )
        elif self._policy.max_cpu is not None and schedule.cost_ns:
            apart = round(schedule.cost_ns / self._policy.max_cpu)
            self.once(
                "dear",
                f"process {pid}: a layout costs {format_duration(schedule.cost_ns)} of CPU, so that"
                f" at most one every {format_duration(apart)} keeps within --max-cpu"
                f" {100 * self._policy.max_cpu:g}; the cheap figures go on at full rate",
            )
        elif self._policy.max_cpu is not None and schedule.is_starved:
            self.once(
                "dear",
                f"process {pid}: no second layout yet: it costs up to"
                f" {format_duration(schedule.first_cost_ns)} of CPU, as the first one did, and the"
                f" cheap figures leave too little of --max-cpu {100 * self._policy.max_cpu:g};"
                " allow more, or make --period and --fast-period longer",
            )

    def no_first_layout(self, pid: int) -> None:
        """That one has ended before its first layout was its turn."""
        if self._policy.max_cpu is not None:
            self.once(
                "firsts",
                f"process {pid} ended before its first layout was read: so many came at once that"
                f" --max-cpu {100 * self._policy.max_cpu:g} did not suffice; its cheap figures are"
                " recorded",
            )

    def turns(self, round_ns: int, every_ns: int) -> None:
        """Why not all layouts of a machine that changed are read."""
        self.once(
            "turns",
            f"layouts of all processes cost {format_duration(round_ns)} of CPU; besides"
            f" peaks, no more is spent every {format_duration(every_ns)} (--full-every):"
            " processes that change take turns; their cheap figures are recorded at each tick",
        )

    def passes_apart(self, processes: int, apart_ns: int | None) -> None:
        """That the sums of all come less often than asked for; None: they do not."""
        if apart_ns is not None and self._policy.max_cpu is not None:
            self.once(
                "passes",
                f"{_all(processes)} every {format_duration(apart_ns)}"
                f" (--max-cpu {100 * self._policy.max_cpu:g} allows no more); their cheap figures"
                " are recorded at each tick",
            )

    def layouts_apart(self, processes: int, apart_ns: int | None) -> None:
        """That the layouts of all come less often than their sums; None: they do not."""
        if apart_ns is not None and self._policy.max_cpu is not None:
            self.once(
                "layouts",
                f"layouts of {_all(processes)} every {format_duration(apart_ns)}"
                f" (--max-cpu {100 * self._policy.max_cpu:g} allows no more); their sums and cheap"
                " figures are recorded in between",
            )


def _all(processes: int) -> str:
    return f"all {processes} processes" if processes > 1 else "the process"
