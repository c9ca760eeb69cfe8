"""A Python program of known memory, whose regressions are arguments: name and amount.

120 MiB and four threads; `cache` bytes more with each of 15 requests, one each 100 ms (`requests`:
so many more).
"""

import ctypes
import mmap
import os
import subprocess
import sys
import threading
import time

more = dict(zip(sys.argv[1::2], map(int, sys.argv[2::2]), strict=True))


def objects(size: int) -> list[bytes]:
    """Small objects that take so many bytes."""
    return [bytes(967) for _ in range(size // 1000)]


kept = [objects(60 << 20), bytearray(60 << 20)]
stop = threading.Event()
for _ in range(4 + more.get("threads", 0)):
    threading.Thread(target=stop.wait, daemon=True).start()
kept.append(objects(more.get("heap", 0)))
if size := more.get("buffer"):
    kept.append(bytearray(size))
if size := more.get("malloc"):
    libc = ctypes.CDLL(None)
    libc.malloc.restype = ctypes.c_void_p
    for _ in range(size // 2000):
        ctypes.memset(libc.malloc(2000), 1, 2000)
if more.get("import"):
    import decimal  # noqa: F401
    import email.message  # noqa: F401
    import sqlite3  # noqa: F401
    import xml.dom.minidom  # noqa: F401
if size := more.get("file"):
    with open("budget-work.data", "w+b") as file:
        file.write(bytes(size))
        file.flush()
        mapped = mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ)
    sum(mapped[at] for at in range(0, size, 4096))
    os.unlink("budget-work.data")
for _ in range(more.get("children", 0)):
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1)"])
for _ in range(15 + more.get("requests", 0)):
    kept.append(objects(more.get("cache", 0)))
    time.sleep(0.1)
