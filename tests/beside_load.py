"""Runs the live tests again and again beside a load: `make beside-load`.

    python -m tests.beside_load [--runs 10] [--output FILE] [-- PYTEST ARGUMENTS…]

The load starts and ends processes all the time, on every core: short commands in loops, and
programs that map and unmap libraries of others, which changes everybody's PSS. Prints which test
failed in how many runs; exit code 1 if any did.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

# Each is given the PID of who started it, and ends when that has gone.
_SHORT_COMMANDS = """
while kill -0 "$0"; do true; ls /; cat /proc/self/stat | wc -c; done >/dev/null 2>&1
"""
_MAPS_LIBRARIES = """
import mmap, os, sys
paths = {line.split(None, 5)[5].strip() for line in open('/proc/self/maps') if '.so' in line}
files = [open(path, 'rb') for path in paths]
while os.getppid() == int(sys.argv[1]):
    maps = [mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) for file in files]
    sum(each[at] for each in maps for at in range(0, len(each), 4096))
    pid = os.spawnv(os.P_NOWAIT, sys.executable, [sys.executable, '-I', '-c', 'import json'])
    for each in maps:
        each.close()
    os.waitpid(pid, 0)
"""
#: The command lines of the load of one core.
LOAD = (["sh", "-c", _SHORT_COMMANDS], [sys.executable, "-I", "-S", "-c", _MAPS_LIBRARIES])

LIVE = ("tests/live", "-m", "not timing")

#: A line of pytest's summary that names a test that failed.
_FAILED = re.compile(r"^(?:FAILED|ERROR) (\S+)", re.MULTILINE)


@contextlib.contextmanager
def load(cores: int) -> Iterator[list[int]]:
    """Load so many cores; tells the process groups of the load, which `with` ends."""
    parts: list[subprocess.Popen[bytes]] = []
    try:
        for words in LOAD * cores:
            parts.append(subprocess.Popen([*words, str(os.getpid())], start_new_session=True))
        yield [part.pid for part in parts]
    finally:
        for part in parts:
            os.killpg(part.pid, signal.SIGKILL)
            part.wait()


def failed_in(exit_code: int, printed: str) -> list[str]:
    """The tests that failed in a run of pytest; a run that ended otherwise counts as one."""
    failed = list(dict.fromkeys(_FAILED.findall(printed)))
    return failed or ([f"(pytest ended with exit code {exit_code})"] if exit_code else [])


def table(failures: Mapping[str, int], runs: int) -> str:
    """What failed how often, the most often first."""
    if not failures:
        return f"All tests passed in {runs} of {runs} runs."
    order = sorted(failures.items(), key=lambda item: (-item[1], item[0]))
    return "\n".join(f"failed in {count} of {runs} runs: {test}" for test, count in order)


def run_all(runs: int, arguments: Sequence[str], output: Path | None) -> Counter[str]:
    """Run pytest so often; in how many runs each test failed. `output` gets what those print."""
    failures: Counter[str] = Counter()
    for number in range(1, runs + 1):
        began = time.monotonic()
        words = [sys.executable, "-m", "pytest", "-q", "-rfE", "--tb=short", *arguments]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        failed = failed_in(done.returncode, done.stdout)
        failures.update(failed)
        say(f"run {number}: {len(failed)} failed, {time.monotonic() - began:.0f} s")
        if failed and output is not None:
            with output.open("a", encoding="utf-8") as file:
                file.write(done.stdout + done.stderr)
    return failures


def say(line: str) -> None:
    """Print at once, as runs take minutes."""
    print(line, flush=True)  # noqa: T201


def main() -> int:
    """Run as often as asked; returns the exit code."""
    parser = argparse.ArgumentParser(description="Run live tests beside a load.")
    parser.add_argument("--runs", type=int, default=10, help="default: %(default)s")
    parser.add_argument("--output", type=Path, help="append what failed runs print")
    parser.add_argument("arguments", nargs="*", help="for pytest; default: the live tests")
    options = parser.parse_args()
    with load(os.cpu_count() or 1):
        failures = run_all(options.runs, options.arguments or LIVE, options.output)
    say(table(failures, options.runs))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
