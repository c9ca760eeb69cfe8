"""Opens the files of a proc filesystem, and turns errno into meaning, in one place.

What the kernel answers (tested on 6.18; `errors` says what each becomes):

    ENOENT, ESRCH   the process is gone (reaped), or hidepid=2 hides it; 6.16 also answers ESRCH at
                    open of smaps for zombies and kernel threads           -> NoSuchProcess
    EACCES, EPERM   another user's process without CAP_SYS_PTRACE (or CAP_PERFMON since 6.15), a
                    non-dumpable one, hidepid=1                            -> NoPermission
    EPERM at read   sshfs says so for every failure of the far side: the process is gone unless its
                    stat can still be read                                 -> NoSuchProcess
    empty stat      sshfs again: the far process ended while its file was held open
    or statm                                                               -> NoSuchProcess
    empty smaps     zombie, kernel thread, thread-group leader that has exited, or the image was
                    replaced by execve after the open: the caller tells which from stat
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator

from ..errors import NoPermission, NoSuchProcess, SourceError
from .buffer import READ_SIZE

#: Longer than the small files are, and no more, because each read allocates it. What fills it is
#: read on: status names all groups.
SMALL_SIZE = 8 * 1024
_LARGEST_SMALL = 2 * 1024 * 1024
#: A copy of proc that a stranger made may hold pipes.
NO_WAITING = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK
#: Of a command line, and of the list of cgroups, so much is read.
LONGEST_TEXT = 128 * 1024

_PERMISSION_REMEDY = (
    "run as the same user or as root (CAP_SYS_PTRACE, or CAP_PERFMON on kernels since 6.15)"
)
#: What is said to root of a container: there it lacks most capabilities.
_CAPABILITY_REMEDY = (
    "root lacks CAP_SYS_PTRACE here (or CAP_PERFMON, on kernels since 6.15): in a container add it,"
    " with cap-add SYS_PTRACE (docker, podman) or capabilities: add: [SYS_PTRACE] (Kubernetes)"
)
_CAP_SYS_PTRACE = 1 << 19


def permission_remedy() -> str:
    """What to do for the right to read another's memory; see capabilities(7)."""
    if os.geteuid() != 0:
        return _PERMISSION_REMEDY
    try:
        told = read_file("/proc/self/status").partition(b"\nCapEff:")[2].split(None, 1)[0]
        has_it = int(told, 16) & _CAP_SYS_PTRACE
    except (OSError, ValueError, IndexError):
        return _PERMISSION_REMEDY
    return _PERMISSION_REMEDY if has_it else _CAPABILITY_REMEDY


def meaning_of(error: OSError, pid: int) -> SourceError:
    """What an errno means for a process (see the module's docstring)."""
    if error.errno in (errno.ENOENT, errno.ESRCH):
        return NoSuchProcess(f"process {pid}: no such process")
    if error.errno in (errno.EACCES, errno.EPERM):
        return NoPermission(
            f"process {pid}: no permission to read its memory; {permission_remedy()}"
        )
    return SourceError(f"process {pid}: {os.strerror(error.errno or 0)}")


def read_file(path: str) -> bytes:
    """All of a file by its path. Raises OSError."""
    descriptor = os.open(path, NO_WAITING)
    try:
        return b"".join(_chunks(descriptor))
    finally:
        os.close(descriptor)


def read_whole(descriptor: int) -> bytes:
    """Read from the start to end of file: in one piece, as long as it is of one instant."""
    size = 2 * SMALL_SIZE
    while len(content := os.pread(descriptor, size, 0)) == size and size < _LARGEST_SMALL:
        size *= 2
    return content


def _chunks(descriptor: int) -> Iterator[bytes]:
    while chunk := os.read(descriptor, READ_SIZE):
        yield chunk
