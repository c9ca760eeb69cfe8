"""The program that live tests record: it does to its memory what it is told, and nothing else.

One command a line on standard input, a JSON list of its name and arguments; one JSON answer a line
on standard output. Run with -I -S, it loads nothing but the standard library. It ends at end of
file. Transparent huge pages are off, so that a page touched is a page resident.
"""

from __future__ import annotations

import ctypes
import json
import os
import select
import socket
import sys
import time
from collections.abc import Callable
from typing import IO, Any

PAGE = os.sysconf("SC_PAGE_SIZE")
PROT_NONE, PROT_READ, PROT_WRITE = 0, 1, 2
MAP_SHARED, MAP_PRIVATE, MAP_ANONYMOUS = 1, 2, 0x20
MADV_DONTNEED = 4
PR_SET_DUMPABLE, PR_SET_NAME, PR_SET_THP_DISABLE = 4, 15, 41
IPC_CREAT, IPC_EXCL, IPC_RMID = 0o1000, 0o2000, 0

libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [
    ctypes.c_void_p,
    ctypes.c_size_t,
    ctypes.c_int,
    ctypes.c_int,
    ctypes.c_int,
    ctypes.c_long,
]
libc.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
libc.madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
libc.shmget.argtypes = [ctypes.c_int, ctypes.c_size_t, ctypes.c_int]
libc.shmat.restype = ctypes.c_void_p
libc.shmat.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_int]

child: tuple[int, socket.SocketIO] | None = None


def checked(result: int | None) -> int:
    """Turn -1 into the error that errno tells."""
    if result is None or result in (-1, 2 ** (8 * ctypes.sizeof(ctypes.c_void_p)) - 1):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def mmap(pages: int, protection: int, flags: int, file: int = -1) -> int:
    return checked(libc.mmap(None, pages * PAGE, protection, flags, file, 0))


# Memory of its own


def reserve(pages: int) -> int:
    """Map private anonymous memory between two guard pages: it merges with nothing."""
    guard = mmap(pages + 2, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS)
    checked(libc.mprotect(guard + PAGE, pages * PAGE, PROT_READ | PROT_WRITE))
    return guard + PAGE


def reserve_apart(mappings: int) -> int:
    """Map many mappings of one page, each followed by a guard page."""
    start = mmap(2 * mappings + 1, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS) + PAGE
    for number in range(mappings):
        checked(libc.mprotect(start + 2 * number * PAGE, PAGE, PROT_READ | PROT_WRITE))
    return start


def share(pages: int) -> int:
    """Map shared anonymous memory."""
    return mmap(pages, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS)


def touch(start: int, first: int, count: int) -> None:
    """Write to pages."""
    for page in range(first, first + count):
        ctypes.memset(start + page * PAGE, 1, 1)


def look(start: int, first: int, count: int) -> int:
    """Read from pages."""
    return sum(ctypes.string_at(start + page * PAGE, 1)[0] for page in range(first, first + count))


def drop(start: int, first: int, count: int) -> None:
    """Give pages back, keep the mapping."""
    checked(libc.madvise(start + first * PAGE, count * PAGE, MADV_DONTNEED))


def spike(pages: int, hold_ms: int, dies: bool = False) -> list[int]:
    """Have more memory for a moment: RSS at the top (bytes), and the times of growth and fall."""
    before = time.time_ns()
    start = mmap(pages, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS)
    ctypes.memset(start, 1, pages * PAGE)
    with open("/proc/self/statm", "rb") as file:
        top = int(file.read().split()[1]) * PAGE
    time.sleep(hold_ms / 1000)
    if dies:
        reply(sys.stdout.buffer, result=[top, before, time.time_ns()])
        os._exit(0)
    unmap(start, pages)
    return [top, before, time.time_ns()]


def unmap(start: int, pages: int) -> None:
    checked(libc.munmap(start, pages * PAGE))


# Memory with a file behind it


def map_file(path: str, pages: int, shared: bool) -> int:
    """Map a file; its name comes in hexadecimal, being any bytes."""
    file = os.open(bytes.fromhex(path), os.O_RDWR)
    try:
        return mmap(pages, PROT_READ | PROT_WRITE, MAP_SHARED if shared else MAP_PRIVATE, file)
    finally:
        os.close(file)


def memfd(name: str, pages: int) -> int:
    file = os.memfd_create(name)
    try:
        os.truncate(file, pages * PAGE)
        return mmap(pages, PROT_READ | PROT_WRITE, MAP_SHARED, file)
    finally:
        os.close(file)


def sysv(key: int, pages: int) -> list[int]:
    """Attach a new System V segment, which is removed when this process lets go of it."""
    number = checked(libc.shmget(key, pages * PAGE, IPC_CREAT | IPC_EXCL | 0o600))
    try:
        return [checked(libc.shmat(number, None, 0)), number]
    finally:
        checked(libc.shmctl(number, IPC_RMID, None))


# Processes


def fork() -> int:
    """Fork a child that takes commands through `tell_child`."""
    global child  # noqa: PLW0603 - one program, one child
    mine, its = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        child = None
        mine.close()
        with its.makefile("rb") as commands, its.makefile("wb") as answers:
            serve(commands, answers)
        os._exit(0)
    its.close()
    with mine:
        child = pid, mine.makefile("rwb", buffering=0)
    return pid


def tell_child(*command: Any) -> Any:
    assert child
    child[1].write(json.dumps(command).encode() + b"\n")
    answer = json.loads(child[1].readline())
    if "error" in answer:
        raise OSError(answer["error"])
    return answer["result"]


def end_child() -> None:
    """Let the child end, and reap it."""
    global child  # noqa: PLW0603 - one program, one child
    if child:
        child[1].close()
        os.waitpid(child[0], 0)
        child = None


def zombie() -> int:
    """Leave a child that has ended unreaped."""
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    return pid


def reap(pid: int) -> None:
    os.waitpid(pid, 0)


def execute(*arguments: str) -> None:
    """Become a new image of this program, which greets as the first one did."""
    os.execv(sys.executable, [sys.executable, "-I", "-S", __file__, *arguments])


def rename(name: str) -> None:
    checked(libc.prctl(PR_SET_NAME, name.encode(), 0, 0, 0))


def hide() -> None:
    """Let no process without CAP_SYS_PTRACE see the memory of this one."""
    checked(libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))


def become(user: int) -> None:
    os.setgroups([])
    os.setgid(user)
    os.setuid(user)


def churn(start: int, pages: int, step: int) -> int:
    """Touch and drop every `step`-th page in turn, until the next command; tells how often."""
    rounds = 0
    while not select.select([sys.stdin], [], [], 0.002)[0]:
        rounds += 1
        for page in range(0, pages, step):
            if rounds % 2:
                touch(start, page, 1)
            else:
                drop(start, page, 1)
    return rounds


COMMANDS: dict[str, Callable[..., Any]] = {
    command.__name__: command
    for command in (
        *(reserve, reserve_apart, share, touch, look, drop, spike, unmap, map_file, memfd, sysv),
        *(fork, tell_child, end_child, zombie, reap, execute, rename, hide, become, churn),
    )
}


def serve(commands: IO[bytes], answers: IO[bytes]) -> None:
    """Do what is asked until end of file."""
    while line := commands.readline():
        name, *arguments = json.loads(line)
        try:
            reply(answers, result=COMMANDS[name](*arguments))
        except OSError as error:
            reply(answers, error=str(error))


def reply(answers: IO[bytes], **answer: Any) -> None:
    answers.write(json.dumps(answer).encode() + b"\n")
    answers.flush()


if __name__ == "__main__":
    libc.prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0)
    reply(sys.stdout.buffer, result=os.getpid())
    serve(sys.stdin.buffer, sys.stdout.buffer)
    end_child()
