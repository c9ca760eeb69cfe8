"""A program whose memory grows, is freed, and spikes, for about ten seconds: something to record.

It keeps what real programs keep: small objects on the heap, big blocks in mappings of their own,
a file that is mapped, memory shared with a child, threads with their stacks.
"""

import mmap
import sys
import tempfile
import threading
import time

MIB = 1 << 20


def grow(kept: list[bytearray], steps: int, pause: float) -> None:
    """Take 4 MiB at each step and keep it."""
    for _ in range(steps):
        kept.append(bytearray(4 * MIB))
        time.sleep(pause)


def spike(size: int, seconds: float) -> None:
    """Touch `size` bytes, hold them for a moment, and let go."""
    block = bytearray(size)
    time.sleep(seconds)
    del block


def work_on_heap(count: int) -> list[str]:
    """Make many small objects: they live on the heap, not in mappings of their own."""
    return [f"row {number}" for number in range(count)]


def main() -> None:
    """Go through the phases, telling each."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 10
    unit = seconds / 10
    stop = threading.Event()
    for _ in range(3):
        threading.Thread(target=stop.wait).start()
    with tempfile.TemporaryFile() as file:
        file.truncate(16 * MIB)
        mapped = mmap.mmap(file.fileno(), 16 * MIB)
        print("growing", flush=True)
        kept: list[bytearray] = []
        grow(kept, 20, unit * 0.15)
        print("small objects", flush=True)
        rows = work_on_heap(200_000)
        mapped[: 16 * MIB] = bytes(16 * MIB)
        time.sleep(unit * 1.5)
        print("freeing", flush=True)
        kept.clear()
        time.sleep(unit * 1.5)
        print("spiking", flush=True)
        spike(200 * MIB, unit * 0.3)
        time.sleep(unit * 1.5)
        print(f"growing again, {len(rows)} rows kept", flush=True)
        grow(kept, 10, unit * 0.2)
        mapped.close()
    stop.set()


main()
