"""Reads files that processes map, through a helper that is given up when it does not answer.

The recorder never opens a target's file itself (see filehelper for why). It waits at most 100 ms
for an answer. A helper that has not answered by then is killed and left alone: it may hang in the
kernel until the file's owner lets go. Another takes its place, a few times at most. One that merely
waits for a CPU is given more time: on a busy machine that is no fault of the file's. All waits of
one tick together take no longer than that: what is left is asked at the next.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import time
from dataclasses import dataclass

from ..errors import SourceError
from ..model import Mapping
from . import filehelper
from .files import SMALL_SIZE
from .process import parse_stat

#: How long a file may take to answer.
PATIENCE_S = 0.1
#: How long to wait for a helper that starts, and how long it may take for that in all.
_START_S, _STARTING_S = 0.5, 10
#: When to look again at one that lacks a CPU.
_AGAIN_S = 0.02
#: So long more a helper may take that would run if it had a CPU.
_STARVED_S = 1.0
#: How long all helpers may be waited for in one tick.
PATIENCE_OF_TICK_S = 1.1
#: How many helpers are given up because of one user's files, and in all.
_GIVEN_UP_OF_USER = 2
_GIVEN_UP = 8
#: A helper that was not needed for so long is let go.
_IDLE_S = 10

#: PIDs of helpers: children of the recorder, not of what it records.
HELPERS: set[int] = set()


class NotAnswered(SourceError):
    """A file did not answer in time."""


class NotReady(SourceError):
    """The helper is still starting, or this tick has waited enough: ask again at the next."""


class _Late(Exception):
    """Nothing was said in time."""


@dataclass
class _Request:
    """What the helper was asked because of a user's file, and how long that was waited for."""

    line: bytes
    uid: int
    waited_s: float = 0.0


class MappedFiles:
    """Asks the helper; starts it when it is needed."""

    def __init__(self, root: str) -> None:
        self._root = os.fsencode(root)
        self._is_here: bool | None = None  # whether the processes are this machine's
        self._process: subprocess.Popen[bytes] | None = None
        self._ready = False
        self._started_s = 0.0
        self._given_up: dict[int, int] = {}  # how many helpers, by the user whose file it was
        self._abandoned: list[subprocess.Popen[bytes]] = []
        self._used_s = 0.0
        self._tick_s = self._left_s = PATIENCE_OF_TICK_S
        self._owed: _Request | None = None  # what a tick had no time to wait for
        self._heard = b""  # of an answer whose end is still to come
        self._helper_ns = 0  # CPU time of the helper that runs now, as last told
        #: CPU time of all helpers, ns, as far as they told.
        self.cpu_ns = 0

    def read(self, pid: int, uid: int, mapping: Mapping, part: slice) -> bytes | None:
        """Bytes of the file that `pid`, a process of the user `uid`, maps; None if not to be had.

        Raises NotAnswered, NotReady.
        """
        if self._has_hung_often(uid) or not self._has_files():
            return None
        if self._left_s <= 0:
            raise NotReady("this tick has waited enough for the helper that reads mapped files")
        if not self._is_running():
            return None
        folder = b"%s/%d" % (self._root, pid)
        paths = [b"%s/map_files/%x-%x" % (folder, mapping.start, mapping.end)]
        if mapping.pathname.startswith("/"):
            paths.append(b"%s/root%s" % (folder, os.fsencode(mapping.pathname)))
        device = f"{mapping.dev >> 20}:{mapping.dev & 0xFFFFF}"
        request = f"{pid} {device} {mapping.inode} {part.start} {part.stop - part.start}"
        line = b" ".join([request.encode(), *[path.hex().encode() for path in paths]]) + b"\n"
        told = self._ask(line, uid)
        if told == b"-":
            return None
        return b"" if told == b"=" else bytes.fromhex(told.decode())

    def start(self) -> None:
        """Start the helper, without waiting for it."""
        if self._process is not None:
            return
        with contextlib.suppress(OSError):
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", filehelper.__file__],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={},
                start_new_session=True,
            )
            HELPERS.add(self._process.pid)
            self._helper_ns = 0
            self._ready, self._owed, self._heard = False, None, b""
            self._started_s = time.monotonic()

    def prepare(self, patience_of_tick_s: float = PATIENCE_OF_TICK_S) -> None:
        """Start the helper where it will be needed: the first layout then need not wait for it.

        `patience_of_tick_s` is how long a tick may wait in all: more where no other tick follows.
        """
        self._tick_s = self._left_s = patience_of_tick_s
        with contextlib.suppress(OSError):
            if self._has_files():
                self.start()
                self._used_s = time.monotonic()

    def begin_tick(self) -> None:
        """From now on it may be waited for again."""
        self._left_s = self._tick_s

    def rest(self) -> None:
        """Let the helper go if it was not needed for a while."""
        if self._process is not None and time.monotonic() - self._used_s > _IDLE_S:
            self.close()

    def close(self) -> None:
        """Let the helper go; it ends by itself when nobody can ask any more."""
        if self._process is not None:
            self._let_go(self._process)
            # It waits for a request, or starts: it ends at once.
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(PATIENCE_S)
            self._process = None
        for process in list(self._abandoned):
            if process.poll() is not None:
                self._abandoned.remove(process)
                HELPERS.discard(process.pid)

    def _has_files(self) -> bool:
        """Whether the files that a process sees are here: not those of a machine behind sshfs."""
        if self._is_here is None:
            device = os.stat(self._root).st_dev
            number = b"%d:%d" % (os.major(device), os.minor(device))
            kinds = filehelper.find_mounts(os.getpid(), number)
            kind = next((each.by_device[number] for each in kinds if number in each.by_device), "")
            self._is_here = kind == "proc" or kind in filehelper.LOCAL
        return self._is_here

    def _has_hung_often(self, uid: int) -> bool:
        return (
            self._given_up.get(uid, 0) >= _GIVEN_UP_OF_USER
            or sum(self._given_up.values()) >= _GIVEN_UP
        )

    def _is_running(self) -> bool:
        """Whether there is a helper that is ready; starts one if there is none.

        Raises NotReady.
        """
        self.start()
        self._used_s = time.monotonic()
        if self._process is None:
            return False
        if self._ready:
            return True
        try:
            self._ready = self._answer(_START_S, _STARVED_S) is not None
        except _Late:
            if self._used_s - self._started_s < _STARTING_S:
                raise NotReady("the helper that reads mapped files is still starting") from None
        if not self._ready:
            self.close()
        return self._ready

    def _ask(self, line: bytes, uid: int) -> bytes:
        """What the helper says to this.

        Raises NotAnswered, NotReady.
        """
        assert self._process is not None
        assert self._process.stdin is not None
        request, self._owed = self._owed, None
        if request is not None and request.line != line:
            try:
                self._wait(request)
            except NotAnswered as problem:  # which is not this file's fault
                raise NotReady(str(problem)) from problem
            request = None  # whoever asked that has gone, or asks again
        if request is None:
            request = _Request(line, uid)
            with contextlib.suppress(OSError):  # it has gone: it answers nothing, either
                os.write(self._process.stdin.fileno(), line)
        return self._wait(request)

    def _wait(self, request: _Request) -> bytes:
        """What the helper says to a request that it was sent.

        Raises NotAnswered, NotReady.
        """
        began = time.monotonic()
        more_s = max(0.0, _STARVED_S - request.waited_s)
        told, is_owed = None, False
        try:
            told = self._answer(PATIENCE_S, more_s)
        except OSError:
            pass
        except _Late:
            waited_s = time.monotonic() - began
            request.waited_s += waited_s
            was_cut = waited_s < PATIENCE_S or self._lacks_cpu()
            is_owed = self._left_s <= 0 and was_cut and request.waited_s < PATIENCE_S + _STARVED_S
        if told is not None:
            return told
        if is_owed:
            self._owed = request
            raise NotReady("the helper that reads mapped files lacks a CPU")
        self._give_up(request.uid)
        raise NotAnswered(
            f"a mapped file did not answer within {round(PATIENCE_S * 1000)} ms; it is left out"
        )

    def _answer(self, patience_s: float, starved_s: float) -> bytes | None:
        """What the helper says; None if that is nothing of sense.

        It is waited for so long, so much longer while it lacks a CPU, and no longer than is left of
        the tick's patience. Raises _Late, OSError.
        """
        began = time.monotonic()
        try:
            return self._answer_until(
                began + min(patience_s, self._left_s),
                began + min(patience_s + starved_s, self._left_s),
            )
        finally:
            self._left_s -= time.monotonic() - began

    def _answer_until(self, until: float, last: float) -> bytes | None:
        """What the helper says until then, or while it lacks a CPU until `last`."""
        assert self._process is not None
        assert self._process.stdout is not None
        descriptor = self._process.stdout.fileno()
        poll = select.poll()  # select takes no descriptor above 1023
        poll.register(descriptor, select.POLLIN)
        while not self._heard.endswith(b"\n"):
            left_ms = (until - time.monotonic()) * 1000
            if left_ms <= 0 or not poll.poll(left_ms):
                if until < last and self._lacks_cpu():
                    until = min(last, time.monotonic() + _AGAIN_S)
                    continue
                if not poll.poll(0):  # it may have answered before it was looked at
                    raise _Late
            part = os.read(descriptor, 1 << 18)
            if not part:
                return None
            self._heard += part
        cpu, _, told = self._heard.rstrip(b"\n").partition(b" ")
        self._heard = b""
        if not told or not cpu.isdigit():
            return None
        self.cpu_ns += int(cpu) - self._helper_ns
        self._helper_ns = int(cpu)
        return told

    def _lacks_cpu(self) -> bool:
        """Whether the helper would run: what hangs in the kernel, or is stopped, would not."""
        assert self._process is not None
        try:
            with open(b"%s/%d/stat" % (self._root, self._process.pid), "rb") as file:
                return parse_stat(file.read(SMALL_SIZE)).state == "R"
        except (OSError, SourceError):
            return False

    def _give_up(self, uid: int) -> None:
        assert self._process is not None
        self._given_up[uid] = self._given_up.get(uid, 0) + 1
        self._let_go(self._process)
        self._process = None

    def _let_go(self, process: subprocess.Popen[bytes]) -> None:
        """Kill it, and wait for nothing: it may hang in the kernel."""
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()
        with contextlib.suppress(OSError):
            process.send_signal(signal.SIGKILL)
        self._abandoned.append(process)
