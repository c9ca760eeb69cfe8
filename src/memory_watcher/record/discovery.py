"""Processes that are found while recording: by what they are, or by who started them."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Iterable, Iterator

from ..errors import NoPermission, NoSuchProcess, SourceError
from ..model import ProcessKey
from ..procfs.mapped import HELPERS
from ..procfs.scan import Kin, MemoryComparer, Scanner
from ..procfs.source import ProcessFiles, ProcSource, raise_descriptor_limit
from ..units import MILLISECOND, SECOND
from .boundary import supervised
from .family import Family
from .selection import Selection
from .targets import (
    DESCRIPTORS_OFTEN,
    DESCRIPTORS_SELDOM,
    KEEP_OPEN,
    NamedTargets,
    Unread,
    has_descriptors,
    list_pids,
    refuse_without_memory,
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
        self.problems: list[SourceError] = named.problems if named else []
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
        self._seen: set[int] | None = None  # at the last listing
        self._young: dict[int, int] = {}  # PID -> until when it is asked at each look
        self._held_back: set[int] = set()
        self._all_sharers = False
        self._taken: set[int] = set()
        self._left: dict[int, int] = {}  # taken, ended: PID -> start time
        self._ask_all_ns = 0
        self._first: int | None = None
        self._shares_memory: Callable[[int, int], bool | None] = lambda _pid, _parent: None
        if self._scanner.shows_own_namespace():
            self._shares_memory = MemoryComparer().is_same
            self._leave_out_recorder()

    def _leave_out_recorder(self) -> None:
        self._taken.add(os.getpid())
        if self._selection is not None and self._selection.command_line is not None:
            kin = self._scanner.look(os.getpid())
            while kin is not None and kin.parent_pid not in (0, *self._taken):
                self._taken.add(kin.parent_pid)
                kin = self._scanner.look(kin.parent_pid)

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
        return self._taken

    def memberships_of_first(self) -> bytes:
        """/proc/PID/cgroup of the first process that was found; empty if there is none."""
        return self._scanner.cgroup(self._first) if self._first is not None else b""

    def find_now(self) -> None:
        """Look at once, so that a selection of nothing, or of nothing readable, is told at once.

        Raises NoSuchProcess, NoPermission, NoUserMemory.
        """
        readable = False
        for files in self._find(()):
            self._ready.append(files)
            try:
                lacking = supervised(refuse_without_memory)(files)
                readable = True
                self.problems += [lacking] if lacking else []
            except SourceError as problem:
                self.problems.append(problem)
        if not self._ready and not self._waiting:
            self.close()
            raise NoSuchProcess("no running process matches. Use --wait to wait for one")
        if self._ready and not readable:
            self.close()
            refused = [p for p in self.problems if isinstance(p, NoPermission)]
            raise (refused or self.problems)[0]

    def arrivals(
        self, known: Collection[int], *, all_sharers: bool = False
    ) -> Iterator[ProcessFiles]:
        """Processes that were not there before; cheap enough to be asked every 20 ms."""
        self._all_sharers = all_sharers
        if self._named is not None:
            for files in self._named.arrivals(known):
                self._adopt(files.pid)
                yield files
        while self._ready:
            yield self._ready.pop(0)
        for files in self._find(known):
            yield files
            # `known` is the recorder's own view: what it could not read is not in it.
            self.too_short += files.pid not in known and files.pid not in self.unread

    def ended(self, key: ProcessKey) -> None:
        """Look again: the kernel's last PID does not tell that one was used again."""
        self._left[key.pid] = key.start_time
        self._scanner.forget()

    def _let_go(self) -> None:
        """Whoever has the PID of one that ended is another; a zombie still has it itself."""
        for pid, start_time in list(self._left.items()):
            kin = self._scanner.look(pid)
            if kin is None or kin.start_time != start_time:
                del self._left[pid]
                self._taken.discard(pid)
                if self._seen is not None:
                    self._seen.discard(pid)

    def _adopt(self, pid: int) -> None:
        self._taken.add(pid)
        if self._family is not None and (kin := self._scanner.look(pid)) is not None:
            self._family.adopt(kin)

    def _find(self, known: Collection[int]) -> Iterator[ProcessFiles]:
        room = self.limit - len(known)
        if room <= 0:
            self.limit_reached = True  # who comes now is looked at when others have gone
            return
        for kin in list(self._choose(self._look())):
            if room <= 0:
                self.limit_reached = True
                self._scanner.forget()
                self._seen = self._seen and self._seen - {kin.pid}
                continue
            self._taken.add(kin.pid)
            self._young.pop(kin.pid, None)
            self._waiting = False
            self._first = self._first or kin.pid
            try:
                if kin.has_ended and not self._scanner.has_living_thread(kin.pid):
                    raise NoSuchProcess("a zombie already")
                held = len(known) + len(self._ready)
                each = DESCRIPTORS_OFTEN if held < KEEP_OPEN else DESCRIPTORS_SELDOM
                if not has_descriptors(held, each):
                    self.unread.no_descriptor.add(kin.pid)
                    continue
                files = self._source.open_process(kin.pid, keep_open=held < KEEP_OPEN)
            except SourceError as problem:
                self.too_short += not self.unread.add(kin.pid, problem)
                continue
            room -= 1
            yield files

    def _look(self) -> list[Kin]:
        """Look at new and young processes; now and then at all that were not taken."""
        now = time.monotonic_ns()
        pids: Iterable[int] = self._young
        ask_all = self._selection is not None and now >= self._ask_all_ns
        if ask_all or self._scanner.anything_started():
            self._let_go()
            found_pids = list_pids(self._scanner.pids, self.unread)
            if found_pids is None:
                self._scanner.forget()
                return []
            listed = set(found_pids) - HELPERS
            self.unread.keep(listed)
            new = listed - self._seen if self._seen is not None else set()
            pids = listed if ask_all or self._seen is None else new | self._young.keys() & listed
            pids = set(pids) - self._taken
            self._taken &= listed
            self._seen = listed
            self._young.update(dict.fromkeys(new - self._taken, now + _YOUNG_NS))
            self._ask_all_ns = now + _ASK_AGAIN_NS if ask_all else self._ask_all_ns
        found = [kin for kin in map(self._scanner.look, pids) if kin and not kin.is_kernel_thread]
        self.too_short += len(self._held_back - {kin.pid for kin in found})
        self._young = {pid: until for pid, until in self._young.items() if until > now}
        return found

    def _choose(self, candidates: list[Kin]) -> Iterator[Kin]:
        """Tell those that belong here; the others are asked again while they are young."""
        chosen = []
        if self._selection is not None:
            chosen = [kin for kin in candidates if self._selection.matches(kin, self._scanner)]
        if self._family is not None:
            for kin in chosen:
                self._family.adopt(kin)
            chosen += self._family.take_in([kin for kin in candidates if kin not in chosen])
        self._held_back = {kin.pid for kin in chosen if self._is_to_wait(kin)}
        if self._selection is None:
            self._young = {pid: self._young[pid] for pid in self._held_back}
        return (kin for kin in chosen if kin.pid not in self._held_back)

    def _is_to_wait(self, kin: Kin) -> bool:
        was_held_back = kin.pid in self._held_back or self._all_sharers
        return (
            kin.has_not_called_exec
            and not kin.has_ended
            and kin.pid in self._young
            and (not was_held_back or self._shares_memory(kin.pid, kin.parent_pid) is True)
        )
