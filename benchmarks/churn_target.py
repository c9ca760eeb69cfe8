"""A process with about 2,100 mappings, 20 of which change their usage at each step.

Every fourth step also unmaps a mapping, and maps it again four steps later, so that everything
behind it moves in the text of smaps.
"""

import ctypes
import mmap
import random
import sys

PAGE = mmap.PAGESIZE
PAGES = 64
COUNT = 2060
CHANGED = 20

PROT_READ, PROT_READ_WRITE = 1, 3
PRIVATE_ANONYMOUS_FIXED = 0x32
MADV_DONTNEED = 4

libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
libc.madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]


def map_at(address: int) -> None:
    """Map one block of pages here, some of them touched."""
    libc.mmap(address, PAGES * PAGE, PROT_READ_WRITE, PRIVATE_ANONYMOUS_FIXED, -1, 0)
    ctypes.memset(address, 1, PAGE * random.randrange(1, PAGES // 2))


def main() -> None:
    """Lay the mappings out with a gap behind each, so that they do not merge; then obey."""
    random.seed(1)
    stride = (PAGES + 1) * PAGE
    base = libc.mmap(None, COUNT * stride, 0, 0x22, -1, 0)
    libc.munmap(base, COUNT * stride)
    addresses = [base + number * stride for number in range(COUNT)]
    for address in addresses:
        map_at(address)
    print("done", flush=True)
    away: list[int] = []
    for step, _ in enumerate(sys.stdin):
        for address in random.sample(addresses, CHANGED):
            if address not in away:
                libc.madvise(address, PAGES * PAGE, MADV_DONTNEED)
                ctypes.memset(address, 1, PAGE * random.randrange(1, PAGES))
        if step % 8 == 3:
            away = [random.choice(addresses)]
            libc.munmap(away[0], PAGES * PAGE)
        elif step % 8 == 7 and away:
            map_at(away.pop())
        print("done", flush=True)


main()
