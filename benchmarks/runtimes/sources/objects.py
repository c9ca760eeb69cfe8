"""Objects, blocks and threads; each line of input is answered with what Python and malloc say."""

import ctypes
import json
import os
import re
import sys
import tempfile
import threading


class Mallinfo(ctypes.Structure):
    """What mallinfo2 of glibc returns."""

    _fields_ = [
        (name, ctypes.c_size_t)
        for name in ("arena", "ordblks", "smblks", "hblks", "hblkhd", *"abcde")
    ]


mallinfo2 = ctypes.CDLL(None).mallinfo2
mallinfo2.restype = Mallinfo


def arenas() -> int:
    """Bytes of pymalloc's arenas: Python writes its statistics to stderr only."""
    kept = os.dup(2)
    with tempfile.TemporaryFile() as file:
        os.dup2(file.fileno(), 2)
        sys._debugmallocstats()
        os.dup2(kept, 2)
        os.close(kept)
        file.seek(0)
        found = re.search(rb"(\d+) arenas \* (\d+) bytes/arena", file.read())
    assert found
    return int(found[1]) * int(found[2])


stop = threading.Event()
threads = [threading.Thread(target=stop.wait, daemon=True) for _ in range(20)]
for thread in threads:
    thread.start()
objects = [(number, str(number)) for number in range(1_000_000)]
blocks = [b"x" * (3 << 20) for _ in range(10)]
print("ready", flush=True)
for _ in sys.stdin:
    print(json.dumps({"arenas": arenas(), "blocks": mallinfo2().hblkhd}), flush=True)
