"""Which layouts are read at a tick, of processes that were there before it."""

from __future__ import annotations

from functools import partial

from ..model import LayoutState
from .boundary import describe
from .notices import Failed, Task
from .run import Run
from .target import Target
from .target_reader import TargetReader
from .throttle.rotation import RoundBudget
from .throttle.schedule import Due
from .together import Together


class TickLayouts:
    """Reads the layouts of a group together, or those of single processes each as it is due."""

    def __init__(self, run: Run, reader: TargetReader, rounds: RoundBudget) -> None:
        self._run = run
        self._reader = reader
        self._rounds = rounds
        self._unchanged = 0  # of this tick
        self._put_off = 0  # processes that the budget put off, at most, since all were read

    def awake(self, now_ns: int) -> list[Target]:
        """Those that may have changed; all, if that is unknown."""
        roster = self._run.roster
        known = roster.with_layouts()
        self._unchanged = 0
        if not self._run.policy.full_every(len(known)):
            return known
        try:
            pids = self._run.source.awake([target.pid for target in known], now_ns)
            awake = [roster.by_pid[pid] for pid in pids]
        except Exception as error:
            self._run.notices.once("awake", Failed(Task.AWAKE, describe(error)))
            return known
        self._unchanged = len(known) - len(awake)
        return awake

    def read_all(self, together: Together, awake: list[Target]) -> None:
        """Read the layouts of all that may have changed, or of none if that costs too much."""
        run = self._run
        changed = [target for target in awake if not self._is_unchanged(target)]
        run.update_budget()
        is_affordable = not run.roster.waiting and together.affords(changed)
        if not is_affordable:
            self._put_off = max(self._put_off, len(run.roster))
        for target in changed:
            if run.lives(target):
                self._reader.read_unless_too_slow(target, cheap=not is_affordable)
        run.notices.layouts_apart(self._put_off, together.group.layouts_apart_ns)
        self._put_off *= not is_affordable

    def _is_unchanged(self, target: Target) -> bool:
        question = partial(target.schedule.is_unchanged, len(self._run.roster))
        is_unchanged = self._run.boundary.ask(target.pid, question, False)
        self._unchanged += is_unchanged
        return is_unchanged

    def read_each(self, awake: list[Target], now_ns: int) -> None:
        """Read those that are due, as far as budget and round allow it."""
        if round_every_ns := self._run.policy.round_every(self._rounds.processes):
            self._rounds.pass_time(now_ns, round_every_ns)
        # The longest unread first, so that all have their turn when not all can be read.
        for target in sorted(awake, key=lambda target: target.schedule.last_full_ns or 0):
            if self._run.lives(target):
                self._read_if_due(target)

    def _read_if_due(self, target: Target) -> None:
        run = self._run
        question = partial(target.schedule.due, len(run.roster))
        # If it cannot be told, reading finds what the matter is: that it has gone, for example.
        due = run.boundary.ask(target.pid, question, Due.READ)
        if due is Due.UNCHANGED:
            self._unchanged += 1
            return
        if due is Due.TOO_SLOW:
            self._reader.read_no_layout(target)
            return
        if due is not Due.READ:
            run.notices.too_much(target.pid, target.schedule, due)
        waits = due is Due.READ and self._must_wait(target)
        state = self._reader.read(target, cheap=waits or due is not Due.READ)
        run.progress.waiting += waits and state is LayoutState.NOT_TAKEN

    def _must_wait(self, target: Target) -> bool:
        """Whether it is not this process's turn.

        None waits for longer than two rounds, or if its RSS rises to a peak; nor one whose layout
        the kernel refuses, which costs nothing.
        """
        rounds, schedule = self._rounds, target.schedule
        round_every_ns = self._run.policy.round_every(rounds.processes)
        if not round_every_ns or rounds.any_left or target.process_id not in rounds:
            return False
        waited_ns = self._run.time.monotonic_ns() - (schedule.last_full_ns or 0)
        if waited_ns > 2 * round_every_ns:
            return False
        ask = self._run.boundary.ask
        resident = ask(target.pid, target.sampler.resident, None)
        if not resident:
            return False
        if ask(target.pid, partial(schedule.due_for_peak, resident), Due.READ) is Due.READ:
            return False
        self._run.notices.turns(rounds.round_ns, round_every_ns)
        return True

    def store_unchanged(self) -> None:
        """Store how many were not read, because nothing showed a change."""
        if self._unchanged:
            self._run.sink.unchanged(self._unchanged)
            self._run.progress.unchanged += self._unchanged
