"""Five threads: four grow together by 5 MiB/s, one spikes by 60 MiB for 200 ms every 10 s.

    grow_and_spike_target.py SECONDS

Prints one line of JSON at its end: `spikes` (begin and end by CLOCK_MONOTONIC in seconds, statm
resident at the top in bytes), `high_water_mark` (VmHWM in bytes), `cpu` (its own, seconds).
"""

from __future__ import annotations

import ctypes
import json
import mmap
import sys
import threading
import time

_GROWING, _MIB_PER_SECOND = 4, 5
_STEPS_PER_SECOND = 20
_SPIKE_MIB, _SPIKE_S, _EVERY_S = 60, 0.2, 10

#: From when to when it was all there, and the RSS then.
Spike = tuple[float, float, int]


def touched(size: int) -> mmap.mmap:
    """So many bytes of memory, all of it resident."""
    block = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    first = ctypes.c_char.from_buffer(block)
    ctypes.memset(ctypes.byref(first), 1, size)
    del first
    return block


def grow(end: float) -> None:
    """Keep some more memory, again and again: by the clock, whatever the machine is busy with."""
    kept, held = [], 0
    begin = time.monotonic()
    while (now := time.monotonic()) < end:
        wanted = int((now - begin) * (_MIB_PER_SECOND << 20) / _GROWING)
        if (more := (wanted - held) & -mmap.PAGESIZE) > 0:
            kept.append(touched(more))
            held += more
        time.sleep(1 / _STEPS_PER_SECOND)


def resident() -> int:
    """RSS now, bytes."""
    with open("/proc/self/statm", "rb") as file:
        return int(file.read().split()[1]) * mmap.PAGESIZE


def high_water_mark() -> int:
    """VmHWM, bytes."""
    with open("/proc/self/status", encoding="utf-8") as file:
        line = next(line for line in file if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024


def spike() -> Spike:
    """Hold much for a moment; tells from when to when, and the RSS at the top."""
    block = touched(_SPIKE_MIB << 20)
    begin, top = time.monotonic(), resident()
    time.sleep(_SPIKE_S)
    end = time.monotonic()
    block.close()
    return begin, end, top


def spike_again(begin: float, end: float, tops: list[Spike]) -> None:
    """Spike every ten seconds until the end."""
    due = begin + _EVERY_S
    while due + _SPIKE_S < end:
        time.sleep(max(due - time.monotonic(), 0))
        tops.append(spike())
        due += _EVERY_S


def main() -> None:
    """Grow, and spike in between."""
    begin = time.monotonic()
    end = begin + float(sys.argv[1])
    tops: list[Spike] = []
    threads = [threading.Thread(target=grow, args=(end,)) for _ in range(_GROWING - 1)]
    threads.append(threading.Thread(target=spike_again, args=(begin, end, tops)))
    for thread in threads:
        thread.start()
    grow(end)
    for thread in threads:
        thread.join()
    said = {"spikes": tops, "high_water_mark": high_water_mark(), "cpu": time.process_time()}
    print(json.dumps(said), flush=True)


main()
