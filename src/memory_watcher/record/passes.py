"""A pass: one tight round over all members of a group that reads smaps_rollup of each.

PSS divides each page by how many map it, so that a sum over processes holds only for figures of one
moment: a child that forks, calls execve or touches shared pages changes what all its sharers show.
Before and after the round statm and the fault count of each member are read; what moved meanwhile
is the most by which the sums may be off. A round in which much moved is tried again.

What neither tells is a child that came and went within the round: while it lived its parent's
anonymous pages were shared, though none was faulted. So a parent whose share of its own anonymous
memory has dropped is read again: what stays low is shared with somebody who stays.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from ..errors import NoSuchProcess, SourceError, UnexpectedFault
from ..model import Member, Pass, Rollup
from ..procfs.figures import LARGEST, held
from ..procfs.process import parse_anonymous, parse_rollup, sum_smaps
from ..procfs.source import ProcessFiles
from .boundary import supervised

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


class Anonymous(NamedTuple):
    """Anonymous memory of a process and its share of it, bytes; None before 5.3."""

    rss: int | None
    pss: int | None


@dataclass(frozen=True, slots=True)
class Round:
    """What one round read, by process id. `texts` are as the kernel printed them."""

    members: dict[int, Member]
    texts: dict[int, bytes]
    anonymous: dict[int, Anonymous]
    pulses: dict[int, Pulse]  # right after it
    wall_ns: int
    moved: int

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
    _anonymous: dict[int, Anonymous] = field(default_factory=dict)
    _own_memory: set[int] = field(default_factory=set)  # those that never share it any more

    def take(
        self, members: Callable[[], Collection[Sharer]], admit: Callable[[], None]
    ) -> Round | None:
        """The steadiest of a few rounds; None if there is nobody to read.

        `admit` takes in newcomers, `members` tells all that are in by then.
        """
        admit()
        before = self._pulses(members(), {})
        best: Round | None = None
        for _ in range(ATTEMPTS):
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
            if one.is_steady or not is_steadier:
                break  # what goes on moving would only be disturbed
            before = after
        return best

    def forget(self, process_id: int) -> None:
        """It has ended."""
        self._anonymous.pop(process_id, None)
        self._own_memory.discard(process_id)

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
        rollups, anonymous = {}, {}
        for process_id, text in found.items():
            if isinstance(text, bytes):
                rollups[process_id] = parse_rollup(text)
                anonymous[process_id] = Anonymous(*parse_anonymous(text))
            else:
                rollups[process_id] = text or Rollup()
        # One that ended meanwhile is no member: what it had moved to the others, or is free.
        here = [each for each in members if each.process_id in found and each.process_id in after]
        counted = self._counted(here, after)
        moved = moved_between(before, after, self.page_size)
        moved += sum(
            [lost_share(self._anonymous.get(number), now) for number, now in anonymous.items()]
        )
        self._anonymous.update(anonymous)
        return Round(
            members={
                each.process_id: Member(rollups[each.process_id], each.process_id in counted)
                for each in here
            },
            texts={number: text for number, text in found.items() if isinstance(text, bytes)},
            anonymous=anonymous,
            pulses=after,
            wall_ns=wall_ns,
            moved=moved,
        )

    def _counted(self, members: list[Sharer], pulses: dict[int, Pulse]) -> set[int]:
        """All but those whose memory is that of another member."""
        if self.shares_memory is None:
            return {member.process_id for member in members}
        counted: set[int] = set()
        pids = {member.files.pid for member in members}
        owners: set[int] = set()  # PIDs of parents that are no members, and are counted by a child
        for member in members:
            number, parent = member.process_id, member.parent_pid
            if number not in self._own_memory and parent is not None:
                shares = pulses[number].is_forked and self.shares_memory(member.files.pid, parent)
                if shares and (parent in pids or parent in owners):
                    continue
                if shares:
                    owners.add(parent)
                else:
                    self._own_memory.add(number)
            counted.add(number)
        return counted


def moved_between(before: dict[int, Pulse], after: dict[int, Pulse], page_size: int) -> int:
    """Bytes by which memory moved between two looks: of those that came or went, all of it."""
    moved = 0
    for number in before.keys() | after.keys():
        first, last = before.get(number), after.get(number)
        if first is None or last is None:
            there = first or last
            moved += there.resident if there else 0
            continue
        moved += max(abs(last.resident - first.resident), (last.faults - first.faults) * page_size)
    return moved


def lost_share(before: Anonymous | None, now: Anonymous) -> int:
    """Bytes of its own anonymous memory that a process has to share now, though it has no less."""
    if before is None or None in (*before, *now):
        return 0
    assert before.pss is not None
    assert before.rss is not None
    assert now.pss is not None
    assert now.rss is not None
    return max(0, before.pss - now.pss - max(0, before.rss - now.rss))
