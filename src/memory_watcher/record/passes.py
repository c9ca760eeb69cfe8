"""A pass: one tight round over all members of a group that reads smaps_rollup of each.

PSS divides each page by how many map it, so that a sum over processes holds only for figures of one
moment: a child that forks, calls execve or touches shared pages changes what all its sharers show.
Before and after the round statm and the fault count of each member are read; what moved meanwhile
is the most by which the sums may be off. Of a member that touches pages that others have already,
that is much more than the sum can be off by: it is no more than what its PSS differs from the round
before. Who shows the same in both had it in between. A round in which much moved is tried again.

What neither tells is a child that came and went within the round: while it lived its parent's
anonymous pages were shared, though none was faulted. So what all members together have lost of
their shares counts as moved, unless it stays as low for long: then a stranger has it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from ..errors import NoSuchProcess, SourceError, UnexpectedFault
from ..model import Member, Pass, Rollup
from ..procfs.figures import LARGEST, held
from ..procfs.process import parse_rollup, sum_smaps
from ..procfs.source import ProcessFiles
from .boundary import supervised
from .shares import Shares

#: Rounds at most, of which the steadiest is stored.
ATTEMPTS = 3
#: A round in which more than this moved is tried again: of its PSS, and bytes.
_STEADY_SHARE = 0.01
_STEADY_BYTES = 256 * 1024


class Sharer(Protocol):
    """A process that a pass reads."""

    process_id: int

    @property
    def files(self) -> ProcessFiles:
        """Where it is read."""

    @property
    def parent_pid(self) -> int | None:
        """Who started it."""


class Pulse(NamedTuple):
    """What tells whether a process's memory stood still; bytes, and a count of minor faults."""

    resident: int
    shared: int
    faults: int
    is_forked: bool  # it still runs what its parent ran

    @property
    def private(self) -> int:
        """What is nobody else's, but for what is still as a fork left it."""
        return self.resident - self.shared


@supervised
def take_pulse(files: ProcessFiles) -> Pulse:
    """Read statm and stat: 10 us.

    Raises NoSuchProcess, also of a process that has let go of its memory.
    """
    stat = files.stat()
    statm = files.statm()
    if stat.state in "ZX" or statm.size == 0:
        if not files.follow_living_thread():
            raise NoSuchProcess(f"process {files.pid}: it has ended")
        statm = files.statm()
    sizes = statm.resident or 0, statm.shared or 0
    return Pulse(*sizes, stat.minor_faults or 0, stat.has_not_called_exec)


@dataclass(frozen=True, slots=True)
class Round:
    """What one round read, by process id. `texts` are as the kernel printed them."""

    members: dict[int, Member]
    texts: dict[int, bytes]
    pulses: dict[int, Pulse]  # right after it
    wall_ns: int
    moved: int  # with what is lost
    lost: int = 0  # shares of anonymous memory that went to nobody who is known

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
    None where that cannot be told.
    """

    shares_memory: Callable[[int, int], bool | None] | None
    page_size: int
    say_fault: Callable[[int, str], None]  # of a PID
    has_rollup: bool = True  # kernels before 4.14 have none
    attempts: int = 0  # that the last one took
    _members: Callable[[], Collection[Sharer]] = list
    _before: dict[int, Member] = field(default_factory=dict)  # of the last round
    _shares: Shares = field(default_factory=Shares)
    _twins: set[frozenset[int]] = field(default_factory=set)  # pairs whose memory is the same
    _apart: set[frozenset[int]] = field(default_factory=set)  # and is not

    def take(
        self, members: Callable[[], Collection[Sharer]], admit: Callable[[], None]
    ) -> Round | None:
        """The steadiest of a few rounds; None if there is nobody to read.

        `admit` takes in newcomers, `members` tells all that are in by then.
        """
        self._members = members
        admit()
        before = self._pulses(members(), {})
        best: Round | None = None
        for self.attempts in range(1, ATTEMPTS + 1):
            here = [member for member in members() if member.process_id in before]
            if not here:
                return None
            texts, wall_ns = self._read(here)
            admit()
            after = self._pulses(members(), {})
            one = self._judge(here, texts, before, after, wall_ns)
            is_steadier = best is None or 2 * one.moved < best.moved
            if best is None or one.moved < best.moved:
                best = one
            if one.is_steady or not (is_steadier or one.lost):
                break  # what goes on moving would only be disturbed
            before = after
        return best

    def forget(self, process_id: int) -> None:
        """It has ended."""
        self._shares.forget(process_id)
        for pairs in (self._twins, self._apart):
            pairs.difference_update([pair for pair in pairs if process_id in pair])

    def _pulses(self, members: Iterable[Sharer], known: dict[int, Pulse]) -> dict[int, Pulse]:
        for member in members:
            try:
                known[member.process_id] = take_pulse(member.files)
            except NoSuchProcess:
                continue
            except SourceError as problem:
                self._say(member, problem)
                known[member.process_id] = Pulse(0, 0, 0, False)  # it lives, but tells nothing
        return known

    def _read(self, members: Iterable[Sharer]) -> tuple[dict[int, bytes | Rollup | None], int]:
        """Text of each, or its sums where there are only layouts; None: it cannot be read."""
        found: dict[int, bytes | Rollup | None] = {}
        start = time.monotonic_ns()
        for member in members:
            try:
                found[member.process_id] = self._rollup(member.files)
            except NoSuchProcess:
                continue
            except SourceError as problem:
                self._say(member, problem)
                found[member.process_id] = None
        return found, time.monotonic_ns() - start

    def _say(self, member: Sharer, problem: SourceError) -> None:
        if isinstance(problem, UnexpectedFault):
            self.say_fault(member.files.pid, str(problem))

    @supervised
    def _rollup(self, files: ProcessFiles) -> bytes | Rollup:
        if self.has_rollup:
            try:
                return files.rollup()
            except NoSuchProcess:
                if not files.lacks_rollup():
                    raise
                self.has_rollup = False
        length = files.smaps()
        if length == 0:
            raise NoSuchProcess(f"process {files.pid}: it has let go of its memory")
        return sum_smaps(bytes(files.buffer[:length]))

    def _judge(
        self,
        members: list[Sharer],
        found: dict[int, bytes | Rollup | None],
        before: dict[int, Pulse],
        after: dict[int, Pulse],
        wall_ns: int,
    ) -> Round:
        rollups = {
            number: parse_rollup(text) if isinstance(text, bytes) else text or Rollup()
            for number, text in found.items()
        }
        texts = {number: text for number, text in found.items() if isinstance(text, bytes)}
        # One that ended meanwhile is no member: what it had moved to the others, or is free.
        here = [each for each in members if each.process_id in found and each.process_id in after]
        counted = self._counted(here, after, rollups)
        counts = {number: text for number, text in texts.items() if number in counted}
        forked = {number for number, pulse in after.items() if pulse.is_forked}
        lost = self._shares.lost(counts, forked, time.monotonic_ns())
        now = {
            each.process_id: Member(rollups[each.process_id], each.process_id in counted)
            for each in here
        }
        known = {number: rollup.pss for number, rollup in rollups.items()}
        known.update(self._newcomers(before, after))
        last = {number: member.rollup.pss for number, member in self._before.items()}
        self._before = now
        moved = moved_between(Look(before, last), Look(after, known), self.page_size)
        one = Round(now, texts, after, wall_ns, moved + lost, lost)
        if one.is_steady:
            self._shares.settle(counts)
        return one

    def _newcomers(
        self, before: dict[int, Pulse], after: dict[int, Pulse]
    ) -> dict[int, int | None]:
        """PSS of those who came too late for the round."""
        late = [each for each in self._members() if each.process_id in after.keys() - before.keys()]
        found, _ = self._read(late)
        return {
            number: parse_rollup(text).pss if isinstance(text, bytes) else None
            for number, text in found.items()
        }

    def _counted(
        self, members: list[Sharer], pulses: dict[int, Pulse], rollups: dict[int, Rollup]
    ) -> set[int]:
        """All but those whose memory is that of another member, which is counted."""
        counted: dict[int, Sharer] = {}
        # What has called execve has memory of its own, unless others that have not share it.
        for member in sorted(members, key=lambda each: pulses[each.process_id].is_forked):
            number = member.process_id
            if not pulses[number].is_forked or not any(
                self._is_same(member, other, rollups[number] == rollups[other.process_id])
                for other in counted.values()
            ):
                counted[number] = member
        return set(counted)

    def _is_same(self, member: Sharer, other: Sharer, look_alike: bool) -> bool:
        """Whether two have one address space: asked of relatives and of those that look alike."""
        pair = frozenset((member.process_id, other.process_id))
        if self.shares_memory is None or pair in self._apart:
            return False
        is_kin = member.parent_pid in (other.files.pid, other.parent_pid)
        if not (is_kin or look_alike or pair in self._twins):
            return False
        is_same = self.shares_memory(member.files.pid, other.files.pid) is True
        (self._twins if is_same else self._apart).add(pair)  # which stays so up to an execve
        return is_same


class Look(NamedTuple):
    """One look at all members: what tells whether they stand still, and what PSS was read last."""

    pulses: dict[int, Pulse]
    pss: dict[int, int | None]


def moved_between(first: Look, last: Look, page_size: int) -> int:
    """Bytes by which memory moved between two looks, at most.

    Of one that came or went, all of its PSS. Of another what its RSS or its faults show, but no
    more than its PSS differs between the two rounds.
    """
    moved = 0
    for number in first.pulses.keys() | last.pulses.keys():
        before, after = first.pulses.get(number), last.pulses.get(number)
        pss_before, pss_after = first.pss.get(number), last.pss.get(number)
        if before is None or after is None:
            there = before or after
            pss = pss_before if pss_after is None else pss_after
            moved += pss if pss is not None else there.resident if there else 0
            continue
        shown = max(
            abs(after.resident - before.resident), (after.faults - before.faults) * page_size
        )
        if pss_before is not None and pss_after is not None:
            shown = min(shown, abs(pss_after - pss_before))
        moved += shown
    return moved
