"""The boundary around one target: whatever it holds or does, only a SourceError comes out.

What a process shows is under its user's control. A figure that no kernel prints, a file that no
linker makes or a mistake of ours in reading either costs this process's figures at this tick. The
others are recorded in full. A mistake is not hidden: its notice names it, and where it happened.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from ..errors import MemoryWatcherError, SourceError, UnexpectedFault

P = ParamSpec("P")
T = TypeVar("T")

#: The exception's own text may be the target's: it is quoted, and cut to this length.
_LONGEST_TEXT = 120


def supervised(call: Callable[P, T]) -> Callable[P, T]:
    """`call`, which reads one target, so that it raises nothing but MemoryWatcherError."""

    def guarded(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return call(*args, **kwargs)
        except MemoryWatcherError:
            raise
        except Exception as error:
            raise UnexpectedFault(describe(error)) from error

    return guarded


def describe(error: Exception) -> str:
    """`unexpected OverflowError in elf.py:57: …`: where it was raised tells more than its text."""
    step, place = error.__traceback__, ""
    while step is not None:
        place = f"{os.path.basename(step.tb_frame.f_code.co_filename)}:{step.tb_lineno}"
        step = step.tb_next
    text = ascii(str(error))[1:-1][:_LONGEST_TEXT]
    return f"unexpected {type(error).__name__} in {place}" + (f": {text}" if text else "")


class Boundary:
    """What one process does costs its own figures alone. `fault` is told what should not happen."""

    def __init__(self, fault: Callable[[int, str], None]) -> None:
        self._fault = fault

    def ask(self, pid: int, question: Callable[[], T], otherwise: T) -> T:
        """An answer about one process, or what holds when it cannot be told."""
        try:
            return question()
        except Exception as problem:
            self.note(pid, problem)
        return otherwise

    def note(self, pid: int, problem: Exception) -> None:
        """Take note of what reading one process raised; raises again what is no process's."""
        if isinstance(problem, UnexpectedFault):
            self._fault(pid, str(problem))
        elif isinstance(problem, SourceError):
            pass  # gone, refused, unreadable: the next sample tells
        elif isinstance(problem, MemoryWatcherError):
            raise problem
        else:
            self._fault(pid, describe(problem))
