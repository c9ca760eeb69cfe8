"""One launch of a command, recorded with all that it starts into a file of its own.

It knows no command line and no signals: who runs it says what a signal does (`Stop`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from ..errors import MemoryWatcherError
from ..procfs.source import ProcSource
from ..store.writer import Writer
from .launch import Exit, Launched, LaunchedTargets
from .notices import Notice
from .session import Plan, Session, Stop


class Ended(NamedTuple):
    """How a command ended. `problem`: why its recording is not whole, None if it is."""

    exit: Exit
    problem: MemoryWatcherError | None = None


def measure(
    launched: Launched, path: str, plan: Plan, stop: Stop, note: Callable[[Notice], None]
) -> Ended:
    """Record a command that was launched until it has ended.

    Raises CommandNotExecutable, and CannotWrite if the recording cannot even be begun.
    """
    problem = outlasting(launched, lambda: _record(launched, path, plan, stop, note))
    return Ended(launched.wait(), problem)


def outlasting(launched: Launched, record: Callable[[], object]) -> MemoryWatcherError | None:
    """Record, and give what became of that: once the command runs, no error of ours ends it.

    Raises what `record` raises before the command runs.
    """
    try:
        record()
    except Exception as error:
        if not launched.is_released:
            raise
        if not isinstance(error, MemoryWatcherError):
            launched.wait()
            raise
        return error
    return None


def targets_of(
    source: ProcSource, launched: Launched, writer: Writer, *, wait_for_all: bool = False
) -> LaunchedTargets:
    """Choose the command, what it starts and what that leaves behind; their ends are stored."""
    return LaunchedTargets(
        source, launched, lambda ended: writer.exit(*ended), wait_for_all=wait_for_all
    )


def _record(
    launched: Launched, path: str, plan: Plan, stop: Stop, note: Callable[[Notice], None]
) -> None:
    source = ProcSource("/proc")
    source.mapped_files.prepare()
    writer = Writer(path)
    targets = targets_of(source, launched, writer)
    session = Session(source, targets, plan, note, writer=writer, launched=launched)
    session.record(stop)
    session.tell_what_was_missed()
