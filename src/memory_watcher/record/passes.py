"""A pass: one tight round over all members of a group that reads smaps_rollup of each.

PSS divides each page by how many map it, so that a sum over processes holds only for figures of one
moment: a child that forks, calls execve or touches shared pages changes what all its sharers show.
Before and after the round statm and the fault count of each member are read: what they show to have
moved meanwhile is the most by which the sums may be off. Of one that touches pages that others have
already, that is far more than it can be. So a round in which much moved is taken again, and the two
are compared: between them lies a moment at which each showed something between what it showed in
the one and in the other. A round in which much moved by both is no sum.

What neither tells is a child that came and went within the round: while it lived its parent's
anonymous pages were shared, though none was faulted. So what all members together have lost of
their shares counts as moved, unless it stays as low for long: then a stranger has it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import NamedTuple, Protocol

from ..errors import NoSuchProcess, SourceError, UnexpectedFault
from ..model import Member, Pass
from ..procfs.figures import LARGEST, held
from ..procfs.process_files import ProcessFiles
from ..units import MILLISECOND
from .pulses import Pulse, Pulses
from .rollups import NOTHING, Rollups, Sums
from .shares import Shares

#: Rounds at most, of which the steadiest is stored; none begins when those before it took so long:
#: on a machine that is so busy it would prove no more, and first layouts wait for it.
_ATTEMPTS, _LONGEST_NS = 3, 500 * MILLISECOND
#: A round in which more than this moved is tried again: of its PSS, and bytes.
_STEADY_SHARE = 0.01
_STEADY_BYTES = 256 * 1024
#: One fault maps so many pages of a file or of shared memory that are there (fault_around_bytes).
_AROUND = 16


class Sharer(Protocol):
    """A process that a pass reads."""

    process_id: int

    @property
    def files(self) -> ProcessFiles:
        """Where it is read."""

    @property
    def parent_pid(self) -> int | None:
        """Who started it."""


class Look(NamedTuple):
    """What one round found, and what was seen of the members before and after it."""

    sums: dict[int, Sums]
    wall_ns: int
    before: dict[int, Pulse]
    after: dict[int, Pulse]
    late: list[Sharer]  # who came meanwhile
    counted: set[int]  # of those that were read
    is_alone: bool  # nobody was started meanwhile, and none has ended

    @property
    def pss(self) -> dict[int, int | None]:
        """Of those that are in the sum: who has ended meanwhile left what it had, or freed it."""
        return {number: self.sums[number].rollup.pss for number in self.counted & self.after.keys()}


@dataclass(frozen=True, slots=True)
class Round:
    """What one round read, by process id. `marks` are the same while smaps_rollup says the same."""

    members: dict[int, Member]
    marks: dict[int, int]
    pulses: dict[int, Pulse]  # right after it
    wall_ns: int
    moved: int  # with what is lost
    lost: int = 0  # shares of anonymous memory that went to nobody who is known
    apart: int = 0  # by how much it may differ from a moment between the round before and it
    is_alone: bool = True  # nobody was started meanwhile, and none has ended

    @property
    def pss(self) -> int:
        """The sum over all members."""
        return sum([m.rollup.pss or 0 for m in self.members.values() if m.is_counted])

    @property
    def is_steady(self) -> bool:
        """Whether its sums are as good as those of one instant."""
        return self.moved <= max(_STEADY_SHARE * self.pss, _STEADY_BYTES)

    @property
    def private(self) -> int:
        """Sum of what is private by statm."""
        counted = [number for number, member in self.members.items() if member.is_counted]
        return sum([self.pulses[number].private for number in counted if number in self.pulses])

    @property
    def growing(self) -> int:
        """What makes a peak when it rises: what is private; all there is of a single process."""
        if len(self.pulses) == 1:
            return sum([pulse.resident for pulse in self.pulses.values()])
        return self.private

    def sums(self, layouts: int) -> Pass:
        """What is stored, with the number of members whose standing layout is of this moment."""
        counted = [member.rollup for member in self.members.values() if member.is_counted]
        read = [rollup for rollup in counted if rollup.pss is not None or rollup.rss is not None]

        def total(name: str) -> int | None:
            values = [getattr(rollup, name) for rollup in read]
            return None if None in values else held(sum(values))

        return Pass(
            wall_ns=self.wall_ns,
            processes=len(counted),
            lacking=len(counted) - len(read),
            moved=min(self.moved, LARGEST),
            layouts=layouts,
            private=held(self.private),
            rss=total("rss"),
            pss=total("pss"),
            uss=total("uss"),
            swap_pss=total("swap_pss"),
        )


@dataclass(slots=True)
class Rounds:
    """Takes rounds, one after the other: what the last one saw tells what is odd in the next.

    `shares_memory` tells whether two PIDs have one and the same address space (vfork, CLONE_VM);
    None where that cannot be told. `last_started` is another whenever a process was started, of
    the whole machine; None where that cannot be told.
    """

    shares_memory: Callable[[int, int], bool | None] | None
    last_started: Callable[[], object | None]
    page_size: int
    say_fault: Callable[[int, str], None]  # of a PID
    is_told_to_stop: Callable[[], bool] = lambda: False  # then no round is completed
    is_too_slow: Callable[[int], bool] = lambda pid: False  # then the sums lack it
    attempts: int = 0  # that the last one took
    _before: dict[int, int | None] | None = None  # of the round before, in the same pass
    _pulses: Pulses = field(default_factory=Pulses)
    _rollups: Rollups = field(default_factory=Rollups)
    _shares: Shares = field(default_factory=Shares)
    _twins: set[frozenset[int]] = field(default_factory=set)  # pairs whose memory is the same
    _apart: set[frozenset[int]] = field(default_factory=set)  # and is not

    def take(
        self, members: Callable[[], Collection[Sharer]], admit: Callable[[], None]
    ) -> Round | None:
        """The steadiest of a few rounds; None if there is nobody to read, or no time to.

        `admit` takes in newcomers, `members` tells all that are in by then.
        """
        self._before, begun_ns = None, time.monotonic_ns()
        started = self.last_started()
        admit()
        before = self._pulses_of(members())
        rounds: list[Round] = []
        while len(rounds) < _ATTEMPTS:
            here = [member for member in members() if member.process_id in before]
            if not here:
                return None
            sums, wall_ns = self._read(here)
            if self.is_told_to_stop():
                return None
            now = self.last_started()  # before newcomers are listed: not all of them are yet
            admit()
            # Before the last look at them: an execve after this shows there.
            counted = self._counted(here, before, sums)
            late = [member for member in members() if member.process_id not in before]
            after = self._pulses_of([*here, *late])
            is_alone = started is not None and started == now and before.keys() <= after.keys()
            rounds.append(self._judge(Look(sums, wall_ns, before, after, late, counted, is_alone)))
            if not _is_worth_another(rounds):
                break
            if time.monotonic_ns() - begun_ns > _LONGEST_NS:
                rounds = [_unproven(rounds[0])] if len(rounds) == 1 else rounds
                break
            before, started = after, now
        self.attempts = len(rounds)
        return _steadiest(rounds)

    def forget(self, process_id: int) -> None:
        """It has ended."""
        for each in (self._pulses, self._rollups, self._shares):
            each.forget(process_id)
        for pairs in (self._twins, self._apart):
            pairs.difference_update([pair for pair in pairs if process_id in pair])

    def _pulses_of(self, members: Iterable[Sharer]) -> dict[int, Pulse]:
        known: dict[int, Pulse] = {}
        for member in members:
            try:
                known[member.process_id] = self._pulses.take(member.process_id, member.files)
            except NoSuchProcess:
                continue
            except SourceError as problem:
                self._say(member, problem)
                known[member.process_id] = Pulse(0, 0, 0, False)  # it lives, but tells nothing
        return known

    def _read(self, members: Iterable[Sharer]) -> tuple[dict[int, Sums], int]:
        """The sums of each, and how long it took to read them, ns."""
        found: dict[int, Sums] = {}
        start = time.monotonic_ns()
        for member in members:
            if self.is_told_to_stop():
                break
            if self.is_too_slow(member.files.pid):
                found[member.process_id] = NOTHING
                continue
            try:
                found[member.process_id] = self._rollups.read(member.process_id, member.files)
            except NoSuchProcess:
                continue
            except SourceError as problem:
                self._say(member, problem)
                found[member.process_id] = NOTHING
        return found, time.monotonic_ns() - start

    def _say(self, member: Sharer, problem: SourceError) -> None:
        if isinstance(problem, UnexpectedFault):
            self.say_fault(member.files.pid, str(problem))

    def _judge(self, look: Look) -> Round:
        members = {
            number: Member(sums.rollup, number in look.counted)
            for number, sums in look.sums.items()
            if number in look.after
        }
        marks = {number: sums.mark for number, sums in look.sums.items() if sums.mark is not None}
        counting = {number: look.sums[number].share for number in look.pss}
        shares = {number: share for number, share in counting.items() if share is not None}
        forked = {number for number, pulse in look.after.items() if pulse.is_forked}
        lost = self._shares.lost(shares, forked, look.after.keys(), time.monotonic_ns())
        is_proven = look.is_alone or self._before is not None
        moved, apart = self._moved(look)
        one = Round(
            *(members, marks, look.after, look.wall_ns),
            *(moved + lost, lost, apart + lost, look.is_alone),
        )
        if one.is_steady and is_proven:
            self._shares.settle(shares)
        return one

    def _moved(self, look: Look) -> tuple[int, int]:
        """By how much the sum may be off at most, and by how much if the round before is right."""
        came, _ = self._read([each for each in look.late if each.process_id in look.after])
        now = look.pss | {number: sums.rollup.pss for number, sums in came.items()}
        # Who has ended meanwhile was there between this round and the one before, not in its sum.
        gone = {number: look.sums[number].rollup.pss for number in look.counted - look.after.keys()}
        moved = moved_between(look.before, look.after, now | gone, self.page_size)
        for each in look.late:
            pulse, sums = look.after.get(each.process_id), came.get(each.process_id, NOTHING)
            if pulse is None or not pulse.is_forked or sums.rollup.rss != pulse.resident:
                # Before it called execve or ended it may have shared whatever others have.
                moved += sum([size or 0 for size in look.pss.values()])
        before, self._before = self._before, now | gone
        if before is None:
            return moved, 0
        # What calls execve may have been read as another's twin, and be none when that is asked.
        exec_called = [
            number
            for number, pulse in look.before.items()
            if pulse.is_forked and number in look.after and not look.after[number].is_forked
        ]
        apart = differ(before, now) + sum([now.get(number) or 0 for number in exec_called])
        # Of one that came or has ended only what others show can tell what it had when.
        return min(moved, apart) if look.is_alone else apart, apart

    def _counted(
        self, members: Iterable[Sharer], before: dict[int, Pulse], sums: dict[int, Sums]
    ) -> set[int]:
        """All that were read but those whose memory is that of another one, which is counted."""
        counted: dict[int, Sharer] = {}
        read = [member for member in members if member.process_id in sums]
        # What has called execve has memory of its own, unless others that have not share it.
        for member in sorted(read, key=lambda each: before[each.process_id].is_forked):
            number = member.process_id
            if not before[number].is_forked or not any(
                self._is_same(
                    member,
                    other,
                    sums[number].rollup == sums[other.process_id].rollup
                    or before[number][:2] == before[other.process_id][:2],
                )
                for other in counted.values()
            ):
                counted[number] = member
        return set(counted)

    def _is_same(self, member: Sharer, other: Sharer, look_alike: bool) -> bool:
        """Whether two have one address space: asked of relatives and of those that look alike."""
        is_kin = member.parent_pid in (other.files.pid, other.parent_pid)
        if self.shares_memory is None or not (is_kin or look_alike or self._twins):
            return False
        pair = frozenset((member.process_id, other.process_id))
        if pair in self._apart or not (is_kin or look_alike or pair in self._twins):
            return False
        is_same = self.shares_memory(member.files.pid, other.files.pid)
        if is_same is not None:
            (self._twins if is_same else self._apart).add(pair)  # which stays so up to an execve
        return is_same is True


def _is_worth_another(rounds: list[Round]) -> bool:
    """Whether another round may prove what the last one did not."""
    last = rounds[-1]
    if len(rounds) == 1:
        return not (last.is_steady and last.is_alone)
    best = min([one.moved for one in rounds[:-1]])
    # What goes on moving would only be disturbed; between two starts there may be time enough.
    is_worth_it = 2 * last.moved < best or last.lost > 0 or not last.is_alone
    return not last.is_steady and is_worth_it


def _unproven(one: Round) -> Round:
    """What another round should have shown: of one during which others were started, all moved."""
    return one if one.is_alone else replace(one, moved=max(one.moved, one.pss))


def _steadiest(rounds: list[Round]) -> Round:
    """The one that is proven best; one during which others were started, also by the next one."""
    for number, (one, after) in enumerate(pairwise(rounds)):
        if not one.is_alone:
            rounds[number] = replace(one, moved=max(one.moved, after.apart))
    return min(rounds, key=lambda one: one.moved)


def moved_between(
    before: dict[int, Pulse], after: dict[int, Pulse], pss: dict[int, int | None], page_size: int
) -> int:
    """Bytes by which memory moved between two looks at all, at most.

    Of one that came or went, all of its PSS; of another what its sizes and its faults show. A fault
    that no size shows took a page's place: of shared memory, that of all pages around it.
    """
    moved = 0
    for number in before.keys() | after.keys():
        first, last = before.get(number), after.get(number)
        if first is last:
            continue  # it stood still
        if first is None or last is None:
            there = first or last
            share = pss.get(number)
            moved += share if share is not None else there.resident if there else 0
            continue
        shown = abs(last.private - first.private) + abs(last.shared - first.shared)
        faulted = (last.faults - first.faults) * page_size
        moved += shown + _AROUND * max(faulted - shown, 0)
    return moved


def differ(one: dict[int, int | None], other: dict[int, int | None]) -> int:
    """Bytes by which the sum of either round differs, at most, from one between the two.

    What one gains another may lose, as their shares change: that must not add up.
    """
    changes = [
        (other.get(number) or 0) - (one.get(number) or 0) for number in one.keys() | other.keys()
    ]
    return max(sum([-each for each in changes if each < 0]), sum([c for c in changes if c > 0]))
