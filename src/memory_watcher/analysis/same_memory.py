"""Processes that belong together: whose memory is shown twice. Pure.

PSS, USS and swap divided by its sharers may be added up over processes; RSS may not. At which
moments, `analysis.passes` tells.

A child that has not yet called execve after vfork or clone(CLONE_VM) shows its parent's whole
memory, PSS included: the same pages, once in each (`shows_parents_memory`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from ..model import Totals


class Member(NamedTuple):
    """A process: its parent among the recorded ones, and the tick at which it had ended.

    `image_at` tells what execve had put into it by a tick: anything that can be compared.
    """

    parent: int | None
    end_tick: int | None
    image_at: Callable[[int], object]


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
