"""What `memory-watcher check -- COMMAND` adds to the wall time of programs of about ten seconds.

    python -m benchmarks.check_cost [--pairs N] [--program c|python]

A program does a fixed amount of work. It is run alone and under `check`, in turn, so that a slower
minute of the machine slows both. The budget is kept, so no report is written.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from .commands import console_script, wall_seconds

#: Holds 96 MiB and grows by a MiB each time it has added up all of it.
_C = r"""
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define MIB (1 << 20)
int main(int argc, char **argv) {
    long rounds = atol(argv[1]), sum = 0;
    size_t size = 96 * (size_t)MIB;
    char *block = malloc(size);
    memset(block, 1, size);
    for (long round = 0; round < rounds; round++) {
        for (size_t at = 0; at < size; at += 8) sum += block[at] * (long)at % 7;
        if (round % 64 == 0) memset(malloc(MIB), (int)round, MIB);
    }
    printf("%ld\n", sum);
}
"""
_PYTHON = """
import sys
kept = [bytes(1000) for _ in range(100_000)]
total = 0
for round in range(int(sys.argv[1])):
    for number, block in enumerate(kept):
        total += len(block) * number % 7
    if round % 64 == 0:
        kept.append(bytearray(1 << 20))
print(total)
"""
BUDGET = '[[budget]]\ntotal = "4 GiB"\nkind.heap = "4 GiB"\nthreads = 100\nunlisted = "4 GiB"\n'
_SECONDS = 10.0


def programs(folder: Path) -> dict[str, list[str]]:
    """The command line of each, without its amount of work."""
    found = {"python": [sys.executable, "-c", _PYTHON]}
    if compiler := shutil.which("gcc") or shutil.which("cc"):
        source, program = folder / "work.c", folder / "work"
        source.write_text(_C)
        subprocess.run([compiler, "-O1", "-o", program, source], check=True)
        found["c"] = [str(program)]
    return found


def of_seconds(command: Sequence[str], seconds: float) -> list[str]:
    """The command line with so much work that it takes about so long."""
    rounds = 4
    while (took := wall_seconds([*command, str(rounds)])) < seconds / 20:
        rounds *= 2
    return [*command, str(round(rounds * seconds / took))]


def main() -> None:
    """Measure each program, and print a line for it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--program", choices=("c", "python"), action="append")
    parser.add_argument("--seconds", type=float, default=_SECONDS)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        budget = Path(folder) / "memory-budget.toml"
        budget.write_text(BUDGET)
        check = [console_script("memory-watcher"), "check", "--budget", str(budget), "--"]
        for name, command in programs(Path(folder)).items():
            if args.program and name not in args.program:
                continue
            alone = of_seconds(command, args.seconds)
            added = []
            for _ in range(args.pairs):
                before = wall_seconds(alone)
                added.append((before, wall_seconds([*check, *alone]) - before))
            share = statistics.median(more / took for took, more in added)
            shown = ", ".join(f"{took:.2f} {more:+.2f} s" for took, more in added)
            print(f"{name}: {100 * share:+.2f} % of wall time ({shown})")


if __name__ == "__main__":
    main()
