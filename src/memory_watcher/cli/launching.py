"""Launches a command to be judged, once or several times; each time a process of its own records.

So each recorder begins afresh: what one launch left running is no part of the next, and what a
recorder says it cost is its own cost.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import FrameType
from typing import NamedTuple, NoReturn

from ..errors import MemoryWatcherError
from ..record.launch import Launched
from ..record.measured_run import measure
from ..record.notices import LayoutsApart, LayoutsOfOneApart, LeftBehind, Notice
from ..record.session import Plan
from .stopping import StopWithCommand, passes_on, take_over_signals
from .wording import Wording


class LaunchFailed(MemoryWatcherError):
    """A launch could not be recorded; the recorder's own error, told by its process."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class Job:
    """What is launched, and how it is recorded; `is_aside`: what it prints goes to stderr."""

    command: Sequence[str]
    plan: Plan
    is_aside: bool
    wording: Wording


class Launch(NamedTuple):
    """One launch: its recording, and the command's exit code as a shell tells it.

    `ended_by` is the number of the signal that ended the command, None if it exited. `problem` says
    why the recording is not whole, empty if it is; `interrupted` is the signal that asked this
    program to end meanwhile. `notes` are what else is to be known of what was recorded.
    """

    path: str
    exit_code: int
    problem: str = ""
    interrupted: signal.Signals | None = None
    ended_by: int | None = None
    notes: tuple[str, ...] = ()


def launch(job: Job, path: str, meanwhile: Callable[[], None] = lambda: None) -> Launch:
    """Launch the command once, record it into a new file, and wait for its end.

    `meanwhile` is called when it runs. Raises LaunchFailed.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    relay = _Relay()
    told, tells = os.pipe()
    relay.to = os.fork()
    if relay.to == 0:
        relay.end()  # the command must not inherit it
        os.close(told)
        _record(job, path, tells)
    os.close(tells)
    try:
        meanwhile()
    finally:  # whatever happens, the command runs to its end
        answer = _read_all(told)
        _, status = os.waitpid(relay.to, 0)
        relay.end()
        os.close(told)
    return _understood(path, answer, status, relay.received)


class _Relay:
    """Passes on to the recorder what asks this program to end: the command decides."""

    def __init__(self) -> None:
        self.to = 0
        self.received: signal.Signals | None = None
        self._before = take_over_signals(self._pass_on)

    def _pass_on(self, number: int, _frame: FrameType | None) -> None:
        self.received = self.received or signal.Signals(number)
        if self.to and passes_on(number):
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.to, number)

    def end(self) -> None:
        """Leave the signals as they were."""
        for number, handler in self._before.items():
            signal.signal(number, handler)


def _read_all(descriptor: int) -> bytes:
    parts = []
    while part := os.read(descriptor, 1 << 16):
        parts.append(part)
    return b"".join(parts)


def _understood(
    path: str, answer: bytes, status: int, interrupted: signal.Signals | None
) -> Launch:
    if not answer and interrupted is not None:
        raise LaunchFailed(f"stopped by {interrupted.name} before the command ran")
    if not answer:
        code = os.waitstatus_to_exitcode(status)
        how = f"exit code {code}" if code >= 0 else f"signal {-code}"
        raise LaunchFailed(
            f"the process that records ended early ({how}); nothing was judged; launch it again"
        )
    facts = json.loads(answer)
    if "failed" in facts:
        error = LaunchFailed(facts["failed"])
        error.exit_code = facts["exit_code"]
        raise error
    return Launch(
        *(path, facts["exit_code"], facts["problem"], interrupted, facts["signal"]),
        tuple(facts["notes"]),
    )


# -- in the process that records ------------------------------------------------------------------


def _record(job: Job, path: str, tells: int) -> NoReturn:
    """Record, tell the parent what came of it, and end. Does not return."""
    code = 1
    try:
        try:
            facts = _measured(job, path)
        except MemoryWatcherError as error:
            failed = max(error.exit_code, LaunchFailed.exit_code)
            facts = {"failed": job.wording.of(error), "exit_code": failed}
        os.write(tells, json.dumps(facts).encode())
        code = 0
    finally:
        # Nothing that the parent set up is to be torn down twice.
        os._exit(code)


def _measured(job: Job, path: str) -> dict[str, object]:
    if job.is_aside:
        os.dup2(2, 1)
    launched = Launched(job.command)
    try:
        stop = StopWithCommand(launched, wait_all=False).on_signals()
        notes: list[str] = []
        ended = measure(launched, path, job.plan, stop, _note_of(job.wording, notes))
    finally:
        launched.abandon()
    problem = "" if ended.problem is None else job.wording.of(ended.problem)
    return {
        "exit_code": ended.exit.shell_code,
        "signal": ended.exit.signal,
        "problem": problem,
        "notes": notes,
    }


def _note_of(wording: Wording, notes: list[str]) -> Callable[[Notice], None]:
    """Say what a user should know; what layouts are missing for is said by what is judged.

    What no figure can tell goes to the notes of the check, and so into all its outputs.
    """

    def note(notice: Notice) -> None:
        if isinstance(notice, LeftBehind):
            notes.append(f"{wording.of(notice)} What came after that is not judged.")
        elif not isinstance(notice, LayoutsApart | LayoutsOfOneApart):
            wording.notice(notice)

    return note
