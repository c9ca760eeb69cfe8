"""The recording loop: at each deadline a pass over all targets, into one recording."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable

from ..model import Cause
from ..procfs.scan import MemoryComparer, Scanner
from ..procfs.source import ProcSource
from ..procfs.system import MeminfoTracker
from .boundary import Boundary, describe
from .clock import Clock, Deadline, Time
from .commits import CommitTimer
from .fast_pass import FastPasses
from .firsts import FirstLayouts
from .group import Group
from .newcomers import Newcomers
from .notices import Failed, Notice, Task
from .notifier import Notifier
from .pacing import Pacing
from .passes import Rounds
from .policy import Policy
from .progress import Progress
from .run import Run
from .sink import Sink
from .target_reader import TargetReader
from .targets import Targets
from .throttle.cpu_budget import CpuBudget
from .throttle.layout_costs import LayoutCosts
from .throttle.rotation import RoundBudget
from .tick_layouts import TickLayouts
from .together import Together


class Recorder:
    """Ties source, targets, sampler and writer together."""

    def __init__(
        self,
        source: ProcSource,
        targets: Targets,
        writer: Sink,
        policy: Policy = Policy(),  # noqa: B008 - it is frozen
        say: Callable[[Notice], None] = lambda notice: None,
        time: Time = time,
        cpu_from_ns: int | None = None,
    ) -> None:
        """`say` is told, once each, what the user should know while the recording goes on.

        `cpu_from_ns`: CPU time of this process before anything was done for the recording; what it
        used since, for imports say, counts. None: it begins now.
        """
        notices = Notifier(policy, say)
        cpu_ns = time.process_time_ns()
        if cpu_from_ns is None:
            cpu_from_ns = cpu_ns
        budget = CpuBudget(
            policy.max_cpu, time.monotonic_ns(), cpu_ns, used_ns=cpu_ns - cpu_from_ns
        )
        self._run = run = Run(
            *(source, writer, policy, notices, budget, time),
            Boundary(notices.fault),
            cpu_from_ns=cpu_from_ns,
        )
        self._time = time
        self._arriving = targets
        self._meminfo = MeminfoTracker()
        self._commits = CommitTimer()
        #: Told of each process that is read.
        self.meanwhile: Callable[[Progress], None] | None = None
        rounds = RoundBudget()
        self._firsts = FirstLayouts(budget, is_bounded=targets.is_group, is_free=policy.free_firsts)
        costs = LayoutCosts(budget, self._firsts, rounds, lambda: source.mapped_files.cpu_ns, time)
        self._costs = costs
        self._reader = TargetReader(run, costs, self._stored_one, targets.ended)
        self._newcomers = Newcomers(run, targets, self._reader, self._firsts)
        self._layouts = TickLayouts(run, self._reader, rounds)
        self._fast_passes = FastPasses(run, targets, self._reader, self._newcomers)
        self._scanner: Scanner | None = None  # for who is started while sums are read
        if targets.is_group:
            self._scanner = Scanner(source)
            run.together = self._read_together(self._scanner)

    def _read_together(self, scanner: Scanner) -> Together:
        run = self._run
        is_here = scanner.shows_own_namespace()
        compare = MemoryComparer().is_same if is_here else None
        rounds = Rounds(
            *(compare, scanner.last_pid, run.source.page_size, run.notices.fault),
            is_told_to_stop=run.is_told_to_stop,
            is_too_slow=run.is_too_slow,
        )
        return Together(
            *(Group(run.policy, run.budget), rounds, run.roster.by_pid, self._firsts),
            *(self._newcomers.admit, self._reader.read_unless_too_slow),
            time=run.time,
        )

    @property
    def progress(self) -> Progress:
        """What was done so far."""
        return self._run.progress

    @property
    def used_cpu_ns(self) -> int:
        """CPU time of all that was done for the recording so far, that of helpers included."""
        return self._run.used_cpu_ns()

    def pay_for_asking(self, cpu_ns: int) -> None:
        """Take CPU time that asking a runtime has used from the budget, little by little."""
        self._run.asking_cpu_ns += cpu_ns
        self._run.budget.owe(cpu_ns)

    def run(
        self, clock: Clock, stop: threading.Event, on_tick: Callable[[Progress], None] | None = None
    ) -> bool:
        """Record until told to stop, or until the last target has gone; returns True for that.

        Raises CannotWrite (what was committed stays).
        """
        run = self._run
        run.stop = stop
        pace = Pacing(run, clock, self._costs)
        while (deadline := clock.wait(stop)) is not None:
            self._pass(deadline)
            if not run.roster and not self._arriving.open_ended:
                self._store_mark()
                return True
            if self._commits.is_due(self._time.monotonic_ns(), clock.until_next()):
                self.commit()
            if on_tick is not None:
                on_tick(run.progress)
            wait_ns = pace.after(deadline)
            if clock.fast_period_ns is not None and not wait_ns:
                self._let_passes_go_by(clock, clock.fast_period_ns, stop)
        run.stop = None  # a last tick, of how all ended, is a whole one
        self._store_mark()
        return False

    def _let_passes_go_by(self, clock: Clock, period_ns: int, stop: threading.Event) -> None:
        """Take none for as long as it would find nothing new; commit meanwhile if that is due."""
        self._fast_passes.go_by(clock, stop, self._commits.idle_until(period_ns))
        if self._commits.is_due(self._time.monotonic_ns(), clock.until_next()):
            self.commit()
            self._fast_passes.go_by(clock, stop, self._commits.idle_until(period_ns))

    def _pass(self, deadline: Deadline) -> None:
        began_ns = self._time.monotonic_ns()
        if self._commits.is_due_before(began_ns, deadline.is_fast):
            self.commit()
        self._commits.begins(began_ns)
        if deadline.is_fast:
            self.fast_pass()
        else:
            self.tick(deadline)
        self._commits.took(self._time.monotonic_ns() - began_ns, deadline.is_fast)

    def _store_mark(self) -> None:
        if self._run.together is not None:
            self._run.together.store_mark(self._run.sink)

    def commit(self) -> None:
        """Make everything so far safe."""
        self._run.sink.commit()
        self._commits.committed()

    def _stored_one(self) -> None:
        """A tick of thousands of processes takes longer than what a kill may lose."""
        if self.meanwhile is not None:
            self.meanwhile(self._run.progress)
        now_ns = self._time.monotonic_ns()
        if self._commits.is_due_within(now_ns):
            self.commit()
            self._commits.begins(now_ns)

    def close(self) -> None:
        """Let go of all processes; the writer is the caller's."""
        for target in self._run.roster.by_pid.values():
            self._run.let_go(target.sampler)
        self._run.roster.by_pid.clear()
        if self._scanner is not None:
            self._scanner.close()
        self._run.source.mapped_files.close()

    # -- one tick ---------------------------------------------------------------------------------

    def tick(self, deadline: Deadline) -> None:
        """Take newcomers in, read the sums of all, then look at each."""
        run, together = self._run, self._run.together
        self._reader.begin_tick(deadline.late_ns, deadline.skipped)
        self._store_machine_memory()
        if together is not None:
            together.watch_starts()
        self._newcomers.admit()
        now_ns = run.update_budget()
        was_alone = run.is_alone
        if together is not None and not was_alone:
            self._take_pass(together, now_ns)
        awake = self._layouts.awake(now_ns)
        if together is not None and run.reads_all_together and not was_alone:
            # First layouts come first: until there are all, the others are part of a picture.
            self._newcomers.read()
            self._layouts.read_all(together, awake)
        else:
            self._layouts.read_each(awake, now_ns)
            self._newcomers.read()
        self._newcomers.read_successors()
        if together is not None:
            # One alone is read for a pass only if its layout is none.
            if was_alone and together.lacks_pass and run.roster:
                self._take_pass(together, now_ns)
            together.store(run.sink)
        self._layouts.store_unchanged()
        self._finish_tick(deadline)

    def _take_pass(self, together: Together, now_ns: int) -> None:
        together.take_pass_if_due(now_ns)
        self._run.notices.passes_apart(together.members, together.group.apart_ns)

    def _store_machine_memory(self) -> None:
        """What changed in meminfo; nothing where there is none, or it holds no sense."""
        run = self._run
        try:
            content = run.source.meminfo()
            changes = None if content is None else self._meminfo.changes(content)
        except Exception as error:
            run.notices.once("meminfo", Failed(Task.MEMINFO, describe(error)))
            return
        if changes is not None:
            run.sink.system_memory(changes)
            if run.together is not None and (available := changes.available) is not None:
                run.together.saw_available(available)

    def _finish_tick(self, deadline: Deadline) -> None:
        run = self._run
        for key, notice in self._arriving.unread.notices():
            run.notices.once(key, notice)
        if run.progress.ticks == 0:
            # What the first tick read stays: the collector need not walk over it every few ticks.
            gc.freeze()
            self._firsts.started()
            if run.together is not None:
                run.budget.begin(self._time.monotonic_ns(), self._time.process_time_ns())
        run.source.mapped_files.rest()
        run.progress.ticks += 1
        run.progress.skipped += deadline.skipped

    # -- what somebody else asks for --------------------------------------------------------------

    def look_at(self, pid: int) -> bool:
        """Read one process at once and make it safe, whatever the budget says: somebody waits.

        Of a group the sum of all is read, too. What it costs is paid back by what is read later.
        Tells whether there is a layout now.
        """
        run, together = self._run, self._run.together
        self._fast_passes.interrupt()
        target = run.roster.by_pid.get(pid)
        if target is None:
            return False
        self._reader.begin_tick(cause=Cause.ASKED)
        if together is not None:
            together.watch_starts()
            self._newcomers.admit()
        was_alone = run.is_alone
        if together is not None and not was_alone:
            together.take_pass(Cause.ASKED)
        state = self._reader.read(target)
        if together is not None:
            if was_alone and together.lacks_pass and run.roster:
                together.take_pass(Cause.ASKED)
            together.store(run.sink)
        self.commit()
        return state.has_layout

    def watch_anew(self, pid: int) -> None:
        """From now on memory of a process counts as a peak again that was reached before."""
        self._fast_passes.interrupt()
        if (target := self._run.roster.by_pid.get(pid)) is not None:
            target.schedule.forget_highest()

    # -- between two ticks ------------------------------------------------------------------------

    def fast_pass(self) -> None:
        """Read RSS and high-water mark of all targets; read more where they rose to a peak."""
        self._fast_passes.take()
