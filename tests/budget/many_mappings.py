"""A process with 2,000 mappings that changes some of them, for five seconds: to be recorded."""

from __future__ import annotations

import mmap
import time

COUNT = 2_000
SIZE = 4 * mmap.PAGESIZE
PRIVATE = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS


def main() -> None:
    """Keep mappings that the kernel cannot merge: of two neighbours one may only be read."""
    writable = mmap.PROT_READ | mmap.PROT_WRITE
    kept = []
    for _ in range(COUNT // 2):
        kept.append(mmap.mmap(-1, SIZE, flags=PRIVATE, prot=writable))
        kept.append(mmap.mmap(-1, SIZE, flags=PRIVATE, prot=mmap.PROT_READ))
    end = time.monotonic() + 5
    step = 0
    while time.monotonic() < end:
        for each in kept[step % 40 :: 40]:
            each[step % SIZE] = 1
        step += 2  # those that may be written
        time.sleep(0.02)


if __name__ == "__main__":
    main()
