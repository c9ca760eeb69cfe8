"""A process that moves a block of 16 MiB about among 400 other mappings, as fast as it can.

Whoever reads its smaps in pieces may miss the block, or meet it twice; its totals never change.
Prints them first and, when its standard input ends, once more, as smaps_rollup and statm tell them
while nothing moves:

    RSS SIZE     bytes
"""

import ctypes
import mmap
import random
import select
import sys

MAPPINGS = 400
BLOCK = 16 << 20
STRIDE = BLOCK + (4 << 20)
MOVES_AT_ONCE = 50
MREMAP_MAYMOVE, MREMAP_FIXED = 1, 2
PR_SET_THP_DISABLE = 41

libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = libc.mremap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
libc.mremap.argtypes = [
    ctypes.c_void_p,
    ctypes.c_size_t,
    ctypes.c_size_t,
    ctypes.c_int,
    ctypes.c_void_p,
]


def map_memory(address: int | None, size: int, flags: int = 0) -> int:
    """Anonymous memory, there if an address is given."""
    protection = mmap.PROT_READ | mmap.PROT_WRITE
    flags |= mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
    found: int = libc.mmap(address, size, protection, flags, -1, 0)
    return found


def totals() -> tuple[int, int]:
    """Size and RSS, bytes."""
    with open("/proc/self/smaps_rollup", "rb") as file:
        rss = next(int(line.split()[1]) for line in file if line.startswith(b"Rss:"))
    with open("/proc/self/statm", "rb") as file:
        return rss * 1024, int(file.read().split()[0]) * mmap.PAGESIZE


def move(block: int, gaps: list[int]) -> int:
    """Move the block from gap to gap; returns where it is then."""
    for gap in random.sample(gaps, MOVES_AT_ONCE):
        if gap != block:
            libc.mremap(block, BLOCK, BLOCK, MREMAP_MAYMOVE | MREMAP_FIXED, gap)
            block = gap
    return block


def main() -> None:
    """Lay out the mappings, far apart; then move."""
    libc.prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0)
    no_reserve = 0x4000
    place = map_memory(None, MAPPINGS * STRIDE, no_reserve)
    libc.munmap(place, MAPPINGS * STRIDE)
    fixed = 0x10
    for number in range(MAPPINGS):
        ctypes.memset(map_memory(place + number * STRIDE, mmap.PAGESIZE, fixed), 1, 1)
    gaps = [place + number * STRIDE + mmap.PAGESIZE for number in range(MAPPINGS)]
    gaps = [gap + (1 << 20) for gap in gaps]
    block = map_memory(gaps[0], BLOCK, fixed)
    ctypes.memset(block, 1, BLOCK)
    with open("/dev/null", "w") as nowhere:
        for _ in range(3):
            # What it takes to move and to tell is part of the totals.
            select.select([sys.stdin], [], [], 0)
            block = move(block, gaps)
            print(*totals(), file=nowhere, flush=True)
    print(*totals(), flush=True)
    while not select.select([sys.stdin], [], [], 0)[0]:
        block = move(block, gaps)
    print(*totals(), flush=True)


main()
