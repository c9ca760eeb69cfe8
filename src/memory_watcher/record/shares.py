"""Tells from smaps_rollup that somebody unknown shares a process's anonymous memory. Pure.

A fork halves the PSS of its parent's anonymous memory, though no page moves; when the child calls
execve or ends the parent has all of it again. A child that lives for a millisecond is not found by
listing processes: it shows only in what its parent lost.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from ..model import Rollup
from ..procfs.process import parse_anonymous
from ..units import SECOND

#: A share that has changed by less is the same, of the memory.
_SAME = 0.01
#: What stays lost for so long is shared with somebody who stays.
_STAYS_NS = 2 * SECOND


class Share(NamedTuple):
    """Anonymous memory of one process, bytes."""

    rss: int
    pss: int
    own: int  # what nobody else has, at most

    def returned(self, rss: int) -> int:
        """What others have of it when it keeps no more than this: at least."""
        shared = self.rss - self.own
        if shared <= 0:
            return 0
        let_go = max(0, self.rss - rss - self.own)
        return max(0, self.pss - self.own) * let_go // shared


class _Loss(NamedTuple):
    since_ns: int
    size: int


class Shares:
    """Remembers what share of its anonymous memory each member of a group had.

    What one member loses to another the group keeps: only what all of them lose went to a stranger.
    """

    def __init__(self) -> None:
        self._known: dict[int, Share] = {}
        self._loss: _Loss | None = None
        self._left = 0  # by those that have ended

    def lost(
        self, shares: dict[int, Share], forked: set[int], living: Collection[int], now_ns: int
    ) -> int:
        """Bytes of PSS that went to nobody who is known, by the shares of now by process id.

        `forked` are those that still are what a fork made them: they came with shares of others.
        What those had who are not among the `living` the others have now. Before Linux 5.3 nothing
        can be told.
        """
        expected = total = room = 0
        ended = [share for number, share in self._known.items() if number not in living]
        returned = self._left + sum([share.returned(0) for share in ended])
        for number, now in shares.items():
            total += now.pss
            before = self._known.get(number)
            if before is not None:
                # What it has more is its own; what it has less may have been anybody's.
                expected += max(0, before.pss + now.rss - before.rss)
                returned += before.returned(now.rss)
                room += max(0, min(before.rss, now.rss) - before.pss)
            elif number not in forked:
                expected += now.rss  # execve left nothing that anybody else could have
        lost = expected + min(returned, room) - total
        if lost <= _SAME * expected:
            self._loss = None
            return 0
        if self._loss is None or abs(self._loss.size - lost) > _SAME * expected:
            self._loss = _Loss(now_ns, lost)
        return 0 if now_ns - self._loss.since_ns >= _STAYS_NS else lost

    def settle(self, shares: dict[int, Share]) -> None:
        """Take what a steady round read for what each process has."""
        self._known.update(shares)
        self._loss, self._left = None, 0

    def forget(self, process_id: int) -> None:
        """It has ended."""
        share = self._known.pop(process_id, None)
        if share is not None:
            self._left += share.returned(0)


def share_of(text: bytes, rollup: Rollup) -> Share | None:
    """What smaps_rollup tells, and what was parsed of it; None if it does not tell all."""
    rss, pss = parse_anonymous(text)
    if rss is None or pss is None or rollup.uss is None:
        return None
    return Share(rss, pss, min(rollup.uss, pss))
