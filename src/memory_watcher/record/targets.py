"""Which processes are recorded."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Protocol

from ..errors import NoUserMemory, SourceError
from ..model import ProcessKey
from ..procfs.scan import Scanner
from ..procfs.source import ProcessFiles, ProcSource, raise_descriptor_limit

#: Named processes keep their small files open (five descriptors each) up to this many.
KEEP_OPEN = 64


class Targets(Protocol):
    """Tells the recorder which processes came since it last asked.

    `too_short` counts processes that were seen, but had ended before anything could be read of
    them. Those that came and went between two looks are not in it: nobody knows of them.
    """

    too_short: int

    @property
    def open_ended(self) -> bool:
        """Whether more can come when all have gone."""

    @property
    def discovery_period_ns(self) -> int | None:
        """How often `arrivals` wants to be asked between ticks; None: not at all."""

    def arrivals(self, known: Collection[int]) -> Iterator[ProcessFiles]:
        """Processes to record from now on, besides the `known` PIDs.

        `known` must be a living view: one that was handed out and is not in it when the next is
        asked for counts as too short.
        """

    def ended(self, key: ProcessKey) -> None:
        """Learn that one that was handed out has ended: its PID may be used again."""


class NamedTargets:
    """Processes given by PID."""

    open_ended = False
    discovery_period_ns: int | None = None

    def __init__(self, source: ProcSource, pids: list[int]) -> None:
        """Looks at each now, so that a wrong PID is told at once.

        What cannot be recorded stands in `problems`. Raises the first of them (NoSuchProcess,
        NoPermission, NoUserMemory) if nothing else is left.
        """
        self.too_short = 0
        self.problems: list[SourceError] = []
        self._files: list[ProcessFiles] = []
        keep_open = len(pids) <= KEEP_OPEN
        readable = False
        for pid in dict.fromkeys(pids):
            try:
                self._files.append(source.open_process(pid, keep_open=keep_open))
                refuse_without_memory(self._files[-1])
                readable = True
            except SourceError as problem:
                self.problems.append(problem)
        if not readable:
            raise self.problems[0]

    def arrivals(self, known: Collection[int]) -> Iterator[ProcessFiles]:
        """All of them, the first time."""
        while self._files:
            yield self._files.pop(0)

    def ended(self, key: ProcessKey) -> None:
        """Nobody else is recorded under the same PID."""


class WholeMachine:
    """Every process there is, kernel threads left out."""

    open_ended = True
    discovery_period_ns: int | None = None

    def __init__(self, source: ProcSource) -> None:
        self.too_short = 0
        self._source = source
        self._scanner = Scanner(source)
        raise_descriptor_limit()
        self._kernel_threads: set[int] = set()  # not even opened at each tick
        self._zombies: dict[int, int] = {}  # with their start times

    def arrivals(self, known: Collection[int]) -> Iterator[ProcessFiles]:
        """Processes that were not there before; those that vanish meanwhile are passed over."""
        if not self._scanner.anything_started():
            return
        pids = self._source.pids()
        self._kernel_threads.intersection_update(pids)
        self._zombies = {pid: self._zombies[pid] for pid in self._zombies.keys() & set(pids)}
        for pid in pids:
            if pid in known or pid in self._kernel_threads:
                continue
            try:
                files = self._source.open_process(pid, keep_open=False)
            except SourceError:
                self.too_short += 1
                continue
            if self._is_to_be_recorded(files):
                yield files
                self.too_short += pid not in known and pid not in self._zombies
            else:
                files.close()

    def ended(self, key: ProcessKey) -> None:
        """Look again: the kernel's last PID does not tell that one was used again."""
        self._scanner.forget()

    def _is_to_be_recorded(self, files: ProcessFiles) -> bool:
        """Kernel threads never are; a zombie is once, so that the recording tells why it is not."""
        try:
            stat = files.stat()
        except SourceError:
            self.too_short += 1
            return False
        if stat.is_kernel_thread:
            self._kernel_threads.add(files.pid)
            return False
        if stat.state in "ZX" and not files.follow_living_thread():
            if self._zombies.get(files.pid) == stat.start_time:
                return False
            self._zombies[files.pid] = stat.start_time
        return True


def refuse_without_memory(files: ProcessFiles) -> None:
    """Raise what stands against recording this process, if anything does.

    Raises NoUserMemory, NoPermission, NoSuchProcess.
    """
    stat = files.stat()
    if stat.is_kernel_thread:
        raise NoUserMemory(
            f"process {files.pid}: {stat.name} is a kernel thread: it has no memory of its own"
        )
    if stat.state in "ZX" and not files.follow_living_thread():
        raise NoUserMemory(
            f"process {files.pid}: {stat.name} has ended (a zombie): nothing to read"
        )
    files.smaps()
