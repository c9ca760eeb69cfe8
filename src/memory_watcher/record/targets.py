"""Which processes are recorded."""

from __future__ import annotations

import errno
import os
import resource
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Protocol

from ..errors import NoPermission, NoSuchProcess, NoUserMemory, SourceError
from ..model import ProcessKey
from ..procfs.process_files import ProcessFiles
from ..procfs.scan import Scanner
from ..procfs.source import ProcSource, raise_descriptor_limit
from .boundary import supervised
from .candidates import Candidate, Candidates, State
from .notices import Hidden, NoDescriptors, NoListing, Notice, Unrecordable

#: Named processes keep all their small files open up to this many.
KEEP_OPEN = 64
#: Descriptors that a process takes: its folder, and the small files that are kept open.
DESCRIPTORS_OFTEN = 7
DESCRIPTORS_SELDOM = 4


#: Descriptors that are left for the recording itself and for the files of one process.
_SPARE_DESCRIPTORS = 24

_NO_DESCRIPTOR = (errno.EMFILE, errno.ENFILE)


class Unread:
    """Processes that were seen at the last look, but cannot be recorded, and why."""

    def __init__(self) -> None:
        self.no_descriptor: set[int] = set()
        self.hidden: set[int] = set()
        self.listing: NoListing | None = None  # why there is no list of processes

    def add(self, pid: int, problem: SourceError) -> bool:
        """Note why a process could not be read; False if that is because it has ended."""
        if _out_of_descriptors(problem):
            self.no_descriptor.add(pid)
        elif isinstance(problem, NoPermission):
            self.hidden.add(pid)
        else:
            return False
        return True

    def __contains__(self, pid: int) -> bool:
        return pid in self.no_descriptor or pid in self.hidden

    def keep(self, pids: Collection[int]) -> None:
        """Forget all but these."""
        self.no_descriptor.intersection_update(pids)
        self.hidden.intersection_update(pids)

    def notices(self) -> Iterator[tuple[str, Notice]]:
        """What the user should know, each once, by a key."""
        if self.no_descriptor:
            yield "descriptors", NoDescriptors(len(self.no_descriptor))
        if self.hidden:
            yield "hidden", Hidden(len(self.hidden))
        if self.listing is not None:
            yield "listing", self.listing


def _out_of_descriptors(problem: SourceError) -> bool:
    cause = problem.__cause__ or problem.__context__
    return isinstance(cause, OSError) and cause.errno in _NO_DESCRIPTOR


def list_pids(list_now: Callable[[], list[int]], unread: Unread) -> list[int] | None:
    """All processes; None if they cannot be listed at the moment."""
    try:
        pids = list_now()
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        unread.listing = NoListing(reason, lacks_descriptors=error.errno in _NO_DESCRIPTOR)
        return None
    unread.listing = None
    return pids


def has_descriptors(known: int, each: int) -> bool:
    """Whether one more process can be held open, beside so many with at most so many each."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return soft == resource.RLIM_INFINITY or (known + 1) * each + _SPARE_DESCRIPTORS <= soft


class Targets(Protocol):
    """Tells the recorder which processes came since it last asked.

    `too_short` counts processes that were seen, but had ended before anything could be read of
    them. Those that came and went between two looks are not in it: nobody knows of them.
    `is_group`: they can be more than one, which are then read together as well.
    """

    too_short: int
    unread: Unread
    is_group: bool

    @property
    def problems(self) -> Sequence[Unrecordable]:
        """What was asked for by name, but cannot be recorded, or not in full."""

    @property
    def limit_reached(self) -> bool:
        """Whether more matched at a time than are recorded."""

    @property
    def open_ended(self) -> bool:
        """Whether more can come when all have gone."""

    @property
    def discovery_period_ns(self) -> int | None:
        """How often `arrivals` wants to be asked between ticks; None: not at all."""

    def arrivals(self, *, all_sharers: bool = False) -> Iterator[ProcessFiles]:
        """Processes to record from now on; nobody under a PID of one that is recorded.

        Of each, `outcome` is told before the next is asked for. With `all_sharers` none is held
        back that has memory of its own: sums that lack one that shares pages are wrong.
        """

    def may_have_come(self) -> bool:
        """Whether `arrivals` could do anything now; asked fifty times a second."""

    def outcome(self, pid: int, problem: SourceError | None) -> None:
        """Learn that one that was handed out is recorded, or why it cannot be."""

    def ended(self, key: ProcessKey) -> None:
        """Learn that one that was handed out has ended: its PID may be used again."""


class NamedTargets:
    """Processes given by PID."""

    open_ended = False
    discovery_period_ns: int | None = None
    limit_reached = False

    def __init__(self, source: ProcSource, pids: list[int]) -> None:
        """Looks at each now, so that a wrong PID is told at once.

        What cannot be recorded, or not in full, stands in `problems`. Raises the first of them
        (NoSuchProcess, NoPermission, NoUserMemory) if nothing else is left.
        """
        self.too_short = 0
        self.unread = Unread()
        self.is_group = len(set(pids)) > 1
        self.only_pid = None if self.is_group else next(iter(pids), None)
        self.problems: list[Unrecordable] = []
        self._files: list[ProcessFiles] = []
        keep_open = len(pids) <= KEEP_OPEN
        readable = False
        for pid in dict.fromkeys(pids):
            try:
                files = source.open_process(pid, keep_open=keep_open)
            except SourceError as problem:
                self.problems.append(Unrecordable(problem))
                continue
            self._files.append(files)
            lacking = what_it_lacks(files)
            readable |= lacking is None or lacking.has_figures
            self.problems += [lacking] if lacking else []
        if not readable:
            raise self.problems[0].problem

    def arrivals(self, *, all_sharers: bool = False) -> Iterator[ProcessFiles]:
        """All of them, the first time."""
        while self._files:
            yield self._files.pop(0)

    def may_have_come(self) -> bool:
        """Only until they are handed out."""
        return bool(self._files)

    def outcome(self, pid: int, problem: SourceError | None) -> None:
        """Learn what became of one."""
        if problem is not None:
            self.too_short += not self.unread.add(pid, problem)

    def ended(self, key: ProcessKey) -> None:
        """Nobody else is recorded under the same PID."""


class WholeMachine:
    """Every process there is, kernel threads left out."""

    open_ended = True
    discovery_period_ns: int | None = None
    is_group = True
    problems: Sequence[Unrecordable] = ()
    limit_reached = False

    def __init__(self, source: ProcSource) -> None:
        self.too_short = 0
        self.unread = Unread()
        self._source = source
        self._scanner = Scanner(source)
        raise_descriptor_limit()
        self._candidates = Candidates()

    def arrivals(self, *, all_sharers: bool = False) -> Iterator[ProcessFiles]:
        """Processes that were not there before; those that vanish meanwhile are passed over."""
        if not self._scanner.anything_started():
            return
        pids = list_pids(self._source.pids, self.unread)
        if pids is None:
            self._scanner.forget()
            return
        self.unread.keep(pids)
        self._candidates.note_listed(set(pids))
        for candidate in self._candidates.having(State.STRANGER, State.ENDED):
            if candidate.pid in self.unread.no_descriptor and not self._has_descriptors():
                continue
            if (files := self._open(candidate)) is not None:
                yield files

    def _open(self, candidate: Candidate) -> ProcessFiles | None:
        pid = candidate.pid
        try:
            files = self._source.open_process(pid, keep_open=False)
        except SourceError as problem:
            self.too_short += not self.unread.add(pid, problem)
            return None
        if not self._is_to_be_recorded(files, candidate):
            files.close()
        elif not self._has_descriptors():
            self.unread.no_descriptor.add(pid)
            files.close()
        else:
            self.unread.no_descriptor.discard(pid)
            self.unread.hidden.discard(pid)
            self._candidates.move(pid, State.FOUND)
            return files
        return None

    def _has_descriptors(self) -> bool:
        return has_descriptors(self._candidates.recorded, DESCRIPTORS_SELDOM)

    def may_have_come(self) -> bool:
        """At any time: nobody asks that of a whole machine between its ticks."""
        return True

    def outcome(self, pid: int, problem: SourceError | None) -> None:
        """Learn what became of one; what cannot be recorded now is tried again."""
        self._candidates.move(pid, State.RECORDED if problem is None else State.STRANGER)
        if problem is not None:
            self.too_short += not self.unread.add(pid, problem)

    def ended(self, key: ProcessKey) -> None:
        """Look again: the kernel's last PID does not tell that one was used again."""
        self._candidates.ended(key)
        self._scanner.forget()

    def _is_to_be_recorded(self, files: ProcessFiles, candidate: Candidate) -> bool:
        """Kernel threads never are; a zombie is once, so that the recording tells why it is not."""
        try:
            stat = files.stat()
        except SourceError as problem:
            self.too_short += not self.unread.add(files.pid, problem)
            return False
        if stat.is_kernel_thread:
            candidate.state = State.LEFT_OUT  # not even opened at each tick
        return not stat.is_kernel_thread and not candidate.is_still(stat.start_time)


def what_it_lacks(files: ProcessFiles) -> Unrecordable | None:
    """Why this process cannot be recorded, or its layouts cannot; None if all can be."""
    try:
        refused = supervised(_refused_layouts)(files)
    except SourceError as problem:
        return Unrecordable(problem)
    return None if refused is None else Unrecordable(refused, has_figures=True)


def _refused_layouts(files: ProcessFiles) -> SourceError | None:
    """Why its layouts cannot be read, though the summary figures often can.

    Raises NoUserMemory, NoSuchProcess if nothing can be.
    """
    stat = files.stat()
    if stat.is_kernel_thread:
        raise NoUserMemory(
            f"process {files.pid}: {stat.name} is a kernel thread: it has no memory of its own"
        )
    if stat.has_ended and not files.follow_living_thread():
        raise NoUserMemory(
            f"process {files.pid}: {stat.name} has exited (a zombie): nothing to read"
        )
    try:
        files.check_smaps()
    except NoSuchProcess:
        if not files.lacks("smaps"):
            raise
        why = "this kernel, or this copy of /proc, has no smaps"
        return SourceError(f"process {files.pid}: {why}")
    except SourceError as problem:
        return problem.with_traceback(None)
    return None
