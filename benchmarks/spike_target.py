"""A process that spikes: allocates and touches, holds for a moment, and lets go, at a period.

    spike_target.py MIB HOLD_MS PERIOD_MS COUNT

Prints the statm resident of each spike's top, bytes, as it is reached.
"""

import ctypes
import mmap
import sys
import time


def resident() -> int:
    """RSS now, bytes."""
    with open("/proc/self/statm", "rb") as file:
        return int(file.read().split()[1]) * mmap.PAGESIZE


def spike(size: int, hold: float) -> int:
    """Touch `size` bytes in a mapping of its own; returns the RSS at the top."""
    block = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    touched = ctypes.c_char.from_buffer(block)
    ctypes.memset(ctypes.byref(touched), 1, size)
    del touched
    top = resident()
    time.sleep(hold)
    block.close()
    return top


def main() -> None:
    """Spike, wait, spike."""
    mib, hold_ms, period_ms, count = map(int, sys.argv[1:])
    print("ready", flush=True)
    for _ in range(count):
        time.sleep(period_ms / 1000)
        print(spike(mib << 20, hold_ms / 1000), flush=True)
    time.sleep(period_ms / 1000)


main()
