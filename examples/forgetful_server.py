"""A server that never forgets a request, beside a cache that fills and replies that come and go.

memory-watcher record --output server.db -- python3 examples/forgetful_server.py 150
"""

from __future__ import annotations

import mmap
import random
import sys
import time


def main(seconds: float) -> None:
    """Serve ten requests a second."""
    seen: list[bytes] = []
    cache = mmap.mmap(-1, 24 << 20)
    replies: list[bytearray] = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        seen.append(bytes(8000))  # the mistake: nobody takes it out again
        page = random.randrange(len(cache) // 4096)
        for each in range(page, min(page + 12, len(cache) // 4096)):
            cache[each * 4096] = 1
        replies.append(bytearray(200 << 10))
        if len(replies) > 70:
            replies.clear()
        time.sleep(0.1)


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 120)
