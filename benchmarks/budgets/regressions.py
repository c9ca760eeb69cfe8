"""Regressions planted one by one fail, the culprit first; unchanged programs do not.

    python -m benchmarks.budgets.regressions [--clean N] [--only TEXT]

A baseline of five launches of each program; then each regression, and N unchanged launches in all.
Growth per hour is judged by a limit, over launches of a minute, one of them unchanged.
Bars: at least 19 of 20 fail with the culprit first in the text, and no unchanged launch does.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from ..commands import console_script
from .programs import commands

_MIB = 1 << 20


#: What a launch must last before growth is judged: requests of 100 ms.
_MINUTE = ("requests", "650")
#: The total alone may fall meanwhile: a collector gives back what was there at the start.
_GROWTH = '[budget]\nat = "growth"\ntotal = "20 MiB/h"\nunlisted = "20 MiB/h"\n'


class Regression(NamedTuple):
    """What is planted, and what the first line of the text must name; `at` when it is judged."""

    program: str
    name: str
    amount: int
    culprit: str
    at: str = "peak"


REGRESSIONS = (
    Regression("c", "heap", 60 * _MIB // 50, "heap"),
    Regression("c", "buffer", _MIB, "anonymous"),
    Regression("c", "library", 512 * 1024, "libbudget-work.so"),
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
    Regression("python", "buffer", _MIB, "Python heap"),
    Regression("python", "threads", 1, "threads"),
    # Code and dicts of modules are small objects: they are in Python's own arenas.
    Regression("python", "import", 1, "Python heap"),
    # Objects of 1,000 bytes: above 512 Python asks malloc.
    Regression("python", "cache", 200_000, "heap"),
    Regression("python", "file", 4 * _MIB, "budget-work"),
    Regression("python", "children", 1, "process"),
    Regression("node", "buffer", 2 * _MIB, "anonymous"),
    Regression("node", "cache", 400_000, "anonymous"),
    Regression("node", "threads", 1, "threads"),
    Regression("node", "children", 1, "process"),
    # 80 kB a second.
    Regression("c", "cache", 8_000, "heap", "growth"),
    Regression("python", "cache", 8_000, "heap", "growth"),
    Regression("node", "cache", 8_000, "heap", "growth"),
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

    def check_growth(self, program: str, *more: str) -> subprocess.CompletedProcess[str]:
        """One launch of a minute against a limit of what it may grow per hour."""
        budget = self._folder / "growth.toml"
        budget.write_text(_GROWTH)
        return self._run(["--budget", budget.name], program, [*_MINUTE, *more])

    def _check(
        self, program: str, options: list[str], more: Sequence[str]
    ) -> subprocess.CompletedProcess[str]:
        return self._run(["--baseline", f"{program}.json", *options], program, more)

    def _run(
        self, options: Sequence[str], program: str, more: Sequence[str]
    ) -> subprocess.CompletedProcess[str]:
        check = [console_script("memory-watcher"), "check", *options]
        return subprocess.run(
            [*check, "--", *self._commands[program], *more],
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
    parser.add_argument("--only", default="", help="regressions whose program or name has this")
    args = parser.parse_args()
    wanted = [each for each in REGRESSIONS if args.only in f"{each.program} {each.name} {each.at}"]
    with tempfile.TemporaryDirectory() as scratch:
        checker = Checker(Path(scratch))
        programs = [name for name in checker.programs if any(name == each[0] for each in wanted)]
        for program in programs:
            checker.agree(program)
        wanted = [each for each in wanted if each.program in programs]
        found = sum(_plant(checker, each) for each in wanted)
        clean = [checker.check(programs[at % len(programs)]) for at in range(args.clean)]
        if any(each.at == "growth" for each in wanted):
            clean.append(checker.check_growth(programs[0]))
        failed = sum(map(_is_alarm, clean))
    print(f"{found} of {len(wanted)} regressions found; {failed} of {len(clean)} clean failed")
    sys.exit(20 * found < 19 * len(wanted) or failed > 0)


def _plant(checker: Checker, planted: Regression) -> bool:
    check = checker.check_growth if planted.at == "growth" else checker.check
    done = check(planted.program, planted.name, str(planted.amount))
    first = done.stdout.partition("\n")[0]
    is_found = done.returncode == 1 and planted.culprit in first
    print(
        f"{'found ' if is_found else 'MISSED'} {planted.program} {planted.name}: {first}",
        flush=True,
    )
    if not is_found:
        print(f"{done.stdout}{done.stderr}", flush=True)
    return is_found


def _is_alarm(done: subprocess.CompletedProcess[str]) -> bool:
    if done.returncode:
        print(f"ALARM {done.args}: {done.stdout}{done.stderr}", flush=True)
    return done.returncode != 0


if __name__ == "__main__":
    main()
