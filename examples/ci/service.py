"""A small service: it loads a table, then answers requests for two seconds.

`service.py --keep-replies` makes a mistake that a budget should find: it keeps every reply.
"""

from __future__ import annotations

import sys
import time


def load(rows: int) -> dict[int, str]:
    """Read the table that the service answers from, about 10 MiB."""
    return {row: f"the answer to question {row}" for row in range(rows)}


def answer(table: dict[int, str], question: int) -> bytes:
    """Make one reply of 100 KiB."""
    return table[question % len(table)].encode().ljust(100 << 10)


def main(keep_replies: bool) -> None:
    """Serve 100 requests a second."""
    table = load(80_000)
    kept = []
    end = time.monotonic() + 2
    question = 0
    while time.monotonic() < end:
        reply = answer(table, question)
        size = len(reply)
        if keep_replies:
            kept.append(reply)
        del reply  # before the next one is made
        question += 1
        time.sleep(0.01)
    print(f"{question} requests answered, the last with {size} bytes")


if __name__ == "__main__":
    main("--keep-replies" in sys.argv[1:])
