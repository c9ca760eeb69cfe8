"""Which processes are recorded."""

from __future__ import annotations

import contextlib
from collections.abc import Container, Iterator
from typing import Protocol

from ..errors import NoUserMemory, SourceError
from ..procfs.source import ProcessFiles, ProcSource

#: Named processes keep their small files open (five descriptors each) up to this many.
_KEEP_OPEN = 64


class Targets(Protocol):
    """Tells the recorder which processes came since it last asked."""

    @property
    def open_ended(self) -> bool:
        """Whether more can come when all have gone."""

    def arrivals(self, known: Container[int]) -> Iterator[ProcessFiles]:
        """Processes to record from now on, besides the `known` PIDs."""


class NamedTargets:
    """Processes given by PID."""

    open_ended = False

    def __init__(self, source: ProcSource, pids: list[int]) -> None:
        """Looks at each now, so that a wrong PID is told at once.

        What cannot be recorded stands in `problems`. Raises the first of them (NoSuchProcess,
        NoPermission, NoUserMemory) if nothing else is left.
        """
        self.problems: list[SourceError] = []
        self._files: list[ProcessFiles] = []
        keep_open = len(pids) <= _KEEP_OPEN
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

    def arrivals(self, known: Container[int]) -> Iterator[ProcessFiles]:
        """All of them, the first time."""
        while self._files:
            yield self._files.pop(0)


class WholeMachine:
    """Every process there is, kernel threads left out."""

    open_ended = True

    def __init__(self, source: ProcSource) -> None:
        self._source = source
        self._kernel_threads: set[int] = set()

    def arrivals(self, known: Container[int]) -> Iterator[ProcessFiles]:
        """Processes that were not there before; those that vanish meanwhile are passed over."""
        pids = self._source.pids()
        self._kernel_threads.intersection_update(pids)
        for pid in pids:
            if pid in known or pid in self._kernel_threads:
                continue
            with contextlib.suppress(SourceError):
                files = self._source.open_process(pid, keep_open=False)
                try:
                    is_kernel_thread = files.stat().is_kernel_thread
                except SourceError:
                    files.close()
                    raise
                if is_kernel_thread:
                    self._kernel_threads.add(pid)
                    files.close()
                else:
                    yield files


def refuse_without_memory(files: ProcessFiles) -> None:
    """Raise what stands against recording this process, if anything does.

    Raises NoUserMemory, NoPermission, NoSuchProcess.
    """
    stat = files.stat()
    if stat.is_kernel_thread:
        raise NoUserMemory(
            f"process {files.pid}: {stat.name} is a kernel thread: it has no memory of its own"
        )
    if stat.state in "ZX":
        raise NoUserMemory(
            f"process {files.pid}: {stat.name} has ended (a zombie): nothing to read"
        )
    files.smaps()
