"""What several processes come to together: sums per tick, their highest moment. Pure.

PSS, USS and swap divided by its sharers may be added up over processes; RSS may not. Two things
would make even a sum of PSS too high, and are seen to here:

- A child that has not yet called execve after vfork or clone(CLONE_VM) shows its parent's whole
  memory, PSS included: the same pages, once in each (`shows_parents_memory`).
- Between two ticks single processes are read, because they start or peak. After a fork the parent's
  last figure, from before it, still holds all of the pages that the child has half of by now: such
  a tick is not looked at for as long as the child has not called execve (`find_peak`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import groupby
from typing import NamedTuple, Protocol

from ..model import Totals
from .peak import Sum, add_up


class LayoutSum(Protocol):
    """The sums over one layout."""

    @property
    def process_id(self) -> int:
        """Whose."""

    @property
    def tick(self) -> int:
        """When."""

    @property
    def totals(self) -> Totals:
        """What."""


class Member(NamedTuple):
    """A process: its parent among the recorded ones, and the tick at which it had ended.

    `image_at` tells what execve had put into it by a tick: anything that can be compared.
    """

    parent: int | None
    end_tick: int | None
    image_at: Callable[[int], object]


class TreePeak(NamedTuple):
    """The tick at which the PSS of all processes together was highest; the first of equals.

    `duplicates` are processes that showed their parent's memory, and are not in `pss` (bytes).
    """

    tick: int
    pss: int
    duplicates: frozenset[int]


def find_peak(
    sums: Iterable[LayoutSum], members: Mapping[int, Member], extra_ticks: Collection[int] = ()
) -> TreePeak | None:
    """Find the highest sum of PSS; None if no layout tells its PSS.

    `sums` are ordered by tick. A process counts with its last layout until it ends or the next one.
    `extra_ticks` are those at which only some processes were read.
    """
    sweep = _Sweep(members)
    best: TreePeak | None = None
    for tick, at_tick in groupby(sums, lambda row: row.tick):
        sweep.move_to(tick, list(at_tick))
        if tick in extra_ticks and sweep.is_uneven(tick):
            continue
        if sweep.pss_is_told and (best is None or sweep.pss > best.pss):
            best = TreePeak(tick, sweep.pss, frozenset(sweep.duplicates))
    return best


class _Sweep:
    """The state of all processes at one tick after the other."""

    def __init__(self, members: Mapping[int, Member]) -> None:
        self._members = members
        self._children: dict[int, list[int]] = {}
        for process_id, member in members.items():
            if member.parent is not None:
                self._children.setdefault(member.parent, []).append(process_id)
        self._ends = sorted(
            (member.end_tick, process_id)
            for process_id, member in members.items()
            if member.end_tick is not None
        )
        self._ends.reverse()
        self._current: dict[int, LayoutSum] = {}
        self._forked: set[int] = set()  # came since the last whole tick, without execve as yet
        self._read_at: dict[int, int] = {}
        self.duplicates: set[int] = set()
        self.pss = 0
        self.pss_is_told = False

    def move_to(self, tick: int, rows: list[LayoutSum]) -> None:
        """Take account of who has ended by this tick, and of what was read at it."""
        while self._ends and self._ends[-1][0] <= tick:
            self._remove(self._ends.pop()[1])
        for row in rows:
            if row.process_id not in self._read_at:
                self._forked.add(row.process_id)
            self._remove(row.process_id)
            self._current[row.process_id] = row
            self._read_at[row.process_id] = tick
            self.pss += row.totals.pss or 0
            self.pss_is_told |= row.totals.pss is not None
        touched = {row.process_id for row in rows}
        for process_id in list(touched):
            touched.update(self._children.get(process_id, ()))
        for process_id in touched:
            self._judge(process_id, tick)

    def is_uneven(self, tick: int) -> bool:
        """Whether a parent was read last before a fork whose child still shares its pages."""
        self._forked = {
            process_id
            for process_id in self._forked
            if process_id in self._current
            and process_id not in self.duplicates
            and self._is_like_older_parent(process_id, tick)
        }
        return bool(self._forked)

    def _is_like_older_parent(self, process_id: int, tick: int) -> bool:
        member = self._members[process_id]
        parent = member.parent
        return (
            parent is not None
            and parent in self._current
            and self._read_at[parent] < self._read_at[process_id]
            and self._members[parent].image_at(tick) == member.image_at(tick)
        )

    def _remove(self, process_id: int) -> None:
        row = self._current.pop(process_id, None)
        if row is not None and process_id not in self.duplicates:
            self.pss -= row.totals.pss or 0
        self.duplicates.discard(process_id)

    def _judge(self, process_id: int, tick: int) -> None:
        """Count it, or do not if what it shows is its parent's memory."""
        row = self._current.get(process_id)
        if row is None:
            return
        member = self._members[process_id]
        parent = None if member.parent is None else self._current.get(member.parent)
        is_duplicate = (
            parent is not None
            and shows_parents_memory(row.totals, parent.totals)
            and self._members[parent.process_id].image_at(tick) == member.image_at(tick)
        )
        if is_duplicate and process_id not in self.duplicates:
            self.duplicates.add(process_id)
            self.pss -= row.totals.pss or 0
        elif not is_duplicate and process_id in self.duplicates:
            self.duplicates.remove(process_id)
            self.pss += row.totals.pss or 0


def shows_parents_memory(child: Totals, parent: Totals) -> bool:
    """Whether a child that runs what its parent runs has the very same memory, not a copy.

    After fork the two differ: page tables of files are not copied, so the child has less RSS; and
    what is shared is not private, so USS is small. With CLONE_VM there is one memory: every total
    is the same, and its private pages count as private in both.
    """
    return (
        child == parent
        and child.pss is not None
        and child.uss is not None
        and 2 * child.uss > child.pss
    )


def duplicates_among(
    totals: Mapping[int, Totals], members: Mapping[int, Member], tick: int
) -> frozenset[int]:
    """Those among processes at one tick that show their parent's memory."""
    found = set()
    for process_id, own in totals.items():
        member = members[process_id]
        if (
            member.parent in totals
            and member.parent is not None
            and shows_parents_memory(own, totals[member.parent])
            and members[member.parent].image_at(tick) == member.image_at(tick)
        ):
            found.add(process_id)
    return frozenset(found)


class TreeSums(NamedTuple):
    """What may be added up over processes, bytes; each says of how many it lacks the figure."""

    pss: Sum
    uss: Sum
    swap_pss: Sum


def sum_up(totals: Sequence[Totals | None]) -> TreeSums:
    """Add up processes; None stands for one whose layout is not known."""

    def total(figure: str) -> Sum:
        return add_up([None if each is None else getattr(each, figure) for each in totals])

    return TreeSums(total("pss"), total("uss"), total("swap_pss"))
