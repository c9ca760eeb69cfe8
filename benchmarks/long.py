"""What it costs to ask very long and very wide recordings: CPU time and highest RSS of commands.

python -m benchmarks.long
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from typing import NamedTuple

from . import synthetic
from .commands import console_script

#: 100 minutes at 50 ms.
TICKS = 120_000
_BUSY = synthetic.Busy(
    mappings=150, changed=6, names=40, period_ns=50_000_000, ticks_a_commit=20, seed=2
)
WIDE = 1_000_000


class Cost(NamedTuple):
    """User and system time in seconds, highest RSS and size of what was written in bytes."""

    cpu_seconds: float
    peak_rss: int
    size: int


def write_soak(path: str, ticks: int = TICKS) -> None:
    """Write what 100 minutes of a process at 50 ms leave: a few mappings change at each tick."""
    synthetic.write(path, _BUSY, ticks)


def write_wide_capture(path: str, mappings: int = WIDE) -> None:
    """Write an smaps text of very many mappings, as a program that maps page by page has."""
    with open(path, "w") as file:
        for number in range(mappings):
            start = 0x7F0000000000 + number * 0x2000
            file.write(
                f"{start:012x}-{start + 0x1000:012x} rw-p 00000000 00:00 0\n"
                "Size:                  4 kB\n"
                f"Rss:                   {4 * (number % 2)} kB\n"
                f"Pss:                   {4 * (number % 2)} kB\n"
                "Shared_Clean:          0 kB\nShared_Dirty:          0 kB\n"
                "Private_Clean:         0 kB\n"
                f"Private_Dirty:         {4 * (number % 2)} kB\n"
                "Referenced:            0 kB\nAnonymous:             0 kB\n"
                "Swap:                  0 kB\nVmFlags: rd wr mr mw me ac\n"
            )


def cost_of(command: Sequence[str], written: str | None = None) -> Cost:
    """Run a command once, its output going nowhere."""
    with open(os.devnull, "w") as nowhere:
        child = subprocess.Popen(command, stdout=nowhere)
        _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise subprocess.CalledProcessError(child.returncode, command)
    size = os.path.getsize(written) if written is not None else 0
    return Cost(usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024, size)


def questions(file: str, page: str, picture: str) -> list[tuple[list[str], str | None]]:
    """What is asked of a recording, and what is written."""
    watcher = console_script("memory-watcher")
    return [
        ([watcher, "peak", file], None),
        ([watcher, "peak", file, "--by", "mapping", "--json"], None),
        ([watcher, "ls", file], None),
        ([watcher, "report", file, "-o", page], page),
        ([watcher, "chart", file, "-o", picture], picture),
    ]


def main() -> None:
    """Print it for recordings that are written for it."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with tempfile.TemporaryDirectory() as folder:
        page, picture = os.path.join(folder, "a.html"), os.path.join(folder, "a.svg")
        soak, wide = os.path.join(folder, "soak.db"), os.path.join(folder, "wide.db")
        capture = os.path.join(folder, "wide.smaps")
        write_soak(soak)
        write_wide_capture(capture)
        load = [console_script("memory-load-smaps"), "--database-file", wide, capture]
        for command, written in [
            *questions(soak, page, picture),
            (load, wide),
            *questions(wide, page, picture),
        ]:
            _print(command, cost_of(command, written))


def _print(command: Sequence[str], cost: Cost) -> None:
    words = " ".join(os.path.basename(word) for word in command)
    print(
        f"{words}: {cost.cpu_seconds:.1f} s CPU, {cost.peak_rss / 1e6:.0f} MB"
        + (f", wrote {cost.size / 1e6:.1f} MB" if cost.size else "")
    )
    sys.stdout.flush()


if __name__ == "__main__":
    main()
