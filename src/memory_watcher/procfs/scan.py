"""Cheap looks at all processes: whether any came, which ones, whose child each is.

Asking whether there is anything new costs 1.5 us: the last field of /proc/loadavg is the last PID
that was handed out. Only if it moved are the processes listed (0.1 ms for 76, 0.4 ms for 400), and
only new ones are looked at (11 us each).
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
from typing import NamedTuple

from ..errors import SourceError
from ..model import ProcessKey
from . import process
from .buffer import READ_SIZE
from .container_names import ContainerNames
from .files import LONGEST_TEXT, NO_WAITING
from .process import parse_command_line, split_stat
from .source import ProcSource

_KCMP_VM = 1
#: kcmp has no wrapper in libc; its number differs between processors.
_KCMP_NUMBERS = {
    "x86_64": 312,
    "aarch64": 272,
    "riscv64": 272,
    "loongarch64": 272,
    "i686": 349,
    "armv7l": 378,
    "ppc64le": 354,
    "s390x": 343,
}


class Kin(NamedTuple):
    """Who a process is and to whom it belongs, from /proc/PID/stat: proc(5) 1 to 6, 9 and 22."""

    pid: int
    name: str
    state: str
    parent_pid: int
    group: int
    session: int
    flags: int
    start_time: int

    @property
    def key(self) -> ProcessKey:
        """What distinguishes it from others that had its PID."""
        return ProcessKey(self.pid, self.start_time)

    @property
    def is_kernel_thread(self) -> bool:
        """Whether the PF_KTHREAD flag is set."""
        return process.is_kernel_thread(self.flags)

    @property
    def has_not_called_exec(self) -> bool:
        """Whether it still runs what its parent ran when it was forked."""
        return process.has_not_called_exec(self.flags)

    @property
    def has_ended(self) -> bool:
        """Whether its first thread has ended: a zombie, unless `Scanner.has_living_thread`."""
        return process.has_ended(self.state)


def parse_kin(content: bytes) -> Kin:
    """Parse stat for kinship.

    Raises SourceError.
    """
    name, fields = split_stat(content)
    try:
        state, parent, group, session, _tty, _tpgid, flags = fields[:7]
        return Kin(
            pid=int(content[: content.index(b"(")]),
            name=name,
            state=state.decode("ascii"),
            parent_pid=int(parent),
            group=int(group),
            session=int(session),
            flags=int(flags),
            start_time=int(fields[19]),
        )
    except ValueError:
        raise SourceError(f"not stat text: {content[:24]!r}") from None


class Scanner:
    """Looks at the processes of one proc filesystem."""

    def __init__(self, source: ProcSource) -> None:
        self._source = source
        self._root = source.root
        self._last_pid: bytes | None = None
        self._was_new = False
        self._loadavg = -1
        if self.shows_own_namespace():
            with contextlib.suppress(OSError):
                self._loadavg = os.open(f"{self._root}/loadavg", NO_WAITING)

    def close(self) -> None:
        """Give the descriptor back; closing twice is allowed."""
        if self._loadavg >= 0:
            os.close(self._loadavg)
            self._loadavg = -1

    def shows_own_namespace(self) -> bool:
        """Whether the PIDs are those that system calls of this process mean.

        They are not over sshfs, nor with a proc filesystem of another PID namespace, where loadavg
        tells the reader's last PID instead of the mount's.
        """
        try:
            return os.readlink(f"{self._root}/self") == str(os.getpid())
        except OSError:
            return False

    def anything_started(self) -> bool:
        """Whether a process or thread was started since this was last asked, as far as is known."""
        last_pid = self.last_pid()
        if last_pid is None:
            return True
        before, self._last_pid = self._last_pid, last_pid
        # fork hands the PID out before the process is listed: one more look finds that one, too.
        is_new, self._was_new = last_pid != before or self._was_new, last_pid != before
        return is_new

    def may_have_started(self) -> bool:
        """Whether `anything_started` would say yes, without taking note of it."""
        return self._was_new or self._last_pid is None or self.last_pid() != self._last_pid

    def last_pid(self) -> bytes | None:
        """That of the process or thread that was started last; None if that is not told."""
        if self._loadavg < 0:
            return None
        try:
            return os.pread(self._loadavg, 128, 0).rsplit(None, 1)[-1]
        except (OSError, IndexError):
            return None

    def forget(self) -> None:
        """Answer the next question whether anything was started with yes."""
        self._last_pid = None

    def pids(self) -> list[int]:
        """All processes."""
        return self._source.pids()

    def look(self, pid: int) -> Kin | None:
        """Who a process is; None if it has gone or is hidden."""
        try:
            return parse_kin(self._read(pid, "stat"))
        except (OSError, SourceError):
            return None

    def has_living_thread(self, pid: int) -> bool:
        """Whether a thread goes on, although the first one, which stat tells of, has ended."""
        with contextlib.suppress(OSError):
            for tid in os.listdir(f"{self._root}/{pid}/task"):
                with contextlib.suppress(OSError, SourceError):
                    if not parse_kin(self._read(pid, f"task/{tid}/stat")).has_ended:
                        return True
        return False

    def command_line(self, pid: int) -> tuple[str, ...]:
        """Its arguments; empty if there are none to see."""
        try:
            return parse_command_line(self._read(pid, "cmdline")) or ()
        except OSError:
            return ()

    @property
    def containers(self) -> ContainerNames:
        """What containers are called."""
        return self._source.containers

    def cgroup(self, pid: int) -> bytes:
        """/proc/PID/cgroup; empty if it has gone."""
        try:
            return self._read(pid, "cgroup")
        except OSError:
            return b""

    def uid(self, pid: int) -> int | None:
        """Its real user."""
        try:
            status = self._read(pid, "status")
            return int(status.split(b"\nUid:", 1)[1].split(None, 1)[0])
        except (OSError, ValueError, IndexError):
            return None

    def _read(self, pid: int, name: str) -> bytes:
        descriptor = os.open(f"{self._root}/{pid}/{name}", NO_WAITING)
        try:
            text = part = os.read(descriptor, READ_SIZE)
            while len(part) == READ_SIZE and len(text) < LONGEST_TEXT:
                part = os.read(descriptor, READ_SIZE)
                text += part
            return text
        finally:
            os.close(descriptor)


class MemoryComparer:
    """Asks the kernel whether two processes have the very same memory (vfork, CLONE_VM).

    kcmp needs the right to read both processes' memory, as smaps does. It changes nothing.
    """

    def __init__(self) -> None:
        number = _KCMP_NUMBERS.get(platform.machine())
        self._number = number if ctypes.sizeof(ctypes.c_void_p) == 8 or number != 312 else None
        self._syscall = ctypes.CDLL(None, use_errno=True).syscall

    def is_same(self, pid: int, other: int) -> bool | None:
        """Whether they share one address space; None if the kernel does not tell."""
        if self._number is None:
            return None
        answer: int = self._syscall(*map(ctypes.c_long, (self._number, pid, other, _KCMP_VM, 0, 0)))
        return None if answer < 0 else answer == 0
