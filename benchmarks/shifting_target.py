"""A process of about 2,111 mappings that changes 41 of them by itself: python FILE SECONDS.

At each step, one every so many seconds, 14 mappings change their usage and 27 go away, while as
many others come elsewhere. They swap how many of their pages are touched, so that RSS stays the
same and no layout is taken for a peak.
"""

import ctypes
import mmap
import random
import sys
import time

PAGE = mmap.PAGESIZE
PAGES = 64
COUNT = 2032
#: Far below where the kernel puts what others ask for: Python's own memory must not come between.
BASE = 1 << 40
CHANGED, NEW = 14, 27

PROT_READ_WRITE = 3
PRIVATE_ANONYMOUS_FIXED = 0x32
MADV_DONTNEED = 4

libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
libc.madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]


def map_at(address: int, touched: int) -> None:
    """Map some pages here, so many of them touched."""
    pages = random.randrange(PAGES // 2, PAGES)
    libc.mmap(address, pages * PAGE, PROT_READ_WRITE, PRIVATE_ANONYMOUS_FIXED, -1, 0)
    ctypes.memset(address, 1, PAGE * touched)


def main() -> None:
    """Use every second place, so that mappings come between others and do not merge; go on."""
    random.seed(1)
    every = float(sys.argv[1])
    stride = (PAGES + 1) * PAGE
    used = [BASE + 2 * number * stride for number in range(COUNT)]
    free = [address + stride for address in used]
    touched = {address: random.randrange(1, PAGES // 2) for address in used}
    for address in used:
        map_at(address, touched[address])
    print("ready", flush=True)
    due = time.monotonic()
    while True:
        random.shuffle(used)
        sizes = [touched.pop(address) for address in used[: CHANGED + NEW]]
        sizes.append(sizes.pop(0))
        for address in used[:CHANGED]:
            libc.madvise(address, PAGES * PAGE, MADV_DONTNEED)
        for number in range(CHANGED, CHANGED + NEW):
            libc.munmap(used[number], PAGES * PAGE)
            place = random.randrange(len(free))
            free[place], used[number] = used[number], free[place]
        for number, size in enumerate(sizes):
            address = used[number]
            touched[address] = size
            if number < CHANGED:
                ctypes.memset(address, 1, PAGE * size)
            else:
                map_at(address, size)
        due += every
        time.sleep(max(0.0, due - time.monotonic()))


main()
