"""Processes that are found while recording: by what they are, or by who started them."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Iterator

from ..errors import NoPermission, NoSuchProcess, SourceError
from ..message import Named, Setting
from ..model import ProcessKey
from ..procfs.mapped import HELPERS
from ..procfs.process_files import ProcessFiles
from ..procfs.scan import Kin, MemoryComparer, Scanner
from ..procfs.source import ProcSource, raise_descriptor_limit
from ..units import MILLISECOND, SECOND
from .candidates import OUTSIDE, TAKEN, Candidate, Candidates, State
from .family import Family
from .notices import Unrecordable
from .selection import Selection
from .targets import (
    DESCRIPTORS_OFTEN,
    DESCRIPTORS_SELDOM,
    KEEP_OPEN,
    NamedTargets,
    Unread,
    has_descriptors,
    list_pids,
    what_it_lacks,
)

#: From one look for new processes to the next: a third of the 50 ms within which one is found.
DISCOVERY_PERIOD_NS = 20 * MILLISECOND

#: More processes at a time are not recorded: a fork bomb must not take the recorder down with it.
LIMIT = 2000

#: A new process is asked this long at each look whether it is meant: execve comes after fork.
_YOUNG_NS = SECOND
#: All others are asked this seldom: they may call execve, or change user or cgroup, at any time.
_ASK_AGAIN_NS = SECOND


class DiscoveredTargets:
    """Processes that match a selection, and the descendants of those that were named or found.

    The recorder itself is left out, and for a command line's pattern all that started it: theirs
    holds the pattern, too. A child that has not called execve is held back for one look, so that it
    is recorded as what it will be, not as the shell it is a copy of; and while it still has its
    parent's very memory (vfork, posix_spawn), for it has none of its own. Where all sharers are
    asked for, only the latter.
    """

    discovery_period_ns: int | None = DISCOVERY_PERIOD_NS
    is_group = True

    def __init__(
        self,
        source: ProcSource,
        *,
        named: NamedTargets | None = None,
        selection: Selection | None = None,
        family: Family | None = None,
        wait: bool = False,
        limit: int = LIMIT,
    ) -> None:
        """With `wait`, the recording does not end before one was found."""
        self.problems: list[Unrecordable] = named.problems if named else []
        self.too_short = 0
        self.unread = Unread()
        self.limit = limit
        self.limit_reached = False
        raise_descriptor_limit()
        self._source = source
        self._scanner = Scanner(source)
        self._named = named
        self._selection = selection
        self._family = family
        self._waiting = wait
        self._ready: list[ProcessFiles] = []
        self._candidates = Candidates()
        self._asked: list[Candidate] = []  # at the next look
        self._has_listed = False
        self._all_sharers = False
        self._ask_all_ns = 0
        self._first: int | None = None
        self._shares_memory: Callable[[int, int], bool | None] = lambda _pid, _parent: None
        if self._scanner.shows_own_namespace():
            self._shares_memory = MemoryComparer().is_same
            self._leave_out_recorder()

    def _leave_out_recorder(self) -> None:
        self._candidates.move(os.getpid(), State.LEFT_OUT)
        if self._selection is not None and self._selection.command_line is not None:
            kin = self._scanner.look(os.getpid())
            while kin is not None and kin.parent_pid and not self._is_taken(kin.parent_pid):
                self._candidates.move(kin.parent_pid, State.LEFT_OUT)
                kin = self._scanner.look(kin.parent_pid)

    def _is_taken(self, pid: int) -> bool:
        return self._candidates.state(pid) in TAKEN

    @property
    def open_ended(self) -> bool:
        """Whether more can come when all have gone."""
        return self._waiting

    def close(self) -> None:
        """Give all descriptors back; closing twice is allowed."""
        self._scanner.close()
        for files in self._ready:
            files.close()
        self._ready.clear()

    @property
    def taken(self) -> Collection[int]:
        """PIDs that were found, and the recorder's own."""
        return [candidate.pid for candidate in self._candidates.having(*TAKEN)]

    def memberships_of_first(self) -> bytes:
        """/proc/PID/cgroup of the first process that was found; empty if there is none."""
        return self._scanner.cgroup(self._first) if self._first is not None else b""

    def find_now(self) -> None:
        """Look at once, so that a selection of nothing, or of nothing readable, is told at once.

        Raises NoSuchProcess, NoPermission, NoUserMemory.
        """
        readable = False
        for files in self._find():
            self._ready.append(files)
            lacking = what_it_lacks(files)
            readable |= lacking is None or lacking.has_figures
            self.problems += [lacking] if lacking else []
        if not self._ready and not self._waiting:
            self.close()
            raise NoSuchProcess(
                "no running process matches", Named(Setting.WAIT, "", ". Use {} to wait for one")
            )
        if self._ready and not readable:
            self.close()
            problems = [each.problem for each in self.problems]
            refused = [each for each in problems if isinstance(each, NoPermission)]
            raise (refused or problems)[0]

    def arrivals(self, *, all_sharers: bool = False) -> Iterator[ProcessFiles]:
        """Processes that were not there before; cheap enough to be asked every 20 ms."""
        self._all_sharers = all_sharers
        if self._named is not None:
            for files in self._named.arrivals():
                self._adopt(files.pid)
                yield files
        while self._ready:
            yield self._ready.pop(0)
        yield from self._find()

    def may_have_come(self) -> bool:
        """Whether anything was started, or somebody is to be asked again by now."""
        return (
            bool(self._asked or self._ready)
            or (self._selection is not None and time.monotonic_ns() >= self._ask_all_ns)
            or self._scanner.may_have_started()
        )

    def outcome(self, pid: int, problem: SourceError | None) -> None:
        """Learn whether one that was handed out is recorded now."""
        if problem is None:
            self._candidates.move(pid, State.RECORDED)
        else:
            self.too_short += not self.unread.add(pid, problem)

    def ended(self, key: ProcessKey) -> None:
        """Look again: the kernel's last PID does not tell that one was used again."""
        self._candidates.ended(key)
        self._scanner.forget()

    def _adopt(self, pid: int) -> None:
        self._candidates.move(pid, State.FOUND)
        if self._family is not None and (kin := self._scanner.look(pid)) is not None:
            self._family.adopt(kin)

    @property
    def _held(self) -> int:
        """How many are held open."""
        return self._candidates.recorded + len(self._ready)

    def _find(self) -> Iterator[ProcessFiles]:
        if self._held >= self.limit:
            self.limit_reached = True  # who comes now is looked at when others have gone
            return
        for kin in self._look(time.monotonic_ns()):
            if self._held >= self.limit:
                self.limit_reached = True
                self._asked.append(self._candidates[kin.pid])
            elif (files := self._open(kin)) is not None:
                yield files

    def _open(self, kin: Kin) -> ProcessFiles | None:
        self._candidates.move(kin.pid, State.FOUND)
        self._waiting = False
        self._first = self._first or kin.pid
        try:
            if kin.has_ended and not self._scanner.has_living_thread(kin.pid):
                raise NoSuchProcess("a zombie already")
            keep_open = self._held < KEEP_OPEN
            each = DESCRIPTORS_OFTEN if keep_open else DESCRIPTORS_SELDOM
            if has_descriptors(self._held, each):
                return self._source.open_process(kin.pid, keep_open=keep_open)
            self.unread.no_descriptor.add(kin.pid)
        except SourceError as problem:
            self.too_short += not self.unread.add(kin.pid, problem)
        return None

    def _look(self, now_ns: int) -> list[Kin]:
        """Look at new and young processes, now and then at all strangers; tells who belongs here.

        Who does not is asked again while it is young, if a selection may come to match it.
        """
        held_back = {each.pid for each in self._asked if each.state is State.HELD_BACK}
        asked = self._whom_to_ask(now_ns)
        looks = [self._scanner.look(candidate.pid) for candidate in asked]
        found = [kin for kin in looks if kin and not kin.is_kernel_thread]
        self.too_short += len(held_back - {kin.pid for kin in found})
        chosen = self._choose(found)
        held_back = {kin.pid for kin in chosen if self._is_to_wait(kin, now_ns)}
        let_in = [kin for kin in chosen if kin.pid not in held_back]
        self._ask_again(asked, held_back, {kin.pid for kin in let_in}, now_ns)
        return let_in

    def _ask_again(
        self, asked: list[Candidate], held_back: set[int], let_in: set[int], now_ns: int
    ) -> None:
        self._asked = []
        for candidate in asked:
            is_held_back = candidate.pid in held_back
            candidate.state = State.HELD_BACK if is_held_back else State.STRANGER
            may_match = self._selection is not None and now_ns < candidate.young_until_ns
            if is_held_back or (may_match and candidate.pid not in let_in):
                self._asked.append(candidate)

    def _whom_to_ask(self, now_ns: int) -> list[Candidate]:
        asked = [candidate for candidate in self._asked if candidate.state in OUTSIDE]
        ask_all = self._selection is not None and now_ns >= self._ask_all_ns
        if not ask_all and not self._scanner.anything_started():
            return asked
        self._forget_used_pids()
        pids = list_pids(self._scanner.pids, self.unread)
        if pids is None:
            self._scanner.forget()
            return asked
        listed = set(pids) - HELPERS
        self.unread.keep(listed)
        new = self._candidates.note_listed(listed)
        if self._has_listed:
            for candidate in new:
                candidate.young_until_ns = now_ns + _YOUNG_NS
        if ask_all:
            self._ask_all_ns = now_ns + _ASK_AGAIN_NS
        if ask_all or not self._has_listed:
            self._has_listed = True
            return self._candidates.having(*OUTSIDE)
        return [each for each in asked if each.pid in listed] + new

    def _forget_used_pids(self) -> None:
        """Whoever has the PID of one that ended is another; a zombie still has it itself."""
        for candidate in self._candidates.having(State.ENDED):
            kin = self._scanner.look(candidate.pid)
            if kin is None or not candidate.is_still(kin.start_time):
                self._candidates.forget(candidate.pid)

    def _choose(self, found: list[Kin]) -> list[Kin]:
        """Those that belong here."""
        chosen = []
        if self._selection is not None:
            chosen = [kin for kin in found if self._selection.matches(kin, self._scanner)]
        if self._family is not None:
            for kin in chosen:
                self._family.adopt(kin)
            chosen += self._family.take_in([kin for kin in found if kin not in chosen])
        return chosen

    def _is_to_wait(self, kin: Kin, now_ns: int) -> bool:
        candidate = self._candidates[kin.pid]
        was_held_back = candidate.state is State.HELD_BACK or self._all_sharers
        return (
            kin.has_not_called_exec
            and not kin.has_ended
            and now_ns < candidate.young_until_ns
            and (not was_held_back or self._shares_memory(kin.pid, kin.parent_pid) is True)
        )
