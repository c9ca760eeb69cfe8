"""Programs that share memory in ways that break sums over processes; each is one command.

    python -m benchmarks.sum_programs NAME [SECONDS]

What each holds is known from its few lines, but the truth is measured: see benchmarks.sums.
"""

from __future__ import annotations

import contextlib
import mmap
import multiprocessing
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from multiprocessing import shared_memory

MIB = 1 << 20
PAGE = mmap.PAGESIZE


def touch(memory: mmap.mmap | bytearray | memoryview, size: int, start: int = 0) -> None:
    """Write to each page."""
    for place in range(start, start + size, PAGE):
        memory[place] = 1


def read(memory: mmap.mmap | memoryview, size: int) -> int:
    """Read each page."""
    return sum(memory[place] for place in range(0, size, PAGE))


def prefork(seconds: float) -> None:
    """200 MiB shared, 8 workers that read them one after the other; one takes 20 MiB of its own."""
    size = 200 * MIB
    memory = mmap.mmap(-1, size)
    touch(memory, size)
    for number in range(8):
        if os.fork() == 0:
            if number == 0:
                time.sleep(seconds / 4)
                own = bytearray(20 * MIB)
                touch(own, len(own))
            else:
                time.sleep(seconds / 2 + number * 0.08)
                read(memory, size)
            time.sleep(seconds / 2)
            os._exit(0)
    for _ in range(8):
        os.wait()


def retitled(seconds: float) -> None:
    """A parent of 200 MiB forks a child that renames itself and writes to some of its copy."""
    own = bytearray(200 * MIB)
    touch(own, len(own))
    time.sleep(seconds / 4)
    if os.fork() == 0:
        with open("/proc/self/comm", "w") as comm:
            comm.write("bgsave")
        time.sleep(seconds / 4)
        touch(own, 10 * MIB)
        time.sleep(seconds / 4)
        os._exit(0)
    os.wait()
    time.sleep(seconds / 4)


def _attach(name: str, seconds: float, delay: float) -> None:
    memory = shared_memory.SharedMemory(name)
    time.sleep(delay)
    assert memory.buf is not None
    read(memory.buf, memory.size)
    time.sleep(seconds)
    memory.close()


def spawned(seconds: float) -> None:
    """Shared memory of 300 MB that 6 spawned (not forked) workers attach and read in turn."""
    memory = shared_memory.SharedMemory(create=True, size=300_000_000)
    assert memory.buf is not None
    touch(memory.buf, memory.size)
    context = multiprocessing.get_context("spawn")
    workers = [
        context.Process(target=_attach, args=(memory.name, seconds / 2, number * 0.3))
        for number in range(6)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    memory.close()
    memory.unlink()


def storm(seconds: float) -> None:
    """A parent of 300 MiB that forks (not vforks) short commands all the time."""
    own = bytearray(300 * MIB)
    touch(own, len(own))
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        child = os.fork()
        if child == 0:
            with contextlib.suppress(OSError):
                os.execv("/bin/true", ["true"])
            os._exit(1)
        os.waitpid(child, 0)
        time.sleep(0.005)


_SHARER = """
import mmap, sys, time
memory = mmap.mmap(int(sys.argv[1]), 0)
end = time.monotonic() + float(sys.argv[2])
while time.monotonic() < end:
    sum(memory[place] for place in range(0, len(memory), 4096))
    time.sleep(0.2)
"""


def memfd(seconds: float) -> None:
    """Programs that are exec'd and map the memfd of 150 MiB that they were handed."""
    descriptor = os.memfd_create("shared", 0)
    os.ftruncate(descriptor, 150 * MIB)
    memory = mmap.mmap(descriptor, 150 * MIB)
    touch(memory, len(memory))
    end = time.monotonic() + seconds
    running: list[subprocess.Popen[bytes]] = []
    while time.monotonic() < end:
        running.append(
            subprocess.Popen(
                [sys.executable, "-S", "-c", _SHARER, str(descriptor), "0.8"],
                pass_fds=(descriptor,),
            )
        )
        time.sleep(0.3)
    for each in running:
        each.wait()


def _remap(descriptor: int, seconds: float, seed: int) -> None:
    chance = random.Random(seed)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        memory = mmap.mmap(descriptor, 120 * MIB)
        read(memory, len(memory))
        time.sleep(chance.uniform(0.05, 0.4))
        memory.close()
        time.sleep(chance.uniform(0.0, 0.2))


def remapped(seconds: float) -> None:
    """5 workers that map, read and unmap the same 120 MiB, each when it likes."""
    descriptor = os.memfd_create("shared", 0)
    os.ftruncate(descriptor, 120 * MIB)
    memory = mmap.mmap(descriptor, 120 * MIB)
    touch(memory, len(memory))
    for number in range(5):
        if os.fork() == 0:
            _remap(descriptor, seconds, number)
            os._exit(0)
    for _ in range(5):
        os.wait()


def spike(seconds: float) -> None:
    """8 processes that take 20 MiB each and hold them together for 50 ms, once in the middle."""
    start = time.monotonic() + seconds / 2
    ready = mmap.mmap(-1, PAGE)
    for number in range(8):
        if os.fork() == 0:
            time.sleep(max(0.0, start - time.monotonic()))
            memory = mmap.mmap(-1, 20 * MIB, flags=mmap.MAP_PRIVATE | 0x8000)  # MAP_POPULATE
            ready[number] = 1
            while 0 in ready[:8]:
                time.sleep(0.0005)
            time.sleep(0.05)
            memory.close()
            time.sleep(seconds / 2)
            os._exit(0)
    for _ in range(8):
        os.wait()


PROGRAMS: dict[str, Callable[[float], None]] = {
    each.__name__: each for each in (prefork, retitled, spawned, storm, memfd, remapped, spike)
}


def main() -> None:
    """Be the program that was asked for."""
    PROGRAMS[sys.argv[1]](float(sys.argv[2]) if len(sys.argv) > 2 else 6.0)


if __name__ == "__main__":
    main()
