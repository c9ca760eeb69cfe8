"""What the parts of a recorder share while it runs."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from ..errors import UnexpectedFault
from ..model import Cause
from ..procfs.process_files import ProcessFiles
from ..procfs.source import ProcSource
from .boundary import Boundary, supervised
from .clock import Time
from .notices import Failed, Task
from .notifier import Notifier
from .policy import Policy
from .progress import Progress
from .roster import Roster
from .sampler import ProcessSampler
from .sink import Sink
from .target import Target
from .throttle.cpu_budget import CpuBudget
from .together import Together


@dataclass(slots=True)
class Run:
    """From where to where, by which rules, of whom, and how far. `together` is of a group only.

    `cpu_from_ns`: CPU time of this process when what is done for the recording began.
    """

    source: ProcSource
    sink: Sink
    policy: Policy
    notices: Notifier
    budget: CpuBudget
    time: Time
    boundary: Boundary
    roster: Roster = field(default_factory=Roster)
    progress: Progress = field(default_factory=Progress)
    together: Together | None = None
    stop: threading.Event | None = None
    cpu_from_ns: int = 0
    asking_cpu_ns: int = 0  # what asking runtimes has used

    def is_told_to_stop(self) -> bool:
        """Whether nothing more is to be read."""
        return self.stop is not None and self.stop.is_set()

    @property
    def reads_all_together(self) -> bool:
        """Whether layouts are those of all at one moment: of a tree, not of a whole machine."""
        return self.together is not None and not self.policy.pass_every_ns

    @property
    def is_alone(self) -> bool:
        """Whether one process of a tree is left: then its layout is all, and a pass of itself.

        A round beside it would take as much again of the budget, and peaks would be missed.
        """
        roster = self.roster
        return self.reads_all_together and len(roster) == 1 and not roster.waiting

    def lives(self, target: Target) -> bool:
        """Whether it is to be read: it is still recorded.

        None of several is, once the recording is to end: their tick may take its time. One alone
        is, so that the last tick has its reading.
        """
        return self.roster.holds(target) and (len(self.roster) == 1 or not self.is_told_to_stop())

    def is_too_slow(self, pid: int) -> bool:
        """Whether a look at all pages of one would hold it up for longer than its user accepts."""
        target = self.roster.by_pid.get(pid)
        return target is not None and self.boundary.ask(pid, target.schedule.is_too_slow, False)

    def waits_no_more(self, target: Target) -> None:
        """Its first layout was read, or is not to be."""
        self.roster.waiting.pop(target.process_id, None)
        self.count_living()

    def count_living(self) -> None:
        """Somebody came, has a first layout or has ended: take that into account."""
        self.progress.living, self.progress.newcomers = len(self.roster), len(self.roster.waiting)

    def changed(self, cause: Cause) -> None:
        """Who shares what may be different now."""
        if self.together is not None:
            self.together.changed(cause)

    def update_budget(self) -> int:
        """Take account of what was used so far; returns the time of now."""
        now_ns = self.time.monotonic_ns()
        self.budget.update(now_ns, self.time.process_time_ns())
        return now_ns

    def used_cpu_ns(self) -> int:
        """CPU time of all that was done for the recording so far, that of helpers included."""
        helpers_ns = self.source.mapped_files.cpu_ns + self.asking_cpu_ns
        return self.time.process_time_ns() - self.cpu_from_ns + helpers_ns

    def let_go(self, held: ProcessFiles | ProcessSampler) -> None:
        """Give the descriptors of one process back."""
        try:
            supervised(held.close)()
        except UnexpectedFault as fault:
            self.notices.once("close", Failed(Task.CLOSE, str(fault)))
