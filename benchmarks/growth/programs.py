"""Programs of Python that grow in known ways: python programs.py NAME SECONDS."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator


def ticks(seconds: float, every: float = 0.1) -> Iterator[int]:
    """Count up, at so many instants."""
    begin = time.monotonic()
    count = 0
    while time.monotonic() - begin < seconds:
        yield count
        count += 1
        time.sleep(every)


def list_leak(seconds: float) -> None:
    """A list that only ever grows, by about 150 KiB/s."""
    kept: list[str] = []
    for tick in ticks(seconds):
        kept.extend(f"entry {tick} {number} " + "x" * 50 for number in range(120))


def cache(seconds: float) -> None:
    """A cache that fills to 20 MiB: the fuller it is, the more is found in it."""
    import random

    entries: dict[int, bytearray] = {}
    for _ in ticks(seconds):
        for _ in range(12):
            key = random.randrange(5000)
            if key not in entries:
                entries[key] = bytearray(4096)


def idle(seconds: float) -> None:
    """A program that waits, and does a little from time to time."""
    table = {str(number): [number] * 10 for number in range(20_000)}
    for tick in ticks(seconds):
        table[str(tick % 20_000)] = [tick] * 10


if __name__ == "__main__":
    {"list_leak": list_leak, "cache": cache, "idle": idle}[sys.argv[1]](float(sys.argv[2]))
