"""One recording from its start to its end: what `record`, `top` and scripts run.

It knows no command line, no signals and no terminal: who runs it says when to stop, and is told
what a user should know.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from ..procfs.files import permission_remedy
from ..procfs.process import parse_status
from ..procfs.source import ProcSource
from ..store.writer import Writer
from .ask_runtime import RuntimeAsker, SeenByAsker
from .cgroups import CgroupSearch
from .clock import Clock, Deadline
from .container_book import ContainerBook, SeenByBook
from .discovery import DiscoveredTargets
from .launch import Launched, LaunchedTargets
from .notices import LeftBehind, NoRights, Notice, TooMany, TooShort
from .policy import Policy
from .progress import Progress
from .recorder import Recorder
from .selection import Selection
from .sink import Sink
from .sizelimit import SizeLimit
from .targets import Targets

#: Why a recording ended: it would have become larger than its user allows.
TOO_LARGE = "max size"
TARGETS_GONE = "targets gone"


class Stop(Protocol):
    """What ends a recording from outside; the first reason counts."""

    @property
    def event(self) -> threading.Event:
        """Set when it is to end."""

    @property
    def reason(self) -> str:
        """Why."""

    def set(self, reason: str) -> None:
        """End it."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How to record; see the tables `runs` and `selections` for what is stored of it.

    `command` is the command line of this program. `kind` and `description` say what is recorded of
    several processes, None for a single one and for the whole machine. The cgroup of `selection` is
    recorded too; `own_cgroup`: that of a launched command, if nobody else is in it; `cgroup_of`:
    that of the process with this PID, whoever else is in it. `max_size` is in bytes.
    `finds_between_ticks`: newcomers are looked for more often than there are ticks.
    `cpu_from_ns`: see Recorder. `ask_runtime`: JVMs are asked about their memory, see ask_runtime.
    """

    policy: Policy
    period_ns: int
    command: Sequence[str]
    kind: str | None = None
    description: str = ""
    selection: Selection = field(default_factory=Selection)
    own_cgroup: bool = False
    cgroup_of: int | None = None
    max_size: int | None = None
    finds_between_ticks: bool = True
    cpu_from_ns: int | None = None
    ask_runtime: bool = False

    @property
    def names_nothing(self) -> bool:
        """Whether all of the machine may be meant: nobody misses what exited before it was read."""
        return self.kind is None


class Session:
    """Records to a writer, to another sink, or (record.tee) to both.

    `note` takes what a user should know, as it comes up.
    """

    def __init__(
        self,
        source: ProcSource,
        targets: Targets,
        plan: Plan,
        note: Callable[[Notice], None],
        *,
        writer: Writer | None = None,
        sink: Sink | None = None,
        launched: Launched | None = None,
    ) -> None:
        """Without a `sink` all goes to the writer alone; one of the two is needed."""
        to = sink or writer
        assert to is not None, "a recorder needs somebody to tell"
        self._source, self._targets, self._plan, self._note = source, targets, plan, note
        self._writer, self._launched = writer, launched
        self._book = None if writer is None else ContainerBook(source.containers, writer)
        self.problems = tuple(targets.problems)
        self._told_rights = bool(self.problems)  # each says what to do
        for problem in self.problems:
            note(problem)
        if self._book is not None:
            to = SeenByBook(to, self._book)
        self._asker = None
        if plan.ask_runtime and writer is not None:
            self._asker = RuntimeAsker(
                *(writer.runtime_report, self._pay_for_asking, note, plan.policy.max_cpu)
            )
            to = SeenByAsker(to, self._asker)
        self._sink = to
        self._recorder = Recorder(
            *(source, targets, to, plan.policy, note), cpu_from_ns=plan.cpu_from_ns
        )

    @property
    def progress(self) -> Progress:
        """What was done so far."""
        return self._recorder.progress

    @property
    def used_cpu_ns(self) -> int:
        """CPU time of all that was done for the recording so far, that of helpers included."""
        return self._recorder.used_cpu_ns

    def _pay_for_asking(self, cpu_ns: int) -> None:
        self._recorder.pay_for_asking(cpu_ns)

    def look_at(self, pid: int) -> bool:
        """Read one process at once: see Recorder.look_at. Only between two passes."""
        return self._recorder.look_at(pid)

    def watch_anew(self, pid: int) -> None:
        """Forget how high a process was: see Recorder.watch_anew. Only between two passes."""
        self._recorder.watch_anew(pid)

    def commit(self) -> None:
        """Make everything so far safe. Only between two passes."""
        self._recorder.commit()

    def start(self) -> None:
        """Store what begins here. Raises CannotWrite."""
        if self._writer is None:
            return
        plan, source = self._plan, self._source
        self._writer.start_run(
            source.machine(),
            plan.period_ns,
            plan.command,
            plan.policy.as_json(),
            source.max_map_count(),
        )
        if plan.kind is not None:
            root = self._launched.pid if self._launched else None
            self._writer.selection(plan.kind, plan.description, root)

    def record(
        self,
        stop: Stop,
        on_pass: Callable[[Progress], None] = lambda progress: None,
        meanwhile: Callable[[Progress], None] | None = None,
    ) -> str:
        """Start, run and close; returns what ended it. Raises CannotWrite.

        `meanwhile` is told of each process that is read, since a pass over many takes its time.
        Whatever goes wrong, it is closed, and what was committed stays.
        """
        reason = None
        try:
            self.start()
            self._recorder.meanwhile = meanwhile
            reason = self.run(stop, on_pass)
        finally:
            self.close(reason)
        return reason

    def run(self, stop: Stop, on_pass: Callable[[Progress], None]) -> str:
        """Record until something ends it; returns what. Raises CannotWrite."""
        watch = self._cgroup_search()
        limit = self._size_limit()

        def after_pass(progress: Progress) -> None:
            if limit is not None and limit.is_reached():
                stop.set(TOO_LARGE)
            watch.after_pass(progress.ticks)
            if progress.is_denied and not self._told_rights:
                self._told_rights = True
                self._note(NoRights(permission_remedy()))
            if self._book is not None:
                self._book.after_pass()
            if self._asker is not None:
                self._asker.after_pass()
            on_pass(progress)

        try:
            reason = self._run(stop, after_pass)
            watch.at_end()
            return reason
        finally:
            if self._asker is not None:
                self._asker.close()
            watch.close()

    def _run(self, stop: Stop, after_pass: Callable[[Progress], None]) -> str:
        launched = self._launched
        if launched is not None:
            launched.release()
        gone = self._recorder.run(self._clock(), stop.event, after_pass)
        if launched is not None and launched.has_ended():
            if not gone:
                # Once more: it is not reaped yet, and what it started last was not seen yet.
                self._recorder.tick(Deadline(0, 0))
                after_pass(self.progress)
            if self._writer is not None:
                self._writer.exit(*launched.wait())
        if self._writer is not None:
            self._writer.too_short(self._targets.too_short)
        return TARGETS_GONE if gone and launched is None else stop.reason

    def close(self, reason: str | None) -> None:
        """End it; without a reason (an error) only what was committed stays. Raises CannotWrite."""
        self._recorder.close()
        if self._writer is None:
            return
        if self._launched is not None and not self._launched.is_released:
            self._writer.discard()  # the command could not be run: there is nothing in it
            return
        self._writer.close(reason, self._recorder.used_cpu_ns, own_peak_rss())

    def tell_what_was_missed(self) -> None:
        """Note which processes are not in it, and what goes on unrecorded."""
        targets = self._targets
        count = targets.too_short
        if count and not self._plan.names_nothing:
            self._note(TooShort(count))
        if targets.limit_reached:
            self._note(TooMany())
        if isinstance(targets, LaunchedTargets) and (left := targets.left_behind()):
            self._note(LeftBehind(tuple(left)))

    def _clock(self) -> Clock:
        # Newcomers are looked for in fast passes too, also when nothing is read in them.
        finding = self._targets.discovery_period_ns if self._plan.finds_between_ticks else None
        periods = (self._plan.policy.fast_period_ns, finding)
        fast_ns = min((period for period in periods if period), default=None)
        return Clock(self._plan.period_ns, fast_ns)

    def _cgroup_search(self) -> CgroupSearch:
        found = self._targets if isinstance(self._targets, DiscoveredTargets) else None
        return CgroupSearch(
            self._sink,
            found,
            self._plan.selection,
            only_if_own=self._plan.own_cgroup,
            of_process=self._plan.cgroup_of,
            source=self._source,
            note=self._note,
        )

    def _size_limit(self) -> SizeLimit | None:
        if self._plan.max_size is None or self._writer is None:
            return None
        return SizeLimit(self._writer.size, self._plan.max_size)


def own_peak_rss() -> int | None:
    """The recorder's own VmHWM, bytes: ru_maxrss would carry that of the program before exec."""
    try:
        with open("/proc/self/status", "rb") as status:
            return parse_status(status.read()).high_water_mark
    except OSError:
        return None
