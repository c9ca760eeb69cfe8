"""Runs the command that is to be recorded, and leaves it as alone as a shell's `time` does.

The child waits on a pipe before it calls execve, so that everything is ready by then; that execve
succeeded is told by the close-on-exec end of another pipe. The command has our stdin, stdout,
stderr, terminal and process group. It is never traced.

What can be known of its end: the kernel takes a process's memory away before its parent is told,
so the last figures are those of the last (fast) reading, and the kernel's own highest RSS that
wait4 gives. That one also counts what ran before execve and children that were waited for.
"""

from __future__ import annotations

import ctypes
import errno
import os
import signal
import stat
import time
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, NoReturn

from ..errors import CommandNotExecutable, CommandNotFound, SourceError
from ..procfs.cheap import parse_high_water_mark
from ..procfs.mapped import HELPERS
from ..procfs.process_files import ProcessFiles
from ..procfs.source import ProcSource
from ..units import MILLISECOND
from .candidates import State
from .discovery import DiscoveredTargets
from .family import Family

_PR_SET_CHILD_SUBREAPER = 36

#: execve closes the pipe before it has put the arguments in place; that takes microseconds more.
_EXECVE_NS = 20 * MILLISECOND

#: Of processes that ended, how many are reaped at one look: a storm must not hold up the readings.
_REAPED_AT_ONCE = 1000


class Exit(NamedTuple):
    """How a child of ours ended: its exit code, or else the signal; `max_rss` is wait4's, bytes.

    `inherited` is what of it may be of before its first execve; None if that is not known.
    """

    pid: int
    code: int | None
    signal: int | None
    max_rss: int
    inherited: int | None = None

    @property
    def shell_code(self) -> int:
        """What a shell would say: 128 + n for a signal."""
        return 128 + self.signal if self.signal is not None else self.code or 0


def find_command(name: str, path: Sequence[str] | None = None) -> str:
    """The file that a shell would run for this name.

    Raises CommandNotFound, CommandNotExecutable.
    """
    folders = os.get_exec_path() if path is None else path
    candidates = [os.path.join(folder or ".", name) for folder in folders]
    if "/" in name:
        candidates = [name]
    refused = None
    for candidate in candidates:
        try:
            mode = os.stat(candidate).st_mode
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.ENOTDIR):
                refused = error.strerror
            continue
        if stat.S_ISDIR(mode):
            refused = "it is a folder" if "/" in name else refused
        elif os.access(candidate, os.X_OK):
            return candidate
        else:
            refused = "no permission to execute it"
    if refused is not None:
        raise CommandNotExecutable(f"{name}: {refused}")
    raise CommandNotFound(f"{name}: command not found")


class Launched:
    """A command that was launched: held until `release`, then running."""

    def __init__(self, command: Sequence[str]) -> None:
        """Forks; nothing but this must have been started in this process by then.

        Raises CommandNotFound, CommandNotExecutable.
        """
        self.command = tuple(command)
        file = find_command(command[0])
        # Without this the orphans of the command would be handed to init, and be strangers to us.
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        held, self._let_go = os.pipe()
        self._failed, fails = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            _become(file, self.command, held, self._let_go, fails)
        os.close(held)
        os.close(fails)
        self.exit: Exit | None = None
        self.is_released = False  # whether it has called execve
        self._has_ended = False
        self._inherited: int | None = None  # highest RSS before execve

    def release(self) -> None:
        """Let it call execve, and return right after that.

        Raises CommandNotExecutable; the child has then ended.
        """
        self._inherited = _high_water_mark(self.pid)
        os.write(self._let_go, b"!")
        self._close_let_go()
        failure = os.read(self._failed, 16)  # nothing, when execve has closed the other end
        os.close(self._failed)
        self._failed = -1
        if failure:
            self.wait()
            reason = os.strerror(int(failure))
            if int(failure) == errno.ENOENT:
                reason = "the interpreter on its first line does not exist"
            raise CommandNotExecutable(f"{self.command[0]}: {reason}")
        self.is_released = True
        self._wait_for_image()

    def _wait_for_image(self) -> None:
        """Until the new program's arguments can be read: the very end of execve."""
        end = time.monotonic_ns() + _EXECVE_NS
        while time.monotonic_ns() < end and not self.has_ended():
            try:
                with open(f"/proc/{self.pid}/cmdline", "rb") as file:
                    if file.read(1):
                        return
            except OSError:
                return
            time.sleep(0.0001)

    def abandon(self) -> None:
        """Give up before `release`: the child ends without having run anything."""
        if self._let_go >= 0:
            self._close_let_go()
            self.wait()
        if self._failed >= 0:
            os.close(self._failed)
            self._failed = -1

    def _close_let_go(self) -> None:
        os.close(self._let_go)
        self._let_go = -1

    def has_ended(self) -> bool:
        """Whether the command itself has ended; it is not reaped by asking."""
        if not self._has_ended:
            flags = os.WEXITED | os.WNOHANG | os.WNOWAIT
            self._has_ended = os.waitid(os.P_PID, self.pid, flags) is not None
        return self._has_ended

    def send(self, number: int) -> None:
        """Pass a signal on."""
        if not self._has_ended:
            os.kill(self.pid, number)

    def reap_orphans(self) -> Iterator[Exit]:
        """Reap what the command left to us; the command itself is left to `wait`."""
        for _ in range(_REAPED_AT_ONCE):
            try:
                found = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            except ChildProcessError:
                return
            # The kernel tells the oldest child first, which is the command: the others then wait.
            if found is None or found.si_pid == self.pid:
                return
            ended = _reap(found.si_pid)
            if ended.pid not in HELPERS:
                yield ended

    def wait(self) -> Exit:
        """Wait for the command's end, and reap it; orphans are reaped meanwhile."""
        while self.exit is None:
            found = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)
            assert found is not None
            self._has_ended = self._has_ended or found.si_pid == self.pid
            ended = _reap(found.si_pid)
            if ended.pid == self.pid:
                self.exit = ended._replace(inherited=self._inherited)
        return self.exit


def _high_water_mark(pid: int) -> int | None:
    try:
        with open(f"/proc/{pid}/status", "rb") as status:
            return parse_high_water_mark(status.read())
    except (OSError, SourceError):
        return None


def _reap(pid: int) -> Exit:
    _, status, usage = os.wait4(pid, 0)
    ended_by = os.WTERMSIG(status) if os.WIFSIGNALED(status) else None
    code = os.WEXITSTATUS(status) if ended_by is None else None
    return Exit(pid, code, ended_by, usage.ru_maxrss * 1024)


def _become(file: str, command: Sequence[str], held: int, let_go: int, fails: int) -> NoReturn:
    """In the child: wait, then become the command. Does not return."""
    try:
        # Python ignores these two for itself, which would be inherited.
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        os.close(let_go)
        if os.read(held, 1):
            try:
                os.execv(file, tuple(command))  # noqa: S606 - that is what it is for
            except OSError as error:
                # A script without #! is run by the shell, as every shell does it; not a binary.
                if error.errno != errno.ENOEXEC or _is_binary(file):
                    raise
                os.execv("/bin/sh", ["sh", file, *command[1:]])  # noqa: S606
    except OSError as error:
        os.write(fails, str(error.errno).encode())
    finally:
        os._exit(126)


def _is_binary(file: str) -> bool:
    with open(file, "rb") as opened:
        return b"\0" in opened.read(256)


class LaunchedTargets(DiscoveredTargets):
    """The command that was launched, what it starts, and what that leaves behind."""

    def __init__(
        self,
        source: ProcSource,
        launched: Launched,
        on_exit: Callable[[Exit], None] = lambda ended: None,
        *,
        wait_for_all: bool = False,
    ) -> None:
        """`on_exit` is told how orphans ended. With `wait_for_all`, the tree outlives its root."""
        super().__init__(source, family=Family(reaper=os.getpid()))
        self._launched = launched
        self._on_exit = on_exit
        self._wait_for_all = wait_for_all
        self._is_first_look = True

    @property
    def open_ended(self) -> bool:
        """Whether more can come when all have gone."""
        return not self._launched.has_ended()

    def arrivals(self, *, all_sharers: bool = False) -> Iterator[ProcessFiles]:
        """Tell what has come, then reap orphans."""
        if self._is_first_look:
            # Before anything else is looked at: it may be over in a millisecond.
            self._is_first_look = False
            yield self._open_root()
        yield from super().arrivals(all_sharers=all_sharers)
        for ended in self._launched.reap_orphans():
            # Seen for the first time now that it is over.
            self.too_short += not self._is_taken(ended.pid)
            self._on_exit(ended)
        root = self._candidates.state(self._launched.pid)
        if self._wait_for_all and self._launched.has_ended() and root is not State.RECORDED:
            # Its end is recorded; reaped, it no longer stands before the orphans.
            self._on_exit(self._launched.wait())

    def _open_root(self) -> ProcessFiles:
        """The command; even if it has ended by now it is there, since nobody has reaped it."""
        pid = self._launched.pid
        files = self._source.open_process(pid, keep_open=True)
        self._adopt(pid)
        self._first = pid
        return files

    def left_behind(self) -> list[int]:
        """What lives on after the command's end; empty before that."""
        if self._launched.exit is None:
            return []
        looks = map(self._scanner.look, sorted(set(self.taken) - {os.getpid()}))
        return [
            kin.pid
            for kin in looks
            if kin and not (kin.has_ended and not self._scanner.has_living_thread(kin.pid))
        ]
