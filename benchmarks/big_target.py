"""A process with 2 GiB resident in 4 KiB pages; each step touches one page more."""

import mmap
import sys

SIZE = 2 << 30
MORE = 64 << 20


def main() -> None:
    """Touch every page, then obey."""
    memory = mmap.mmap(-1, SIZE + MORE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    memory.madvise(mmap.MADV_NOHUGEPAGE)
    for offset in range(0, SIZE, mmap.PAGESIZE):
        memory[offset] = 1
    print("done", flush=True)
    for step, _ in enumerate(sys.stdin):
        memory[SIZE + step % (MORE // mmap.PAGESIZE) * mmap.PAGESIZE] = 1
        print("done", flush=True)


main()
