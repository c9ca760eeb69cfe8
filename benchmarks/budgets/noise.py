"""How well the memory of an unchanged program repeats: each figure by kind, over many launches.

    python -m benchmarks.budgets.noise [--runs N] [--program NAME] [--keep DIR]

Beside the launches other programs start, end, and map and drop the same libraries.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from memory_watcher.answers.moment import parse
from memory_watcher.answers.taken import Chosen, take
from memory_watcher.store.recording import Recording

from ..commands import console_script
from .programs import commands

FIGURES = ("pss", "rss", "uss", "anonymous", "pss_dirty", "count")
_LOAD = (
    "import subprocess, sys, os\n"
    "while os.getppid() == int(sys.argv[1]):\n"
    "    subprocess.run([sys.executable, '-c', 'import json, ssl, sqlite3; bytearray(40 << 20)'])\n"
)


@contextmanager
def load() -> Iterator[None]:
    """Other programs that start and end meanwhile."""
    process = subprocess.Popen([sys.executable, "-c", _LOAD, str(os.getpid())])
    try:
        yield
    finally:
        process.kill()
        process.wait()


def sums(path: str, at: str) -> dict[tuple[str, str], int]:
    """By kind (and "total") and figure what all processes have at a moment."""
    found: dict[tuple[str, str], int] = defaultdict(int)
    with Recording(path) as recording:
        chosen = Chosen(recording, tuple(recording.processes()))
        for part in take(chosen, parse(at, "at"), "pss").parts:
            for entry, (kind, _) in part.entries:
                for figure in FIGURES:
                    size = 1 if figure == "count" else getattr(entry.usage, figure) or 0
                    found[kind.value, figure] += size
                    found["total", figure] += size
    return found


def table(runs: list[dict[tuple[str, str], int]]) -> Iterator[str]:
    """Median and spread of each kind, in KiB."""
    kinds = sorted({kind for run in runs for kind, _ in run})
    yield f"{'':<16}" + "".join(f"{figure:>19}" for figure in FIGURES)
    for kind in kinds:
        cells = []
        for figure in FIGURES:
            values = [run.get((kind, figure), 0) for run in runs]
            unit = 1 if figure == "count" else 1024
            middle, spread = statistics.median(values), max(values) - min(values)
            cells.append(f"{middle / unit:>11.0f} ±{spread / unit:<6.0f}")
        yield f"{kind:<16}" + "".join(cells)


def main() -> None:
    """Launch, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=30)
    parser.add_argument("--program", action="append")
    parser.add_argument("--keep", help="leave the recordings in this folder")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch, load():
        folder = Path(args.keep or scratch)
        for name, command in commands(Path(scratch)).items():
            if args.program and name not in args.program:
                continue
            files = [str(folder / f"{name}-{number}.db") for number in range(args.runs)]
            for file in files:
                record(command, file, scratch)
            for at in ("peak", "end"):
                print(f"\n{name}, {args.runs} runs, at {at}: median ± (highest - lowest), KiB")
                print("\n".join(table([sums(file, at) for file in files])), flush=True)


def record(command: list[str], file: str, folder: str) -> None:
    """Record one launch as `check` does; whatever it judges."""
    with tempfile.TemporaryDirectory() as kept:
        Path(kept, "budget.toml").write_text('[[budget]]\ntotal = "1 TiB"\n')
        budget = ["--budget", f"{kept}/budget.toml", "--keep", kept]
        check = console_script("memory-watcher")
        subprocess.run([check, "check", *budget, "--", *command], cwd=folder, check=True)
        shutil.move(next(Path(kept).glob("*.db")), file)


if __name__ == "__main__":
    main()
