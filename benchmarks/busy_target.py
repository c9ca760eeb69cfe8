"""A process that is busy with memory: it takes and frees some of it every 50 ms."""

import random
import time


def main() -> None:
    """Go on for ever."""
    kept: list[bytearray] = []
    while True:
        kept.append(bytearray(random.randrange(1 << 12, 1 << 20)))
        if len(kept) > 20:
            del kept[random.randrange(len(kept))]
        time.sleep(0.05)


main()
