"""Asks the JVMs among the recorded processes about their memory, when the user wants that.

Each is asked when it is first known to be one, 10 s after it has answered, when it has started
up, then every minute. A process of its own does it
(runtime_helper), one at a time, and the recorder only ever looks whether that has ended: no tick
waits. What it costs is a debt of the budget. Asking takes a quarter of the budget at most, so many
JVMs are asked less often.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Protocol

from ..analysis.runtimes.jvm import is_jvm
from ..model import ProcessFacts, ProcessKey, Sample
from ..procfs.mapped import HELPERS
from ..units import SECOND
from . import runtime_helper
from .notices import Notice, RuntimeSilent, Silence
from .sink import Sink
from .tee import Tee

#: How often each is asked.
EVERY_NS = 60 * SECOND
#: When it is asked for the second time, after its first answer.
_SECOND_NS = 10 * SECOND
#: When one that may still be starting is asked again, and how often before that is said.
_SOON_NS = 2 * SECOND
_STARTING = 5
#: What part of the budget asking may take.
_SHARE = 0.25
#: A helper ends by itself before that.
_GIVEN_UP_NS = round((runtime_helper.PATIENCE_S + 5) * SECOND)
#: How long the end of a recording waits for an answer.
_AT_END_S = 2.0
#: What jcmd's answer is stored as.
SOURCE = "jcmd"
#: More than an answer and what JSON makes of it.
_LONGEST = 8 * runtime_helper.LONGEST


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of asking: a text and when it was said (UTC, ns), or why there is none.

    `cpu_ns` is what asking took, of all that was run for it, as far as that is known.
    """

    problem: Silence | None
    time_ns: int
    text: str
    cpu_ns: int


class Asking(Protocol):
    """One question on its way."""

    def poll(self) -> Answer | None:
        """Give the answer, if it is there."""

    def give_up(self) -> None:
        """End it."""


class HelperAsking:
    """The helper, asking one process."""

    def __init__(self, key: ProcessKey) -> None:
        """Raises OSError if it cannot be started."""
        self._said: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed when it has ended
        try:
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-I", "-S", runtime_helper.__file__),
                    *(str(key.pid), str(key.start_time)),
                ],
                stdin=subprocess.DEVNULL,
                stdout=self._said,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except BaseException:
            self._said.close()
            raise
        HELPERS.add(self._process.pid)

    def poll(self) -> Answer | None:
        """Give the answer, if it is there."""
        if self._process.poll() is None:
            return None
        HELPERS.discard(self._process.pid)
        with self._said as said:
            said.seek(0)
            return answer_in(said.read(_LONGEST))

    def give_up(self) -> None:
        """End it, and what it has started."""
        self._process.send_signal(signal.SIGTERM)


def answer_in(text: bytes) -> Answer:
    """What the helper wrote; a helper that broke off wrote nothing."""
    try:
        said = json.loads(text)
        cpu_ns = int(said["cpu_ns"])
        if said["problem"] is not None:
            return Answer(Silence(said["problem"]), 0, "", cpu_ns)
        return Answer(None, int(said["time_ns"]), str(said["text"]), cpu_ns)
    except (ValueError, LookupError, TypeError):
        return Answer(Silence.FAILED, 0, "", 0)


@dataclass(slots=True)
class _Runtime:
    """A JVM that is recorded: when it is asked next, and how often it was not ready."""

    key: ProcessKey
    due_ns: int
    starting: int = 0
    has_answered: bool = False
    said_why: bool = False


class RuntimeAsker:
    """Which JVMs there are, and which is asked now."""

    def __init__(
        self,
        store: Callable[[int, int, str, str], None],
        pay: Callable[[int], None],
        note: Callable[[Notice], None],
        max_cpu: float | None,
        ask: Callable[[ProcessKey], Asking] = HelperAsking,
        now: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        """`store` takes process id, time, source and text; `pay` the CPU time of each question."""
        self._store, self._pay, self._note = store, pay, note
        self._max_cpu = max_cpu
        self._ask, self._now = ask, now
        self._keys: dict[int, ProcessKey] = {}
        self._runtimes: dict[int, _Runtime] = {}
        self._asked: tuple[int, Asking, int] | None = None  # process id, when it began
        self._next_ns = 0

    def add(self, process_id: int, key: ProcessKey) -> None:
        """Learn of a process."""
        self._keys[process_id] = key

    def see(self, process_id: int, sample: Sample) -> None:
        """Learn from what was read of it whether it is a JVM."""
        if sample.image is not None:
            self._runtimes.pop(process_id, None)  # an execve: it may be none any more
        if sample.change is None or process_id in self._runtimes:
            return
        if any(is_jvm(entry.mapping) for entry in sample.change.added):
            key = self._keys.get(process_id)
            if key is not None:
                self._runtimes[process_id] = _Runtime(key, self._now())

    def end(self, process_id: int) -> None:
        """It has ended."""
        self._keys.pop(process_id, None)
        self._runtimes.pop(process_id, None)

    def after_pass(self) -> None:
        """Take an answer that is there; ask the next one."""
        now_ns = self._now()
        if self._asked is not None:
            process_id, asking, began_ns = self._asked
            if (answer := asking.poll()) is None:
                if now_ns - began_ns > _GIVEN_UP_NS:
                    asking.give_up()
                return
            self._asked = None
            self._take(process_id, answer, now_ns)
        if now_ns >= self._next_ns and self._runtimes:
            process_id, runtime = min(self._runtimes.items(), key=lambda item: item[1].due_ns)
            if runtime.due_ns <= now_ns:
                self._begin(process_id, runtime, now_ns)

    def _begin(self, process_id: int, runtime: _Runtime, now_ns: int) -> None:
        runtime.due_ns = now_ns + EVERY_NS
        try:
            self._asked = process_id, self._ask(runtime.key), now_ns
        except OSError:
            self._say(runtime, Silence.FAILED)

    def _take(self, process_id: int, answer: Answer, now_ns: int) -> None:
        self._pay(answer.cpu_ns)
        if self._max_cpu is not None:
            self._next_ns = now_ns + round(answer.cpu_ns / (_SHARE * self._max_cpu))
        runtime = self._runtimes.get(process_id)
        if answer.problem is None:
            self._store(process_id, answer.time_ns, SOURCE, answer.text)
            if runtime is not None and not runtime.has_answered:
                runtime.has_answered = True
                runtime.due_ns = now_ns + _SECOND_NS
        elif runtime is None or answer.problem is Silence.ENDED:
            return
        elif answer.problem is Silence.DEAF and runtime.starting < _STARTING:
            runtime.starting += 1
            runtime.due_ns = now_ns + _SOON_NS
        else:
            self._say(runtime, answer.problem)

    def _say(self, runtime: _Runtime, problem: Silence) -> None:
        if not runtime.said_why:
            runtime.said_why = True
            self._note(RuntimeSilent(runtime.key.pid, problem))

    def close(self) -> None:
        """Wait a moment for an answer that is on its way, then let it go."""
        self._next_ns = sys.maxsize
        self._runtimes.clear()
        until_s = time.monotonic() + _AT_END_S
        while self._asked is not None:
            process_id, asking, _ = self._asked
            if (answer := asking.poll()) is not None:
                self._asked = None
                self._take(process_id, answer, self._now())
            elif time.monotonic() > until_s:
                asking.give_up()
                self._asked = None
            else:
                time.sleep(0.02)


class SeenByAsker(Tee):
    """Passes all on to a sink; processes and layouts to an asker, too."""

    def __init__(self, sink: Sink, asker: RuntimeAsker) -> None:
        super().__init__(sink)
        self._asker = asker

    def add_process(self, facts: ProcessFacts) -> int:
        """Take in a process."""
        number = super().add_process(facts)
        self._asker.add(number, facts.key)
        return number

    def sample(self, process_id: int, sample: Sample, delay_ns: int | None) -> None:
        """All that this tick found in a process."""
        super().sample(process_id, sample, delay_ns)
        self._asker.see(process_id, sample)

    def end_process(self, process_id: int) -> None:
        """It was found to have ended."""
        super().end_process(process_id)
        self._asker.end(process_id)
