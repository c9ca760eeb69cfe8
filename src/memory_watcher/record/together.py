"""Reads all members of a group together: their sums by a pass, and beside it their layouts."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping

from ..model import Cause, FastReading, LayoutState, Member, Pass, Rollup, Sample
from ..procfs.figures import held
from .clock import Time
from .firsts import FirstLayouts
from .group import Cost, Group
from .passes import Round, Rounds
from .sink import Sink
from .stillness import Stillness
from .target import Target


class Together:
    """Takes passes over the targets of a recorder and stores them.

    `admit` takes in newcomers, `take` reads one target, unless that holds it up for too long. A
    pass belongs to the tick that was begun before it, and is stored when all has been read.
    """

    def __init__(
        self,
        group: Group,
        rounds: Rounds,
        targets: Mapping[int, Target],
        firsts: FirstLayouts,
        admit: Callable[[], None],
        take: Callable[[Target], None],
        time: Time = time,
    ) -> None:
        self.group = group
        self._stillness = Stillness(group.policy)
        self._time = time
        self._rounds = rounds
        self._is_too_slow = rounds.is_too_slow
        self._targets = targets
        self._firsts = firsts
        self._admit = admit
        self._take = take
        self._round: Round | None = None  # of this tick
        self._cause: Cause | None = None  # of this tick
        self._last: dict[int, Member] = {}  # of the last pass that was stored
        self._read: set[int] = set()  # whose layout was read since the pass of this tick began
        self._standing: dict[int, int] = {}  # what smaps_rollup said beside the last layout
        self._started: object | None = None  # the last PID of the machine, before newcomers came in
        #: CPU time of all passes so far, ns.
        self.spent_ns = 0
        #: Whether a process alone was read at this tick, but it is not proven that it was alone.
        self.lacks_pass = False

    @property
    def members(self) -> int:
        """How many processes the last pass had."""
        return len(self._last if self._round is None else self._round.members)

    def take_pass(self, cause: Cause | None) -> None:
        """Read the sums of all; who has ended meanwhile is read for the last time."""
        self._cause = cause
        self._read.clear()
        cpu = self._time.thread_time_ns()
        one = self._rounds.take(lambda: list(self._targets.values()), self._admit)
        cost_ns = self._time.thread_time_ns() - cpu
        self.spent_ns += cost_ns
        self._round = one
        if one is None:
            return
        for target in self._those_not_in(one):
            # It lives, but is on its way out, or was refused for once.
            one.members[target.process_id] = Member(Rollup())
        for target in self._targets.values():
            if (mark := one.marks.get(target.process_id)) is not None:
                target.schedule.learn(mark, len(self._targets))
        if one.is_steady and one.is_alone:
            self._stillness.passed(one.pulses, one.pss)
        else:
            self._stillness.came_or_went()
        cost = Cost(cost_ns, cost_ns // self._rounds.attempts)
        self.group.took(one, cost, self._time.monotonic_ns(), cause)

    def take_pass_if_due(self, now_ns: int) -> None:
        """Read the sums of all at a tick, unless a machine stood still since the last time."""
        if not self.group.is_due(now_ns):
            return
        if not self._stillness.spares():
            self.take_pass(None)
            return
        self.group.spared(now_ns)
        for target in self._targets.values():
            target.schedule.stood(len(self._targets))

    def _those_not_in(self, one: Round) -> list[Target]:
        missing = [
            target
            for target in list(self._targets.values())
            if target.process_id in self._last and target.process_id not in one.members
        ]
        for target in missing:
            self._take(target)
        return [target for target in missing if self._targets.get(target.pid) is target]

    def was_read(self, target: Target, sample: Sample) -> None:
        """Learn of a layout."""
        if sample.change is None:
            return
        number = target.process_id
        self._read.add(number)
        self._standing.pop(number, None)
        if self._round is None or number not in self._round.marks:
            return
        if self._round.members[number].rollup.rss == sample.change.totals.rss:
            self._standing[number] = self._round.marks[number]

    def watch_starts(self) -> None:
        """Note who was started last, before newcomers are taken in: for `pass_of_one`."""
        self._started = self._rounds.last_started()
        self.lacks_pass = False

    def pass_of_one(self, target: Target, sample: Sample, sink: Sink) -> None:
        """Store the layout of the only member as a pass: it is the sum of all, as of one moment.

        Not if something was started since newcomers were taken in: it may be a fork of this one,
        which had half of its memory then.
        """
        if sample.change is None or sample.state is LayoutState.TORN or self._round is not None:
            return
        totals, reading = sample.change.totals, sample.reading
        if self._started is None or self._rounds.last_started() != self._started:
            self.lacks_pass = True
            return
        self._started = None  # one pass a tick
        member = Member(Rollup(totals.rss, totals.pss, totals.uss, totals.swap_pss))
        private = (reading.resident or 0) - (reading.shared or 0)
        self._last = {target.process_id: member}
        self.group.alone(private, totals.pss or 0, self._time.monotonic_ns())
        self.store_mark(sink, private)
        sums = Pass(sample.wall_ns or 0, 1, 0, 0, 1, private, *member.rollup)
        sink.take_pass(sums, {target.process_id: member})

    def changed(self, cause: Cause) -> None:
        """Learn that who shares what may be different now: a start, an exec or an exit."""
        self.group.changed(cause)
        self._stillness.came_or_went()

    def saw(self, target: Target, reading: FastReading) -> None:
        """Learn of the sizes of a target at a tick."""
        self._stillness.read(target.process_id, reading)

    def saw_available(self, size: int) -> None:
        """Learn of the machine's MemAvailable."""
        self._stillness.available(size)

    def ended(self, target: Target) -> None:
        """Learn that a target has ended."""
        self._stillness.came_or_went()
        self._rounds.forget(target.process_id)
        self._standing.pop(target.process_id, None)
        self._last.pop(target.process_id, None)

    # -- layouts of all ---------------------------------------------------------------------------

    def affords(self, targets: Iterable[Target]) -> bool:
        """Whether the layouts of all these may be read at this tick, beside its pass if any."""
        cost_ns = sum(map(self._layout_cost_ns, targets))
        if self.group.affords(cost_ns, self._time.monotonic_ns()):
            return True
        return self._round is not None and self.group.affords_at_peak(self._round, cost_ns)

    def _layout_cost_ns(self, target: Target) -> int:
        return target.layout_cost_ns or self._firsts.expected_ns

    def read_at_peak(self) -> bool:
        """Read the layouts that do not stand, if no pass was as high; whether that was done."""
        one = self._round
        if one is None:
            return False
        stale = [each for each in self._targets.values() if not self._stands(each.process_id, one)]
        allowed = [each for each in stale if not self._is_too_slow(each.pid)]
        cost_ns = sum(map(self._layout_cost_ns, allowed))
        if not self.group.affords_at_peak(one, cost_ns):
            return False
        for target in stale:
            self._take(target)
        return True

    def _stands(self, process_id: int, one: Round) -> bool:
        if process_id in self._read:
            return True
        mark = one.marks.get(process_id)
        return mark is not None and self._standing.get(process_id) == mark

    # -- storing ----------------------------------------------------------------------------------

    def store(self, sink: Sink) -> None:
        """Store the pass of this tick, if there was one; its layouts have been read by now."""
        one, self._round = self._round, None
        if one is None:
            return
        counted = [number for number, member in one.members.items() if member.is_counted]
        layouts = sum([self._stands(number, one) for number in counted])
        if layouts == len(counted):
            self.group.all_stand(one)
        self.store_mark(sink, one.private)
        living = {target.process_id for target in self._targets.values()}
        self._last = {number: each for number, each in one.members.items() if number in living}
        sink.take_pass(one.sums(layouts), one.members)  # with those who have ended since

    def store_mark(self, sink: Sink, private: int = 0) -> None:
        """Store the highest sum of private memory that was seen since the last pass."""
        mark = self.group.mark_before(private)
        if mark is not None and held(mark.private) is not None:
            sink.group_mark(mark.time_ns, mark.private, mark.processes)

    # -- between the passes -----------------------------------------------------------------------

    def change_now(self) -> Cause | None:
        """What has changed who shares what, if that calls for a pass now: the cause of a tick."""
        return self.group.change if self.group.wants_pass() else None

    def is_peak(self, time_ns: int) -> bool:
        """Take note of the private memory of all; whether its sum calls for a pass at once."""
        seen = [
            target.fast
            for target in self._targets.values()
            if target.fast is not None and self._is_counted(target)
        ]
        private = sum([reading.private for reading in seen])
        self.group.note(private, len(seen), time_ns)
        return self.group.is_peak(seen[0].resident if len(seen) == 1 else private)

    def _is_counted(self, target: Target) -> bool:
        """Whether it was in the last pass: what a fork has just copied is not its own yet."""
        member = self._last.get(target.process_id)
        return member is not None and member.is_counted
