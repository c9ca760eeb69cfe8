"""Who belongs to the processes that are recorded: what they start, and what that starts. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..model import ProcessKey
from ..procfs.scan import Kin

#: Processes of the family remembered after their end, for the sake of those they leave behind.
_REMEMBERED = 4096


class Family:
    """Takes in descendants, by the parent they have or by what one leaves them.

    A process belongs to the family if its parent does; or if a member began its session or its
    process group, which stay when the parent ends first (a double fork, a shell's background job);
    or if it was handed over to `reaper`: the kernel gives orphans to the nearest ancestor that
    asked for them (PR_SET_CHILD_SUBREAPER), so none of a launched command's is missed.

    What is missed: an orphan whose parent came and went between two looks, if no member began its
    session or group, and if there is no reaper.
    """

    def __init__(self, reaper: int | None = None) -> None:
        self._reaper = reaper
        self._members: dict[int, ProcessKey] = {}  # by PID; those that ended, too

    def adopt(self, kin: Kin) -> None:
        """Take in a process, whatever its parents."""
        self._members.pop(kin.pid, None)
        self._members[kin.pid] = kin.key
        if len(self._members) > _REMEMBERED:
            del self._members[next(iter(self._members))]

    def take_in(self, candidates: Iterable[Kin]) -> Iterator[Kin]:
        """Take in those that belong to the family, parents before children; tells which."""
        waiting = sorted(candidates, key=lambda kin: kin.start_time)
        for kin in waiting:
            known = self._members.get(kin.pid)
            if known is not None and not known.is_still(kin.start_time):
                del self._members[kin.pid]  # the PID was used again: what it left is long gone
        found = True
        while found:
            # Start times are as rough as 10 ms, so children may stand before their parents.
            found, rest = False, []
            for kin in waiting:
                if self._is_kin(kin):
                    self.adopt(kin)
                    found = True
                    yield kin
                else:
                    rest.append(kin)
            waiting = rest

    def _is_kin(self, kin: Kin) -> bool:
        members = self._members
        return (
            kin.parent_pid in members
            or kin.parent_pid == self._reaper
            or kin.session in members
            or kin.group in members
        )
