"""Regressions planted one by one fail, the culprit first; unchanged programs do not.

    python -m benchmarks.budgets.regressions [--clean N]

A baseline of five launches of each program; then each regression, and N unchanged launches in all.
Bars: at least 19 of 20 fail with the culprit first in the text, and no unchanged launch does.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from ..commands import console_script
from .programs import commands

_MIB = 1 << 20


class Regression(NamedTuple):
    """What is planted, and what the first line of the text must name."""

    program: str
    name: str
    amount: int
    culprit: str


REGRESSIONS = (
    Regression("c", "heap", 60 * _MIB // 50, "heap"),
    Regression("c", "buffer", _MIB, "anonymous"),
    Regression("c", "threads", 1, "threads"),
    Regression("c", "stack", 60_000, "thread stack"),
    Regression("c", "cache", 100_000, "heap"),
    Regression("c", "children", 1, "process"),
    Regression("c", "file", 4 * _MIB, "budget-work"),
    Regression("c", "shared", 2 * _MIB, "budget-work"),
    Regression("c", "huge", 4 * _MIB, "anonymous"),
    Regression("c", "mappings", 50, "anonymous"),
    Regression("python", "heap", 60 * _MIB // 50, "heap"),
    Regression("python", "malloc", 2 * _MIB, "heap"),
    Regression("python", "buffer", _MIB, "anonymous"),
    Regression("python", "threads", 1, "threads"),
    # Code and dicts of modules are small objects: Python's own arenas, which have no name.
    Regression("python", "import", 1, "anonymous"),
    # Objects of 1,000 bytes: above 512 Python asks malloc.
    Regression("python", "cache", 200_000, "heap"),
    Regression("python", "file", 4 * _MIB, "budget-work"),
    Regression("python", "children", 1, "process"),
    Regression("node", "buffer", 2 * _MIB, "anonymous"),
    Regression("node", "cache", 400_000, "anonymous"),
)


class Checker:
    """Runs the command that users run, in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._commands = commands(folder)

    @property
    def programs(self) -> list[str]:
        """Those that this machine can run, and that have regressions."""
        return [name for name in self._commands if any(name == each[0] for each in REGRESSIONS)]

    def agree(self, program: str) -> None:
        """Write the baseline."""
        done = self._check(program, ["--update", "--runs", "5"], [])
        if done.returncode:
            sys.exit(f"no baseline of {program}: {done.stdout}{done.stderr}")

    def check(self, program: str, *more: str) -> subprocess.CompletedProcess[str]:
        """One launch against the baseline."""
        return self._check(program, ["--runs", "1"], more)

    def _check(
        self, program: str, options: list[str], more: list[str] | tuple[str, ...]
    ) -> subprocess.CompletedProcess[str]:
        check = [console_script("memory-watcher"), "check", "--baseline", f"{program}.json"]
        return subprocess.run(
            [*check, *options, "--", *self._commands[program], *more],
            check=False,
            cwd=self._folder,
            env={**os.environ, "TMPDIR": str(self._folder)},
            capture_output=True,
            text=True,
        )


def main() -> None:
    """Plant, check, and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clean", type=int, default=20)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        checker = Checker(Path(scratch))
        for program in checker.programs:
            checker.agree(program)
        found = sum(_plant(checker, each) for each in REGRESSIONS if each[0] in checker.programs)
        failed = sum(
            _is_alarm(checker, checker.programs[number % len(checker.programs)])
            for number in range(args.clean)
        )
    print(f"{found} of {len(REGRESSIONS)} regressions found; {failed} of {args.clean} clean failed")
    sys.exit(found < len(REGRESSIONS) - 1 or failed > 0)


def _plant(checker: Checker, planted: Regression) -> bool:
    done = checker.check(planted.program, planted.name, str(planted.amount))
    first = done.stdout.partition("\n")[0]
    is_found = done.returncode == 1 and planted.culprit in first
    print(
        f"{'found ' if is_found else 'MISSED'} {planted.program} {planted.name}: {first}",
        flush=True,
    )
    return is_found


def _is_alarm(checker: Checker, program: str) -> bool:
    done = checker.check(program)
    if done.returncode:
        print(f"ALARM {program}: {done.stdout}{done.stderr}", flush=True)
    return done.returncode != 0


if __name__ == "__main__":
    main()
