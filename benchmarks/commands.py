"""Wall time of whole commands."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Sequence


def wall_seconds(command: Sequence[str]) -> float:
    """One run."""
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def median_wall(command: Sequence[str], runs: int = 9) -> float:
    """The median of some runs after one that is not counted, seconds."""
    wall_seconds(command)
    return statistics.median(wall_seconds(command) for _ in range(runs))


def ratio(command: Sequence[str], other: Sequence[str], runs: int = 21) -> float:
    """The median ratio of two commands that are run in turn."""
    return statistics.median(wall_seconds(command) / wall_seconds(other) for _ in range(runs))


def console_script(name: str) -> str:
    """The path of an installed command."""
    return sys.executable.rsplit("/", 1)[0] + "/" + name
