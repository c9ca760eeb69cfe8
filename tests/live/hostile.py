"""Processes of an ordinary user that make recording hard: `python -I -S hostile.py KIND FOLDER`.

Each prints its PID, and does its worst until it is killed. None needs any right.
"""

from __future__ import annotations

import ctypes
import fcntl
import mmap
import os
import signal
import struct
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")

PAGE = mmap.PAGESIZE
PROT_READ, PROT_EXEC, PROT_WRITE = mmap.PROT_READ, mmap.PROT_EXEC, mmap.PROT_WRITE


def _libc() -> ctypes.CDLL:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = libc.mremap.restype = ctypes.c_void_p
    return libc


def _region(libc: ctypes.CDLL, size: int, protection: int = PROT_READ | PROT_WRITE) -> int:
    flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
    address: int = libc.mmap(None, ctypes.c_size_t(size), protection, flags, -1, 0)
    return address


def comm_flood(_folder: Path) -> None:
    """Another name every 5 ms."""
    number = 0
    while True:
        number += 1
        Path("/proc/self/comm").write_text(f"n\x1b[31m{number:x}")
        time.sleep(0.005)


def argument_flood(folder: Path) -> None:
    """Nearly 2 MB of arguments, and another name every 5 ms."""
    if len(sys.argv) < 5:
        big = [f"{number}" + "x" * 131_000 for number in range(14)]
        os.execv(sys.executable, [sys.executable, "-I", "-S", *sys.argv, *big])
    comm_flood(folder)


def title_flood(folder: Path) -> None:
    """It writes over its arguments all the time, as setproctitle does."""
    if len(sys.argv) < 4:
        os.execv(sys.executable, [sys.executable, "-I", "-S", *sys.argv, "x" * 100_000])
    stat = Path("/proc/self/stat").read_bytes().rsplit(b")", 1)[1].split()
    start, number = int(stat[45]), 0
    memory = os.open("/proc/self/mem", os.O_RDWR)
    while True:
        number += 1
        os.pwrite(memory, b"title %d " % number * 3000, start)
        time.sleep(0.005)


def path_flood(folder: Path) -> None:
    """1,000 files with paths of 3.9 KB that are all new at each look."""
    base = os.open(folder, os.O_DIRECTORY)
    os.chdir(folder)
    top = "t" + "x" * 200
    for name in (top, *["d" * 250] * 14):
        os.mkdir(name)
        os.chdir(name)
    kept = []
    for number in range(1000):
        descriptor = os.open(f"f{number:06}", os.O_RDWR | os.O_CREAT)
        os.ftruncate(descriptor, PAGE)
        kept.append(mmap.mmap(descriptor, PAGE))
        os.close(descriptor)
    for number in range(10**9):
        new = f"t{number:06}" + "x" * 190
        os.rename(top, new, src_dir_fd=base, dst_dir_fd=base)
        top = new
        time.sleep(0.05)


def _elf(place: int, count: int, size: int = 56) -> bytes:
    ident = b"\x7fELF" + bytes([2, 1, 1]) + bytes(9)
    fields = (3, 62, 1, 0, place, 0, 0, 64, size, count, 64, 0, 0)
    return ident + struct.pack("<HHIQQQIHHHHHH", *fields)


def _map_elf_files(folder: Path, contents: list[bytes]) -> list[object]:
    kept: list[object] = []
    for number, content in enumerate(contents):
        path = folder / f"lib{number}.so"
        path.write_bytes(content.ljust(2 * PAGE, b"\xff"))
        file = path.open("r+b")
        kept += [file, mmap.mmap(file.fileno(), PAGE, mmap.MAP_PRIVATE, PROT_READ | PROT_EXEC)]
    return kept


def elf_place(folder: Path) -> None:
    """ELF headers whose table lies where no file has anything."""
    places = [2**64 - 1, 2**63, 2**63 - 1, 2**62, 2**32, 0, 1]
    _keep(_map_elf_files(folder, [_elf(place, 1) for place in places]))


def elf_size(folder: Path) -> None:
    """Tables with very many entries, with none, with entries of absurd sizes."""
    shapes = [(65535, 56), (65535, 65535), (1170, 56), (0, 56), (1, 0), (1, 65535)]
    _keep(_map_elf_files(folder, [_elf(64, count, size) for count, size in shapes]))


def elf_many(folder: Path) -> None:
    """400 files with a table of 1,000 segments each."""
    segment = struct.pack("<IIQQQQQQ", 1, 7, 0, 0, 0, 0, 2**62, PAGE)
    content = _elf(64, 1000) + segment * 1000
    _keep(_map_elf_files(folder, [content] * 400))


def lease_holder(folder: Path) -> None:
    """A write lease on each file it executes: whoever opens one waits for 45 s."""
    signal.signal(signal.SIGIO, signal.SIG_IGN)
    kept = _map_elf_files(folder, [_elf(64, 0)] * 20)
    for file in kept[::2]:
        _insist(lambda file=file: _lease(file))  # type: ignore[misc]
    _keep(kept)


def _lease(file: Any) -> None:
    fcntl.fcntl(file.fileno(), fcntl.F_SETLEASE, fcntl.F_WRLCK)


def _insist(act: Callable[[], T]) -> T:
    """Try until it is possible.

    There is no lease while a recorder has the file open, and no new process or thread while the
    machine has as many as it may.
    """
    while True:
        try:
            return act()
        except (OSError, RuntimeError):
            time.sleep(0.01)


def fork_storm(_folder: Path) -> None:
    """Children that live for a few ms, all the time."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        if _insist(os.fork) == 0:
            time.sleep(0.03)
            os._exit(0)
        time.sleep(0.005)


def thread_storm(_folder: Path) -> None:
    """200 threads that end and begin."""
    while True:
        threads = [threading.Thread(target=time.sleep, args=(0.5,)) for _ in range(200)]
        for thread in threads:
            _insist(thread.start)
        for thread in threads:
            thread.join()


def mapping_storm(_folder: Path) -> None:
    """60,000 mappings."""
    libc = _libc()
    start = _region(libc, 60_000 * PAGE)
    for number in range(0, 60_000, 2):
        libc.mprotect(ctypes.c_void_p(start + number * PAGE), ctypes.c_size_t(PAGE), PROT_READ)
    _keep(libc)


def mover(_folder: Path) -> None:
    """A block that wanders about while it is read."""
    libc, size = _libc(), 64 * PAGE
    room = _region(libc, 200 * size, 0)
    block = _region(libc, size)
    ctypes.memset(block, 1, size)
    while True:
        for number in range(200):
            block = libc.mremap(
                *(ctypes.c_void_p(block), ctypes.c_size_t(size), ctypes.c_size_t(size), 3),
                ctypes.c_void_p(room + number * size),
            )
            time.sleep(0.0005)


def exec_loop(_folder: Path) -> None:
    """Another program every 100 ms."""
    time.sleep(0.1)
    os.execv(sys.executable, [sys.executable, "-I", "-S", *sys.argv[:3]])


def size_toggler(_folder: Path) -> None:
    """128 MiB come and go."""
    while True:
        with mmap.mmap(-1, 128 << 20, mmap.MAP_PRIVATE) as room:
            for place in range(0, len(room), PAGE):
                room[place] = 1
        time.sleep(0.3)


def odd_names(folder: Path) -> None:
    """Escapes, newlines and bytes that are no text, in its name and its files'."""
    name = b"\x1b]0;owned\x07\x1b[2J\n\xff <b>&'\"`$(x)` (deleted)"
    path = os.path.join(os.fsencode(folder), name)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT)
    os.ftruncate(descriptor, PAGE)
    Path("/proc/self/comm").write_bytes(b") S 1 (\x1b[31m\n")
    _keep(mmap.mmap(descriptor, PAGE))


def leader_gone(_folder: Path) -> None:
    """Its first thread ends, another goes on."""
    threading.Thread(target=time.sleep, args=(10**6,)).start()
    libc = _libc()
    libc.pthread_exit(None)


def deleted_files(folder: Path) -> None:
    """50 mapped files that are deleted, others each time."""
    while True:
        kept = []
        for number in range(50):
            path = folder / f"gone{number}-{time.monotonic_ns()}"
            with path.open("w+b") as file:
                file.truncate(PAGE)
                kept.append(mmap.mmap(file.fileno(), PAGE))
            path.unlink()
        time.sleep(0.1)


def memfd_flood(_folder: Path) -> None:
    """Memory files with long names, others each time."""
    while True:
        kept = []
        for _ in range(100):
            descriptor = os.memfd_create(f"{time.monotonic_ns()}" + "m" * 220)
            os.ftruncate(descriptor, PAGE)
            kept.append(mmap.mmap(descriptor, PAGE))
            os.close(descriptor)
        time.sleep(0.1)


def half_exec(_folder: Path) -> None:
    """Children that are stopped between fork and exec."""
    for _ in range(5):
        if _insist(os.fork) == 0:
            os.kill(os.getpid(), signal.SIGSTOP)
            os._exit(0)
    _keep(None)


def shared_memory(_folder: Path) -> None:
    """Children that share 64 MiB and come and go: others' PSS changes all the time."""
    room = mmap.mmap(-1, 64 << 20)
    for place in range(0, len(room), PAGE):
        room[place] = 1
    while True:
        pids = []
        for _ in range(3):
            pid = _insist(os.fork)
            if pid == 0:
                sum(room[:: PAGE * 8])
                time.sleep(0.2)
                os._exit(0)
            pids.append(pid)
        for pid in pids:
            os.waitpid(pid, 0)


def _keep(_kept: object) -> None:
    while True:
        time.sleep(1000)


KINDS: dict[str, Callable[[Path], None]] = {
    kind.__name__: kind
    for kind in (
        *(comm_flood, argument_flood, title_flood, path_flood, elf_place, elf_size, elf_many),
        *(lease_holder, fork_storm, thread_storm, mapping_storm, mover, exec_loop, size_toggler),
        *(odd_names, leader_gone, deleted_files, memfd_flood, half_exec, shared_memory),
    )
}

if __name__ == "__main__":
    where = Path(sys.argv[2])
    where.mkdir(exist_ok=True)
    KINDS[sys.argv[1]](where)
