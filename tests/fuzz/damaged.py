"""Damaged recordings through every command: no traceback, no hang, no word too much.

python -m tests.fuzz.damaged --bytes 2000 --values 1000 --seed 1
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

from .commands import COMMANDS, Outcome, run_in_fork, warm_up
from .recordings import change_values, flip_bytes, good_recordings

Damage = Callable[[Path, Random], str]
DAMAGES: dict[str, Damage] = {"bytes": flip_bytes, "values": change_values}


def outcomes(
    good: dict[str, Path], kind: str, numbers: range, seed: int, folder: Path
) -> Iterator[tuple[str, tuple[str, ...], Outcome]]:
    """Damage recordings in turn, each in its own seeded way, and run every command on each."""
    names = sorted(good)
    out = folder / "out"
    out.mkdir(exist_ok=True)
    for number in numbers:
        name = names[number % len(names)]
        random = Random(f"{seed} {kind} {number}")
        file = folder / "damaged.db"
        shutil.copyfile(good[name], file)
        what = f"{kind} {number} of {name}: {DAMAGES[kind](file, random)}"
        for words in COMMANDS:
            yield what, words, run_in_fork(words, file, out)


def main() -> int:
    """Run many, tell what went wrong, and how it ended how often."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bytes", type=int, default=2000)
    parser.add_argument("--values", type=int, default=1000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", metavar="FOLDER", help="copy what something went wrong with here")
    args = parser.parse_args()
    warm_up()
    wrong, codes, slowest, biggest = 0, Counter[int](), 0.0, 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "good").mkdir()
        good = good_recordings(folder / "good")
        for kind, count in (("values", args.values), ("bytes", args.bytes)):
            numbers = range(args.first, args.first + count)
            for what, words, outcome in outcomes(good, kind, numbers, args.seed, folder):
                codes[outcome.code] += 1
                slowest, biggest = max(slowest, outcome.seconds), max(biggest, outcome.memory)
                if outcome.wrong:
                    wrong += 1
                    print(f"{what}\n  {' '.join(words)}: {outcome.wrong}", flush=True)
                    if args.keep:
                        number = what.split()[1]
                        shutil.copyfile(folder / "damaged.db", f"{args.keep}/{kind}-{number}.db")
    print(
        f"{sum(codes.values())} runs: {wrong} wrong; exit codes {dict(codes)};"
        f" slowest {slowest:.1f} s, biggest {biggest >> 20} MiB"
    )
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
